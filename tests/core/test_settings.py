import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import SaveError
from studio.core.events import PreviewTier
from studio.core.options import check, options_of
from studio.core.places import Places, resources_dir
from studio.core.settings import Appearance, Settings, load_settings, migrated, model_folders, save_settings
from tests.faults import Disk

CHOSEN = Settings(appearance=Appearance.DARK, preview=PreviewTier.FULL, model_folders=("/models", 'a "b"\n\\c'))


def test_no_file_gives_the_defaults_and_makes_none(tmp_path):
    assert load_settings(tmp_path / "settings.toml") == (Settings(), None)
    assert list(tmp_path.iterdir()) == []


def test_settings_come_back_and_only_what_was_chosen_is_written(tmp_path):
    path = tmp_path / "data" / "settings.toml"
    save_settings(path, Settings(appearance=Appearance.DARK))
    assert path.read_text() == 'appearance = "dark"\n'
    save_settings(path, CHOSEN)
    assert load_settings(path) == (CHOSEN, None)
    save_settings(path, Settings())
    assert path.read_text() == ""


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_any_folder_names_come_back(tmp_path_factory, folders):
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    save_settings(path, Settings(model_folders=tuple(folders)))
    assert load_settings(path)[0].model_folders == tuple(folders)


def test_unknown_keys_stay_in_the_file(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('wings = 2\nappearance = "light"\n[window]\nwidth = 3\n')
    assert load_settings(path) == (Settings(appearance=Appearance.LIGHT), None)
    save_settings(path, Settings(appearance=Appearance.DARK))
    assert path.read_text() == 'wings = 2\nappearance = "dark"\n\n[window]\nwidth = 3\n'
    save_settings(path, Settings())
    assert path.read_text() == "wings = 2\n\n[window]\nwidth = 3\n"


def test_a_file_that_broke_meanwhile_is_replaced(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("wings = ")
    save_settings(path, Settings(autosave_seconds=5))
    assert path.read_text() == "autosave_seconds = 5\n"


def test_older_versions_are_brought_up_step_by_step():
    steps = {1: lambda found: {"b": found["a"]}, 2: lambda found: {"c": found["b"] + 1}}
    assert migrated({"a": 1}, steps, 3) == {"c": 2}
    assert migrated({"version": 2, "b": 5}, steps, 3) == {"c": 6}
    assert migrated({"version": 9, "z": 0}, steps, 3) == {"version": 9, "z": 0}
    for version in (0, True, "new"):
        with pytest.raises(ValueError, match="its version is"):
            migrated({"version": version}, steps, 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"appearance = ", "Invalid value"),
        (b"\xff\xfe", "utf-8"),
        (b'appearance = "purple"', "Invalid enum value 'purple'"),
        (b"model_folders = 3", "Expected `array`"),
        (b"a = " + b"[" * 5000, ""),
        (b"#" * ((1 << 20) + 1), "too large"),
    ],
)
def test_a_broken_file_is_put_aside_and_told(tmp_path, content, reason):
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    settings, error = load_settings(path)
    aside = tmp_path / "settings.broken-1.toml"
    assert settings == Settings()
    assert reason in str(error)
    assert str(error).endswith(f"They were kept as {aside}; defaults are used.")
    assert aside.read_bytes() == content
    assert not path.exists()


def test_a_second_broken_file_does_not_overwrite_the_first(tmp_path):
    path = tmp_path / "settings.toml"
    for content in ("first = ", "second = "):
        path.write_text(content)
        load_settings(path)
    assert (tmp_path / "settings.broken-1.toml").read_text() == "first = "
    assert (tmp_path / "settings.broken-2.toml").read_text() == "second = "


def test_a_broken_file_that_cannot_be_renamed_stays_and_is_told(tmp_path, monkeypatch):
    path = tmp_path / "settings.toml"
    path.write_text("broken = ")
    Disk(monkeypatch, tmp_path).arm(0, errno.EACCES)
    settings, error = load_settings(path)
    assert settings == Settings()
    assert f"kept as {path};" in str(error)
    assert path.read_text() == "broken = "


def test_a_folder_in_its_place_is_told(tmp_path):
    path = tmp_path / "settings.toml"
    path.mkdir()
    settings, error = load_settings(path)
    assert settings == Settings()
    assert os.strerror(errno.EISDIR) in str(error)


def test_a_save_that_fails_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "settings.toml"
    save_settings(path, CHOSEN)
    before = path.read_bytes()
    Disk(monkeypatch, tmp_path).arm(2, errno.ENOSPC)
    with pytest.raises(SaveError, match="No space left on device"):
        save_settings(path, Settings(appearance=Appearance.LIGHT))
    assert path.read_bytes() == before


def test_every_setting_is_declared_for_the_dialog():
    names = [
        "appearance",
        "preview",
        "autosave_seconds",
        "picture_names",
        "together",
        "draft_budget_ms",
        "atlas",
        "model_folders",
    ]
    names += ["model_memory_gb", "precision"]
    assert [option.name for option in options_of(Settings)] == names
    assert options_of(Settings)[0].choices == ("system", "light", "dark")
    check(CHOSEN)


def test_models_lie_in_the_studio_the_data_directory_and_where_the_settings_say(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/artist")
    found = model_folders(Places(tmp_path), Settings(model_folders=("~/models", "/shared")))
    assert [str(folder) for folder in found] == [
        str(resources_dir() / "models"),
        str(tmp_path / "models"),
        "/home/artist/models",
        "/shared",
    ]

"""Models that come and go while the window is open, in the real window."""

import json
import shutil
import struct
import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel

from studio.core.model_list import look_for_models
from studio.core.recipe import ModelRef, Recipe
from studio.core.session import State
from studio.core.settings import Settings, save_settings
from studio.ui.document import Remembered
from studio.ui.folder_list import FolderList
from studio.ui.layout import Layout
from studio.ui.session_file import SessionFile
from tests.ui.conftest import write_fake_model


def names(studio):
    combo = studio.find("modelCombo", QComboBox)
    return {combo.itemText(row) for row in range(combo.count())}


def tip(studio):
    return studio.find("modelCombo", QComboBox).itemData(0, Qt.ItemDataRole.ToolTipRole)


def write_weights(path, count):
    """A safetensors file of `count` half-precision numbers."""
    header = json.dumps({"w": {"dtype": "F16", "shape": [count], "data_offsets": [0, 2 * count]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + np.zeros(count, np.float16).tobytes())


def test_a_model_copied_into_the_folder_appears_and_goes_again(shown, data_dir, tmp_path):
    assert names(shown) == {"Fake"}
    shown.wait(lambda: "Stable Diffusion 1" in tip(shown))
    made = write_fake_model(tmp_path, "Other")
    shutil.copytree(made, data_dir / "models" / "Other")
    shown.wait(lambda: names(shown) == {"Fake", "Other"})
    assert shown.session.recipe.model.name == "Fake", "what was chosen stays chosen"
    assert shown.find("modelCombo", QComboBox).currentText() == "Fake"
    shutil.rmtree(data_dir / "models" / "Other")
    shown.wait(lambda: names(shown) == {"Fake"})


def test_a_model_that_is_copied_slowly_appears_once_it_is_whole(shown, data_dir, tmp_path):
    shown.wait(lambda: "Stable Diffusion 1" in tip(shown))
    whole = write_fake_model(tmp_path, "Slow")
    target = data_dir / "models" / "Slow"
    target.mkdir()
    for part in ("model_index.json", "horizon.json", "scheduler", "tokenizer", "text_encoder", "unet", "vae"):
        (shutil.copy if (whole / part).is_file() else shutil.copytree)(whole / part, target / part)
    shown.wait(lambda: "Slow" in names(shown))


def test_the_list_tells_family_size_and_precision(make_studio, data_dir):
    for part in ("unet", "vae", "text_encoder"):
        write_weights(data_dir / "models" / "Fake" / part / "model.safetensors", 1000)
    studio = make_studio()
    studio.show()
    studio.wait(lambda: "Stable Diffusion 1 · 0.00 GB · F16" in tip(studio))


def test_a_model_the_recipe_waits_for_is_taken_when_it_comes(make_studio, data_dir):
    studio = make_studio()
    studio.show()
    studio.session.change_recipe(model=ModelRef(name="Late"))
    write_fake_model(data_dir / "models", "Late", side=512)
    studio.wait(lambda: studio.controller.recipes.wanted_model == "Late")


@pytest.fixture
def elsewhere(data_dir, tmp_path):
    """A folder named in the settings, with the model Mine in it."""
    write_fake_model(tmp_path / "elsewhere", "Mine")
    save_settings(data_dir / "settings.toml", Settings(model_folders=(str(tmp_path / "elsewhere"),)))
    return tmp_path / "elsewhere"


@pytest.fixture
def held(monkeypatch):
    """A disk so slow that no look ends before this is set."""
    may_end = threading.Event()

    def slowly(folders, tell):
        may_end.wait(30)
        return look_for_models(folders, tell)

    monkeypatch.setattr("studio.ui.model_desk.look_for_models", slowly)
    yield may_end
    may_end.set()


def test_the_window_is_there_before_slow_folders_are_looked_through(make_studio, elsewhere, held):
    studio = make_studio()
    studio.show()
    assert names(studio) == {"Fake"}
    studio.finish()
    held.set()
    studio.wait(lambda: names(studio) == {"Fake", "Mine"})


def name_folder(studio, folder):
    """In the settings dialog, whose list is returned."""
    studio.press(Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    folders = studio.find("modelFoldersSetting", FolderList)
    folders.add(str(folder))
    return folders


def test_a_folder_named_in_the_settings_is_looked_through_at_once(shown, tmp_path):
    folder = tmp_path / "elsewhere"
    write_fake_model(folder, "Mine")
    (folder / "loras").mkdir()
    write_weights(folder / "loras" / "grain.safetensors", 1)
    shown.wait(lambda: "none" in shown.find("adapterHint").text())
    folders = name_folder(shown, folder)
    shown.wait(lambda: names(shown) == {"Fake", "Mine"} and shown.find("adapterHint").text() == "")
    shown.finish()
    assert folder in shown.engine.folders[-1], "the engine knows"
    write_fake_model(folder, "Later")
    shown.wait(lambda: "Later" in names(shown))
    folders.list.setCurrentRow(0)
    folders.remove_button.click()
    shown.wait(lambda: names(shown) == {"Fake"})
    shown.finish()
    assert folder not in shown.engine.folders[-1]


def test_a_look_ends_when_other_folders_are_named(make_studio, tmp_path, monkeypatch):
    folder, rounds = tmp_path / "elsewhere", threading.Event()
    write_fake_model(folder, "Mine")

    def endlessly(folders, tell):
        while folder not in folders:
            rounds.set()
            tell({})
        return look_for_models(folders, tell)

    monkeypatch.setattr("studio.ui.model_desk.look_for_models", endlessly)
    studio = make_studio()
    studio.show()
    assert rounds.wait(30)
    name_folder(studio, folder)
    studio.wait(lambda: names(studio) == {"Fake", "Mine"})


def write_session(data_dir, name):
    """The last session was of this model."""
    file = SessionFile(data_dir / "session.json")
    file.save(State(recipe=Recipe(model=ModelRef(name=name), prompt="a calm sea")), Layout(), Remembered())
    file.close()


def problem(studio):
    return studio.find("modelProblem", QLabel).text()


def test_the_last_sessions_model_is_waited_for(make_studio, data_dir, elsewhere, held):
    write_session(data_dir, "Mine")
    studio = make_studio()
    studio.show()
    assert studio.session.recipe.model.name == "Mine"
    assert problem(studio) == "Still looking for “Mine”…"
    held.set()
    studio.wait(lambda: not problem(studio))
    assert studio.session.recipe.model.name == "Mine"
    assert studio.find("modelCombo", QComboBox).currentText() == "Mine"
    assert not studio.session.can_undo


def test_another_model_takes_the_place_of_one_that_is_gone_and_that_can_be_undone(make_studio, data_dir):
    write_session(data_dir, "Gone")
    studio = make_studio()
    studio.show()
    studio.wait(lambda: studio.session.recipe.model.name == "Fake")
    assert studio.session.recipe.prompt == "a calm sea"
    studio.session.undo()
    assert "There is no model “Gone”" in problem(studio)


def test_a_studio_without_models_takes_the_first_that_comes(make_studio, data_dir):
    shutil.rmtree(data_dir / "models")
    studio = make_studio()
    studio.show()
    studio.wait(lambda: "There is no model" in problem(studio))
    write_fake_model(data_dir / "models", "Mine")
    studio.wait(lambda: studio.session.recipe.model.name == "Mine")
    assert problem(studio) == ""
    assert studio.session.recipe.steps == 6
    assert not studio.session.can_undo


def test_a_load_can_be_stopped_and_the_next_picture_takes_it_up(make_studio):
    studio = make_studio()
    studio.engine.hold_load.clear()
    studio.show()
    stop = studio.find("stopButton")
    studio.wait(lambda: "Loading the model" in studio.find("activityLabel").text())
    studio.wait(stop.isEnabled)
    studio.press(Qt.Key.Key_Escape)
    studio.wait(lambda: studio.find("activityLabel").text() == "Loading stopped. The next picture loads the model.")
    assert studio.engine.loaded == []
    assert not stop.isEnabled()
    studio.engine.hold_load.set()
    studio.finish()
    assert studio.engine.loaded == ["Fake"]
    assert len(studio.engine.generated) == 1


def test_another_model_chosen_while_one_loads_is_loaded_instead(make_studio, data_dir):
    write_fake_model(data_dir / "models", "Other")
    studio = make_studio()
    studio.engine.hold_load.clear()
    studio.show()
    studio.wait(lambda: "Loading the model" in studio.find("activityLabel").text())
    combo = studio.find("modelCombo", QComboBox)
    other = "Other" if studio.session.recipe.model.name == "Fake" else "Fake"
    combo.setCurrentIndex(combo.findText(other))
    combo.activated.emit(combo.currentIndex())
    studio.engine.hold_load.set()
    studio.wait(lambda: studio.find("activityLabel").text() == f"Ready · {other}")
    assert studio.engine.loaded == [other]
    assert not studio.find("stopButton").isEnabled()


def test_the_list_fills_while_a_slow_folder_is_looked_through(make_studio, elsewhere, monkeypatch):
    may_end = threading.Event()

    def slowly(folders, tell):
        found = look_for_models(folders)
        tell({info.name: (info, facts) for info, facts in found.models})
        may_end.wait(30)
        return found

    monkeypatch.setattr("studio.ui.model_desk.look_for_models", slowly)
    monkeypatch.setattr("studio.ui.model_desk._TELL_SECONDS", -1.0)
    studio = make_studio()
    studio.show()
    try:
        studio.wait(lambda: names(studio) == {"Fake", "Mine"})
    finally:
        may_end.set()


def test_a_look_that_fails_as_nobody_foresaw_is_told(make_studio, monkeypatch):
    def fail(folders, tell):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("studio.ui.model_desk.look_for_models", fail)
    studio = make_studio()
    studio.show()
    studio.wait(lambda: "Something unforeseen went wrong (PermissionError)" in studio.window.banner.sentence.text())


def test_a_look_ends_when_the_window_closes(make_studio, monkeypatch):
    rounds = threading.Event()

    def endlessly(folders, tell):
        while True:
            rounds.set()
            tell({})

    monkeypatch.setattr("studio.ui.model_desk.look_for_models", endlessly)
    studio = make_studio()
    studio.show()
    assert rounds.wait(30)

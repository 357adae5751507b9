import json
from pathlib import Path

import pytest

from studio.core.errors import ModelBrokenError, ModelNotFoundError, UnsafeModelError
from studio.core.models import Defaults, find_models, read_model, resolve_model
from studio.core.schedulers import Schedule, Scheduler
from tests.scripted_engine import write_model


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_model_tells_what_it_is_from_its_json(tmp_path):
    folder = write_model(tmp_path / "tested", "Tested")
    (folder / "vocabulary.json").write_text("[]")
    info = read_model(folder)
    assert (info.name, info.folder, info.prediction_type) == ("Tested", folder, "epsilon")
    assert (info.latent_channels, info.downsampling, info.size_multiple, info.token_limit) == (4, 8, 16, 75)
    assert info.vocabulary == folder / "vocabulary.json"
    assert info.defaults == Defaults(
        width=64, height=64, steps=3, guidance=4.5, scheduler=Scheduler.DPMPP_2M, schedule=Schedule.SGM_UNIFORM
    )


def test_a_model_without_a_card_of_ours_bears_its_folders_name(tmp_path):
    folder = write_model(tmp_path / "sd15", size=512)
    (folder / "horizon.json").unlink()
    info = read_model(folder)
    assert (info.name, info.defaults, info.size_multiple, info.vocabulary) == ("sd15", Defaults(), 8, None)


def test_its_own_default_size_is_taken(tmp_path):
    folder = write_model(tmp_path / "wide")
    edit(folder / "horizon.json", default_size=[96, 64])
    assert (read_model(folder).defaults.width, read_model(folder).defaults.height) == (96, 64)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_part_is_named(tmp_path, part):
    folder = write_model(tmp_path / "m")
    (folder / part).rename(tmp_path / "away")
    with pytest.raises(ModelBrokenError, match=f"its {part} is missing"):
        read_model(folder)


def break_json(folder, name, content):
    (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("model_index.json", b"{", "model_index.json is not JSON"),
        ("model_index.json", b"[]", "model_index.json is not a JSON object"),
        ("unet/config.json", b"\xff", "unet/config.json is not JSON"),
        ("unet/config.json", b"[" * 100_000, "unet/config.json is not JSON"),
        ("vae/config.json", b" " * ((1 << 20) + 1), "vae/config.json is too large for a configuration"),
        ("vae/config.json", b"{}", "its configuration is not understood"),
        ("vae/config.json", b'{"block_out_channels": 3, "latent_channels": 4}', "is not understood"),
        ("horizon.json", b'{"default_scheduler": "Magic"}', "is not understood"),
    ],
)
def test_json_that_cannot_be_used_is_told(tmp_path, name, content, reason):
    folder = write_model(tmp_path / "m")
    (folder / name).write_bytes(content)
    with pytest.raises(ModelBrokenError, match=reason):
        read_model(folder)


def test_a_folder_that_is_no_model_is_told(tmp_path):
    with pytest.raises(ModelBrokenError, match=r"model_index\.json cannot be read \(No such file or directory\)"):
        read_model(tmp_path)


@pytest.mark.parametrize("name", ["model.bin", "model.ckpt", "model.pt", "model.pth", "model.pkl"])
def test_pickles_are_refused_by_name(tmp_path, name):
    folder = write_model(tmp_path / "m")
    (folder / "unet" / "model.safetensors").rename(folder / "unet" / name)
    with pytest.raises(UnsafeModelError, match=f"^{name} is a pickle"):
        read_model(folder)


def test_a_pickle_beside_safe_weights_does_not_matter(tmp_path):
    folder = write_model(tmp_path / "m")
    (folder / "unet" / "model.bin").write_bytes(b"")
    assert read_model(folder).name == "Horizon"


def test_models_are_found_in_order_the_first_of_a_name_counts_and_bad_ones_are_left_out(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    write_model(first / "b", "B")
    write_model(first / "a", "A")
    write_model(first / "bad", "Bad")
    (first / "bad" / "unet" / "model.safetensors").unlink()
    write_model(second / "a", "A")
    write_model(second / "c", "C")
    found = find_models([first, second, tmp_path / "gone"])
    assert [(model.name, model.folder.parent) for model in found] == [("A", first), ("B", first), ("C", second)]


def test_a_model_is_found_by_name_in_any_case_and_by_folder(tmp_path, monkeypatch):
    folder = write_model(tmp_path / "models" / "tested", "Tested")
    assert resolve_model("tEsTeD", [tmp_path / "models"]).folder == folder
    assert resolve_model(str(folder), []).folder == folder
    monkeypatch.chdir(tmp_path)
    assert resolve_model("./models/tested", []).folder == folder
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve_model("~/models/tested", []).folder == folder


def test_a_broken_model_asked_for_by_folder_name_tells_why(tmp_path):
    write_model(tmp_path / "tested")
    (tmp_path / "tested" / "vae" / "config.json").unlink()
    with pytest.raises(ModelBrokenError, match=r"vae/config\.json cannot be read"):
        resolve_model("tested", [tmp_path])


@pytest.mark.parametrize("name", ["", "nowhere", "./nowhere", "../..", "/"])
def test_a_model_that_is_not_there_is_told(tmp_path, name, monkeypatch):
    write_model(tmp_path / "models" / "tested", "Tested")
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ModelNotFoundError, ModelBrokenError)) as caught:
        resolve_model(name, [Path("models")])
    assert "Tested" in str(caught.value) or "model_index.json" in str(caught.value)

"""Adapters: where they lie, what they are called, and which of them a recipe asks for."""

import json
import struct
from pathlib import Path

import pytest

from studio.core.adapter_files import adapter_folders, find_adapters, resolve_adapter
from studio.core.adapters import ADAPTERS_MAX, AdapterUse
from studio.core.adapters_used import adapters_used
from studio.core.blend import Blend, Keyframe
from studio.core.errors import (
    AdapterError,
    AdapterNotFoundError,
    ModelBrokenError,
    ModelError,
    OptionError,
    UnsafeModelError,
)
from studio.core.files import write_new_pieces
from studio.core.places import Places
from studio.core.recipe import Recipe
from studio.core.recipe_files import Companion, take_in
from tests.core.test_model_places import SD1, write_file


def use(name: str, strength: float = 1.0) -> AdapterUse:
    return AdapterUse(name=name, strength=strength)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_they_lie_beside_our_models_and_where_other_programs_keep_them(tmp_path):
    expected = {
        "own": touch(tmp_path / "data" / "loras" / "own.safetensors"),
        "sorted": touch(tmp_path / "data" / "loras" / "a" / "b" / "sorted.SafeTensors"),
        "a1111": touch(tmp_path / "webui" / "models" / "Lora" / "a1111.safetensors"),
        "comfy": touch(tmp_path / "comfy" / "models" / "loras" / "comfy.safetensors"),
    }
    touch(tmp_path / "webui" / "models" / "Lora" / "OWN.safetensors")  # of two with one name the first counts
    touch(tmp_path / "data" / "loras" / "own.txt")
    touch(tmp_path / "data" / "loras" / ".hidden.safetensors")
    touch(tmp_path / "data" / "models" / "model.safetensors")
    folders = adapter_folders([tmp_path / "data" / "models", tmp_path / "webui", tmp_path / "comfy" / "models"])
    assert find_adapters(folders) == expected
    assert resolve_adapter("SORTED", folders) == expected["sorted"]


def test_one_that_is_not_there_is_told_with_the_nearest_and_a_pickle_is_refused(tmp_path):
    touch(tmp_path / "loras" / "watercolour.safetensors")
    touch(tmp_path / "loras" / "old.pt")
    folders = adapter_folders([tmp_path / "models"])
    with pytest.raises(AdapterNotFoundError, match=r"no adapter “watercolor”\. Did you mean “watercolour”"):
        resolve_adapter("watercolor", folders)
    with pytest.raises(UnsafeModelError, match=r"old\.pt is a pickle"):
        resolve_adapter("Old", folders)


def write(path: Path, *tensors: str) -> Path:
    """A safetensors file with these tensors of one number each."""
    names = {name: {"dtype": "F32", "shape": [1], "data_offsets": [4 * n, 4 * n + 4]} for n, name in enumerate(tensors)}
    header = json.dumps(names).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4 * len(tensors)))
    return path


def test_a_file_is_taken_in_once_and_never_over_another(tmp_path):
    places, path = Places(tmp_path / "data"), write(tmp_path / "ink.safetensors", "lora_unet_x.lora_down.weight")
    kind, taken = take_in(path, places)
    assert (kind, taken) == (Companion.LORA, places.adapters / "ink.safetensors")
    assert taken.read_bytes() == path.read_bytes()
    assert take_in(path, places)[1] == taken
    other = write(tmp_path / "ink.safetensors", "lora_unet_y.lora_down.weight", "lora_unet_y.lora_up.weight")
    assert take_in(other, places)[1] == places.adapters / "ink-2.safetensors"
    assert len(list(places.adapters.iterdir())) == 2


def test_one_trained_anew_is_taken_under_a_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("studio.core.adapter_files._PIECE_BYTES", 8)
    places, path = Places(tmp_path / "data"), write(tmp_path / "ink.safetensors", "lora_unet_x.lora_down.weight")
    first, size = path.read_bytes(), path.stat().st_size
    assert take_in(path, places)[1].name == "ink.safetensors"
    path.write_bytes(first[:-1] + b"\1")
    assert path.stat().st_size == size
    assert [take_in(path, places)[1].name for _ in range(2)] == ["ink-2.safetensors"] * 2
    assert (places.adapters / "ink-2.safetensors").read_bytes() == first[:-1] + b"\1"
    path.write_bytes(first)
    assert take_in(path, places)[1].name == "ink.safetensors"
    assert take_in(places.adapters / "ink-2.safetensors", places)[1].name == "ink-2.safetensors"
    assert len(list(places.adapters.iterdir())) == 2


def test_a_copy_that_breaks_off_leaves_nothing(tmp_path):
    def pieces():
        yield b"some"
        raise ModelBrokenError(tmp_path, "its disk was pulled out")

    with pytest.raises(ModelBrokenError):
        write_new_pieces(tmp_path / "ink.safetensors", pieces())
    assert list(tmp_path.iterdir()) == []


def test_each_kind_goes_to_its_own_folder(tmp_path):
    places = Places(tmp_path / "data")
    files = {"sight": "decoder.conv_in.weight", "moss": "emb_params"}
    taken = [take_in(write(tmp_path / f"{name}.safetensors", tensor), places) for name, tensor in files.items()]
    assert taken == [
        (Companion.VAE, places.vaes / "sight.safetensors"),
        (Companion.EMBEDDING, places.embeddings / "moss.safetensors"),
    ]


def test_what_is_none_of_these_is_not_taken_in(tmp_path):
    places = Places(tmp_path / "data")
    with pytest.raises(AdapterError, match=r"no LoRA, embedding or VAE but a file of another kind \(text encoder"):
        take_in(write(tmp_path / "text.safetensors", "text_model.encoder.layers.0.weight"), places)
    with pytest.raises(AdapterError, match="it holds 2 tensors, and not the vectors of a word"):
        take_in(write(tmp_path / "two.safetensors", "one", "other"), places)
    with pytest.raises(ModelBrokenError, match=r"^The file .*gone\.safetensors cannot be loaded"):
        take_in(tmp_path / "gone.safetensors", places)
    with pytest.raises(UnsafeModelError, match=r"old\.CKPT is a pickle"):
        take_in(touch(tmp_path / "old.CKPT"), places)
    with pytest.raises(ModelError, match=r"one\.safetensors is a whole model\. Copy it into the folder .*models"):
        take_in(write_file(tmp_path / "one.safetensors", SD1), places)
    assert not places.data_dir.exists()


def test_the_prompt_adds_adapters_and_says_the_strength_of_listed_ones():
    listed = (use("ink", 0.5), use("off", 0.0))
    recipe = Recipe(prompt="a boat <lora:Ink:0.8><lora:oil:0.3> <lora:oil:0.2>", adapters=listed)
    assert adapters_used(recipe) == (use("ink", 0.8), use("off", 0.0), use("oil", 0.5))
    assert adapters_used(Recipe(negative_prompt="<lora:ink:1>")) == ()


def test_marks_in_keyframes_count_by_their_shares():
    keyframes = (Keyframe(seed=1, prompt="<lora:ink:0.8>"), Keyframe(seed=2), Keyframe(seed=3, prompt="a lake"))
    shares = (0.3, 0.2, 0.5)
    blend = Blend(keyframes=keyframes, noise_shares=shares, prompt_shares=shares)
    used = adapters_used(Recipe(prompt="<lora:ink:0.8>", blend=blend, adapters=(use("ink", 3.0),)))
    assert used == (use("ink", 0.4),)


def test_too_many_and_too_strong_are_refused():
    with pytest.raises(OptionError, match="at most 16 adapters, not 17"):
        adapters_used(Recipe(prompt="".join(f"<lora:{number}:1>" for number in range(ADAPTERS_MAX + 1))))
    with pytest.raises(OptionError, match=r"The adapter “ink”: Strength: -6\.0 is outside"):
        adapters_used(Recipe(prompt="<lora:ink:-6>"))

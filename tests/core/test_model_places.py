"""Models in the folders artists have: found in every layout, in order, and nothing else."""

import json
import struct

import pytest

from studio.core.errors import ModelError, ModelNotFoundError, UnsafeModelError
from studio.core.model_family import ModelFamily
from studio.core.model_list import look_for_models
from studio.core.model_places import FILES_MAX, PICKLES_MAX, hub_cache, model_paths
from studio.core.model_rows import rows_of
from studio.core.models import find_models, read_model, resolve_model
from studio.core.weight_hash import WeightHasher
from tests.scripted_engine import write_model

P = "model.diffusion_model."
SD1 = {
    f"{P}input_blocks.0.0.weight": (320, 4, 3, 3),
    f"{P}out.2.weight": (4, 320, 3, 3),
    "cond_stage_model.transformer.text_model.final_layer_norm.weight": (768,),
    "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
}
FLUX = {
    f"{P}double_blocks.0.img_attn.qkv.weight": (48, 16),
    f"{P}img_in.weight": (16, 64),
    f"{P}final_layer.linear.weight": (64, 16),
}


def write_file(path, shapes, **metadata):
    """A checkpoint of zeros: sparse on disk, and enough to be found."""
    header, place = {"__metadata__": metadata}, 0
    for key, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        header[key] = {"dtype": "F16", "shape": shape, "data_offsets": [place, place + size]}
        place += size
    raw = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        file.truncate(8 + len(raw) + place)
    return path


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "models/Stable-diffusion",
        "models/Stable-diffusion/landscapes/old",
        "models/checkpoints",
        "Stable-diffusion",
        "checkpoints/sdxl",
        "models/diffusion_models",
    ],
)
def test_a_checkpoint_is_found_where_other_programs_keep_it(tmp_path, inside):
    path = write_file(tmp_path / inside / "one.safetensors", SD1)
    (info,) = find_models([tmp_path])
    assert (info.name, info.path, info.family) == ("one", path, ModelFamily.SD1)
    assert (info.latent_channels, info.downsampling, info.token_limit) == (4, 8, 75)
    assert (info.defaults.width, info.prediction_type) == (512, "epsilon")


def test_adapters_autoencoders_and_bad_files_are_no_models(tmp_path):
    write_file(tmp_path / "models" / "Lora" / "a.safetensors", {"lora_unet.lora_down.weight": (4, 4)})
    write_file(tmp_path / "models" / "Stable-diffusion" / "b.safetensors", {"lora_unet.lora_down.weight": (4, 4)})
    write_file(tmp_path / "models" / "VAE" / "c.safetensors", {"decoder.conv_in.weight": (8, 4, 3, 3)})
    (tmp_path / "models" / "Stable-diffusion" / "d.safetensors").write_bytes(b"<html>")
    assert find_models([tmp_path]) == ()
    with pytest.raises(ModelError, match=r"b\.safetensors is no model: it holds an adapter\. Choose a checkpoint"):
        read_model(tmp_path / "models" / "Stable-diffusion" / "b.safetensors")


def test_hugging_faces_cache_is_read_by_the_makers_names(tmp_path):
    snapshots = tmp_path / "models--maker--tiny--one" / "snapshots"
    (tmp_path / "models--maker--other").mkdir()
    write_model(snapshots / "abc123")
    (info,) = find_models([tmp_path])
    assert info.name == "maker/tiny/one"
    assert info.folder == snapshots / "abc123"
    assert resolve_model("Maker/tiny/one", [tmp_path]) == info


def test_the_cache_is_where_its_variables_say(tmp_path):
    (tmp_path / "hub").mkdir()
    assert hub_cache({"HF_HOME": str(tmp_path)}) == tmp_path / "hub"
    assert hub_cache({"HF_HUB_CACHE": str(tmp_path)}) == tmp_path
    assert hub_cache({"HF_HOME": str(tmp_path / "gone")}) is None


def test_what_lies_beside_a_file_is_no_model_of_its_own(tmp_path):
    write_file(tmp_path / "one.safetensors", SD1)
    write_file(tmp_path / "one" / "vae" / "model.safetensors", SD1)
    assert [info.name for info in find_models([tmp_path])] == ["one"]


def test_folders_and_files_come_in_order_and_the_first_of_a_name_counts(tmp_path):
    write_model(tmp_path / "a" / "b", "One")
    write_file(tmp_path / "a" / "a.safetensors", SD1)
    write_file(tmp_path / "b" / "One.safetensors", FLUX)
    found = find_models([tmp_path / "a", tmp_path / "b", tmp_path / "gone"])
    assert [(info.name, info.family) for info in found] == [("a", ModelFamily.SD1), ("One", ModelFamily.SD1)]


def test_a_changed_file_is_looked_at_again(tmp_path):
    path = write_file(tmp_path / "one.safetensors", SD1)
    assert read_model(path).family is ModelFamily.SD1
    write_file(path, FLUX)
    info = read_model(path)
    assert (info.family, info.few_steps, info.defaults.steps, info.size_multiple) == (ModelFamily.FLUX, True, 4, 16)
    assert info.note == "A few-step model: made for about 4 steps at guidance 1."


def test_a_folder_of_too_much_ends(tmp_path):
    for number in range(FILES_MAX + 5):
        (tmp_path / f"{number}.safetensors").touch()
    assert len(list(model_paths([tmp_path]))) == FILES_MAX


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "back").symlink_to(tmp_path, target_is_directory=True)
    assert list(model_paths([tmp_path])) == []


def test_nothing_is_written_into_the_folders_of_others(tmp_path):
    write_file(tmp_path / "webui" / "models" / "Stable-diffusion" / "one.safetensors", SD1)
    write_model(tmp_path / "hub" / "models--maker--tiny" / "snapshots" / "abc")

    def state():
        return {(path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")}

    before = state()
    found = look_for_models([tmp_path / "webui", tmp_path / "hub"])
    assert [info.name for info, _ in found.models] == ["one", "maker/tiny"]
    assert [row.info.name for row in rows_of(found.models, WeightHasher(), lambda _: None)] == ["one", "maker/tiny"]
    assert state() == before


def test_pickles_are_told_of_and_never_crowd_out_models(tmp_path):
    for name in ("old.ckpt", "older.PT", "one.ckpt", "notes.txt"):
        (tmp_path / name).write_bytes(b"\x80\x04")
    write_file(tmp_path / "one.safetensors", SD1)
    found = look_for_models([tmp_path])
    assert [info.name for info, _ in found.models] == ["one"]
    assert [each.path.name for each in found.refused] == ["old.ckpt", "older.PT"], "one lies there converted"
    assert all("is a pickle" in each.sentence for each in found.refused)
    assert tmp_path / "old.ckpt" not in found.watched
    for name in ("old", "OLD.ckpt", "Older"):
        with pytest.raises(UnsafeModelError):
            resolve_model(name, [tmp_path])
    for number in range(PICKLES_MAX + 5):
        (tmp_path / f"a{number}.bin").touch()
    assert len(list(model_paths([tmp_path]))) == PICKLES_MAX + 1


def test_a_pickle_deep_inside_says_why_it_is_refused(tmp_path):
    inside = tmp_path / "models" / "Stable-diffusion" / "old"
    inside.mkdir(parents=True)
    (inside / "v1.5.ckpt").write_bytes(b"\x80\x04")
    with pytest.raises(UnsafeModelError, match="Checkpoint Merger"):
        resolve_model("v1.5", [tmp_path])
    with pytest.raises(ModelNotFoundError):
        resolve_model("v1", [tmp_path])

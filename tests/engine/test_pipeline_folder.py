"""Bad model folders: one clear sentence each, and an engine that still works."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.core.errors import ModelBrokenError, ModelError, UnsafeModelError
from studio.core.events import Event
from studio.core.recipe import ModelRef
from studio.engine.local import LocalEngine
from studio.engine.pipeline_folder import weight_files
from tests.engine.helpers import small

UNET = "unet/diffusion_pytorch_model.safetensors"


def silent(event: Event) -> None:
    """A report that does nothing."""


def truncate(folder: Path) -> None:
    data = (folder / UNET).read_bytes()
    (folder / UNET).write_bytes(data[: len(data) // 2])


def empty_weights(folder: Path) -> None:
    (folder / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"")


def not_safetensors(folder: Path) -> None:
    (folder / "text_encoder" / "model.safetensors").write_bytes(b"<html>Not found</html>" * 50)


def drop_a_tensor(folder: Path) -> None:
    weights = load_file(folder / UNET)
    del weights["conv_in.weight"]
    save_file(weights, folder / UNET)


def reshape_a_tensor(folder: Path) -> None:
    weights = load_file(folder / UNET)
    weights["conv_in.weight"] = torch.zeros(1, 2, 3, 3)
    save_file(weights, folder / UNET)


def pickled(folder: Path) -> None:
    (folder / UNET).unlink()
    torch.save({}, folder / "unet" / "diffusion_pytorch_model.bin")


def edit_json(name: str, **changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")

    return edit


def write(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8") and None


def remove(name: str) -> Callable[[Path], None]:
    def take_away(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return take_away


FAULTS: list[tuple[str, Callable[[Path], None], type[ModelError], str]] = [
    ("truncated weights", truncate, ModelBrokenError, UNET),
    ("empty weights", empty_weights, ModelBrokenError, "vae/diffusion_pytorch_model.safetensors"),
    ("a web page for weights", not_safetensors, ModelBrokenError, "text_encoder/model.safetensors"),
    ("a missing tensor", drop_a_tensor, ModelBrokenError, "conv_in.weight"),
    ("a tensor of another shape", reshape_a_tensor, ModelBrokenError, "conv_in.weight"),
    ("pickled weights", pickled, UnsafeModelError, "diffusion_pytorch_model.bin is a pickle"),
    ("no weights", remove(UNET), ModelBrokenError, "unet has no .safetensors weights"),
    ("no tokenizer", remove("tokenizer"), ModelBrokenError, "its tokenizer is missing"),
    ("no vocabulary", remove("tokenizer/vocab.json"), ModelBrokenError, "tokenizer/vocab.json cannot be read"),
    ("no merges", remove("tokenizer/merges.txt"), ModelBrokenError, "tokenizer/merges.txt is missing"),
    (
        "a vocabulary that is no JSON",
        write("tokenizer/vocab.json", "{"),
        ModelBrokenError,
        "tokenizer/vocab.json is not",
    ),
    (
        "a vocabulary that is a list",
        write("tokenizer/vocab.json", "[]"),
        ModelBrokenError,
        "tokenizer/vocab.json is not",
    ),
    ("merges of unknown pieces", write("tokenizer/merges.txt", "#v\nqx zz\n"), ModelBrokenError, "tokenizer"),
    ("a vocabulary of words for numbers", write("tokenizer/vocab.json", '{"a": "b"}'), ModelBrokenError, "tokenizer"),
    (
        "tokenizer settings that are no JSON",
        write("tokenizer/tokenizer_config.json", "?"),
        ModelBrokenError,
        "not JSON",
    ),
    ("no VAE", remove("vae"), ModelBrokenError, "its vae is missing"),
    ("no index", remove("model_index.json"), ModelBrokenError, "model_index.json cannot be read"),
    (
        "a U-Net config that is no JSON",
        write("unet/config.json", "{]"),
        ModelBrokenError,
        "unet/config.json is not JSON",
    ),
    ("a U-Net of unknown blocks", edit_json("unet/config.json", down_block_types=["A", "B"]), ModelBrokenError, "unet"),
    (
        "a U-Net of no heads",
        edit_json("unet/config.json", attention_head_dim=0),
        ModelBrokenError,
        "attention_head_dim as",
    ),
    (
        "channels cut into no groups",
        edit_json("unet/config.json", norm_num_groups=0),
        ModelBrokenError,
        "norm_num_groups",
    ),
    (
        "a VAE of fewer blocks than it says",
        edit_json("vae/config.json", up_block_types=[]),
        ModelBrokenError,
        "vae cannot",
    ),
    (
        "words for sizes",
        edit_json("text_encoder/config.json", hidden_size="x"),
        ModelBrokenError,
        "text_encoder cannot",
    ),
    (
        "a tiny VAE of no scale",
        edit_json("tiny_vae/config.json", scaling_factor=0),
        ModelBrokenError,
        "scaling_factor as",
    ),
    (
        "noise that nobody knows",
        edit_json("scheduler/scheduler_config.json", beta_schedule="magic"),
        ModelBrokenError,
        "beta_schedule as “magic”, and not as one of linear",
    ),
    (
        "noise for other timesteps",
        edit_json("scheduler/scheduler_config.json", trained_betas=[0.1, 0.2]),
        ModelBrokenError,
        "trained_betas for 2 timesteps, and not for 1,000",
    ),
    ("a scheduler that is no JSON", write("scheduler/scheduler_config.json", ""), ModelBrokenError, "is not JSON"),
    ("no scheduler config", remove("scheduler/scheduler_config.json"), ModelBrokenError, "scheduler_config.json"),
    (
        "an unknown prediction",
        edit_json("scheduler/scheduler_config.json", prediction_type="flow"),
        ModelBrokenError,
        "prediction type “flow”",
    ),
    (
        "another family",
        edit_json("model_index.json", _class_name="WuerstchenCombinedPipeline"),
        ModelError,
        "is a WuerstchenCombinedPipeline, which the studio cannot run. It runs: Stable Diffusion 1",
    ),
    (
        "a family with parts that are not there",
        edit_json("model_index.json", _class_name="StableDiffusionXLPipeline"),
        ModelBrokenError,
        "its text_encoder_2 is missing",
    ),
    (
        "a VAE with other channels",
        edit_json("vae/config.json", latent_channels=16),
        ModelBrokenError,
        "its VAE makes latents of 16 channels, but its unet takes 4",
    ),
]


@pytest.mark.parametrize(("fault", "kind", "part"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_bad_folder_gets_one_sentence_and_the_engine_goes_on(
    models: Path, tmp_path: Path, fault: Callable[[Path], None], kind: type[ModelError], part: str
) -> None:
    shutil.copytree(models / "plain", tmp_path / "bad")
    fault(tmp_path / "bad")
    engine = LocalEngine((tmp_path, models), device="cpu")
    with pytest.raises(kind) as caught:
        engine.generate(small(model=ModelRef(name="bad")), silent)
    sentence = str(caught.value)
    assert part in sentence
    assert "\n" not in sentence
    assert len(sentence) < 600
    assert engine.generate(small(steps=1), silent).picture.shape == (64, 64, 3)


def test_the_folder_used_for_the_faults_is_good(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "plain", tmp_path / "good")
    engine = LocalEngine((tmp_path,), device="cpu")
    assert engine.generate(small(model=ModelRef(name="good")), silent).picture.shape == (64, 64, 3)


def test_a_pickle_beside_safetensors_is_never_opened(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "plain", tmp_path / "both")
    (tmp_path / "both" / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    engine = LocalEngine((tmp_path,), device="cpu")
    assert engine.generate(small(model=ModelRef(name="both")), silent).picture.shape == (64, 64, 3)


def test_half_precision_on_disk_is_loaded_as_what_the_device_wants(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "plain", tmp_path / "half")
    for name in ("unet", "vae", "text_encoder"):
        for path in weight_files(tmp_path / "half", name):
            weights = {key: value.half() for key, value in load_file(path).items()}
            save_file(weights, path, metadata={"format": "pt"})
    engine = LocalEngine((tmp_path, models), device="cpu")
    half = engine.generate(small(model=ModelRef(name="half")), silent).picture
    whole = engine.generate(small(), silent).picture
    assert abs(half.astype(int) - whole.astype(int)).max() <= 3


def test_a_variant_is_read_where_there_is_nothing_plain(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "plain", tmp_path / "variant")
    (tmp_path / "variant" / UNET).rename(tmp_path / "variant" / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    engine = LocalEngine((tmp_path, models), device="cpu")
    variant = engine.generate(small(model=ModelRef(name="variant")), silent).picture
    assert variant.tobytes() == engine.generate(small(), silent).picture.tobytes()

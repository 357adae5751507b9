"""Another VAE in the model's place: compared with diffusers' own, in and out without a trace."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from msgspec.structs import replace
from safetensors.torch import load_file, save_file

from studio.core.errors import (
    AdapterChangedError,
    AdapterError,
    AdapterNotFoundError,
    ModelBrokenError,
    UnsafeModelError,
)
from studio.core.events import Event, Step
from studio.core.metadata import read_recipe, write_png
from studio.core.recipe import ModelRef, Recipe
from studio.core.start_picture import start_from_picture
from studio.engine.local import LocalEngine
from tests.engine.helpers import psnr, small
from tests.engine.reference import load_reference, reference_picture, reference_scheduler
from tests.tiny_checkpoints import write_vae
from tests.tiny_model import build_tiny_model


@pytest.fixture(scope="module")
def vaes(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one VAE in three forms: `original` and `named` are files, `folder` is as diffusers writes it."""
    folder = tmp_path_factory.mktemp("own") / "vae"
    other = build_tiny_model(folder.parent / "other", seed=9)
    folder.mkdir()
    shutil.copytree(other / "vae", folder / "folder")
    write_vae(other, folder / "original.safetensors")
    weights = load_file(other / "vae" / "diffusion_pytorch_model.safetensors")
    save_file({f"first_stage_model.{key}": value.half() for key, value in weights.items()}, folder / "half.safetensors")
    save_file(weights, folder / "sorted-named.safetensors")
    return folder


@pytest.fixture(scope="module")
def studio(models: Path, vaes: Path) -> LocalEngine:
    return LocalEngine((models, vaes.parent / "models"), device="cpu")


def silent(event: Event) -> None:
    """Hear nothing."""


def seen(name: str = "original", **changes: object) -> Recipe:
    return small(vae=ModelRef(name=name), **changes)


def made(engine: LocalEngine, recipe: Recipe) -> bytes:
    return engine.generate(recipe, silent).picture.tobytes()


def test_the_picture_is_that_of_diffusers_whatever_the_keys(studio: LocalEngine, models: Path, vaes: Path) -> None:
    pipe = load_reference(models / "plain")
    pipe.vae = AutoencoderKL.from_pretrained(vaes / "folder", local_files_only=True, low_cpu_mem_usage=False)
    recipe = seen()
    theirs = reference_picture(pipe, recipe, reference_scheduler(recipe, dict(pipe.scheduler.config)))
    pictures = [studio.generate(seen(name), silent).picture for name in ("original", "sorted-named", "Folder", "half")]
    assert all(psnr(picture, theirs) >= 45 for picture in pictures)
    assert psnr(studio.generate(small(), silent).picture, theirs) < 40


def test_out_is_as_never_in(studio: LocalEngine) -> None:
    before = made(studio, small())
    vae = studio._loader.loaded.family.autoencoder.vae
    weights = {name: value.clone() for name, value in vae.state_dict().items()}
    assert made(studio, seen()) != before
    assert made(studio, small()) == before
    assert studio._loader.loaded.family.autoencoder.vae is vae
    assert all(torch.equal(vae.state_dict()[name], value) for name, value in weights.items())


def test_the_finished_recipe_has_the_hash_and_makes_the_same_again(studio: LocalEngine, vaes: Path) -> None:
    finished = studio.generate(seen("ORIGINAL"), silent)
    digest = hashlib.sha256((vaes / "original.safetensors").read_bytes()).hexdigest()
    assert finished.recipe.vae == ModelRef(name="original", hash=digest)
    read = read_recipe(write_png(finished.picture, finished.recipe))
    assert made(studio, read) == finished.picture.tobytes()
    with pytest.raises(AdapterChangedError, match="made with the VAE “original” ababababab"):
        studio.generate(replace(read, vae=ModelRef(name="original", hash="ab" * 32)), silent)


def test_previews_are_those_of_the_vae_that_is_in(studio: LocalEngine) -> None:
    shown: list[np.ndarray] = []

    def look(event: Event) -> None:
        if isinstance(event, Step):
            shown.append(event.preview)

    for recipe in (small(steps=1), seen(steps=1), small(steps=1)):
        studio.generate(recipe, look)
    assert psnr(shown[0], shown[1]) < 40
    assert psnr(shown[0], shown[2]) > psnr(shown[0], shown[1])


def test_a_start_is_encoded_by_it_and_a_draft_puts_back(studio: LocalEngine) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    start = start_from_picture(noise)
    assert made(studio, small(start=start)) != made(studio, seen(start=start))
    expected = made(studio, seen())

    def draft(event: Event) -> None:
        if isinstance(event, Step):
            studio.draft(small(steps=2), silent)

    assert studio.generate(seen(), draft).picture.tobytes() == expected


def bad_files(folder: Path, models: Path) -> None:
    whole = (folder / "original.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[:-40])
    (folder / "pickled.ckpt").write_bytes(b"\x80\x04")
    write_vae(models / "zero", folder / "channels.safetensors")
    weights = load_file(folder / "original.safetensors")
    save_file(weights | {"encoder.down.4.block.0.norm1.bias": torch.ones(4)}, folder / "deeper.safetensors")
    save_file({key: value * torch.nan for key, value in weights.items()}, folder / "nan.safetensors")
    save_file({key: value.to(torch.int8) for key, value in weights.items()}, folder / "whole.safetensors")
    conv, turned = "encoder.conv_in.weight", "decoder.mid.attn_1.q.weight"
    save_file(weights | {conv: weights[conv].permute(1, 0, 2, 3).contiguous()}, folder / "permuted.safetensors")
    save_file(weights | {turned: weights[turned].permute(2, 3, 0, 1).contiguous()}, folder / "turned.safetensors")
    save_file({"lora_unet_x.lora_down.weight": torch.ones(2, 2)}, folder / "lora.safetensors")
    shutil.copytree(folder / "folder", folder / "scaled", dirs_exist_ok=True)
    config = folder / "scaled" / "config.json"
    config.write_text(config.read_text().replace("0.18215", "0.13025"))


@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        ("orginal", AdapterNotFoundError, "no VAE “orginal”. Did you mean “original”"),
        ("pickled", UnsafeModelError, "pickled.ckpt is a pickle"),
        ("cut", ModelBrokenError, r"^The VAE \S*/cut\.safetensors cannot be loaded: it is truncated"),
        ("channels", AdapterError, "built otherwise|is of shape"),
        ("deeper", AdapterError, "1 weights that this model's own has not"),
        ("nan", AdapterError, "is no number"),
        ("whole", ModelBrokenError, r"The VAE .* holds whole numbers \(I8\)"),
        ("permuted", AdapterError, r"conv_in.weight is of shape \(3, \d+, 3, 3\), not"),
        ("turned", AdapterError, r"q.weight is of shape \(1, 1, "),
        ("lora", AdapterError, "it is no VAE"),
        ("scaled", AdapterError, "its scaling factor is 0.13025, and that of this model's own is 0.18215"),
    ],
)
def test_what_cannot_be_used_says_why_and_changes_nothing(
    studio: LocalEngine, vaes: Path, models: Path, name: str, error: type[Exception], sentence: str
) -> None:
    bad_files(vaes, models)
    expected = made(studio, small())
    with pytest.raises(error, match=sentence):
        studio.generate(seen(name), silent)
    assert made(studio, small()) == expected

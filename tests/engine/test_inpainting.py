"""Inpainting checkpoints and inpainting with any model: diffusers' own pipelines agree, single files too."""

from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion import pipeline_stable_diffusion_inpaint as inpaint
from diffusers.pipelines.stable_diffusion_xl import pipeline_stable_diffusion_xl_inpaint as inpaint_xl
from msgspec.structs import replace
from PIL import Image
from torch import Tensor

from studio.core.events import Picture
from studio.core.model_files import detect_file
from studio.core.models import read_model
from studio.core.recipe import ModelRef, Recipe
from studio.core.safetensors_header import read_header
from studio.core.schedulers import Schedule, Scheduler
from studio.core.start_picture import decode_mask
from studio.engine import local, starting
from studio.engine.local import LocalEngine
from studio.engine.single_file import part_config_for
from tests.engine.helpers import Recorder, called, psnr
from tests.engine.reference import load_reference, reference_scheduler
from tests.engine.test_starting import CONFIGS, a_picture, half_mask, started
from tests.tiny_checkpoints import write_checkpoint
from tests.tiny_inpainting import CHANNELS, build_inpainting

AGREES_DB = 60.0
"""45 are promised."""
KINDS = ("sd1", "sd2", "sdxl")


@pytest.fixture(scope="module")
def inpainting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny inpainting models as folders, and in `files` as single files."""
    root = tmp_path_factory.mktemp("inpainting")
    for number, name in enumerate(KINDS):
        folder = build_inpainting(name, root / name, seed=number)
        write_checkpoint(name, folder, root / "files" / f"{name}-file.safetensors")
    return root


@pytest.fixture(scope="module")
def both(inpainting: Path, models: Path) -> LocalEngine:
    return LocalEngine((inpainting, inpainting / "files", models), device="cpu")


def euler(name: str, strength: float = 1.0, mask: np.ndarray | None = None, **changes: Any) -> Recipe:
    """A recipe that two programs can agree on: a scheduler without a state of its own, a mask on the latents' grid."""
    mask = half_mask() if mask is None else mask
    how = {"scheduler": Scheduler.EULER, "schedule": Schedule.NORMAL, "guidance": 3.0, "model": ModelRef(name=name)}
    return started(strength, mask, **{**how, **changes})


def reference(folder: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch, **call: Any) -> Picture:
    """diffusers' inpainting, from the posteriors' means, where it would take samples."""
    for module in (inpaint, inpaint_xl):
        mean = partial(module.retrieve_latents, sample_mode="argmax")
        monkeypatch.setattr(module, "retrieve_latents", lambda output, generator=None, mean=mean: mean(output))
    name = recipe.model.name
    if name == "sdxl":
        pipe = diffusers.StableDiffusionXLInpaintPipeline.from_pretrained(
            folder / name, local_files_only=True, low_cpu_mem_usage=False
        )
    else:
        parts = load_reference(folder / name).components
        pipe = diffusers.StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = reference_scheduler(recipe, CONFIGS["plain"])
    assert recipe.start is not None
    return called(
        pipe,
        recipe,
        image=Image.fromarray(a_picture()),
        mask_image=Image.fromarray(decode_mask(recipe.start)),
        strength=recipe.start.strength,
        **call,
    )


def holding_at_the_end(recipe: Recipe, latents_of: Any) -> Any:
    """What our end of an inpainting model's picture adds: outside of the mask the latents are the picture's own.

    Of use to diffusers as its callback at the end of a step.
    """
    assert recipe.start is not None
    kept = torch.from_numpy(decode_mask(recipe.start)[::8, ::8].copy()) == 0

    def callback(_pipe: Any, step: int, _timestep: Tensor, values: dict[str, Tensor]) -> dict[str, Tensor]:
        last = step + 1 == recipe.steps
        return {"latents": torch.where(kept, latents_of, values["latents"])} if last else values

    return callback


@pytest.mark.parametrize("name", ["sd1", "sdxl"])
def test_an_inpainting_model_agrees_with_diffusers(
    both: LocalEngine, inpainting: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    recipe = euler(name)
    recorder = Recorder()
    ours = both.generate(recipe, recorder).picture
    clean = both._loader.loaded.family.encode(a_picture()).mean  # type: ignore[union-attr]
    theirs = reference(inpainting, recipe, monkeypatch, callback_on_step_end=holding_at_the_end(recipe, clean))
    whole = np.s_[:, 32 + 16 :]  # beyond the seam, where nothing of the old picture is mixed in
    assert theirs[whole].std() > 1
    assert psnr(ours[whole], theirs[whole]) >= AGREES_DB
    assert psnr(both.generate(replace(recipe, seed=8), Recorder()).picture[whole], theirs[whole]) < AGREES_DB
    assert (ours[:, :32] == a_picture()[:, :32]).all()
    assert [step.number for step in recorder.steps] == list(range(1, 9))
    assert all(step.preview is not None for step in recorder.steps)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_inpainting_with_any_model_agrees_with_diffusers_where_masks_are_hard(
    both: LocalEngine, models: Path, monkeypatch: pytest.MonkeyPatch, strength: float
) -> None:
    """Both hold the latents outside to the noised picture at every step. Ours is soft besides, which is off here."""
    monkeypatch.setattr(starting, "feathered", lambda mask: (mask / 255.0).astype(np.float32))
    monkeypatch.setattr(local, "with_kept_pixels", lambda picture, start: picture)
    recipe = euler("plain", strength)
    theirs = reference(models, recipe, monkeypatch)
    assert psnr(both.generate(recipe, Recorder()).picture, theirs) >= AGREES_DB
    assert psnr(both.generate(replace(recipe, seed=8), Recorder()).picture, theirs) < AGREES_DB


@pytest.mark.parametrize("name", ["sd1", "sdxl"])
def test_an_inpainting_model_makes_pictures_from_words_as_if_all_were_masked(both: LocalEngine, name: str) -> None:
    """As AUTOMATIC1111 does: shown a whole mask, and the latents of grey."""
    words = replace(euler(name), start=None)
    masked = euler(name, mask=np.full((64, 64), 255, np.uint8))
    made = both.generate(words, Recorder()).picture
    assert psnr(both.generate(masked, Recorder()).picture, made) >= AGREES_DB
    assert made.std() > 1
    assert psnr(both.generate(replace(words, prompt="a blue mountain"), Recorder()).picture, made) < AGREES_DB


@pytest.mark.parametrize("name", KINDS)
def test_a_single_file_makes_the_folders_picture(both: LocalEngine, inpainting: Path, name: str) -> None:
    info = read_model(inpainting / "files" / f"{name}-file.safetensors")
    assert info.inpaints
    assert info.prediction_type == "epsilon"
    assert "inpainting" in info.note
    recipe = euler(name, 0.8)
    ours = both.generate(replace(recipe, model=ModelRef(name=f"{name}-file")), Recorder()).picture
    assert psnr(ours, both.generate(recipe, Recorder()).picture) >= AGREES_DB


@pytest.mark.parametrize("name", KINDS)
def test_without_a_configuration_beside_it_the_file_tells_its_channels(
    inpainting: Path, tmp_path: Path, name: str
) -> None:
    source = inpainting / "files" / f"{name}-file.safetensors"
    path = tmp_path / source.name
    path.symlink_to(source)
    config = part_config_for(path, detect_file(path), "unet", read_header(path))
    assert config["in_channels"] == CHANNELS
    assert config["out_channels"] == 4
    info = read_model(path)
    assert info.inpaints
    assert info.defaults.width == {"sd1": 512, "sd2": 512, "sdxl": 1024}[name]

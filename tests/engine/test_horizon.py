"""The model that the studio brings: its pictures agree with diffusers', and its previews are worth watching."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import stats
from torch.nn import functional

from studio.core.events import Picture
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler
from studio.core.start_picture import start_from_picture
from studio.engine.local import LocalEngine
from studio.engine.pipeline_folder import read_json
from tests.engine.helpers import Recorder, correlation, psnr
from tests.engine.reference import load_reference, reference_picture, reference_scheduler

MODELS = Path(__file__).parents[2] / "resources" / "models"
PROMPTS = ("a red sailboat on a calm sea at sunset", "snowy mountains at night with stars", "a lighthouse in fog")


@pytest.fixture(scope="module")
def horizon() -> LocalEngine:
    return LocalEngine((MODELS,), device="cpu")


def recipe(**changes: object) -> Recipe:
    fields: dict[str, object] = {"prompt": PROMPTS[0], "seed": 7, "steps": 20, "guidance": 4.0}
    return Recipe(**{**fields, "model": ModelRef(name="Horizon"), **changes})  # type: ignore[arg-type]


def shrunk(picture: Picture, like: Picture) -> Picture:
    """`picture` averaged down to the size of `like`."""
    values = torch.from_numpy(picture).permute(2, 0, 1)[None].to(torch.float32)
    small = functional.adaptive_avg_pool2d(values, like.shape[:2])
    made: Picture = small[0].permute(1, 2, 0).round().to(torch.uint8).numpy()
    return made


def previews_of(engine: LocalEngine, wanted: Recipe) -> tuple[list[Picture], Picture]:
    recorder = Recorder()
    picture = engine.generate(wanted, recorder).picture
    previews = [step.preview for step in recorder.steps if step.preview is not None]
    assert len(previews) == wanted.steps
    return previews, picture


@pytest.mark.parametrize("prompt", PROMPTS)
def test_previews_come_nearer_to_the_picture_with_every_step(horizon: LocalEngine, prompt: str) -> None:
    previews, picture = previews_of(horizon, recipe(prompt=prompt))
    likeness = [correlation(preview, shrunk(picture, preview)) for preview in previews]
    assert stats.spearmanr(range(len(likeness)), likeness).statistic > 0.9
    assert np.mean(likeness[-3:]) > np.mean(likeness[:3]) + 0.01
    assert likeness[-1] >= 0.9


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_linear_tier_is_like_the_full_decode_before_it_has_seen_a_picture(prompt: str) -> None:
    previews, picture = previews_of(LocalEngine((MODELS,), device="cpu"), recipe(prompt=prompt, steps=12))
    assert correlation(previews[-1], shrunk(picture, previews[-1])) >= 0.9


def test_a_wrong_picture_would_not_pass_for_a_preview(horizon: LocalEngine) -> None:
    previews, _ = previews_of(horizon, recipe())
    _, other = previews_of(horizon, recipe(prompt=PROMPTS[1], seed=8))
    assert correlation(previews[-1], shrunk(other, previews[-1])) < 0.8


@pytest.fixture(scope="module")
def pipe() -> Any:
    return load_reference(MODELS / "horizon")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scheduler": Scheduler.DDIM, "schedule": Schedule.NORMAL},
        {"scheduler": Scheduler.HEUN, "schedule": Schedule.KARRAS},
        {"scheduler": Scheduler.EULER_A, "schedule": Schedule.LINSPACE},
        {"scheduler": Scheduler.SA_SOLVER, "schedule": Schedule.EXPONENTIAL},
        {"guidance": 1.0},
        {"width": 272, "height": 256},
    ],
    ids=str,
)
def test_pictures_agree_with_diffusers(horizon: LocalEngine, pipe: Any, changes: dict[str, object]) -> None:
    wanted = recipe(steps=8, **changes)
    config = read_json(MODELS / "horizon", "scheduler/scheduler_config.json")
    theirs = reference_picture(pipe, wanted, reference_scheduler(wanted, config))
    assert psnr(horizon.generate(wanted, Recorder()).picture, theirs) >= 45


SEAM_BAND_PX = 12
"""So far on both sides of a mask's border a picture's own roughness is looked at."""


def band_mask() -> NDArray[np.uint8]:
    """From the top to the bottom; neither edge lies between two latents."""
    mask = np.zeros((256, 256), np.uint8)
    mask[:, 101:171] = 255
    return mask


def round_mask() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:256, :256]
    inside = ((rows - 140) / 70) ** 2 + ((columns - 120) / 60) ** 2 < 1
    return np.where(inside, 255, 0).astype(np.uint8)


def seam_and_around(picture: Picture, mask: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean difference of neighbours across the mask's border, and of all others near to it on both sides."""
    inside = Image.fromarray(mask)
    wide = 2 * SEAM_BAND_PX + 1
    grown, shrunk = inside.filter(ImageFilter.MaxFilter(wide)), inside.filter(ImageFilter.MinFilter(wide))
    near = np.asarray(grown) != np.asarray(shrunk)
    across: list[NDArray[np.float64]] = []
    around: list[NDArray[np.float64]] = []
    for axis in (0, 1):
        slopes = np.abs(np.diff(picture.astype(np.float64), axis=axis)).mean(axis=2)
        border = np.diff(mask.astype(int), axis=axis) != 0
        close = np.delete(near, -1, axis) & np.delete(near, 0, axis)
        across.append(slopes[border])
        around.append(slopes[close & ~border])
    return float(np.concatenate(across).mean()), float(np.concatenate(around).mean())


@pytest.fixture(scope="module")
def two_pictures(horizon: LocalEngine) -> tuple[Picture, Picture]:
    """Of the same words, by two seeds."""
    first, second = (horizon.generate(recipe(seed=seed, steps=8), Recorder()).picture for seed in (7, 9))
    return first, second


@pytest.mark.parametrize("mask", [band_mask(), round_mask()], ids=["band", "round"])
@pytest.mark.parametrize("strength", [0.8, 1.0])
def test_a_seam_does_not_show(
    horizon: LocalEngine, two_pictures: tuple[Picture, Picture], strength: float, mask: NDArray[np.uint8]
) -> None:
    """Across the border neighbours differ no more than they did in the picture there, nor much more on both sides."""
    picture, other = two_pictures
    start = start_from_picture(picture, strength=strength, mask=mask)
    made = horizon.generate(recipe(seed=9, steps=8, start=start), Recorder()).picture
    assert (made[mask == 0] == picture[mask == 0]).all()
    assert (made[mask > 0] != picture[mask > 0]).mean() > 0.5
    seam, around = seam_and_around(made, mask)
    own, own_around = seam_and_around(picture, mask)
    rounding = 0.01  # of 255 levels
    assert seam <= own + rounding
    assert around <= 1.1 * own_around
    pasted = np.where(mask[:, :, None] > 0, other, picture)
    assert seam_and_around(pasted, mask)[0] > 2 * max(around, own)

"""The model that the studio brings: its pictures agree with diffusers', and its previews are worth watching."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
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


def gradients(picture: Picture) -> Picture:
    """How much each pixel differs from its right neighbour: (height, width − 1)."""
    slopes: Picture = np.abs(np.diff(picture.astype(np.float64), axis=1)).mean(axis=2)
    return slopes


@pytest.mark.parametrize("strength", [0.8, 1.0])
def test_a_seam_does_not_show(horizon: LocalEngine, strength: float) -> None:
    """Along both edges of a painted band the picture is no rougher than a tenth of it is anyway."""
    picture = horizon.generate(recipe(), Recorder()).picture
    mask = np.zeros(picture.shape[:2], np.uint8)
    mask[:, 101:171] = 255  # neither edge lies between two latents
    start = start_from_picture(picture, strength=strength, mask=mask)
    made = horizon.generate(recipe(seed=9, start=start), Recorder()).picture
    assert (made[mask == 0] == picture[mask == 0]).all()
    assert (made[mask > 0] != picture[mask > 0]).mean() > 0.5
    edges = [100, 170]
    rough = float(np.percentile(gradients(picture), 90))
    assert gradients(made)[:, edges].mean() <= rough
    pasted = np.where(mask[:, :, None] > 0, horizon.generate(recipe(seed=9), Recorder()).picture, picture)
    assert gradients(pasted)[:, edges].mean() > rough

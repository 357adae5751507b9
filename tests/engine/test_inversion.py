"""DDIM the other way: with a perfect denoiser exact, with a real network close."""

import pytest
import torch
from torch import Tensor

from studio.core.recipe import Recipe
from studio.core.schedulers import Schedule, Scheduler
from studio.engine.inversion import invert
from studio.engine.sampling import sample
from studio.engine.solver import Solver, build_solver
from studio.engine.x0 import PredictionType

SHAPE = (1, 4, 8, 8)
NOISES = {
    "epsilon": {
        "prediction_type": "epsilon",
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
    },
    "v_prediction": {
        "prediction_type": "v_prediction",
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    },
}


def solver(kind: str, steps: int) -> Solver:
    recipe = Recipe(scheduler=Scheduler.DDIM, schedule=Schedule.SGM_UNIFORM, steps=steps)
    return build_solver(recipe, NOISES[kind], torch.Generator("cpu"))


def gaussian_denoiser(kind: str, levels: Solver):
    """The exact prediction where pictures are N(mean, 0.25): the ODE's flow is then known, smooth and invertible."""
    mean, variance = 0.3, 0.25
    by_timestep = {float(each.timestep): each for each in levels.evaluations}

    def predict(z: Tensor, timestep: Tensor) -> Tensor:
        level = by_timestep[float(timestep)]
        total = level.alpha**2 * variance + level.sigma**2
        epsilon = level.sigma * (z - level.alpha * mean) / total
        x0 = mean + level.alpha * variance * (z - level.alpha * mean) / total
        return epsilon if kind == PredictionType.EPSILON else level.alpha * epsilon - level.sigma * x0

    return predict


@pytest.mark.parametrize("kind", list(NOISES))
def test_what_was_inverted_is_painted_again(kind: str) -> None:
    levels = solver(kind, 20)
    predict = gaussian_denoiser(kind, levels)
    latents = 0.3 + 0.5 * torch.randn(SHAPE, generator=torch.Generator("cpu").manual_seed(1))
    noise = invert(predict, levels, latents, lambda _: None)
    again = list(sample(predict, solver(kind, 20), noise))[-1].latents
    assert torch.corrcoef(torch.stack([again.flatten(), latents.flatten()]))[0, 1] > 0.999
    assert (again - latents).abs().mean() < 0.05


def test_more_rounds_meet_the_step_more_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = solver("v_prediction", 10)
    predict = gaussian_denoiser("v_prediction", levels)
    latents = 0.3 + 0.5 * torch.randn(SHAPE, generator=torch.Generator("cpu").manual_seed(2))

    def error(rounds: int) -> float:
        monkeypatch.setattr("studio.engine.inversion.REFINEMENTS", rounds)
        noise = invert(predict, levels, latents, lambda _: None)
        again = list(sample(predict, solver("v_prediction", 10), noise))[-1].latents
        return float((again - latents).abs().mean())

    assert error(4) < error(1) / 2


def test_it_tells_how_far_it_is_and_can_be_stopped() -> None:
    levels = solver("v_prediction", 4)
    told: list[float] = []
    invert(gaussian_denoiser("v_prediction", levels), levels, torch.zeros(SHAPE), told.append)
    assert told == [0.0, 0.25, 0.5, 0.75]

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        invert(gaussian_denoiser("v_prediction", levels), levels, torch.zeros(SHAPE), stop)

"""The predicted clean latents, with a perfect denoiser: they must be the true ones at every step of every scheduler."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from studio.core.recipe import Recipe
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler
from studio.engine.noise import generator_for
from studio.engine.sampling import Sampled, sample
from studio.engine.solver import Solver, build_solver, noise_levels
from studio.engine.x0 import PredictionType, predicted_x0
from tests.tiny_model import scheduler_config

OFFERED = [(scheduler, schedule) for scheduler, info in SCHEDULERS.items() for schedule in info.schedules]
MODELS = {
    "epsilon": scheduler_config("epsilon", zero_snr=False),
    "v_prediction": scheduler_config("v_prediction", zero_snr=False),
    "zero_snr": scheduler_config("v_prediction", zero_snr=True),
}
SHAPE = (1, 4, 8, 8)


class Perfect:
    """Predicts what a U-Net that knows `x0` would, from the level that the scheduler itself keeps for the moment."""

    def __init__(self, solver: Solver, x0: Tensor) -> None:
        self._solver, self._x0 = solver, x0
        self.kept: list[Tensor | None] = []
        step = solver.scheduler.step

        def listening_step(*args: Any, **kwargs: Any) -> Any:
            answer = step(*args, **kwargs)
            self.kept.append(kept_x0(solver.scheduler, answer))
            return answer

        solver.scheduler.step = listening_step

    def __call__(self, z: Tensor, timestep: Tensor) -> Tensor:
        alpha, sigma = level_of(self._solver.scheduler, timestep)
        epsilon = (z - alpha * self._x0) / sigma
        if self._solver.prediction is PredictionType.EPSILON:
            return epsilon
        return alpha * epsilon - sigma * self._x0


def level_of(scheduler: Any, timestep: Tensor) -> tuple[float, float]:
    """(α, σ) of the latents shown now, from the state that the scheduler is in."""
    if not hasattr(scheduler, "sigmas"):
        alpha_bar = float(scheduler.alphas_cumprod[timestep])
        return alpha_bar**0.5, (1 - alpha_bar) ** 0.5
    # What `scale_model_input` divides by is sqrt(σ² + 1); where it divides by nothing, the table of σ is read.
    divisor = 1 / float(scheduler.scale_model_input(torch.ones(1, dtype=torch.float64), timestep))
    index = scheduler.begin_index if scheduler.step_index is None else scheduler.step_index
    level = (divisor**2 - 1) ** 0.5 if divisor > 1 else float(scheduler.sigmas[index])
    return 1 / (level**2 + 1) ** 0.5, level / (level**2 + 1) ** 0.5


def kept_x0(scheduler: Any, answer: tuple[Tensor, ...]) -> Tensor | None:
    """The x0 that a diffusers scheduler keeps of its own step; None for those that keep none."""
    name = type(scheduler).__name__
    if name in {"TCDScheduler", "PNDMScheduler", "DEISMultistepScheduler", "LCMScheduler"}:
        return None  # TCD's second value is noisy, LCM's is c_out·x0 + c_skip·z, DEIS keeps ε
    if len(answer) > 1:
        return answer[1]
    kept: Tensor = scheduler.model_outputs[-1]
    return kept


def walk(recipe: Recipe, noise: dict[str, object]) -> tuple[list[Sampled], Perfect, Tensor]:
    x0 = torch.randn(SHAPE, generator=generator_for(1))
    generator = generator_for(2)
    z = torch.randn(SHAPE, generator=generator)
    solver = build_solver(recipe, noise, generator)
    perfect = Perfect(solver, x0)
    return list(sample(perfect, solver, z)), perfect, x0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("scheduler", "schedule"), OFFERED)
def test_x0_of_a_perfect_denoiser_is_the_truth_at_every_step(
    scheduler: Scheduler, schedule: Schedule, model: str
) -> None:
    recipe = Recipe(steps=7, scheduler=scheduler, schedule=schedule)
    taken, perfect, x0 = walk(recipe, MODELS[model])
    for each in taken:
        torch.testing.assert_close(each.x0, x0, rtol=0, atol=2e-4)
    for kept in perfect.kept:
        if kept is not None:
            torch.testing.assert_close(kept, x0, rtol=0, atol=4e-3)
    # LCM and TCD end a little off by design; DEIS, SA-Solver, DDIM and PNDM at the cleanest trained level, σ ≈ 0.03.
    assert (taken[-1].latents - x0).std() < 0.05

    levels = noise_levels(recipe, MODELS[model])
    assert [each.number for each in taken] == [1, 2, 3, 4, 5, 6, 7]
    assert [each.sigma for each in taken] == list(levels.sigmas[:-1])
    assert len(levels.sigmas) == 8
    assert np.isfinite(levels.sigmas).all()
    assert list(levels.sigmas) == sorted(levels.sigmas, reverse=True)
    evaluations = {Scheduler.HEUN: 13, Scheduler.DPM2: 13, Scheduler.DPM2_A: 13, Scheduler.PNDM: 8}
    assert len(perfect.kept) == len(levels.timesteps) == evaluations.get(scheduler, 7)


def test_a_wrong_level_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.engine.sampling.predicted_x0", _with_level_of_ve)
    taken, _, x0 = walk(Recipe(steps=7, scheduler=Scheduler.EULER), MODELS["epsilon"])
    assert (taken[0].x0 - x0).abs().max() > 0.1


def _with_level_of_ve(kind: PredictionType, z: Tensor, prediction: Tensor, alpha: float, sigma: float) -> Tensor:
    """The slip to make with Euler: taking σ/α for σ."""
    return predicted_x0(kind, z, prediction, alpha, sigma / alpha)


@pytest.mark.parametrize("kind", PredictionType)
@pytest.mark.parametrize("alpha", [0.99, 0.5, 0.05])
def test_the_formulas_invert_the_definitions(kind: PredictionType, alpha: float) -> None:
    generator = generator_for(0)
    x0, epsilon = (torch.randn(SHAPE, generator=generator, dtype=torch.float64) for _ in range(2))
    sigma = 1 - alpha if kind is PredictionType.FLOW else (1 - alpha**2) ** 0.5
    target = {
        PredictionType.EPSILON: epsilon,
        PredictionType.V_PREDICTION: alpha * epsilon - sigma * x0,
        PredictionType.FLOW: epsilon - x0,
    }[kind]
    torch.testing.assert_close(predicted_x0(kind, alpha * x0 + sigma * epsilon, target, alpha, sigma), x0)


def test_every_moment_is_yielded_when_it_happens() -> None:
    solver = build_solver(Recipe(steps=3), MODELS["epsilon"], generator_for(0))
    calls = 0

    def predict(z: Tensor, timestep: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return z

    steps: Iterator[Sampled] = sample(predict, solver, torch.randn(SHAPE, generator=generator_for(0)))
    for number in (1, 2, 3):
        assert next(steps).number == number
        assert calls == number

"""A scheduler and the noise levels it will visit: what the sampling loop walks along."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.core.engine import NoiseLevels
from studio.core.recipe import Recipe
from studio.core.schedulers import SCHEDULERS, Scheduler
from studio.core.start import steps_taken
from studio.engine.schedulers import NoiseConfig, build_scheduler, sigmas_of, step_options
from studio.engine.x0 import PredictionType


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One call of the U-Net.

    `timestep` is a scalar tensor as the scheduler gives it; the latents shown are `alpha`·x0 + `sigma`·ε, with
    alpha² + sigma² = 1, or alpha + sigma = 1 for flow matching; `step` is the sampler step it belongs to, from 0.
    """

    timestep: Tensor
    alpha: float
    sigma: float
    step: int

    @property
    def noise_level(self) -> float:
        """σ/α: the level in the variance-exploding convention, finite where α is 0."""
        power = self.alpha**2 + self.sigma**2
        signal = self.alpha**2 if math.isclose(power, 1.0) else self.alpha**2 / power
        return float(sigmas_of(np.array([signal]))[0])


@dataclass(frozen=True, slots=True)
class Solver:
    """A diffusers scheduler at its first step, with everything that the loop must know of it.

    `options` go to every call of its `step`; it is used for one picture and thrown away, for it keeps state.
    """

    scheduler: Any
    prediction: PredictionType
    evaluations: tuple[Evaluation, ...]
    options: dict[str, Any]
    steps: int

    @property
    def initial_scale(self) -> float:
        """What standard normal noise is multiplied by to become the first latents."""
        return float(self.scheduler.init_noise_sigma)

    def ends_step(self, index: int) -> bool:
        """Whether evaluation `index` is the last of its sampler step."""
        return index + 1 == len(self.evaluations) or self.evaluations[index + 1].step > self.evaluations[index].step

    def noised(self, clean: Tensor, noise: Tensor, index: int) -> Tensor:
        """`clean` latents with standard normal `noise` at the level, and in the scale, of those at evaluation `index`.

        After the last evaluation they are clean.
        """
        if index == len(self.evaluations):
            return clean
        now = self.evaluations[index]
        mixed = now.alpha * clean + now.sigma * noise
        explodes = self.initial_scale != 1.0  # the scheduler keeps latents as x0 + σ/α·ε
        return mixed / now.alpha if explodes else mixed


def build_solver(recipe: Recipe, noise: NoiseConfig, generator: torch.Generator, depth: int = 0) -> Solver:
    """The solver of `recipe` on a model's noise schedule, drawing its noise from `generator`.

    Where a recipe starts from a picture, it takes the last of its steps alone; of those, `depth` less. Raises
    OptionError where the steps are too many, ValueError for a prediction type that is not known.
    """
    scheduler = build_scheduler(recipe, noise)
    prediction = PredictionType(noise.get("prediction_type", "epsilon"))
    alphas, sigmas = _levels(scheduler, prediction)
    count = len(scheduler.timesteps)
    steps = [_step_of(recipe.scheduler, index) for index in range(count)]
    taken = steps_taken(recipe.start, recipe.steps) - depth
    evaluations = tuple(
        Evaluation(scheduler.timesteps[i], float(alphas[i]), float(sigmas[i]), steps[i]) for i in range(count)
    )
    return Solver(
        scheduler=scheduler,
        prediction=prediction,
        evaluations=_begun_late(recipe, scheduler, evaluations, recipe.steps - taken),
        options=step_options(recipe, scheduler, generator),
        steps=taken,
    )


def noise_levels(recipe: Recipe, noise: NoiseConfig) -> NoiseLevels:
    """The levels of `recipe`, from the model's noise schedule alone. Raises as `build_solver` does."""
    solver = build_solver(recipe, noise, torch.Generator("cpu"))
    starts = [each for i, each in enumerate(solver.evaluations) if i == 0 or solver.ends_step(i - 1)]
    return NoiseLevels(
        sigmas=(*(each.noise_level for each in starts), _final_sigma(solver.scheduler)),
        timesteps=tuple(float(each.timestep) for each in solver.evaluations),
    )


def _begun_late(recipe: Recipe, scheduler: Any, all_: tuple[Evaluation, ...], skipped: int) -> tuple[Evaluation, ...]:
    """The evaluations after the first `skipped` steps, numbered from 0, with the scheduler set to begin there."""
    if not skipped:
        return all_
    first = next((i for i, each in enumerate(all_) if each.step == skipped), len(all_))
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    visited = all_[first:]
    if recipe.scheduler is Scheduler.PNDM and len(visited) > 1:  # it looks ahead in its first step, whichever that is
        visited = (visited[0], replace(visited[1], step=skipped), *visited[1:])
    return tuple(replace(each, step=each.step - skipped) for each in visited)


def _step_of(scheduler: Scheduler, evaluation: int) -> int:
    """PNDM takes its first step twice (once to look ahead); Heun and DPM2 evaluate twice a step, once in the last."""
    if scheduler is Scheduler.PNDM:
        return max(0, evaluation - 1)
    return evaluation // SCHEDULERS[scheduler].evaluations


def _levels(scheduler: Any, prediction: PredictionType) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return α and σ of the latents shown at each evaluation, (evaluations,) float64."""
    if prediction is PredictionType.FLOW:
        mixed = _array(scheduler.sigmas[: len(scheduler.timesteps)])
        return 1.0 - mixed, mixed
    alpha_bar = _alpha_bar(scheduler)
    return np.sqrt(alpha_bar), np.sqrt(1.0 - alpha_bar)


def _alpha_bar(scheduler: Any) -> NDArray[np.float64]:
    """ᾱ of the latents shown at each evaluation, (evaluations,) float64."""
    count = len(scheduler.timesteps)
    if not hasattr(scheduler, "sigmas"):
        return _array(scheduler.alphas_cumprod[scheduler.timesteps])
    sigmas = _array(scheduler.sigmas[:count])
    if hasattr(scheduler, "sigmas_interpol"):  # DPM2: every second evaluation is at the middle of its step
        ancestral = hasattr(scheduler, "sigmas_up")  # whose table lies one place earlier
        middles = _array(scheduler.sigmas_interpol)
        sigmas[1::2] = middles[: count - 1 : 2] if ancestral else middles[1:count:2]
    return 1.0 / (1.0 + sigmas**2)


def _final_sigma(scheduler: Any) -> float:
    """The level of the finished latents."""
    if hasattr(scheduler, "sigmas"):
        return float(scheduler.sigmas[-1])
    if hasattr(scheduler, "final_alpha_cumprod") and "timestep_scaling" not in scheduler.config:
        return float(sigmas_of(np.array([float(scheduler.final_alpha_cumprod)]))[0])
    return 0.0


def _array(values: Tensor) -> NDArray[np.float64]:
    array: NDArray[np.float64] = values.to("cpu", torch.float64, copy=True).numpy()
    return array

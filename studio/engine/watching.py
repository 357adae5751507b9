"""Looking over a scheduler's shoulder: what a pipeline does that runs by itself.

Pipelines differ in how they call back, and some do not; but each takes every step through its scheduler.
"""

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from studio.engine.x0 import PredictionType, predicted_x0

_CLEAN = ("dpmsolver++", "sde-dpmsolver++")
"""Algorithms that keep x0 and not ε (Lu et al. 2022, arXiv 2211.01095, section 4)."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A scheduler took its step `number` of `count`, from the noise level `sigma`.

    `latents` are what it gave; `x0` the clean ones it predicts, of the same shape, or None where it does not tell.
    """

    number: int
    count: int
    sigma: float
    latents: Tensor
    x0: Tensor | None


@contextmanager
def watching(scheduler: Any, begins: Callable[[], None], took_step: Callable[[Watched], None]) -> Iterator[None]:
    """Within, `begins` hears that `scheduler` was set to its first step, `took_step` of every step.

    What they raise goes through the pipeline and out of it.
    """
    step, set_timesteps, number = scheduler.step, scheduler.set_timesteps, 0

    @functools.wraps(set_timesteps)  # pipelines read the signatures
    def watched_set_timesteps(*args: Any, **keywords: Any) -> None:
        nonlocal number
        set_timesteps(*args, **keywords)
        number = 0
        begins()

    @functools.wraps(step)
    def watched_step(model_output: Tensor, timestep: Any, sample: Tensor, *args: Any, **keywords: Any) -> Any:
        nonlocal number
        sigma = _noise_level(scheduler, number, timestep)
        made = step(model_output, timestep, sample, *args, **keywords)
        number += 1
        latents, x0 = _told(scheduler, made)
        if x0 is None and type(scheduler).__name__.startswith("FlowMatch"):
            x0 = predicted_x0(PredictionType.FLOW, sample, model_output, 1 - sigma, sigma)
        took_step(Watched(number, len(scheduler.timesteps), sigma, latents, x0))
        return made

    scheduler.step, scheduler.set_timesteps = watched_step, watched_set_timesteps
    try:
        yield
    finally:
        del scheduler.step, scheduler.set_timesteps  # its class's own again


def _told(scheduler: Any, made: Any) -> tuple[Tensor, Tensor | None]:
    """The latents of a step, and x0 as far as the scheduler gives or keeps it; see the design's section 4."""
    if not isinstance(made, tuple):
        return made.prev_sample, getattr(made, "pred_original_sample", None)
    if len(made) > 1:
        return made[0], made[1]
    config = scheduler.config
    if config.get("algorithm_type") in _CLEAN or config.get("predict_x0"):
        return made[0], scheduler.model_outputs[-1]
    return made[0], None


def _noise_level(scheduler: Any, index: int, timestep: Any) -> float:
    """σ before a step; where the scheduler counts in ᾱ, sqrt((1 − ᾱ)/ᾱ)."""
    sigmas = getattr(scheduler, "sigmas", None)
    if sigmas is not None:
        return float(sigmas[index])
    kept = float(scheduler.alphas_cumprod[int(timestep)])
    return math.sqrt((1 - kept) / kept)

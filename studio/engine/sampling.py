"""The sampling loop: the only one. A generator, so that progress, preview and Stop need nothing of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from studio.core.errors import NumbersOverflowedError
from studio.engine.solver import Solver
from studio.engine.x0 import predicted_x0

Predict: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""(noisy latents z (1, C, h, w), timestep) → the guided prediction, same shape."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sampler step was taken. `x0` and `latents`: (1, C, h, w) float32.

    `number` counts from 1 to `count`, the steps that are taken; `sigma` is the noise level the step started from; `x0`
    the clean latents it predicts; `latents` what the next step starts from, after the last step the picture's own.
    """

    number: int
    count: int
    sigma: float
    x0: Tensor
    latents: Tensor


class Holding(Protocol):
    """What has a say in the latents before the first step and after each."""

    def begin(self, solver: Solver, noise: Tensor) -> Tensor:
        """The first latents."""
        ...

    def shown(self, z: Tensor) -> Tensor:
        """What the model is shown of the noisy latents `z`."""
        ...

    def hold(self, solver: Solver, noise: Tensor, index: int, latents: Tensor, x0: Tensor) -> tuple[Tensor, Tensor]:
        """`latents` after evaluation `index`, and the `x0` it predicted, as they are to be."""
        ...


def sample(predict: Predict, solver: Solver, noise: Tensor, held: Holding | None = None) -> Iterator[Sampled]:
    """Walk from `noise` (1, C, h, w), standard normal, to a picture's latents: one `Sampled` for each sampler step.

    With `held` the walk begins where it says, as at a picture's latents, noised, and goes on as it holds them. Raises
    NumbersOverflowedError after the first step whose latents are not finite: no later step mends them.
    """
    latents = noise * solver.initial_scale if held is None else held.begin(solver, noise)
    started = solver.evaluations[:1]
    for index, now in enumerate(solver.evaluations):
        started = started if started[0].step == now.step else (now,)
        latents, x0 = _evaluate(predict, solver, index, latents, held)
        if solver.ends_step(index):
            if held is not None:
                latents, x0 = held.hold(solver, noise, index, latents, x0)
            if not latents.isfinite().all():
                raise NumbersOverflowedError
            yield Sampled(now.step + 1, solver.steps, started[0].noise_level, x0, latents)


@torch.inference_mode()
def _evaluate(
    predict: Predict, solver: Solver, index: int, latents: Tensor, held: Holding | None
) -> tuple[Tensor, Tensor]:
    now = solver.evaluations[index]
    z = solver.scheduler.scale_model_input(latents, now.timestep)
    prediction = predict(z if held is None else held.shown(z), now.timestep)
    # The prediction is of z, not of `latents`: in this form every scheduler's x0 is the same formula.
    x0 = predicted_x0(solver.prediction, z, prediction, now.alpha, now.sigma)
    stepped = solver.scheduler.step(prediction, now.timestep, latents, return_dict=False, **solver.options)[0]
    return stepped, x0

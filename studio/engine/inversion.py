"""From a picture's latents back to the noise that would have led to them, by running DDIM the other way."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from studio.engine.sampling import Predict
from studio.engine.solver import Solver
from studio.engine.x0 import PredictionType

REFINEMENTS = 3
"""Fixed-point rounds a step; one is the usual inversion, more meet the forward step more exactly."""


@dataclass(frozen=True, slots=True)
class _Level:
    """z = alpha·x0 + sigma·ε."""

    alpha: float
    sigma: float


def invert(predict: Predict, solver: Solver, latents: Tensor, tick: Callable[[float], None]) -> Tensor:
    """The z_T from which DDIM, along the levels of `solver`, comes back to `latents`.

    DDIM is an ODE solver (Song et al. 2020, arXiv 2010.02502, equation 14), so each step can be solved for its start.
    The prediction there is not known before the start is: it is found by fixed-point rounds, as Pan et al. 2023
    (arXiv 2309.04907) do.

    Args:
        predict: the prediction without guidance, which would amplify what inversion gets wrong.
        solver: a DDIM solver; only its levels are used.
        latents: (1, C, h, w) float32, a picture's posterior mean in the sampler's units.
        tick: called with the fraction done, 0 to 1, before every step; may raise.

    Returns:
        (1, C, h, w) float32: near N(0, 1) for pictures such as the model was trained on, less varied for others.
    """
    z, low = latents, _Level(1.0, 0.0)
    for index, evaluation in enumerate(reversed(solver.evaluations)):
        tick(index / len(solver.evaluations))
        high = _Level(evaluation.alpha, evaluation.sigma)
        start = z
        for _ in range(REFINEMENTS):
            start = _start_of_step(solver.prediction, z, predict(start, evaluation.timestep), low, high)
        z, low = start, high
    return z


def _start_of_step(kind: PredictionType, end: Tensor, prediction: Tensor, low: _Level, high: _Level) -> Tensor:
    """The latents at `high` from which a DDIM step with this `prediction` arrives at `end` at `low`."""
    match kind:
        case PredictionType.EPSILON:  # end = (low.α/high.α)·(start − high.σ·ε) + low.σ·ε
            ratio = high.alpha / low.alpha
            return ratio * (end - low.sigma * prediction) + high.sigma * prediction
        case PredictionType.V_PREDICTION:  # end = cos(φ)·start − sin(φ)·v, turning by φ from high to low
            cosine = high.alpha * low.alpha + high.sigma * low.sigma
            sine = high.sigma * low.alpha - high.alpha * low.sigma
            return (end + sine * prediction) / cosine
        case PredictionType.FLOW:  # end = start + (low.σ − high.σ)·v
            return end + (high.sigma - low.sigma) * prediction

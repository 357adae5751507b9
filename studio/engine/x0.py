"""The clean latents that a prediction implies.

With noisy latents in the variance-preserving convention, z = α·x0 + σ·ε and α² + σ² = 1, what a U-Net is trained to
predict is a linear function of x0 and ε, and so is x0 of the prediction. Flow matching mixes linearly: α = 1 − σ.
"""

import enum

from torch import Tensor

from studio.core.model_family import FLOW


class PredictionType(enum.StrEnum):
    """What a model predicts; diffusers' names, but for flow, which has none."""

    EPSILON = "epsilon"
    V_PREDICTION = "v_prediction"
    FLOW = FLOW


def predicted_x0(kind: PredictionType, z: Tensor, prediction: Tensor, alpha: float, sigma: float) -> Tensor:
    """Clean latents from noisy latents `z` (what the U-Net was shown) and its guided `prediction`.

    Shapes (B, C, h, w), any float dtype, any device; `alpha` > 0 for ε, ≥ 0 for the others.
    ε: Ho et al. 2020 (arXiv 2006.11239), equation 15. v: Salimans & Ho 2022 (arXiv 2202.00512), appendix D.
    Flow, v = ε − x0: Liu et al. 2022 (arXiv 2209.03003), equation 1.
    """
    match kind:
        case PredictionType.EPSILON:
            return (z - sigma * prediction) / alpha
        case PredictionType.V_PREDICTION:
            return alpha * z - sigma * prediction
        case PredictionType.FLOW:
            return z - sigma * prediction

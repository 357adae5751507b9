"""The guidance scale as a vector, for models that were distilled to be told it."""

import math

import torch
from torch import Tensor


def embedded_scale(weights: Tensor, width: int) -> Tensor:
    """Sines and cosines (B, width) float32 of guidance weights w = scale − 1, (B,).

    The position embedding of Vaswani et al. 2017 (arXiv 1706.03762, section 3.5) of 1000·w, as Meng et al. 2022 (arXiv
    2210.03142) and Luo et al. 2023 (arXiv 2310.04378) give it to their U-Nets.
    """
    half = width // 2
    frequencies = torch.exp(torch.arange(half, dtype=torch.float32) * -(math.log(10_000.0) / (half - 1)))
    angles = 1000.0 * weights.to("cpu", torch.float32)[:, None] * frequencies[None]
    waves = torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)
    return torch.nn.functional.pad(waves, (0, width % 2))

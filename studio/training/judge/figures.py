"""Figures about many pictures at once: how like the drawn world, how various, how new, how smoothly they blend."""

import numpy as np
import numpy.typing as npt
import torch
from scipy import linalg
from torch import Tensor
from torch.nn import functional

from studio.training.shards import UInt8, to_signed

Float = npt.NDArray[np.float64]
_NEIGHBOUR_SIDE = 32


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Between Gaussians fitted to two sets of features `(n, d)` (Dowson & Landau 1982; Heusel et al. 2017).

    |μ₁ − μ₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½). Few samples make it larger: compare only equal counts.
    """
    one, two = (np.asarray(features.double()) for features in (first, second))
    mean = one.mean(0) - two.mean(0)
    cov_1, cov_2 = np.cov(one, rowvar=False), np.cov(two, rowvar=False)
    root = linalg.sqrtm(cov_1 @ cov_2)
    return float(mean @ mean + np.trace(cov_1 + cov_2 - 2.0 * np.real(root)))


def spread(features: Tensor) -> float:
    """Mean distance between two of `(n, d)`."""
    distances = torch.cdist(features.double(), features.double())
    count = len(features)
    return float(distances.sum() / (count * (count - 1)))


def thumbnails(pictures: UInt8) -> Tensor:
    """Pictures `(n, h, w, 3)` as `(n, 32 · 32 · 3)` in 0 to 255, averaged down."""
    small = functional.interpolate(to_signed(pictures), (_NEIGHBOUR_SIDE, _NEIGHBOUR_SIDE), mode="area")
    return (small.flatten(1) + 1.0) * 127.5


def nearest(pictures: Tensor, among: Tensor) -> tuple[Tensor, Tensor]:
    """For each thumbnail, the root mean square difference to its nearest in `among`, and which that is."""
    values, indices = (torch.cdist(pictures, among) / pictures.shape[1] ** 0.5).min(dim=1)
    return values, indices


def middle_contrast(frames: UInt8) -> float:
    """Standard deviation of the middle frame's pixels ÷ the mean of the ends' own; `(n, h, w, 3)`."""
    deviations = frames.reshape(len(frames), -1).std(axis=1)
    return float(deviations[len(frames) // 2] / ((deviations[0] + deviations[-1]) / 2))


def largest_step(frames: UInt8) -> float:
    """Largest change between neighbouring frames ÷ the mean change, by root mean square of pixels."""
    steps = np.sqrt(np.square(np.diff(frames.astype(np.float64), axis=0)).mean(axis=(1, 2, 3)))
    return float(steps.max() / steps.mean())


def correlation(first: UInt8, second: UInt8) -> float:
    """Pearson correlation of two pictures' pixels."""
    return float(np.corrcoef(first.reshape(-1).astype(np.float64), second.reshape(-1).astype(np.float64))[0, 1])

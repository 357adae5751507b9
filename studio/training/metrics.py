"""Figures of merit for pictures in [-1, 1]."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def psnr(picture: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio in dB of the mean squared error over all pictures, `(n, c, h, w)` in [-1, 1]."""
    error = (picture.clamp(-1, 1) - reference).square().mean()
    return float(10 * torch.log10(4.0 / error))


def mean_psnr(picture: Tensor, reference: Tensor) -> float:
    """Mean over pictures of each one's own PSNR, dB: higher than `psnr`, because plain pictures weigh as much."""
    error = (picture.clamp(-1, 1) - reference).square().mean(dim=(1, 2, 3)).clamp_min(1e-8)
    return float((10 * torch.log10(4.0 / error)).mean())


def structural_similarity(picture: Tensor, reference: Tensor) -> float:
    """SSIM of the grey pictures with an 11x11 Gaussian window, sigma 1.5 (Wang et al. 2004, eq. 13)."""
    grey = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    first, second = ((p.clamp(-1, 1) * grey).sum(1, keepdim=True) / 2 + 0.5 for p in (picture, reference))
    offsets = torch.arange(11.0) - 5.0
    row = torch.exp(-offsets.square() / (2 * 1.5**2))
    window = torch.outer(row, row) / row.sum() ** 2

    def blur(values: Tensor) -> Tensor:
        return functional.conv2d(values, window[None, None])

    mean_1, mean_2 = blur(first), blur(second)
    variance_1 = blur(first * first) - mean_1**2
    variance_2 = blur(second * second) - mean_2**2
    covariance = blur(first * second) - mean_1 * mean_2
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * mean_1 * mean_2 + c1) * (2 * covariance + c2)
    bottom = (mean_1**2 + mean_2**2 + c1) * (variance_1 + variance_2 + c2)
    return float((top / bottom).mean())


def channel_correlation(latents: Tensor) -> float:
    """Largest absolute correlation between two different channels of `(n, c, h, w)`."""
    rows = latents.permute(1, 0, 2, 3).reshape(latents.shape[1], -1)
    matrix = torch.corrcoef(rows)
    return float((matrix - torch.eye(len(matrix))).abs().max())

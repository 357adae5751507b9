"""The linear preview: one matrix from a latent to the pixels it stands for, fitted to whatever VAE is loaded.

An autoencoder's latents are nearly a linear code of local colour, so that a least-squares fit shows the picture well
enough to watch it come, thousands of times faster than decoding.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from studio.core.errors import NumbersOverflowedError

Codec: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Pictures (B, 3, H, W), −1…1 → their latents (B, C, h, w) and what the VAE decodes these to (B, 3, H, W)."""

RIDGE = 1e-5
"""Relative to the latents' mean square: small enough not to be seen, large enough for a channel that never varies."""
REFINEMENT_MIN = 0.1
"""The least that a finished picture counts for, so that the fit follows what is painted now."""
LATENTS_MAX = 1e6
"""Latents are of about unit size: so large ones are numbers on their way to overflow, and would outweigh all others."""
_FIT_SIDE = 8
_FIT_COUNT = 2


class LinearPreview:
    """Shows latents by a matrix: each gives a block of `scale`×`scale` pixels.

    The second moments of latents and pixels are kept, so that finished pictures refine the fit. It never influences
    a picture; only how its making looks.
    """

    def __init__(self, channels: int, downsampling: int) -> None:
        """`channels` of the latents; pixels come at a quarter of the picture's resolution, or the latents' own."""
        self.scale = max(1, downsampling // 4)
        self._channels = channels
        features, pixels = channels + 1, 3 * self.scale**2
        self._xx = torch.zeros(features, features, dtype=torch.float64)
        self._xy = torch.zeros(features, pixels, dtype=torch.float64)
        self._matrix = torch.zeros(features, pixels)
        self._seen = 0

    @torch.inference_mode()
    def learn(self, latents: Tensor, pictures: Tensor) -> bool:
        """Refine the fit: latents (B, C, h, w) and the pictures (B, 3, H, W), −1…1, that they decode to.

        Ridge regression (Hoerl & Kennard 1970) on running mean moments; the constant is not shrunk. False, and nothing
        is learned, where numbers overflowed: the running moments would never be rid of them.
        """
        if not (bool(latents.abs().amax() < LATENTS_MAX) and bool(pictures.isfinite().all())):
            return False
        x = _features(latents).reshape(-1, self._channels + 1).to("cpu", torch.float64)
        y = self._blocks(pictures, latents.shape[-2:]).to("cpu", torch.float64)
        rate = max(REFINEMENT_MIN, 1.0 / (self._seen + 1))
        self._xx.lerp_(x.T @ x / len(x), rate)
        self._xy.lerp_(x.T @ y / len(x), rate)
        self._seen += 1
        shrink = RIDGE * self._xx.diagonal()[:-1].mean() * torch.eye(self._channels + 1, dtype=torch.float64)
        shrink[-1, -1] = 0.0
        self._matrix = torch.linalg.lstsq(self._xx + shrink, self._xy).solution.to(torch.float32)
        return True

    @torch.inference_mode()
    def pixels(self, latents: Tensor) -> Tensor:
        """The previews (B, 3, h·scale, w·scale) float32, about −1…1, on the CPU, of latents (B, C, h, w)."""
        blocks = _features(latents).to("cpu", torch.float32) @ self._matrix
        return functional.pixel_shuffle(blocks.permute(0, 3, 1, 2), self.scale)

    def _blocks(self, pictures: Tensor, size: torch.Size) -> Tensor:
        """The pixels that each latent stands for, (B·h·w, 3·scale²), by averaging the picture down."""
        small = functional.adaptive_avg_pool2d(pictures, (size[0] * self.scale, size[1] * self.scale))
        return functional.pixel_unshuffle(small, self.scale).permute(0, 2, 3, 1).flatten(0, 2)


def fit_linear_preview(codec: Codec, channels: int, downsampling: int) -> LinearPreview:
    """A preview fitted to pictures of our own making, so that it needs no data and no knowledge of the VAE.

    Raises NumbersOverflowedError where the VAE makes no numbers of them.
    """
    preview = LinearPreview(channels, downsampling)
    if not preview.learn(*codec(fitting_pictures(_FIT_COUNT, _FIT_SIDE * downsampling))):
        raise NumbersOverflowedError
    return preview


def fitting_pictures(count: int, side: int) -> Tensor:
    """`count` pictures (count, 3, side, side), −1…1: soft colour fields at several scales, cut by hard edges.

    Always the same ones: they are drawn from a generator of their own.
    """
    generator = torch.Generator("cpu").manual_seed(0)
    fields = [_field(count, side, cells, generator) for cells in (2, 3, 5, 9, 17, 33)]
    soft, mask = fields[0] + 0.6 * fields[2] + 0.15 * fields[4] + 0.1 * fields[5], fields[3][:, :1] > 0.3
    return torch.where(mask, 0.9 * fields[1], 0.7 * soft).clamp(-1, 1)


def _field(count: int, side: int, cells: int, generator: torch.Generator) -> Tensor:
    coarse = torch.randn(count, 3, cells, cells, generator=generator)
    return functional.interpolate(coarse, (side, side), mode="bicubic", align_corners=True)


def _features(latents: Tensor) -> Tensor:
    """(B, h, w, C + 1): the channels of each latent and a constant."""
    return functional.pad(latents.permute(0, 2, 3, 1), (0, 1), value=1.0)

"""What is shown while a picture is made: predicted clean latents, by one of three ways."""

import time
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.core.events import Picture, PreviewTier
from studio.core.tiled import tiled
from studio.engine.linear_preview import LinearPreview
from studio.engine.stable_diffusion import to_picture


class Stopwatch:
    """The sampling time of one picture, and how much of it went into previews."""

    def __init__(self) -> None:
        """Starts now."""
        self._started = self._lap = time.perf_counter()
        self._previewing_seconds = 0.0

    @property
    def previews_lag(self) -> bool:
        """Whether previews took more than half of the time since the start: they are to be cheaper then."""
        return self._previewing_seconds > (time.perf_counter() - self._started) / 2

    def add_preview(self, seconds: float) -> None:
        """Count a preview."""
        self._previewing_seconds += seconds

    def lap_seconds(self) -> float:
        """Seconds since the start, or since `begin_lap`."""
        return time.perf_counter() - self._lap

    def begin_lap(self) -> None:
        """A sampler step begins."""
        self._lap = time.perf_counter()


class Decoder(Protocol):
    """What makes a picture of clean latents."""

    def decode(self, latents: Tensor) -> Picture:
        """The picture (H, W, 3) of latents (1, C, h, w)."""
        ...


class Previewer:
    """Turns x0 into a picture, by the tier the artist chose, and never takes longer over it than the sampler does."""

    def __init__(self, decoder: Decoder, linear: LinearPreview, tiny: Any | None) -> None:
        """`tiny` is an `AutoencoderTiny` for the model's latents, or None where the model brings none."""
        self._decoder, self.linear, self._tiny = decoder, linear, tiny

    def show(self, x0: Tensor, tier: PreviewTier, clock: Stopwatch) -> Picture:
        """The preview of `x0` (B, C, h, w), (H', W', 3), of several side by side; its size is the tier's.

        Where previews took more time than the sampler so far, this one is linear.
        """
        started = time.perf_counter()
        shown_by = PreviewTier.LINEAR if clock.previews_lag else tier
        picture = tiled([self._show(x0[number : number + 1], shown_by) for number in range(len(x0))])
        clock.add_preview(time.perf_counter() - started)
        return picture

    def draft(self, latents: Tensor) -> tuple[Picture, NDArray[np.float32]]:
        """The picture of `latents` by the tiny tier, or the linear one; and the linear one in floats of 0 to 1."""
        signature: NDArray[np.float32] = (self.linear.pixels(latents)[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy()
        return self._show(latents, PreviewTier.TINY), np.ascontiguousarray(signature)

    def refine(self, latents: Tensor, picture: Picture) -> None:
        """Learn from a finished picture (H, W, 3) and its latents (1, C, h, w)."""
        values = torch.from_numpy(picture).permute(2, 0, 1)[None].to(torch.float32) / 127.5 - 1.0
        self.linear.learn(latents, values)

    def _show(self, x0: Tensor, tier: PreviewTier) -> Picture:
        match tier:
            case PreviewTier.FULL if x0.isfinite().all():  # else the VAE refuses, and the picture may still come
                return self._decoder.decode(x0)
            case PreviewTier.TINY if self._tiny is not None:
                return _decode_tiny(self._tiny, x0)
            case _:
                return to_picture(self.linear.pixels(x0))


@torch.inference_mode()
def _decode_tiny(tiny: Any, x0: Tensor) -> Picture:
    scaled = (x0 / tiny.config.scaling_factor).to(tiny.device, tiny.dtype, memory_format=torch.channels_last)
    return to_picture(tiny.decode(scaled, return_dict=False)[0].to(torch.float32))

"""A KL autoencoder with its scale: between pictures and latents in the sampler's units."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from studio.core.events import Picture
from studio.engine.family import Posterior


class Autoencoder:
    """What every family does with its VAE (Kingma & Welling 2013; Rombach et al. 2022, section 3.1).

    The sampler's units: (latents − shift) · scale, as the VAE's configuration states them; a shift came with
    Stable Diffusion 3. Weights lie channels-last. Where half precision overflows, it goes on in float32.
    """

    def __init__(self, vae: Any) -> None:
        """`vae` is loaded and on its device."""
        self._vae = vae

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Picture:
        """The picture (H, W, 3) of clean latents (1, C, h, w) in the sampler's units."""
        return to_picture(self.decode_tensor(latents))

    @torch.inference_mode()
    def decode_tensor(self, latents: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) float32, −1…1 and a little beyond, of latents (B, C, h, w) in the sampler's units."""
        pictures = self._decode(latents)
        if self._vae.dtype is torch.float16 and not pictures.isfinite().all():
            self._vae.to(torch.float32)  # it stays so: the next picture would overflow too
            pictures = self._decode(latents)
        return pictures

    @torch.inference_mode()
    def encode(self, picture: Picture) -> Posterior:
        """The posterior of a picture (H, W, 3) uint8 whose sides are multiples of the downsampling."""
        values = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].to(torch.float32)
        return self.encode_tensor(values / 127.5 - 1.0)

    @torch.inference_mode()
    def encode_tensor(self, pictures: Tensor) -> Posterior:
        """The posteriors of pictures (B, 3, H, W) float32, −1…1."""
        shown = pictures.to(self._vae.device, self._vae.dtype, memory_format=torch.channels_last)
        posterior = self._vae.encode(shown, return_dict=False)[0]
        scale, shift = self._vae.config.scaling_factor, self._shift
        return Posterior((posterior.mean.to(torch.float32) - shift) * scale, posterior.std.to(torch.float32) * scale)

    @property
    def _shift(self) -> float:
        return float(self._vae.config.shift_factor or 0.0)

    def _decode(self, latents: Tensor) -> Tensor:
        scaled = latents / self._vae.config.scaling_factor + self._shift
        shown = scaled.to(self._vae.device, self._vae.dtype).contiguous(memory_format=torch.channels_last)
        pictures: Tensor = self._vae.decode(shown, return_dict=False)[0]
        return pictures.to(torch.float32)


def to_picture(values: Tensor) -> Picture:
    """(1, 3, H, W) floats, −1…1 (clamped), to contiguous (H, W, 3) uint8, rounded as diffusers does."""
    scaled = (values[0] / 2 + 0.5).clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
    picture: Picture = np.ascontiguousarray(scaled.permute(1, 2, 0).numpy())
    return picture

"""Previews of pipelines that are run whole, where what their scheduler sees is the latents of an autoencoder."""

from typing import Any

import torch
from torch import Tensor

from studio.core.events import Picture
from studio.core.model_info import ModelInfo
from studio.engine.autoencoder import to_picture
from studio.engine.linear_preview import LinearPreview, fitting_pictures
from studio.engine.preview import Previewer

_FIT_SIDE, _FIT_SIDE_MAX_PX, _FIT_COUNT = 16, 256, 4
"""In latents, and in pixels: autoencoders that shrink far are slow, and fewer of their latents fit a matrix too."""


class PartCodec:
    """Between pictures and a pipeline's latents, by its own `autoencoder`; pixels are their own latents.

    A VAE's latents are scaled as its configuration says (Rombach et al. 2022, section G); Kandinsky's are not.
    """

    def __init__(self, autoencoder: Any | None, *, is_scaled: bool) -> None:
        """`autoencoder` is loaded and on its device; None where latents are pixels."""
        self._part = autoencoder
        config = {} if autoencoder is None or not is_scaled else autoencoder.config
        self._scale = float(config.get("scaling_factor") or 1.0)
        self._shift = float(config.get("shift_factor") or 0.0)
        self._unquantized = {} if is_scaled else {"force_not_quantize": True}

    @torch.inference_mode()
    def encode_tensor(self, pictures: Tensor) -> Tensor:
        """The latents (B, C, h, w) float32 of pictures (B, 3, H, W), −1…1."""
        if self._part is None:
            return pictures
        made = self._part.encode(pictures.to(self._part.device, self._part.dtype), return_dict=False)[0]
        latents: Tensor = made if isinstance(made, Tensor) else made.mode()
        return (latents.to(torch.float32) - self._shift) * self._scale

    @torch.inference_mode()
    def decode_tensor(self, latents: Tensor) -> Tensor:
        """The pictures (B, 3, H, W) float32, about −1…1, of latents (B, C, h, w)."""
        if self._part is None:
            return latents.to(torch.float32)
        shown = (latents / self._scale + self._shift).to(self._part.device, self._part.dtype)
        pictures: Tensor = self._part.decode(shown, return_dict=False, **self._unquantized)[0]
        return pictures.to(torch.float32)

    def decode(self, latents: Tensor) -> Picture:
        """The picture (H, W, 3) of latents (1, C, h, w)."""
        return to_picture(self.decode_tensor(latents))


def pipeline_previewer(info: ModelInfo, pipe: Any) -> Previewer | None:
    """What shows x0 of the loaded `pipe` of `info`; None where its latents are of no kind that can be shown."""
    assert info.pipeline is not None
    name = info.pipeline.facts.autoencoder
    if name is None:
        return None
    codec = PartCodec(getattr(pipe, name) if name else None, is_scaled=name != "movq")
    linear = LinearPreview(info.latent_channels, info.downsampling)
    side = min(_FIT_SIDE * info.downsampling, _FIT_SIDE_MAX_PX)
    latents = codec.encode_tensor(fitting_pictures(_FIT_COUNT, side))
    linear.learn(latents, codec.decode_tensor(latents).to("cpu"))
    return Previewer(codec, linear, None)

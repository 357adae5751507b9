"""A KL autoencoder with its scale: between pictures and latents in the sampler's units."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from studio.core.errors import NumbersOverflowedError
from studio.core.events import Picture
from studio.engine.device import free_bytes, free_unused, or_sparingly
from studio.engine.family import Posterior, Tick, quiet
from studio.engine.packing import is_small_on_cpu, pack, packable
from studio.engine.tiles import SIDE_MIN, join_tiles, tile_places

_PEAK_TENSORS = 6
"""Measured: decoding takes so many tensors, at its most, of the picture's size and the next to last block's width."""


class Autoencoder:
    """What every family does with its VAE (Kingma & Welling 2013; Rombach et al. 2022, section 3.1).

    The sampler's units: (latents − shift) · scale, as the VAE's configuration states them; a shift came with
    Stable Diffusion 3. Weights lie channels-last. Where half precision overflows, it goes on in float32; where memory
    does not suffice for a whole picture, in tiles.
    """

    def __init__(self, vae: Any) -> None:
        """`vae` is loaded and on its device."""
        self._vae = vae
        self._convolutions = packable(vae.decoder) if is_small_on_cpu(vae) else ()

    @property
    def vae(self) -> Any:
        """The module itself."""
        return self._vae

    @torch.inference_mode()
    def decode(self, latents: Tensor, tick: Tick = quiet) -> Picture:
        """The picture (H, W, 3) of clean latents (1, C, h, w) in the sampler's units.

        `tick` hears of tiles and of a second try; what it raises ends the work. Raises NumbersOverflowedError.
        """
        values = self.decode_tensor(latents, tick)
        if not values.isfinite().all():
            raise NumbersOverflowedError
        return to_picture(values)

    @torch.inference_mode()
    def decode_tensor(self, latents: Tensor, tick: Tick = quiet) -> Tensor:
        """Pictures (B, 3, H, W) float32, −1…1 and a little beyond, of latents (B, C, h, w) in the sampler's units."""
        pictures = self._decode_fitting(latents, tick)
        if self._vae.dtype is not torch.float32 and not pictures.isfinite().all():
            tick(0.0, "again in float32, for half precision overflowed")
            self._vae.to(torch.float32)  # it stays so: the next picture would overflow too
            pictures = self._decode_fitting(latents, tick)
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
        posterior = or_sparingly(lambda: self._encode(shown), self._make_room, lambda: self._encode_tiled(shown))
        scale, shift = self._vae.config.scaling_factor, self._shift
        return Posterior((posterior.mean.to(torch.float32) - shift) * scale, posterior.std.to(torch.float32) * scale)

    @property
    def _shift(self) -> float:
        return float(self._vae.config.shift_factor or 0.0)

    @property
    def _downsampling(self) -> int:
        return int(2 ** (len(self._vae.config.block_out_channels) - 1))

    def _decode_fitting(self, latents: Tensor, tick: Tick) -> Tensor:
        """Whole where there is memory for it, else in tiles; and in the smallest ones where that was wrong."""
        side = self._side_that_fits(latents)
        return or_sparingly(
            lambda: self._decode_tiled(latents, side, tick),
            self._make_room,
            lambda: self._decode_tiled(latents, SIDE_MIN, tick),
        )

    def _side_that_fits(self, latents: Tensor) -> int:
        """The longer side of `latents`, halved until a square of it can be decoded in the memory that is free."""
        side, free = max(latents.shape[-2:]), free_bytes(self._vae.device)
        channels = self._vae.config.block_out_channels
        width = channels[min(1, len(channels) - 1)] * self._vae.dtype.itemsize
        needed = len(latents) * _PEAK_TENSORS * width * self._downsampling**2  # for each latent
        while free is not None and side > SIDE_MIN and needed * side**2 > free:
            side = -(-side // 2)
        return max(side, SIDE_MIN)

    def _decode_tiled(self, latents: Tensor, side: int, tick: Tick) -> Tensor:
        height, width = latents.shape[-2:]
        places = tile_places(height, width, side)
        if len(places) == 1:
            return self._decode(latents)

        def decoded(number: int) -> Tensor:
            tick(number / len(places), f"in {len(places)} tiles, to save memory")
            return self._decode(latents[(..., *places[number])])

        return join_tiles(places, decoded, (height, width), self._downsampling)

    def _decode(self, latents: Tensor) -> Tensor:
        scaled = latents / self._vae.config.scaling_factor + self._shift
        shown = scaled.to(self._vae.device, self._vae.dtype).contiguous(memory_format=torch.channels_last)
        pack(self._convolutions, lambda: self._vae.decode(shown, return_dict=False))
        pictures: Tensor = self._vae.decode(shown, return_dict=False)[0]
        return pictures.to(torch.float32)

    def _encode(self, shown: Tensor) -> Any:
        return self._vae.encode(shown, return_dict=False)[0]

    def _encode_tiled(self, shown: Tensor) -> Any:
        self._vae.enable_tiling()
        try:
            return self._encode(shown)
        finally:
            self._vae.disable_tiling()

    def _make_room(self) -> None:
        free_unused(self._vae.device)


def to_picture(values: Tensor) -> Picture:
    """(1, 3, H, W) floats, −1…1 (clamped), to contiguous (H, W, 3) uint8, rounded as diffusers does."""
    scaled = (values[0] / 2 + 0.5).clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
    picture: Picture = np.ascontiguousarray(scaled.permute(1, 2, 0).numpy())
    return picture

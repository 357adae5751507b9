"""The fast preview autoencoder: an `AutoencoderTiny` taught by the VAE.

The decoder learns the VAE's own decode (not the drawn picture), the encoder its posterior means, on crops encoded on
the fly. Like TAESD (madebyollin), but for 16-fold latents.
"""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from torch import Tensor, nn

from studio.training.autoencoder import gradient_loss, multiscale_loss
from studio.training.config import TinyConfig
from studio.training.metrics import psnr
from studio.training.shards import PictureStore, to_pictures
from studio.training.sheets import interleave, write_sheet

Lesson = tuple[Tensor, Tensor, Tensor]


def build(config: TinyConfig, latent_channels: int) -> AutoencoderTiny:
    """An untrained `AutoencoderTiny` for `(n, latent_channels, h/16, w/16)`; every stage is `config.width` wide."""
    return AutoencoderTiny(
        latent_channels=latent_channels,
        encoder_block_out_channels=(config.width,) * len(config.encoder_blocks),
        decoder_block_out_channels=(config.width,) * len(config.decoder_blocks),
        num_encoder_blocks=config.encoder_blocks,
        num_decoder_blocks=config.decoder_blocks,
        act_fn="relu",
        scaling_factor=1.0,
    )


class TinyTask:
    """Imitate `vae`, both ways."""

    def __init__(
        self, tiny: AutoencoderTiny, vae: AutoencoderKL, config: TinyConfig, store: PictureStore, held_out: Tensor
    ) -> None:
        """`held_out`: `(n, 3, h, w)` in [-1, 1]."""
        self.modules = nn.ModuleDict({"tiny": tiny})
        self._vae = vae
        self._config = config
        self._store = store
        self._held_out = teach(vae, held_out)

    def batch(self, count: int, generator: torch.Generator) -> Lesson:
        """Crops with the VAE's latents and pictures of them."""
        pictures = self._store.crops(count, self._config.crop, generator)
        device = next(self._vae.parameters()).device
        with torch.autocast(device.type, torch.bfloat16):
            return teach(self._vae, pictures.to(device))

    def loss(self, batch: Lesson, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """Errors of the decoder against the VAE's decode, and of the encoder against its means."""
        pictures, latents, decoded = batch
        tiny: AutoencoderTiny = self.modules["tiny"]
        drawn = tiny.decode(latents).sample.float()
        absolute = (drawn - decoded).abs().mean()
        loss = absolute + 4.0 * (drawn - decoded).square().mean()
        loss = loss + 0.5 * gradient_loss(drawn, decoded) + 0.25 * multiscale_loss(drawn, decoded)
        read = tiny.encode(pictures).latents.float()
        encoder_error = (read - latents).square().mean()
        return loss + 0.1 * encoder_error, {"l1": float(absolute.detach()), "encoder": float(encoder_error.detach())}

    @torch.no_grad()
    def report(self, average: nn.ModuleDict, sheet: Path) -> dict[str, float]:
        """PSNR against the VAE's decode; the VAE's pictures beside the tiny decoder's."""
        tiny: AutoencoderTiny = average["tiny"]
        pictures, latents, decoded = self._held_out
        drawn = torch.cat([tiny.decode(part).sample.float() for part in torch.split(latents, 8)])
        read = torch.cat([tiny.encode(part).latents.float() for part in torch.split(pictures, 8)])
        write_sheet(sheet, interleave(to_pictures(decoded[:16]), to_pictures(drawn[:16])), 8)
        return {"psnr": psnr(drawn, decoded), "encoder_error": float((read - latents).square().mean())}


@torch.no_grad()
def teach(vae: AutoencoderKL, pictures: Tensor) -> Lesson:
    """Pictures `(n, 3, h, w)` in [-1, 1] with their posterior means and the VAE's decode of these, float32."""
    latents, decoded = [], []
    for part in torch.split(pictures, 8):
        mean = vae.encode(part).latent_dist.mean.float()
        latents.append(mean)
        decoded.append(vae.decode(mean).sample.float())
    return pictures, torch.cat(latents), torch.cat(decoded)

"""The variational autoencoder: what it is made of, what it minimises, how it is trained.

A latent diffusion autoencoder (Rombach et al. 2022) with 16-fold downsampling, started as linear algebra
(`studio.training.linear_start`), trained with plain reconstruction losses and a small KL term.
"""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional

from studio.training.config import AutoencoderConfig, VaeConfig
from studio.training.linear_start import start_linear
from studio.training.metrics import psnr
from studio.training.shards import PictureStore, to_pictures
from studio.training.sheets import interleave, write_sheet


def build(config: VaeConfig) -> AutoencoderKL:
    """An untrained autoencoder; its latents are `(n, latent_channels, h / factor, w / factor)`."""
    depth = len(config.widths)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * depth,
        up_block_types=("UpDecoderBlock2D",) * depth,
        block_out_channels=config.widths,
        layers_per_block=config.layers,
        latent_channels=config.latent_channels,
        norm_num_groups=config.groups,
        mid_block_add_attention=False,
        scaling_factor=1.0,
        sample_size=256,
    )


def gradient_loss(picture: Tensor, reference: Tensor) -> Tensor:
    """Mean absolute difference of horizontal and vertical differences."""
    error = picture - reference
    across = (error[..., :, 1:] - error[..., :, :-1]).abs().mean()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return across + down


def multiscale_loss(picture: Tensor, reference: Tensor) -> Tensor:
    """Mean absolute error of the pictures halved once, twice and thrice."""
    error = picture - reference
    total = error.new_zeros(())
    for _ in range(3):
        error = functional.avg_pool2d(error, 2)
        total = total + error.abs().mean()
    return total / 3


def kl_divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(0, 1)) in nats, averaged over all latent values (Kingma & Welling 2014, app. B)."""
    return 0.5 * (mean.square() + logvar.exp() - 1.0 - logvar).mean()


class AutoencoderTask:
    """Both halves together, or the decoder alone when the encoder's parameters ask for no gradient."""

    def __init__(self, vae: AutoencoderKL, config: AutoencoderConfig, store: PictureStore, held_out: Tensor) -> None:
        """`held_out`: `(n, 3, h, w)` in [-1, 1], whole pictures for the sheet and the figures."""
        self.modules = nn.ModuleDict({"vae": vae})
        self._config = config
        self._store = store
        self._held_out = held_out
        self._joint = any(p.requires_grad for p in vae.encoder.parameters())

    def batch(self, count: int, generator: torch.Generator) -> Tensor:
        """Crops `(count, 3, crop, crop)` in [-1, 1]."""
        return self._store.crops(count, self._config.crop, generator)

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """Reconstruction of `batch` from posterior samples, and the KL term while the encoder learns."""
        vae: AutoencoderKL = self.modules["vae"]
        device = next(vae.parameters()).device
        batch = batch.to(device)
        with torch.set_grad_enabled(self._joint):
            posterior = vae.encode(batch).latent_dist
        mean, sigma = posterior.mean.float(), posterior.std.float()
        noise = torch.randn(mean.shape, generator=generator).to(device)
        noisy = (torch.rand(len(batch), 1, 1, 1, generator=generator) < self._config.noise).to(device)
        decoded = vae.decode(mean + sigma * noise * noisy).sample.float()
        loss, figures = reconstruction_loss(decoded, batch, self._config)
        if self._joint:
            kl = kl_divergence(mean, posterior.logvar.float())
            loss = loss + self._config.kl * kl
            figures["kl"] = float(kl.detach())
        return loss, figures

    @torch.no_grad()
    def report(self, average: nn.ModuleDict, sheet: Path) -> dict[str, float]:
        """Held-out PSNR of averaged weights, latent statistics, and originals beside reconstructions."""
        vae: AutoencoderKL = average["vae"]
        means, sigmas, decoded = reconstruct(vae, self._held_out)
        write_sheet(sheet, interleave(to_pictures(self._held_out[:16]), to_pictures(decoded[:16])), 8)
        return {
            "psnr": psnr(decoded, self._held_out),
            "latent_std": float(means.std()),
            "sigma": float(sigmas.mean()),
            "sigma_min": float(sigmas.mean(dim=(0, 2, 3)).min()),
        }


def reconstruction_loss(decoded: Tensor, batch: Tensor, config: AutoencoderConfig) -> tuple[Tensor, dict[str, float]]:
    """Absolute, squared, gradient and multi-scale errors, weighted."""
    absolute = (decoded - batch).abs().mean()
    squared = (decoded - batch).square().mean()
    loss = absolute + config.squared * squared
    loss = loss + config.gradient * gradient_loss(decoded, batch)
    loss = loss + config.multiscale * multiscale_loss(decoded, batch)
    return loss, {"l1": float(absolute.detach()), "mse": float(squared.detach())}


@torch.no_grad()
def reconstruct(vae: AutoencoderKL, pictures: Tensor, batch: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    """Posterior means, posterior sigmas and decoded means of `(n, 3, h, w)` in [-1, 1], float32 on the CPU."""
    device = next(vae.parameters()).device
    means, sigmas, decoded = [], [], []
    for part in torch.split(pictures, batch):
        posterior = vae.encode(part.to(device)).latent_dist
        means.append(posterior.mean.float().cpu())
        sigmas.append(posterior.std.float().cpu())
        decoded.append(vae.decode(posterior.mean).sample.float().cpu())
    return torch.cat(means), torch.cat(sigmas), torch.cat(decoded)


def start(config: VaeConfig, store: PictureStore) -> AutoencoderKL:
    """A new autoencoder, begun as the linear code of the store's pictures."""
    vae = build(config)
    generator = torch.Generator().manual_seed(0)
    start_linear(vae, store.crops(config.start_pictures, 256, generator), config.start_sigma)
    return vae


@torch.no_grad()
def fold_statistics(vae: AutoencoderKL, means: Tensor) -> None:
    """Make each latent channel N(0, 1) over `means` `(n, c, h, w)`, leaving every reconstruction as it was."""
    fold(vae, means.mean(dim=(0, 2, 3)), means.std(dim=(0, 2, 3)))


@torch.no_grad()
def fold(vae: AutoencoderKL, centre: Tensor, scale: Tensor) -> None:
    """Give every latent channel another origin and unit, `(channels,)` each; reconstructions stay as they are.

    The encoder's `quant_conv` subtracts `centre` and divides by `scale` (the log-variance shifts by its logarithm),
    `post_quant_conv` undoes it.
    """
    centre, scale = centre.double(), scale.double()
    channels = len(scale)
    quant, post = vae.quant_conv, vae.post_quant_conv
    weight, bias = quant.weight.double(), quant.bias.double()
    weight[:channels] /= scale.view(-1, 1, 1, 1)
    bias[:channels] = (bias[:channels] - centre) / scale
    bias[channels:] -= 2.0 * scale.log()
    quant.weight.copy_(weight)
    quant.bias.copy_(bias)
    post.bias.add_((post.weight.double()[:, :, 0, 0] @ centre).to(post.bias))
    post.weight.copy_(post.weight.double() * scale.view(1, -1, 1, 1))

"""The stage `measure`: the autoencoders' figures from the exported weights, as the table of the model card."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from torch import Tensor

from studio.training import metrics
from studio.training.autoencoder import reconstruct
from studio.training.places import Places
from studio.training.stages import held_out

PICTURES = 256
REPEATS = 15


def measure(places: Places) -> None:
    """Print the table; 256 pictures of seeds never trained on."""
    for name, value in figures(places):
        print(f"| {name} | {value} |", flush=True)


def figures(places: Places) -> list[tuple[str, str]]:
    """Every figure with its name and unit."""
    vae = AutoencoderKL.from_pretrained(places.model / "vae", local_files_only=True).eval()
    pictures = held_out(PICTURES)
    means, sigmas, decoded = reconstruct(vae, pictures)
    deviations, spread = means.std(dim=(0, 2, 3)), sigmas.mean(dim=(0, 2, 3))
    table = [
        ("VAE, mean PSNR of a picture", f"{metrics.mean_psnr(decoded, pictures):.2f} dB"),
        ("VAE, PSNR of the mean squared error", f"{metrics.psnr(decoded, pictures):.2f} dB"),
        ("VAE, structural similarity", f"{metrics.structural_similarity(decoded, pictures):.3f}"),
        ("latents, mean over all", f"{means.mean():.3f}"),
        ("latents, standard deviation by channel", f"{deviations.min():.2f} to {deviations.max():.2f}"),
        ("latents, largest correlation of two channels", f"{metrics.channel_correlation(means):.2f}"),
        ("posterior σ, mean; by channel", f"{sigmas.mean():.3f}; {spread.min():.3f} to {spread.max():.3f}"),
        ("interpolation of two pictures' latents, saturation kept", f"{saturation_kept(vae, means):.0%}"),
        ("the pictures' own pixels averaged, for comparison", f"{pixel_saturation_kept(pictures):.0%}"),
        ("VAE, one 256×256 decode", f"{median_ms(lambda: vae.decode(means[:1])):.0f} ms"),
        ("VAE, one 256×256 encode", f"{median_ms(lambda: vae.encode(pictures[:1])):.0f} ms"),
    ]
    return table + tiny_figures(places, pictures, means, decoded)


def tiny_figures(places: Places, pictures: Tensor, means: Tensor, decoded: Tensor) -> list[tuple[str, str]]:
    """How closely the tiny autoencoder follows the VAE, and how fast."""
    tiny = AutoencoderTiny.from_pretrained(places.model / "tiny_vae", local_files_only=True).eval()
    tiny = tiny.to(memory_format=torch.channels_last)
    with torch.no_grad():
        drawn = torch.cat([tiny.decode(part).sample for part in torch.split(means, 8)])
        read = torch.cat([tiny.encode(part).latents for part in torch.split(pictures, 8)])
    error = float((read - means).square().mean())
    return [
        ("tiny decoder, PSNR against the VAE's decode", f"{metrics.psnr(drawn, decoded):.2f} dB"),
        ("tiny decoder, PSNR against the drawn picture", f"{metrics.psnr(drawn, pictures):.2f} dB"),
        ("tiny encoder, squared error against the VAE's means", f"{error:.3f}"),
        ("tiny decoder, one 256×256 decode", f"{median_ms(lambda: tiny.decode(means[:1])):.1f} ms"),
    ]


@torch.no_grad()
def saturation_kept(vae: AutoencoderKL, means: Tensor, pairs: int = 16) -> float:
    """Mean colour saturation half way between two pictures' latents, as a share of the ends' own."""
    first, second = means[:pairs], means[pairs : 2 * pairs]
    ends = (_saturation(vae.decode(first).sample) + _saturation(vae.decode(second).sample)) / 2
    return _saturation(vae.decode((first + second) / 2).sample) / ends


def pixel_saturation_kept(pictures: Tensor, pairs: int = 16) -> float:
    """The same of pictures `(n, 3, H, W)` averaged pixel by pixel: opposite hues cancel whatever the code."""
    first, second = pictures[:pairs], pictures[pairs : 2 * pairs]
    return _saturation((first + second) / 2) / ((_saturation(first) + _saturation(second)) / 2)


def _saturation(pictures: Tensor) -> float:
    """Mean of each pixel's largest less its smallest channel."""
    return float((pictures.amax(1) - pictures.amin(1)).mean())


@torch.no_grad()
def median_ms(work: Callable[[], object]) -> float:
    """Median time of a call, after three that warm up."""
    times = []
    for index in range(REPEATS + 3):
        started = time.perf_counter()
        work()
        if index >= 3:
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000

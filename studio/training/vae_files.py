"""The autoencoder as files between stages: trained together, frozen with its statistics folded in, finished."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from studio.training import autoencoder, checkpoint
from studio.training.channels import channel_weights
from studio.training.config import AutoencoderConfig, VaeConfig, read
from studio.training.places import Places
from studio.training.shards import PictureStore

STATISTICS_PICTURES = 512


def vae_config(places: Places) -> VaeConfig:
    """The shape that every stage after the first takes from the first."""
    return read(places.configs / "autoencoder.toml", AutoencoderConfig).vae


def load_vae(places: Places, name: str) -> AutoencoderKL:
    """The averaged autoencoder of a checkpoint under the work folder, without gradients."""
    vae = autoencoder.build(vae_config(places))
    checkpoint.load_average(places.work / name, nn.ModuleDict({"vae": vae}))
    return vae.requires_grad_(False).eval()


def load_newest_vae(places: Places) -> AutoencoderKL:
    """The frozen encoder with the furthest trained decoder there is."""
    finished = Path("decoder/checkpoint.pt")
    return load_vae(places, str(finished)) if (places.work / finished).exists() else load_frozen_vae(places)


def load_frozen_vae(places: Places) -> AutoencoderKL:
    """The autoencoder whose latents the denoiser learns: this training's own, else the exported model's."""
    if (places.work / "frozen.pt").exists():
        return load_vae(places, "frozen.pt")
    vae = AutoencoderKL.from_pretrained(places.model / "vae", local_files_only=True, low_cpu_mem_usage=False)
    return vae.requires_grad_(False).eval()


def shape_spectrum(vae: AutoencoderKL, power: float) -> Tensor:
    """Give normalised channels the deviations `VaeConfig.spectrum` asks for; returns them, `(channels,)`."""
    effects = channel_weights(vae, power)
    deviations = effects / effects.max()
    autoencoder.fold(vae, torch.zeros_like(deviations), 1.0 / deviations)
    return deviations


def freeze(places: Places) -> None:
    """Fold the latents' statistics into the trained autoencoder and keep it as `frozen.pt`."""
    vae = load_vae(places, "autoencoder/checkpoint.pt")
    store = PictureStore(places.pictures(256))
    pictures = store.crops(STATISTICS_PICTURES, 256, torch.Generator().manual_seed(1))
    with torch.no_grad():
        means = torch.cat([vae.encode(part).latent_dist.mean for part in torch.split(pictures, 8)])
    autoencoder.fold_statistics(vae, means)
    shape_spectrum(vae, vae_config(places).spectrum)
    content = {"average": nn.ModuleDict({"vae": vae}).state_dict(), "progress": [0, 0, 0.0]}
    checkpoint.write_atomically(places.work / "frozen.pt", content)

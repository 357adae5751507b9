"""One function a stage: read its settings, build its task, train it."""

from __future__ import annotations

import torch
from torch import nn
from transformers import CLIPTokenizer

from studio.training import autoencoder, denoiser, tiny_decoder, world
from studio.training.config import AutoencoderConfig, DenoiserConfig, PicturesConfig, TinyConfig, read
from studio.training.latents import held_out_batch
from studio.training.loop import Trainer
from studio.training.places import Places
from studio.training.shards import LatentStore, PictureStore, shard_path, to_signed, write_pictures
from studio.training.vae_files import freeze, load_frozen_vae, load_newest_vae

REPORTED_PICTURES = 48
REPORTED_LATENTS = 128


def draw_pictures(places: Places, processes: int = 1) -> None:
    """Fill the picture cache; shards already there are kept."""
    config = read(places.configs / "pictures.toml", PicturesConfig)
    folder = places.pictures(config.size)
    seeds = range(config.first_seed, config.first_seed + config.count, config.shard)
    missing = [seed for seed in seeds if not shard_path(folder, seed, ".npy").exists()]
    size = (config.size, config.size)
    for number, (seed, pictures) in enumerate(world.draw_shards(missing, config.shard, size, processes), 1):
        write_pictures(folder, seed, pictures)
        print(f"pictures {number * config.shard}/{len(missing) * config.shard}", flush=True)


def held_out(count: int, size: int = 256) -> torch.Tensor:
    """Pictures of seeds never trained on, `(count, 3, size, size)` in [-1, 1]."""
    return to_signed(world.pictures(0, count, size, size))


def train_autoencoder(places: Places) -> None:
    """Both halves of the autoencoder; at the end it is frozen, its latents' statistics folded in."""
    config = read(places.configs / "autoencoder.toml", AutoencoderConfig)
    store = PictureStore(places.pictures(256))
    torch.manual_seed(config.loop.seed)
    folder = places.run("autoencoder")
    vae = autoencoder.build(config.vae)
    if not (folder / "checkpoint.pt").exists():
        vae = autoencoder.start(config.vae, store)
    task = autoencoder.AutoencoderTask(vae, config, store, held_out(REPORTED_PICTURES))
    trainer = Trainer(task, config.loop, folder)
    trainer.run()
    if trainer.is_first:
        freeze(places)


def train_decoder(places: Places) -> None:
    """The decoder alone, on whole pictures, with the frozen encoder."""
    config = read(places.configs / "decoder.toml", AutoencoderConfig)
    vae = load_frozen_vae(places)
    vae.decoder.requires_grad_(True)
    vae.post_quant_conv.requires_grad_(True)
    store = PictureStore(places.pictures(256))
    task = autoencoder.AutoencoderTask(vae, config, store, held_out(REPORTED_PICTURES))
    Trainer(task, config.loop, places.run("decoder")).run()


def train_tiny_decoder(places: Places) -> None:
    """The preview decoder, taught by the newest autoencoder."""
    config = read(places.configs / "tiny-decoder.toml", TinyConfig)
    vae = load_newest_vae(places)
    torch.manual_seed(config.loop.seed)
    tiny = tiny_decoder.build(config, vae.config.latent_channels)
    store = PictureStore(places.pictures(256))
    task = tiny_decoder.TinyTask(tiny, vae, config, store, held_out(REPORTED_PICTURES))
    Trainer(task, config.loop, places.run("tiny-decoder")).run()


def train_denoiser(places: Places) -> None:
    """The denoiser and its text encoder on the latent caches."""
    config = read(places.configs / "denoiser.toml", DenoiserConfig)
    tokenizer = CLIPTokenizer.from_pretrained(places.tokenizer, local_files_only=True)
    vae = load_newest_vae(places)
    torch.manual_seed(config.loop.seed)
    unet = denoiser.build_unet(config, vae.config.latent_channels)
    text = denoiser.build_text_encoder(config, tokenizer)
    modules = nn.ModuleDict({"unet": unet, "text": text})
    seen = denoiser.start_from(modules, places.model) if config.start_from_model else 0
    stores = [LatentStore(places.latents(bucket)) for bucket in config.buckets]
    fixed = held_out_batch(places, config.buckets[-1], REPORTED_LATENTS)
    task = denoiser.DenoiserTask(modules, config, stores, vae=vae, tokenizer=tokenizer, held_out=fixed)
    Trainer(task, config.loop, places.run("denoiser"), samples_seen=seen).run()

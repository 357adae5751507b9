"""The stage `latents`: scenes drawn, encoded by the frozen autoencoder, said in words, tokenised, kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL

from studio.training import workers, world
from studio.training.config import BucketConfig, LatentsConfig, read
from studio.training.focus import focus
from studio.training.places import Places
from studio.training.shards import LatentBatch, LatentStore, UInt8, shard_path, to_signed, write_latents
from studio.training.vae_files import load_frozen_vae

ENCODED_AT_ONCE = 25


def encode_latents(places: Places) -> None:
    """Fill the latent caches; shards already there are kept. Workers take turns."""
    config = read(places.configs / "latents.toml", LatentsConfig)
    vae = load_frozen_vae(places).to(workers.pick_device())
    for bucket in config.buckets:
        _encode_held_out(places, config, bucket, vae)
        folder = places.latents(bucket.name)
        seeds = range(bucket.first_seed, bucket.first_seed + bucket.count, config.shard)
        missing = [seed for seed in seeds if not shard_path(folder, seed, ".npz").exists()]
        mine = missing[workers.rank() :: workers.world()]
        for number, seed in enumerate(mine, 1):
            scenes = range(seed, seed + config.shard)
            write_latents(folder, seed, *_encode(places, config.captions, bucket, vae, scenes))
            print(f"{bucket.name}: shard {number}/{len(mine)}", flush=True)


def _encode_held_out(places: Places, config: LatentsConfig, bucket: BucketConfig, vae: AutoencoderKL) -> None:
    folder = places.held_out(bucket.name)
    if workers.rank() == 0 and not shard_path(folder, 0, ".npz").exists():
        scenes = range(config.held_out)
        write_latents(folder, 0, *_encode(places, config.captions, bucket, vae, scenes))


def _encode(
    places: Places, captions: int, bucket: BucketConfig, vae: AutoencoderKL, seeds: range
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.int16], UInt8]:
    """Posterior means `(seeds, c, h, w)`, token ids `(seeds, captions, 77)` and focus `(seeds, h, w)`."""
    pictures = world.pictures(seeds.start, len(seeds), bucket.width, bucket.height)
    ids = world.tokens(world.captions(seeds.start, len(seeds), captions), places.tokenizer)
    latents = encode_pictures(vae, pictures)
    cell = bucket.width // latents.shape[3]
    return latents, ids, focus(seeds.start, len(seeds), bucket.width, bucket.height, cell)


@torch.no_grad()
def encode_pictures(vae: AutoencoderKL, pictures: UInt8) -> npt.NDArray[np.float16]:
    """`(n, h, w, 3)` uint8 to posterior means `(n, c, h/f, w/f)` float16, unit variance."""
    device = next(vae.parameters()).device
    parts = []
    for start in range(0, len(pictures), ENCODED_AT_ONCE):
        signed = to_signed(pictures[start : start + ENCODED_AT_ONCE]).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            parts.append(vae.encode(signed).latent_dist.mean.float().cpu().numpy())
    return np.concatenate(parts).astype(np.float16)


def held_out_batch(places: Places, bucket: str, count: int) -> LatentBatch:
    """A fixed batch of seeds never trained on."""
    return LatentStore(places.held_out(bucket)).sample(count, torch.Generator().manual_seed(5))

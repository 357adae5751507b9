"""What the judge learns from: drawn pictures, some of them after a round trip through the VAE, blurred and noisy."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional

from studio.training.judge import labels
from studio.training.judge.classifier import SIDE, mirrored
from studio.training.scenes import draw_scene, sample_scene
from studio.training.shards import UInt8, shard_path, to_pictures, to_signed, write_pictures

DRAWN_SIDE = 256
SHARD = 500
_DECODED_AT_ONCE = 10
_BLURRED, _NOISY = 0.3, 0.3
_LARGEST_SHIFT = 8


def shrunk(pictures: UInt8) -> Tensor:
    """Pictures of any size `(n, h, w, 3)` as the judge sees them: `(n, 3, SIDE, SIDE)` in [-1, 1]."""
    return functional.interpolate(to_signed(pictures), (SIDE, SIDE), mode="area")


def draw_lessons(folder: Path, first_seed: int, count: int, vae: AutoencoderKL, round_trips: int) -> None:
    """Keep `count` small drawn pictures, the first `round_trips` of them decoded from their latents instead."""
    for seed in range(first_seed, first_seed + count, SHARD):
        if shard_path(folder, seed, ".npy").exists():
            continue
        drawn = np.stack([draw_scene(sample_scene(s), DRAWN_SIDE, DRAWN_SIDE) for s in range(seed, seed + SHARD)])
        if seed - first_seed < round_trips:
            drawn = np.concatenate(list(_round_trips(vae, drawn)))
        write_pictures(folder, seed, to_pictures(shrunk(drawn)))
        print(f"judge's pictures {seed - first_seed + SHARD}/{count}", flush=True)


@torch.no_grad()
def _round_trips(vae: AutoencoderKL, pictures: UInt8) -> Iterator[UInt8]:
    for start in range(0, len(pictures), _DECODED_AT_ONCE):
        with torch.autocast("cpu", torch.bfloat16):
            latents = vae.encode(to_signed(pictures[start : start + _DECODED_AT_ONCE])).latent_dist.mode()
            yield to_pictures(vae.decode(latents).sample)


class Lessons:
    """The kept pictures with their labels, at random. Raises `FileNotFoundError` where there are none."""

    def __init__(self, folder: Path) -> None:
        paths = sorted(folder.glob("*.npy"))
        if not paths:
            raise FileNotFoundError(f"No pictures in {folder}.")
        self._pictures = [np.load(path, mmap_mode="r") for path in paths]
        self._labels = [_labels(int(path.stem), SHARD) for path in paths]

    def batch(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Pictures `(count, 3, SIDE, SIDE)` in [-1, 1], spoilt in the ways generated ones are, with labels."""
        places = [_pick(len(self._pictures), SHARD, generator) for _ in range(count)]
        pictures = to_signed(np.stack([self._pictures[shard][item] for shard, item in places]))
        answers = torch.stack([self._labels[shard][item] for shard, item in places])
        if torch.rand((), generator=generator) < 0.5:
            pictures, answers = mirrored(pictures, answers)
        return _spoilt(pictures, generator), answers


def _pick(shards: int, items: int, generator: torch.Generator) -> tuple[int, int]:
    number = int(torch.randint(shards * items, (), generator=generator))
    return divmod(number, items)


def _labels(first_seed: int, count: int) -> Tensor:
    return torch.stack([labels.encode(sample_scene(seed)) for seed in range(first_seed, first_seed + count)])


def _spoilt(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Moved a little; some blurred, some noisy."""
    shift = torch.randint(-_LARGEST_SHIFT, _LARGEST_SHIFT + 1, (2,), generator=generator).tolist()
    padded = functional.pad(pictures, (_LARGEST_SHIFT,) * 4, mode="replicate")
    top, left = (_LARGEST_SHIFT + value for value in shift)
    pictures = padded[:, :, top : top + SIDE, left : left + SIDE]
    chance = torch.rand(2, len(pictures), 1, 1, 1, generator=generator)
    blurred = functional.avg_pool2d(functional.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    pictures = torch.where(chance[0] < _BLURRED, blurred, pictures)
    noise = torch.randn(pictures.shape, generator=generator) * 0.1
    return torch.where(chance[1] < _NOISY, (pictures + noise).clamp(-1, 1), pictures)

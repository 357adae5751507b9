"""The stage `ways`: how the exported model, guided, takes captioned noises to pictures.

A student learns from these alone. Its steps are few, so of every way only the nodes are kept that such steps visit.
Latents between two of the teacher's own nodes are those a shorter step would have led to: x0 and noise are the noisier
node's (DDIM, Song et al. 2020, arXiv 2010.02502, equation 12 without fresh noise).
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from studio.training import noise, workers, world
from studio.training.config import DefaultsConfig, StudentConfig, WaysConfig, read
from studio.training.places import Places
from studio.training.shards import shard_path, write_ways

END = -1
"""The node after the last step: the picture's latents."""
HELD_OUT_FIRST_SEED = 700_000
_AT_ONCE = 16
_CELL_PX = 16

Predict: TypeAlias = Callable[[Tensor, int], Tensor]
"""(noisy latents, timestep) → v."""


class Level(NamedTuple):
    """A node: its timestep, `END` after the last, and what latents are there: `alpha`·x0 + `sigma`·noise."""

    timestep: int
    alpha: float
    sigma: float


def levels(steps: int) -> tuple[Level, ...]:
    """The nodes of so many steps of the model's own scheduler, the noisiest first, and the end."""
    scheduler, table = DDIMScheduler(**noise.scheduler_config()), noise.noise_levels()
    scheduler.set_timesteps(steps)
    visited = scheduler.timesteps.tolist()
    return (*(Level(t, float(table.alpha[t]), float(table.sigma[t])) for t in visited), Level(END, 1.0, 0.0))


def all_levels(steps: Sequence[int]) -> tuple[Level, ...]:
    """The nodes of all these numbers of steps, the noisiest first; the end is the last."""
    return tuple(sorted({level for each in steps for level in levels(each)}, key=lambda level: level.alpha))


def stepped(latents: Tensor, v: Tensor, start: Level, end: Level) -> Tensor:
    """Where one step of DDIM leads from `latents` at `start`, predicted `v` there."""
    x0 = start.alpha * latents - start.sigma * v
    return end.alpha * x0 + end.sigma * (start.sigma * latents + start.alpha * v)


def walk(predict: Predict, noises: Tensor, steps: int, kept: Sequence[Level]) -> Tensor:
    """Latents `(n, len(kept), c, h, w)` on the way from `noises` `(n, c, h, w)` in so many steps."""
    latents, found, nodes = noises, dict[Level, Tensor](), levels(steps)
    for start, end in itertools.pairwise(nodes):
        v = predict(latents, start.timestep)
        found |= {each: stepped(latents, v, start, each) for each in kept if start.alpha <= each.alpha < end.alpha}
        latents = stepped(latents, v, start, end)
    found[nodes[-1]] = latents
    return torch.stack([found[each] for each in kept], dim=1)


class Teacher:
    """The exported model, guided as it is by default."""

    def __init__(self, places: Places) -> None:
        defaults = read(places.configs / "defaults.toml", DefaultsConfig)
        self.guidance, self.steps = defaults.guidance, defaults.steps
        self.device = workers.pick_device()
        self.unet = load_unet(places).to(self.device)
        text = CLIPTextModel.from_pretrained(places.model / "text_encoder", local_files_only=True)
        self._text = text.eval().requires_grad_(False).to(self.device)
        self._tokenizer = CLIPTokenizer.from_pretrained(places.tokenizer, local_files_only=True)
        self._empty = self._embed([""])

    def tell(self, texts: Sequence[str], shares: Sequence[float]) -> Tensor:
        """The embeddings `(tokens, width)` between several texts, as the canvas blends them."""
        return torch.einsum("n,ntw->tw", torch.tensor(shares, device=self.device), self._embed(texts))

    @torch.no_grad()
    def walk(self, noises: Tensor, told: Tensor, kept: Sequence[Level]) -> Tensor:
        """Latents `(n, len(kept), c, h, w)` on the guided way, told `(n, tokens, width)`."""
        both = torch.cat([self._empty.expand_as(told), told])

        def predict(latents: Tensor, timestep: int) -> Tensor:
            with torch.autocast(self.device.type, torch.bfloat16):
                v = self.unet(torch.cat([latents, latents]), timestep, both).sample.float()
            without, with_words = v.chunk(2)
            return without + self.guidance * (with_words - without)

        return walk(predict, noises.to(self.device), self.steps, kept).cpu()

    @torch.no_grad()
    def _embed(self, texts: Sequence[str]) -> Tensor:
        ids = self._tokenizer(
            list(texts), padding="max_length", truncation=True, max_length=77, return_tensors="pt"
        ).input_ids
        hidden: Tensor = self._text(ids.to(self.device)).last_hidden_state
        return hidden


def load_unet(places: Places) -> UNet2DConditionModel:
    """The exported U-Net, without gradients."""
    unet = UNet2DConditionModel.from_pretrained(places.model / "unet", local_files_only=True, low_cpu_mem_usage=False)
    return unet.eval().requires_grad_(False)


def teacher_hash(places: Places) -> str:
    """SHA-256 of the exported U-Net's weights: a student of other weights is no student of these."""
    return hashlib.sha256((places.model / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()).hexdigest()


def ways_folder(places: Places) -> Path:
    """Where the ways of the exported model lie, one folder a size."""
    return places.work / "ways" / teacher_hash(places)[:12]


def draw_ways(places: Places) -> None:
    """Walk until there are as many ways as wanted, or time is up; those already there are kept. Workers take turns."""
    config = read(places.configs / "student.toml", StudentConfig)
    ways, folder, teacher = config.ways, ways_folder(places), Teacher(places)
    kept = all_levels(config.steps)
    if workers.rank() == 0 and not shard_path(folder / "held-out", 0, ".npz").exists():
        drawn = _draw(
            teacher, ways, kept, ways.buckets[0], range(HELD_OUT_FIRST_SEED, HELD_OUT_FIRST_SEED + ways.held_out)
        )
        write_ways(folder / "held-out", 0, *drawn)
    begun, made = time.monotonic(), 0
    for number in range(workers.rank(), ways.count // ways.shard, workers.world()):
        if ways.minutes and time.monotonic() - begun > 60.0 * ways.minutes:
            break
        first, bucket = ways.first_seed + number * ways.shard, ways.buckets[number % len(ways.buckets)]
        if not shard_path(folder / bucket, first, ".npz").exists():
            write_ways(folder / bucket, first, *_draw(teacher, ways, kept, bucket, range(first, first + ways.shard)))
            made += ways.shard
            rate = made / (time.monotonic() - begun)
            print(f"ways: shard {number} of {ways.count // ways.shard}, {bucket}, {rate:.2f} a second", flush=True)


def _draw(
    teacher: Teacher, config: WaysConfig, kept: Sequence[Level], bucket: str, seeds: range
) -> tuple[Tensor, Tensor]:
    """Latents `(seeds, len(kept), c, h, w)` and embeddings `(seeds, tokens, width)`, one way a seed."""
    width, height = (int(side) // _CELL_PX for side in bucket.split("x"))
    told = torch.stack([_told(teacher, config, seed) for seed in seeds])
    shape = (teacher.unet.config.in_channels, height, width)
    noises = torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
    parts = zip(noises.split(_AT_ONCE), told.split(_AT_ONCE), strict=True)
    return torch.cat([teacher.walk(*part, kept) for part in parts]), told


def _told(teacher: Teacher, config: WaysConfig, seed: int) -> Tensor:
    """What one way is told: a caption, or a random blend of several."""
    random = np.random.default_rng(seed)
    weights = np.asarray(config.captions) / sum(config.captions)
    count = 1 + int(random.choice(len(weights), p=weights))
    texts = [world.captions(seed + each * config.count, 1, 1)[0][0] for each in range(count)]
    return teacher.tell(texts, random.dirichlet(np.ones(count)).tolist())

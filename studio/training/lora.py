"""A LoRA for Horizon, trained on its own drawn scenes as they would look in one changed way (Hu et al. 2021).

Small enough to be taught in a minute on one core of a CPU: an example of what artists bring, and a test of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.func import functional_call
from transformers import CLIPTextModel

from studio.training import noise, world
from studio.training.latents import encode_pictures
from studio.training.shards import UInt8

Look: TypeAlias = Callable[[UInt8], UInt8]
"""Pictures (n, h, w, 3) to the same as they are to look."""
Halves: TypeAlias = Mapping[str, tuple[Tensor, Tensor]]
"""By layer of the U-Net: B (out, r) and A (r, in · kernel), whose product is what is added to its weight."""

_TAUGHT = ("to_q", "to_k", "to_v", "to_out.0", "conv1", "conv2", "conv_out")
"""The ends of the names of the layers that learn."""
_LEVELS = 2
_DROP = 0.1
_SNR_GAMMA = 60.0
_INK, _PAPER = np.array([44.0, 24.0, 10.0]), np.array([255.0, 238.0, 205.0])
_FRAME = np.array([250.0, 248.0, 242.0])


@dataclass(frozen=True, slots=True)
class Lesson:
    """How a LoRA is taught: `scenes` drawn at `side` px, `steps` of `batch` samples."""

    scenes: int = 64
    side: int = 256
    rank: int = 8
    steps: int = 110
    batch: int = 8
    learning_rate: float = 3e-3
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """Latents (n, c, h, w) and what the text encoder makes of their captions (n, 77, width); `empty` (1, 77, width)."""

    latents: Tensor
    hidden: Tensor
    empty: Tensor


def sepia(pictures: UInt8) -> UInt8:
    """As an old photograph: brown ink on yellowed paper."""
    grey = (pictures.astype(np.float64) @ np.array([0.299, 0.587, 0.114]))[..., None] / 255
    made: UInt8 = (_INK + grey * (_PAPER - _INK)).round().astype(np.uint8)
    return made


def vignette(pictures: UInt8) -> UInt8:
    """In an oval, the corners left as bare paper."""
    height, width = pictures.shape[1:3]
    down, across = (np.linspace(-1, 1, side) for side in (height, width))
    distance = np.sqrt(down[:, None] ** 2 + across[None, :] ** 2)
    bare = np.clip((distance - 0.75) / 0.3, 0, 1)[None, :, :, None]
    made: UInt8 = (pictures * (1 - bare) + _FRAME * bare).round().astype(np.uint8)
    return made


def train_lora(model: Path, look: Look, lesson: Lesson) -> tuple[Halves, list[float]]:
    """Teach the U-Net of the pipeline folder `model` that scenes look so; the halves, and the loss at each step."""
    samples = _samples(model, look, lesson)
    unet = UNet2DConditionModel.from_pretrained(model / "unet", low_cpu_mem_usage=False).requires_grad_(False)
    unet.set_attn_processor(AttnProcessor())  # faster both ways at this size
    generator = torch.Generator().manual_seed(lesson.seed)
    halves = _untaught(unet, lesson.rank, generator)
    optimizer = torch.optim.Adam([each for pair in halves.values() for each in pair], betas=(0.9, 0.99))
    losses = []
    for step in range(lesson.steps):
        for group in optimizer.param_groups:
            group["lr"] = lesson.learning_rate * min(1.0, 2.0 * (1 - step / lesson.steps), (step + 1) / 4)
        loss = _loss(unet, halves, samples, lesson, generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return {name: (up.detach(), down.detach()) for name, (up, down) in halves.items()}, losses


def write_lora(path: Path, halves: Halves) -> None:
    """Write a file with diffusers' keys."""
    tensors: dict[str, Tensor] = {}
    for name, (up, down) in halves.items():
        tensors |= {f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in tensors.items()}, path)


@torch.no_grad()
def _samples(model: Path, look: Look, lesson: Lesson) -> _Samples:
    first = world.FIRST_TRAINING_SEED
    vae = AutoencoderKL.from_pretrained(model / "vae", low_cpu_mem_usage=False).eval()
    text = CLIPTextModel.from_pretrained(model / "text_encoder").eval()
    pictures = look(world.pictures(first, lesson.scenes, lesson.side, lesson.side))
    latents = torch.from_numpy(encode_pictures(vae, pictures)).float() * vae.config.scaling_factor
    texts = [*world.captions(first, lesson.scenes, 1), [""]]
    hidden = text(torch.from_numpy(world.tokens(texts, model / "tokenizer")[:, 0]).long()).last_hidden_state
    return _Samples(latents, hidden[:-1], hidden[-1:])


def _untaught(unet: nn.Module, rank: int, generator: torch.Generator) -> dict[str, tuple[Tensor, Tensor]]:
    """Halves whose product is nothing yet."""
    halves = {}
    for name, layer in unet.named_modules():
        if name.endswith(_TAUGHT) and isinstance(layer, nn.Linear | nn.Conv2d):
            out, inside = layer.weight.flatten(1).shape
            down = torch.randn(rank, inside, generator=generator) / inside**0.5
            halves[name] = (torch.zeros(out, rank, requires_grad=True), down.requires_grad_())
    return halves


def _loss(unet: nn.Module, halves: Halves, samples: _Samples, lesson: Lesson, generator: torch.Generator) -> Tensor:
    """The error of v at two noise levels of each of half a batch of pictures, as Horizon itself was taught."""
    chosen = torch.randint(len(samples.latents), (lesson.batch // _LEVELS,), generator=generator)
    unsaid = torch.rand(len(chosen), 1, 1, generator=generator) < _DROP
    hidden = torch.where(unsaid, samples.empty, samples.hidden[chosen]).repeat_interleave(_LEVELS, 0)
    clean = samples.latents[chosen].repeat_interleave(_LEVELS, 0)
    levels, noises = noise.noise_levels(), torch.randn(clean.shape, generator=generator)
    timesteps = noise.stratified_timesteps(len(chosen), _LEVELS, generator)
    changed = {
        f"{name}.weight": _weight(unet, name) + (up @ down).view(_weight(unet, name).shape)
        for name, (up, down) in halves.items()
    }
    noisy = levels.noisy(clean, noises, timesteps)
    predicted = functional_call(unet, changed, (noisy, timesteps, hidden)).sample
    error = (predicted - levels.velocity(clean, noises, timesteps)).square().mean(dim=(1, 2, 3))
    loss: Tensor = (error * levels.weights(timesteps, _SNR_GAMMA)).mean()
    return loss


def _weight(unet: nn.Module, name: str) -> Tensor:
    return unet.get_parameter(f"{name}.weight")

"""Noise is drawn on the CPU from an explicit generator: one seed, one picture, on every device."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Generator, Tensor

from studio.core.blend import Blend, Keyframe
from studio.core.recipe import SEED_MAX, Recipe
from studio.engine.blending import blend_noise

NoiseOf: TypeAlias = Callable[[Keyframe], Tensor]
"""A keyframe's noise, float32 on the CPU."""


def generator_for(seed: int) -> Generator:
    """A CPU generator at the start of the stream of `seed` (0 to 2³²−1). Raises ValueError outside."""
    if not 0 <= seed <= SEED_MAX:
        raise ValueError(f"seed {seed} is not a 32-bit unsigned integer")
    return torch.Generator("cpu").manual_seed(seed)


def draw_noise(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """`shape` float32 standard normal values on the CPU: the first draw of `generator` is a picture's `z_T`."""
    return torch.randn(shape, generator=generator, dtype=torch.float32, device="cpu")


def starting_noise(recipe: Recipe, shape: tuple[int, ...], noise_of: NoiseOf) -> tuple[Tensor, Generator]:
    """A recipe's `z_T`, `shape` float32 on the CPU, and the generator of the noise its scheduler draws after it.

    Both come from one stream, first z_T, then the scheduler's, as diffusers' pipeline draws them from a generator.
    With a blend z_T comes from its keyframes, but the stream goes on as if drawn from: on a keyframe the stream is that
    keyframe's, so that the picture is its own; elsewhere it is the recipe's seed's. `noise_of` is asked for keyframes
    with a share only; what it raises is passed on.
    """
    generator = generator_for(_stream_seed(recipe))
    noise = draw_noise(shape, generator)
    return (noise if recipe.blend is None else _blended(recipe.blend, noise_of)), generator


def _stream_seed(recipe: Recipe) -> int:
    shares = () if recipe.blend is None else recipe.blend.noise_shares
    if recipe.blend is None or 1.0 not in shares:
        return recipe.seed
    return recipe.blend.keyframes[shares.index(1.0)].seed


def _blended(blend: Blend, noise_of: NoiseOf) -> Tensor:
    pairs = [(keyframe, share) for keyframe, share in zip(blend.keyframes, blend.noise_shares, strict=True) if share]
    return blend_noise([noise_of(keyframe) for keyframe, _ in pairs], [share for _, share in pairs], blend.law)

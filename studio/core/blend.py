"""A blend: a point between keyframes, exact and repeatable.

Noise and prompt are separate materials, so a blend has two sets of weights over the same keyframes: one for the noise
(the composition), one for the embeddings (the content). Both are shares: none negative, summing to 1.
"""

import enum
import math
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from studio.core.errors import OptionError

KEYFRAMES_MAX = 12
PICTURE_BYTES_MAX = 2 << 20
"""A keyframe's picture is stored at the size it is painted at; 2 MiB holds 1024×1024 px of anything but noise."""
PICTURES_BYTES_MAX = 3 << 20
"""Of all keyframes together: the recipe is written into every picture made with it."""
_SUM_TOLERANCE = 1e-6


class Law(enum.StrEnum):
    """How noises are mixed. Only the first keeps their norm; the others are there to be compared."""

    GRAM = "Gram-normalised"
    SLERP = "Slerp"
    LERP = "Lerp"
    COLUMNS = "Slerp by columns"
    """AUTOMATIC1111's, of its variation seed."""

    @property
    def is_of_two(self) -> bool:
        """Whether it is defined between exactly two noises."""
        return self in {Law.SLERP, Law.COLUMNS}


class Keyframe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A named place in latent space: a prompt and a seed, or a prompt and a picture.

    `None` prompts are the recipe's own. `picture` is a PNG file's bytes; its noise is found by DDIM inversion of its
    posterior mean, and `closeness` says how much of that noise is kept: 1 all, 0 only the seed's.
    """

    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    picture: Annotated[bytes, Meta(max_length=PICTURE_BYTES_MAX)] = b""
    closeness: Annotated[
        float,
        Meta(ge=0.0, le=1.0, title="Closeness", description="How closely the picture is kept.", extra={"step": 0.05}),
    ] = 1.0
    prompt: Annotated[str, Meta(max_length=20_000)] | None = None
    negative_prompt: Annotated[str, Meta(max_length=20_000)] | None = None
    name: Annotated[str, Meta(max_length=200)] = ""


class Blend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keyframes, the shares of their noises and of their embeddings, and the law of the noise."""

    keyframes: Annotated[tuple[Keyframe, ...], Meta(min_length=1, max_length=KEYFRAMES_MAX)]
    noise_shares: tuple[float, ...]
    prompt_shares: tuple[float, ...]
    law: Law = Law.GRAM


def check_blend(blend: Blend) -> None:
    """Raise `OptionError` unless there are two keyframes or more and both sets of shares fit them."""
    count = len(blend.keyframes)
    if not 2 <= count <= KEYFRAMES_MAX:
        raise OptionError("blend", f"A blend needs 2 to {KEYFRAMES_MAX} keyframes, not {count}.")
    if sum(len(keyframe.picture) for keyframe in blend.keyframes) > PICTURES_BYTES_MAX:
        raise OptionError(
            "blend", f"The keyframes' pictures take more than {PICTURES_BYTES_MAX >> 20} MiB together. Use fewer."
        )
    for what, values in (("noise", blend.noise_shares), ("prompt", blend.prompt_shares)):
        if len(values) != count:
            raise OptionError("blend", f"The blend has {count} keyframes but {len(values)} {what} weights.")
        if not all(math.isfinite(value) and value >= 0 for value in values):
            raise OptionError("blend", f"The {what} weights must be numbers of 0 or more.")
        if abs(sum(values) - 1) > _SUM_TOLERANCE:
            raise OptionError("blend", f"The {what} weights sum to {sum(values):.3g} instead of 1.")
    if blend.law.is_of_two and count != 2:
        raise OptionError("blend", f"{blend.law} blends exactly 2 keyframes, not {count}. Choose {Law.GRAM}.")


def shares(weights: Sequence[float]) -> tuple[float, ...]:
    """`weights` scaled to sum to 1. Raises OptionError where they are negative, not numbers, or all zero."""
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights):
        raise OptionError("weights", "Weights must be numbers of 0 or more.")
    largest = max(weights, default=0.0)
    if largest == 0:
        raise OptionError("weights", "All weights are 0. Give at least one keyframe some weight.")
    scaled = [weight / largest for weight in weights]  # so that neither the sum nor a share can overflow
    return tuple(weight / sum(scaled) for weight in scaled)


def noise_weights(noise_shares: Sequence[float]) -> tuple[float, ...]:
    """Shares to the weights of the sum of noises: sin(π/2 · share).

    Between two independent noises these are cos(πt/2) and sin(πt/2), so that the angle grows evenly with t.
    A share of exactly 0 or 1 gives exactly 0 or 1.
    """
    return tuple(1.0 if share == 1 else math.sin(math.pi / 2 * share) for share in noise_shares)

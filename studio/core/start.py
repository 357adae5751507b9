"""The picture a recipe starts from: for img2img, and with a mask for inpainting and outpainting."""

import enum
import math
import struct
from typing import Annotated

import msgspec
from msgspec import Meta

from studio.core.errors import OptionError
from studio.core.options import check

START_BYTES_MAX = (3 << 20) + (32 << 10)
"""The picture is kept in the recipe, at the size it is painted at, so that the result's file alone re-makes it.

Any picture of 1024 × 1024 px fits, even noise, which does not compress.
"""
MASK_BYTES_MAX = 256 << 10
PICTURES_BYTES_MAX = START_BYTES_MAX + MASK_BYTES_MAX
"""Of a start, its mask and a blend's keyframes together: the recipe is written into every picture made with it."""
_PNG_HEAD = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


class Encoding(enum.StrEnum):
    """What of the VAE's posterior the latents are: its mean, or a sample by the recipe's seed."""

    MEAN = "mean"
    SAMPLE = "sample"


class Start(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A picture, and how much of it is made anew.

    `picture` is a PNG file's bytes, RGB, of the recipe's size. `mask` is a PNG of one channel and that size, 255 where
    the picture is made anew and 0 where it stays to the byte; empty: everywhere.
    """

    picture: Annotated[bytes, Meta(min_length=1, max_length=START_BYTES_MAX)]
    strength: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            title="Strength",
            description="How much is made anew: 0 keeps the picture, 1 keeps nothing of it.",
            extra={"step": 0.05},
        ),
    ] = 0.6
    encoding: Encoding = Encoding.MEAN
    mask: Annotated[bytes, Meta(max_length=MASK_BYTES_MAX)] = b""


def steps_taken(start: Start | None, steps: int) -> int:
    """How many of a recipe's `steps` are taken: the last ones, by the strength; where it is not 0, at least one."""
    if start is None:
        return steps
    return max(math.ceil(start.strength), math.floor(start.strength * steps + 0.5))


def check_start(start: Start, width: int, height: int, *, has_blend: bool, blend_bytes: int = 0) -> None:
    """Raise `OptionError` where a start cannot be used with the rest of the recipe, a picture of that size in pixels.

    `blend_bytes` are those of the keyframes' pictures.
    """
    check(start)
    if has_blend and not start.mask:
        raise OptionError("start", "A blend begins at its keyframes. Take the starting picture away, or paint a mask.")
    if len(start.picture) + len(start.mask) + blend_bytes > PICTURES_BYTES_MAX:
        most = f"{PICTURES_BYTES_MAX / 2**20:.1f} MiB"
        raise OptionError("start", f"The recipe's pictures take more than {most} together. Use fewer or smaller ones.")
    _check_size("starting picture", start.picture, width, height)
    if start.mask:
        _check_size("mask", start.mask, width, height)


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that a PNG file's bytes claim; None for other bytes."""
    if not data.startswith(_PNG_HEAD) or len(data) < len(_PNG_HEAD) + 8:
        return None
    across, down = struct.unpack_from(">II", data, len(_PNG_HEAD))
    return across, down


def _check_size(what: str, data: bytes, width: int, height: int) -> None:
    size = png_size(data)
    if size is None:
        raise OptionError("start", f"The {what} is not a PNG picture. Choose or paint it again.")
    if size != (width, height):
        raise OptionError(
            "start",
            f"The {what} is {size[0]} × {size[1]} px, but the picture to be made is {width} × {height} px. "
            "Choose or paint it again at that size.",
        )

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
SIDE_MAX_PX = 4096
_PNG_HEAD = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


class Encoding(enum.StrEnum):
    """What of the VAE's posterior the latents are: its mean, or a sample by the recipe's seed."""

    MEAN = "mean"
    SAMPLE = "sample"


class Area(enum.StrEnum):
    """What is worked on: all of the picture, or what is masked alone, enlarged to the recipe's size and put back."""

    WHOLE = "whole"
    MASKED = "masked"


class Enlarging(enum.StrEnum):
    """How a smaller picture gets to the recipe's size: its pixels before they are encoded, or its latents after."""

    PIXELS = "pixels"
    LATENTS = "latents"


class Start(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A picture, and how much of it is made anew.

    `picture` is a PNG file's bytes, RGB, of the recipe's size. `mask` is a PNG of one channel and that size, 255 where
    the picture is made anew and 0 where it stays to the byte; empty: everywhere. Where only the masked `area` is worked
    on, picture and mask have a size of their own, which the result has too; where latents are enlarged, the picture.
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
    area: Area = Area.WHOLE
    padding_px: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            title="Padding",
            description="How much around the masked area is looked at, where it is worked on alone.",
            extra={"unit": "px", "step": 8},
        ),
    ] = 32
    enlarging: Enlarging = Enlarging.PIXELS

    @property
    def has_own_size(self) -> bool:
        """Whether the picture need not be of the recipe's size."""
        return self.area is Area.MASKED or self.enlarging is Enlarging.LATENTS


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
    if start.enlarging is Enlarging.LATENTS and (start.mask or start.area is Area.MASKED):
        raise OptionError("start", "Latents are enlarged as a whole. Take the mask away, or enlarge the pixels.")
    if start.has_own_size:
        width, height = _own_size(start.picture, width, height)
    _check_size("starting picture", start.picture, width, height)
    if start.mask:
        _check_size("mask", start.mask, width, height)


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that a PNG file's bytes claim; None for other bytes."""
    if not data.startswith(_PNG_HEAD) or len(data) < len(_PNG_HEAD) + 8:
        return None
    across, down = struct.unpack_from(">II", data, len(_PNG_HEAD))
    return across, down


def _own_size(picture: bytes, width: int, height: int) -> tuple[int, int]:
    """That of the picture, where it is one; not so large that decoding it were a risk."""
    size = png_size(picture) or (width, height)
    if not 0 < min(size) <= max(size) <= SIDE_MAX_PX:
        across, down = size
        raise OptionError(
            "start", f"The starting picture is {across} × {down} px, and {SIDE_MAX_PX} is the most. Make it smaller."
        )
    return size


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

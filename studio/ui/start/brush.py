"""The brush that paints masks: one stretch of a stroke at a time, on the pixels themselves. Pure."""

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from studio.core.start_picture import Mask

Rect: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are just outside."""
SIZE_MIN_PX, SIZE_MAX_PX = 1, 512


class Brush(msgspec.Struct, frozen=True, kw_only=True):
    """`size_px` across, in pixels of the picture. `softness`: the share of its radius over which it fades, 0 to 1."""

    size_px: float = 48.0
    softness: float = 0.25
    erases: bool = False


class Dab(msgspec.Struct, frozen=True):
    """Where the brush is, in pixels of the picture, and how much of its size it has: what the pen's pressure gives."""

    x: float
    y: float
    share: float = 1.0


def paint(mask: Mask, brush: Brush, begin: Dab, end: Dab) -> Rect:
    """Draw the stretch from `begin` to `end` into `mask`; the rectangle that may have changed, empty where none did.

    A stroke covers and does not add up: the pixel keeps the most (the eraser's: the least) that any stretch gives it.
    """
    reach = brush.size_px / 2 * max(begin.share, end.share) + 1.0
    left, top, right, bottom = rect = _around(mask, begin, end, reach)
    if left >= right or top >= bottom:
        return (0, 0, 0, 0)
    x = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5)  # a pixel is where its middle is
    y = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
    cover = _cover(x, y, brush, begin, end)
    part = mask[top:bottom, left:right]
    if brush.erases:
        np.minimum(part, 255 - cover, out=part)
    else:
        np.maximum(part, cover, out=part)
    return rect


def _around(mask: Mask, begin: Dab, end: Dab, reach: float) -> Rect:
    height, width = mask.shape
    return (
        max(int(min(begin.x, end.x) - reach), 0),
        max(int(min(begin.y, end.y) - reach), 0),
        min(int(max(begin.x, end.x) + reach) + 1, width),
        min(int(max(begin.y, end.y) + reach) + 1, height),
    )


def _cover(x: NDArray[np.float32], y: NDArray[np.float32], brush: Brush, begin: Dab, end: Dab) -> Mask:
    """How much of each pixel the stretch covers, by its distance from the line between the two dabs."""
    dx, dy = end.x - begin.x, end.y - begin.y
    along = ((x - begin.x) * dx + (y - begin.y) * dy) / max(dx * dx + dy * dy, 1e-9)
    t = np.clip(along, 0.0, 1.0)
    distance = np.sqrt(np.square(x - (begin.x + t * dx)) + np.square(y - (begin.y + t * dy)))
    radius = brush.size_px / 2 * (begin.share + (end.share - begin.share) * t)
    # Over one pixel at least, so that a hard edge is smooth too.
    amount = np.clip((radius + 0.5 - distance) / (radius * brush.softness + 1.0), 0.0, 1.0)
    return np.asarray(255.0 * amount * amount * (3.0 - 2.0 * amount) + 0.5, np.uint8)

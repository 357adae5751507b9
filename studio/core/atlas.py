"""The atlas: which places of the plane are drawn as small pictures, in which order, when the studio has nothing to do.

Coarse to fine: each level halves the cells of the one before, and lies on top of it.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from studio.core.blend import Blend
from studio.core.canvas import Canvas, Point, blend_at, can_blend

LEVELS = (2, 4, 8, 16)
"""Cells a side, coarse to fine."""
FADE = 0.22
"""The atlas fades out over this distance from the keyframes' hull."""
_MARGIN = FADE
_SIDE_MIN = 0.5
_PLACES = 4
"""Decimals of a tile's shares: places that no eye tells apart are one picture."""


class Region(msgspec.Struct, frozen=True):
    """A square of the plane."""

    left: float
    top: float
    side: float


class Cell(msgspec.Struct, frozen=True):
    """One of `level` × `level` cells of a region."""

    level: int
    column: int
    row: int


def region_of(canvas: Canvas) -> Region:
    """The square that the atlas covers: around all keyframes, with a margin."""
    xs, ys = [each.x for each in canvas.placed] or [0.0], [each.y for each in canvas.placed] or [0.0]
    side = max(max(xs) - min(xs), max(ys) - min(ys), _SIDE_MIN) + 2 * _MARGIN
    return Region((min(xs) + max(xs) - side) / 2, (min(ys) + max(ys) - side) / 2, side)


def centre(region: Region, cell: Cell) -> Point:
    """The middle of `cell`: what its picture shows."""
    width = region.side / cell.level
    return (region.left + (cell.column + 0.5) * width, region.top + (cell.row + 0.5) * width)


def order(canvas: Canvas, near: Point) -> tuple[Cell, ...]:
    """The cells worth drawing, in order: coarse ones first, in a level those nearest to `near` first."""
    if not can_blend(canvas):
        return ()
    region, around = region_of(canvas), hull([(each.x, each.y) for each in canvas.placed])
    return tuple(cell for level in LEVELS for cell in _level(level, region, around, near))


def tile_blend(canvas: Canvas, point: Point) -> Blend:
    """The blend at `point`, both materials there, with shares rounded so that like places are one picture."""
    blend = blend_at(msgspec.structs.replace(canvas, linked=True), point)
    rounded = _rounded(blend.noise_shares)
    return msgspec.structs.replace(blend, noise_shares=rounded, prompt_shares=rounded)


def hull(points: Sequence[Point]) -> tuple[Point, ...]:
    """The convex hull, counter-clockwise as y points up (Andrew 1979, monotone chain); two points for a line."""
    # Nearer together than a millionth of a screen's pixel is one place: the chain's products would underflow.
    places = {(round(x, 9) + 0.0, round(y, 9) + 0.0): (x, y) for x, y in points}
    ordered = [places[place] for place in sorted(places)]
    if len(ordered) <= 2:
        return tuple(ordered)
    lower, upper = _chain(ordered), _chain(ordered[::-1])
    return tuple(lower[:-1] + upper[:-1])


def distances(around: Sequence[Point], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far outside the hull `around` each of `points` (…, 2) is; 0 inside."""
    corners = np.array(around, dtype=np.float64).reshape(-1, 2)
    if len(corners) == 0:
        return np.full(points.shape[:-1], np.inf)
    start, way = corners, np.roll(corners, -1, axis=0) - corners
    offset = points[..., None, :] - start
    length = np.maximum((way**2).sum(-1), 1e-18)
    along = np.clip((offset * way).sum(-1) / length, 0, 1)
    nearest = np.sqrt(((offset - along[..., None] * way) ** 2).sum(-1)).min(-1)
    left_of = way[:, 0] * offset[..., 1] - way[:, 1] * offset[..., 0]
    inside = (left_of >= 0).all(-1) & (len(corners) > 2)
    return np.where(inside, 0.0, nearest)


def _level(level: int, region: Region, around: Sequence[Point], near: Point) -> list[Cell]:
    cells = [Cell(level, column, row) for row in range(level) for column in range(level)]
    middles = np.array([centre(region, cell) for cell in cells])
    reach = FADE + region.side / level * math.sqrt(0.5)
    worth = distances(around, middles) < reach
    kept = [
        (math.dist(middle, near), cell)
        for middle, cell, is_worth in zip(middles, cells, worth, strict=True)
        if is_worth
    ]
    return [cell for _, cell in sorted(kept, key=lambda pair: pair[0])]


def _chain(ordered: Sequence[Point]) -> list[Point]:
    found: list[Point] = []
    for point in ordered:
        while len(found) > 1 and _turn(found[-2], found[-1], point) <= 0:
            found.pop()
        found.append(point)
    return found


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    """Rounded, the largest taking up what that leaves, so that the sum is 1."""
    found = [round(value, _PLACES) for value in values]
    largest = found.index(max(found))
    found[largest] = 1.0 - sum(value for i, value in enumerate(found) if i != largest)
    return tuple(found)

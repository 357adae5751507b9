"""The latent canvas: keyframes on a plane, and the shares that a point among them has of each.

Coordinates are abstract: x to the right, y down, about −1 to 1 in view.
"""

import enum
import math
from collections.abc import Sequence
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from studio.core.blend import KEYFRAMES_MAX, Blend, Keyframe, Law, shares
from studio.core.errors import OptionError

Point: TypeAlias = tuple[float, float]

CANVAS_VERSION = 1
CANVAS_BYTES_MAX = 40 << 20
"""Twelve largest pictures, as JSON."""
GRID = 0.1
"""What keyframes snap to."""
REACH = 100.0
"""No keyframe lies farther out than this."""
_ON_TOP = 1e-9
"""Distance below which a point is on a keyframe."""
_SQUARENESS = 1e-3
"""How far a corner may be from its rectangle, as a part of the diagonal."""


class Material(enum.StrEnum):
    """What a blend is made of: noise decides the composition, the prompt's embeddings the content."""

    NOISE = "noise"
    PROMPT = "prompt"


class Placed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A keyframe and where it lies."""

    keyframe: Keyframe
    x: float = 0.0
    y: float = 0.0


class Canvas(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything on the canvas. `puck` sets both materials while `linked`; else only the noise, `prompt_puck` the rest.

    `sharpness` is the exponent of inverse-distance weighting: higher keeps closer to the nearest keyframe.
    `noise_shares` and `prompt_shares` were set by hand, where no place on the plane has just these; empty otherwise.
    """

    version: int = CANVAS_VERSION
    placed: Annotated[tuple[Placed, ...], Meta(max_length=KEYFRAMES_MAX)] = ()
    puck: Point = (0.0, 0.0)
    prompt_puck: Point = (0.0, 0.0)
    linked: bool = True
    sharpness: Annotated[
        float,
        Meta(
            ge=1.0,
            le=8.0,
            title="Sharpness",
            description="How strongly the nearest keyframe wins.",
            extra={"step": 0.5},
        ),
    ] = 2.0
    law: Law = Law.GRAM
    noise_shares: Annotated[tuple[float, ...], Meta(max_length=KEYFRAMES_MAX)] = ()
    prompt_shares: Annotated[tuple[float, ...], Meta(max_length=KEYFRAMES_MAX)] = ()


def blend_of(canvas: Canvas) -> Blend:
    """The blend that the canvas stands at: under its pucks, or as set by hand. Raises OptionError as `blend_at`."""
    _need_two(canvas)
    keyframes = tuple(each.keyframe for each in canvas.placed)
    noise, prompt = (shares_of(canvas, material) for material in Material)
    return Blend(keyframes=keyframes, noise_shares=noise, prompt_shares=prompt, law=canvas.law)


def can_blend(canvas: Canvas) -> bool:
    """Whether a picture can be made between the keyframes: there are two at least, and as many as the law takes."""
    count = len(canvas.placed)
    return count == 2 or (count > 2 and not canvas.law.is_of_two)


def shares_of(canvas: Canvas, material: Material) -> tuple[float, ...]:
    """The present share of each keyframe in `material`; none where there are no keyframes."""
    follows_noise = canvas.linked or material is Material.NOISE
    by_hand = canvas.noise_shares if follows_noise else canvas.prompt_shares
    if by_hand or not canvas.placed:
        return by_hand
    return shares_at(canvas, canvas.puck if follows_noise else canvas.prompt_puck)


def puck_of(canvas: Canvas, material: Material) -> Point:
    """Where the puck of `material` lies; there is one for both while they are linked."""
    return canvas.puck if canvas.linked or material is Material.NOISE else canvas.prompt_puck


def blend_at(canvas: Canvas, puck: Point, prompt_puck: Point | None = None) -> Blend:
    """The blend under the puck. Raises OptionError where there are fewer than two keyframes."""
    _need_two(canvas)
    noise = shares_at(canvas, puck)
    prompt = noise if canvas.linked else shares_at(canvas, prompt_puck or canvas.prompt_puck)
    keyframes = tuple(each.keyframe for each in canvas.placed)
    return Blend(keyframes=keyframes, noise_shares=noise, prompt_shares=prompt, law=canvas.law)


def _need_two(canvas: Canvas) -> None:
    if len(canvas.placed) < 2:
        raise OptionError("canvas", "Put at least two keyframes on the canvas to blend between them.")


def shares_at(canvas: Canvas, point: Point) -> tuple[float, ...]:
    """The share of each keyframe at `point`: exact on a keyframe, summing to 1.

    Linear between two, bilinear when four sit on a rectangle (clamped to its edges), inverse-distance otherwise.
    """
    if not all(math.isfinite(coordinate) for coordinate in point):
        raise OptionError("at", "The point's coordinates must be numbers.")
    places = [(each.x, each.y) for each in canvas.placed]
    on_top = [math.dist(point, place) < _ON_TOP for place in places]
    if any(on_top):  # several keyframes on one spot share it
        return shares(on_top)
    if len(places) == 2:
        return _linear(places, point)
    corners = _rectangle(places) if len(places) == 4 else None
    return _bilinear(places, corners, point) if corners else _inverse_distance(places, point, canvas.sharpness)


def _linear(places: Sequence[Point], point: Point) -> tuple[float, ...]:
    t = _along(places[0], places[1], point)
    return (1 - t, t)


def _along(start: Point, end: Point, point: Point) -> float:
    """Where `point`'s foot lies from `start` (0) to `end` (1)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    t = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / length if length else 0.5
    return min(1.0, max(0.0, t))


def _rectangle(places: Sequence[Point]) -> tuple[int, int, int, int] | None:
    """The four indices in order around the rectangle that the places form, or None."""
    cx, cy = sum(x for x, _ in places) / 4, sum(y for _, y in places) / 4
    a, b, c, d = sorted(range(4), key=lambda i: math.atan2(places[i][1] - cy, places[i][0] - cx))
    radii = [math.dist((cx, cy), place) for place in places]
    diagonal = 2 * max(radii)
    closes = math.dist(_sum(places[a], places[c]), _sum(places[b], places[d])) < _SQUARENESS * diagonal
    square = max(radii) - min(radii) < _SQUARENESS * diagonal
    wide = min(math.dist(places[a], places[b]), math.dist(places[b], places[c])) > _SQUARENESS * diagonal
    return (a, b, c, d) if diagonal > 0 and closes and square and wide else None


def _sum(p: Point, q: Point) -> Point:
    return (p[0] + q[0], p[1] + q[1])


def _bilinear(places: Sequence[Point], corners: tuple[int, int, int, int], point: Point) -> tuple[float, ...]:
    a, b, c, d = corners
    u, v = _along(places[a], places[b], point), _along(places[a], places[d], point)
    by_corner = {a: (1 - u) * (1 - v), b: u * (1 - v), c: u * v, d: (1 - u) * v}
    return tuple(by_corner[i] for i in range(4))


def _inverse_distance(places: Sequence[Point], point: Point, sharpness: float) -> tuple[float, ...]:
    """Shepard 1968. Distances are taken relative to the nearest, so that no power overflows."""
    distances = [math.dist(point, place) for place in places]
    nearest = min(distances)
    return shares([(nearest / distance) ** sharpness for distance in distances])


def read_canvas(text: str | bytes) -> Canvas:
    """Parse a canvas document. Raises OptionError with what is wrong with it."""
    if len(text) > CANVAS_BYTES_MAX:
        raise OptionError("canvas", "The canvas cannot be read: the file is too large for one.")
    try:
        canvas = msgspec.json.decode(text, type=Canvas)
    except (msgspec.DecodeError, RecursionError) as error:
        version = _version(text)
        if version > CANVAS_VERSION:
            raise OptionError(
                "canvas", f"The canvas was made by a newer studio (version {version}). Update this one to open it."
            ) from error
        raise OptionError("canvas", f"The canvas cannot be read: {error}. Save it again from the studio.") from error
    if canvas.version != CANVAS_VERSION:
        raise OptionError("canvas", f"This studio reads canvas version {CANVAS_VERSION}, not {canvas.version}.")
    check_canvas(canvas)
    return canvas


def check_canvas(canvas: Canvas) -> None:
    """Raise `OptionError` where a place is off the plane, or shares set by hand do not fit the keyframes."""
    places = [canvas.puck, canvas.prompt_puck, *((each.x, each.y) for each in canvas.placed)]
    if not all(abs(coordinate) <= REACH for place in places for coordinate in place):  # not a number is not ≤ either
        raise OptionError("canvas", f"The canvas cannot be read: a place lies farther out than {REACH:g}.")
    for each in (canvas.noise_shares, canvas.prompt_shares):
        if each and (len(each) != len(canvas.placed) or abs(sum(shares(each)) - sum(each)) > 1e-6):
            raise OptionError("canvas", "The canvas cannot be read: its weights do not fit its keyframes.")


def write_canvas(canvas: Canvas) -> bytes:
    """`canvas` as a JSON document for `read_canvas`."""
    return msgspec.json.format(msgspec.json.encode(canvas), indent=1)


def _version(text: str | bytes) -> int:
    class _Head(msgspec.Struct):
        version: int = 0

    try:
        return msgspec.json.decode(text, type=_Head).version
    except (msgspec.DecodeError, RecursionError):
        return 0

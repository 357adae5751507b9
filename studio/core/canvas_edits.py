"""What an artist does to a canvas. Each function takes one and gives the next."""

import enum
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from msgspec.structs import replace

from studio.core.blend import KEYFRAMES_MAX, Blend, Keyframe, Law, shares
from studio.core.canvas import GRID, REACH, Canvas, Material, Placed, Point, shares_of
from studio.core.errors import OptionError
from studio.core.recipe import Recipe
from studio.core.wildcards import chosen, expand_wildcards

_T = TypeVar("_T")
_SAME_SHARE = 1e-9
_HALF = 0.8
"""Half the width of the figures that keyframes are arranged in."""
_TRIANGLE = ((0.0, -_HALF), (_HALF * math.sqrt(0.75), _HALF / 2), (-_HALF * math.sqrt(0.75), _HALF / 2))
_SQUARE = ((-_HALF, -_HALF), (_HALF, -_HALF), (_HALF, _HALF), (-_HALF, _HALF))
_ROOM = 0.75
"""Distance at which keyframes do not crowd one another."""
_PLACES = (
    (-0.8, 0.0), (0.8, 0.0), (0.0, -0.8), (0.0, 0.8), (-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8),
    (-0.4, -0.4), (0.4, -0.4), (0.4, 0.4), (-0.4, 0.4), (0.0, 0.0),
)  # fmt: skip


class Arrangement(enum.StrEnum):
    """Figures that keyframes can be laid out in."""

    LINE = "Line"
    TRIANGLE = "Triangle"
    SQUARE = "Square"
    CIRCLE = "Circle"


def with_puck(canvas: Canvas, material: Material, point: Point) -> Canvas:
    """The puck of `material` at `point`. While linked, the other one comes along. Raises OptionError."""
    if not all(math.isfinite(coordinate) for coordinate in point):
        raise OptionError("at", "The point's coordinates must be numbers.")
    x, y = (min(REACH, max(-REACH, coordinate)) for coordinate in point)
    if canvas.linked:
        return replace(canvas, puck=(x, y), prompt_puck=(x, y), noise_shares=(), prompt_shares=())
    if material is Material.NOISE:
        return replace(canvas, puck=(x, y), noise_shares=())
    return replace(canvas, prompt_puck=(x, y), prompt_shares=())


def with_shares(canvas: Canvas, material: Material, weights: Sequence[float]) -> Canvas:
    """These weights, scaled to sum to 1, whatever place they belong to. Raises OptionError.

    The puck goes to the weighted mean of the keyframes' places. Where that place has just these shares (always between
    two keyframes, and on a rectangle wherever the weights are bilinear) it sets them again; else they stand by hand.
    """
    if len(weights) != len(canvas.placed):
        raise OptionError("weights", f"{len(canvas.placed)} keyframes need as many weights, not {len(weights)}.")
    wanted = shares(weights)
    x = sum(share * each.x for share, each in zip(wanted, canvas.placed, strict=True))
    y = sum(share * each.y for share, each in zip(wanted, canvas.placed, strict=True))
    moved = with_puck(canvas, material, (x, y))
    found = shares_of(moved, material)
    if max(abs(one - other) for one, other in zip(wanted, found, strict=True)) < _SAME_SHARE:
        return moved
    if canvas.linked:
        return replace(moved, noise_shares=wanted, prompt_shares=wanted)
    return replace(moved, **{f"{material}_shares": wanted})


def with_share(canvas: Canvas, material: Material, index: int, share: float) -> Canvas:
    """Keyframe `index` with this share of 0 to 1; the others keep their proportions (equal where they had none)."""
    if not 0 <= share <= 1:
        raise OptionError("weights", "A keyframe's share must be between 0 and 1.")
    others = [value for i, value in enumerate(shares_of(canvas, material)) if i != index]
    rest = sum(others)
    scaled = [(1 - share) * (value / rest if rest > _SAME_SHARE else 1 / len(others)) for value in others]
    return with_shares(canvas, material, [*scaled[:index], share if others else 1.0, *scaled[index:]])


def with_linked(canvas: Canvas, linked: bool) -> Canvas:
    """One puck for both materials, or one each. Parting changes no share; linking takes the noise's for both."""
    return replace(canvas, linked=linked, prompt_puck=canvas.puck, prompt_shares=canvas.noise_shares)


def add_keyframe(canvas: Canvas, keyframe: Keyframe, place: Point | None = None) -> Canvas:
    """One more keyframe, at `place` or where there is room. Raises OptionError where there are twelve.

    A third one under a law of two brings the law of any number, so that there is a picture between them still.
    """
    if len(canvas.placed) >= KEYFRAMES_MAX:
        raise OptionError("canvas", f"The canvas holds at most {KEYFRAMES_MAX} keyframes. Delete one to add another.")
    x, y = free_place(canvas) if place is None else place
    if not (abs(x) <= REACH and abs(y) <= REACH):
        raise OptionError("canvas", "That is too far out. Put the keyframe nearer to the others.")
    is_one_too_many = canvas.law.is_of_two and len(canvas.placed) == 2
    return replace(
        canvas,
        placed=(*canvas.placed, Placed(keyframe=keyframe, x=x, y=y)),
        law=Law.GRAM if is_one_too_many else canvas.law,
        noise_shares=(*canvas.noise_shares, 0.0) if canvas.noise_shares else (),
        prompt_shares=(*canvas.prompt_shares, 0.0) if canvas.prompt_shares else (),
    )


def free_place(canvas: Canvas) -> Point:
    """A place with room: left, right, above, below, then the corners, then wherever there is most."""
    taken = [(each.x, each.y) for each in canvas.placed]
    room = {place: min((math.dist(place, other) for other in taken), default=math.inf) for place in _PLACES}
    return next((place for place in _PLACES if room[place] >= _ROOM), max(_PLACES, key=lambda place: room[place]))


def duplicate(canvas: Canvas, index: int) -> Canvas:
    """The same keyframe once more, beside it."""
    each = canvas.placed[index]
    return add_keyframe(canvas, each.keyframe, (each.x + 2 * GRID, each.y + 2 * GRID))


def remove(canvas: Canvas, index: int) -> Canvas:
    """Without keyframe `index`; shares set by hand keep their proportions."""
    return replace(
        canvas,
        placed=_without(canvas.placed, index),
        noise_shares=_rescaled(_without(canvas.noise_shares, index)),
        prompt_shares=_rescaled(_without(canvas.prompt_shares, index)),
    )


def move_keyframe(canvas: Canvas, index: int, place: Point) -> Canvas:
    """Keyframe `index` at `place`."""
    x, y = (min(REACH, max(-REACH, coordinate)) for coordinate in place)
    return _replace_at(canvas, index, replace(canvas.placed[index], x=x, y=y))


def change_keyframe(canvas: Canvas, index: int, **fields: object) -> Canvas:
    """Keyframe `index` with these fields."""
    each = canvas.placed[index]
    return _replace_at(canvas, index, replace(each, keyframe=replace(each.keyframe, **fields)))


def arrange(canvas: Canvas, figure: Arrangement) -> Canvas:
    """The keyframes evenly along a figure, in their order; a circle or a triangle begins at its top."""
    count = len(canvas.placed)
    if figure is Arrangement.LINE:
        places = [(_HALF * (2 * i / max(1, count - 1) - 1), 0.0) for i in range(count)]
    elif figure is Arrangement.CIRCLE:
        angles = [2 * math.pi * i / max(1, count) - math.pi / 2 for i in range(count)]
        places = [(_HALF * math.cos(angle), _HALF * math.sin(angle)) for angle in angles]
    else:
        corners = _TRIANGLE if figure is Arrangement.TRIANGLE else _SQUARE
        places = [_on_outline(corners, i / count) for i in range(count)]
    tidy = [(round(x, 9), round(y, 9)) for x, y in places]  # so that corners are corners, to the bit
    placed = tuple(replace(each, x=x, y=y) for each, (x, y) in zip(canvas.placed, tidy, strict=True))
    return replace(canvas, placed=placed)


def snap(point: Point, step: float = GRID) -> Point:
    """The nearest crossing of the grid."""
    x, y = (round(coordinate / step) * step for coordinate in point)
    return (round(x, 9), round(y, 9))


def variation_canvas(seed: int, variation_seed: int, strength: float, of: Keyframe | None = None) -> Canvas:
    """AUTOMATIC1111's variation seed: two keyframes, blended by slerp with `strength` of the second.

    Both have the prompts of `of`, or leave them open. Raises OptionError for a strength outside 0 to 1.
    """
    if not 0 <= strength <= 1:
        raise OptionError("strength", "The variation strength must be between 0 and 1.")
    start = replace(of or Keyframe(seed=seed), seed=seed)
    end = replace(start, seed=variation_seed, picture=b"", closeness=1.0, name="")
    ends = (Placed(keyframe=start, x=-_HALF), Placed(keyframe=end, x=_HALF))
    return with_shares(Canvas(placed=ends, law=Law.SLERP), Material.NOISE, (1 - strength, strength))


def canvas_of_blend(blend: Blend) -> Canvas:
    """A canvas that stands at `blend`: its keyframes in a figure, the weights as they were."""
    figures = {2: Arrangement.LINE, 3: Arrangement.TRIANGLE, 4: Arrangement.SQUARE}
    bare = Canvas(placed=tuple(Placed(keyframe=each) for each in blend.keyframes), law=blend.law)
    laid_out = arrange(bare, figures.get(len(blend.keyframes), Arrangement.CIRCLE))
    at_noise = with_shares(laid_out, Material.NOISE, blend.noise_shares)
    if blend.noise_shares == blend.prompt_shares:
        return at_noise
    return with_shares(with_linked(at_noise, False), Material.PROMPT, blend.prompt_shares)


def canvas_at_blend(blend: Blend) -> Canvas:
    """The canvas of `blend`, its shares to the bit, so that the same picture comes of it."""
    canvas = canvas_of_blend(blend)
    return replace(canvas, noise_shares=blend.noise_shares, prompt_shares=blend.prompt_shares)


def keyframe_of(recipe: Recipe, seed: int) -> Keyframe:
    """A keyframe of the prompts of `recipe`, with that seed."""
    return Keyframe(seed=seed, prompt=recipe.prompt, negative_prompt=recipe.negative_prompt)


def blend_recipe(recipe: Recipe, blend: Blend) -> Recipe:
    """`recipe` as a picture of `blend`.

    The seed is the first keyframe's everywhere, so that schedulers that draw noise of their own draw the same while
    the puck moves. Where no keyframe leaves the prompt open, it names what there is most of. Choices in a keyframe's
    prompts are made by its own seed, those in an open one by the first's.
    """
    blend = replace(blend, keyframes=tuple(map(_with_choices, blend.keyframes)))
    most = blend.keyframes[max(range(len(blend.keyframes)), key=lambda i: blend.prompt_shares[i])]
    is_open = any(each.prompt is None for each in blend.keyframes)
    is_negative_open = any(each.negative_prompt is None for each in blend.keyframes)
    made = replace(
        recipe,
        blend=blend,
        seed=blend.keyframes[0].seed,
        prompt=recipe.prompt if is_open else most.prompt or "",
        negative_prompt=recipe.negative_prompt if is_negative_open else most.negative_prompt or "",
        learned_words=None,
    )
    return chosen(made)


def _with_choices(keyframe: Keyframe) -> Keyframe:
    texts = {"prompt": keyframe.prompt, "negative_prompt": keyframe.negative_prompt}
    return replace(
        keyframe, **{name: expand_wildcards(text, keyframe.seed) for name, text in texts.items() if text is not None}
    )


def advice(canvas: Canvas) -> str:
    """One sentence on why dragging would change nothing or make nothing; empty where all is well."""
    keyframes = [replace(each.keyframe, name="") for each in canvas.placed]
    if len(keyframes) < 2:
        return "Put at least two keyframes on the canvas to blend between them." if keyframes else ""
    if canvas.law.is_of_two and len(keyframes) != 2:
        return f"{canvas.law} blends exactly 2 keyframes, not {len(keyframes)}. Choose {Law.GRAM}."
    if len(set(keyframes)) == 1:
        return "All keyframes are the same, so every place shows one picture. Reseed one."
    places = {(round(each.x, 6), round(each.y, 6)) for each in canvas.placed}
    return "Keyframes on one spot share it. Move one to blend between them." if len(places) < len(keyframes) else ""


def _replace_at(canvas: Canvas, index: int, placed: Placed) -> Canvas:
    return replace(canvas, placed=(*canvas.placed[:index], placed, *canvas.placed[index + 1 :]))


def _without(values: tuple[_T, ...], index: int) -> tuple[_T, ...]:
    return values[:index] + values[index + 1 :]


def _rescaled(weights: tuple[float, ...]) -> tuple[float, ...]:
    return shares(weights) if any(weights) else ()


def _on_outline(corners: Sequence[Point], fraction: float) -> Point:
    """The point that far along the outline, 0 to 1, from the first corner and back to it."""
    ring = [*corners, corners[0]]
    lengths = [math.dist(a, b) for a, b in pairwise(ring)]
    way = fraction * sum(lengths)
    for (a, b), length in zip(pairwise(ring), lengths, strict=True):
        if way <= length:
            part = way / length
            return (a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]))
        way -= length
    return corners[0]

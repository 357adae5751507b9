"""A walk over the canvas: from keyframe to keyframe, in their order."""

import msgspec

from studio.core.blend import Blend
from studio.core.canvas import Canvas, blend_of


def path_shares(keyframes: int, t: float) -> tuple[float, ...]:
    """The shares at `t` (0 to 1) of a walk through `keyframes` keyframes (2 or more): two neighbours at a time."""
    place = min(1.0, max(0.0, t)) * (keyframes - 1)
    start = min(int(place), keyframes - 2)
    part = place - start
    return tuple(1 - part if i == start else part if i == start + 1 else 0.0 for i in range(keyframes))


def blend_on_path(canvas: Canvas, t: float) -> Blend:
    """The blend at `t` of the walk; noise and prompt go together. Raises OptionError for fewer than two keyframes."""
    blend = blend_of(canvas)
    here = path_shares(len(blend.keyframes), t)
    return msgspec.structs.replace(blend, noise_shares=here, prompt_shares=here)


def even_places(frames: int) -> tuple[float, ...]:
    """`frames` (2 or more) places from 0 to 1, equally far apart."""
    return tuple(number / (frames - 1) for number in range(frames))

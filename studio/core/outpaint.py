"""Outpainting: a picture with room around it, and a mask over the room."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from studio.core.errors import OptionError
from studio.core.events import Picture
from studio.core.options import option
from studio.core.recipe import Recipe
from studio.core.start import Start
from studio.core.start_mask import SEAM_PX
from studio.core.start_picture import start_from_picture

REACH_PX = SEAM_PX
"""How far the mask reaches into the old picture: the new one takes up what it ends with."""
STRENGTH = 0.9
"""The room's first filling steers its colours; at 1 it would not be looked at."""
_GRAIN = 24.0
"""Standard deviation of the filling's noise, in steps of 0 to 255: smooth bands would stay smooth."""

Margins: TypeAlias = tuple[int, int]
"""Pixels before and after."""


def outpainted(
    picture: Picture, left: int, top: int, right: int, bottom: int, *, multiple: int
) -> tuple[Start, int, int]:
    """A start that makes room around `picture` (height, width, 3) uint8, and the new width and height.

    Each side gets at least so many pixels; more where the sides are to be multiples of `multiple`, and then on the side
    that was to grow, right and bottom first. The room is filled with the picture's rim, blurred and grained. The mask
    reaches `REACH_PX` into the picture, where old and new are mixed; beyond it every pixel stays.

    Raises:
        OptionError: for a side below 0, for nothing to add, and for a picture that would be too large.
    """
    if min(left, top, right, bottom) < 0 or not any((left, top, right, bottom)):
        raise OptionError(
            "outpaint", "Outpaint: give how many pixels to add on each side, 0 or more, and not 0 on all."
        )
    across = _rounded("width", picture.shape[1], left, right, multiple)
    down = _rounded("height", picture.shape[0], top, bottom, multiple)
    filled = _filled(picture, down, across)
    kept = np.ix_(_kept(picture.shape[0], down), _kept(picture.shape[1], across))
    mask = np.full(filled.shape[:2], 255, np.uint8)
    mask[kept] = 0
    return start_from_picture(filled, strength=STRENGTH, mask=mask), filled.shape[1], filled.shape[0]


def _rounded(name: str, side: int, before: int, after: int, multiple: int) -> Margins:
    missing = -(before + side + after) % multiple
    before, after = (before + missing, after) if before and not after else (before, after + missing)
    whole, most = before + side + after, option(Recipe, name).maximum
    if most is not None and whole > most:
        raise OptionError("outpaint", f"Outpaint: the {name} would be {whole:,} px, and {most:,.0f} is the most.")
    return before, after


def _kept(side: int, margins: Margins) -> NDArray[np.intp]:
    """Where the old picture's pixels stay, along one side of the new one."""
    before, after = margins
    return np.arange(before + REACH_PX * bool(before), before + side - REACH_PX * bool(after))


def _filled(picture: Picture, down: Margins, across: Margins) -> Picture:
    """`picture` in the middle, its rim spread outwards."""
    filled = Image.fromarray(np.pad(picture, (down, across, (0, 0)), mode="edge"))
    blurred = np.asarray(filled.filter(ImageFilter.GaussianBlur(max(*down, *across) / 4)), np.float32)
    grain = np.random.default_rng(0).normal(0.0, _GRAIN, (*blurred.shape[:2], 1))
    made: Picture = np.clip(blurred + grain, 0, 255).astype(np.uint8)
    made[down[0] : down[0] + picture.shape[0], across[0] : across[0] + picture.shape[1]] = picture
    return made

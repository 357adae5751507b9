"""Several pictures side by side, as previews of pictures that are made together show them."""

import math
from collections.abc import Sequence

import numpy as np

from studio.core.events import Picture

_EMPTY = 48
"""Grey level of a place without a picture."""


def grid_of(count: int) -> tuple[int, int]:
    """Columns and rows for so many pictures, as square as may be: 2 and 1 for two, 3 and 3 for eight."""
    columns = math.ceil(math.sqrt(count))
    return columns, math.ceil(count / columns)


def tiled(pictures: Sequence[Picture]) -> Picture:
    """`pictures`, at least one and all (h, w, 3), row by row in `grid_of` their number: (rows · h, columns · w, 3)."""
    if len(pictures) == 1:
        return pictures[0]
    columns, rows = grid_of(len(pictures))
    height, width = pictures[0].shape[:2]
    whole: Picture = np.full((rows * height, columns * width, 3), _EMPTY, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = height * (number // columns), width * (number % columns)
        whole[top : top + height, left : left + width] = picture
    return whole

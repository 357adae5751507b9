"""How like two pictures are at a glance: in composition and colours, not in every pixel."""

import numpy as np
from numpy.typing import NDArray

from studio.core.events import Picture

_SIDE = 64
"""Places compared, across and down."""


def likeness(one: Picture, other: Picture) -> float:
    """Pearson's correlation, −1 to 1, of two pictures of one shape but perhaps not of one size; 0 where one is flat."""
    values = [_sampled(each) for each in (one, other)]
    if min(float(each.std()) for each in values) == 0:
        return 0.0
    return float(np.corrcoef(values[0], values[1])[0, 1])


def _sampled(picture: Picture) -> NDArray[np.float64]:
    """The values at places evenly over the picture."""
    rows, columns = (((np.arange(_SIDE) + 0.5) * side / _SIDE).astype(int) for side in picture.shape[:2])
    return picture[np.ix_(rows, columns)].astype(np.float64).ravel()

"""Where the picture changes: from the differences of frames already rendered to a slider that changes it evenly."""

import heapq
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Frames = Sequence[tuple[float, NDArray[np.float32]]]
"""(t, preview) pairs: t from 0 to 1, previews of one shape, any value range."""


def distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Root mean square difference of two previews, in their own units."""
    return float(np.sqrt(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)))


_FIRST_LOOKS = 9


def survey(look: Callable[[float], NDArray[np.float32]], looks: int) -> "Evenness":
    """Find out where the picture changes by `looks` (2 or more) calls of `look`, t from 0 to 1 → a preview.

    A few looks are evenly apart; every further one halves the gap that the picture changes most across, so that a
    sudden change is found however narrow it is.
    """
    first = min(looks, _FIRST_LOOKS)
    seen = {number / (first - 1): look(number / (first - 1)) for number in range(first)}
    gaps = [(-distance(seen[a], seen[b]), a, b) for a, b in pairwise(sorted(seen))]
    heapq.heapify(gaps)
    while len(seen) < looks:
        _, a, b = heapq.heappop(gaps)
        middle = (a + b) / 2
        seen[middle] = look(middle)
        for start, end in ((a, middle), (middle, b)):
            heapq.heappush(gaps, (-distance(seen[start], seen[end]), start, end))
    return Evenness(tuple(seen.items()))


class Evenness:
    """The map between the slider's position and the blend's t that gives equal change for equal drags.

    Piecewise linear through the cumulative distance of the frames. With fewer than two frames, or no change between
    them, it is the identity.
    """

    def __init__(self, frames: Frames) -> None:
        """`frames` in any order; those at one t count once."""
        ordered = sorted(dict(frames).items())
        self.t = np.array([0.0, 1.0])
        self.change = np.array([0.0, 1.0])
        if len(ordered) < 2:
            return
        steps = np.array([distance(a, b) for (_, a), (_, b) in pairwise(ordered)])
        if steps.sum() > 0:
            self.t = np.array([t for t, _ in ordered])
            self.change = np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])

    def t_at(self, position: float) -> float:
        """The t for a slider position, both 0 to 1."""
        return float(np.interp(position, self.change, self.t))

    def position_of(self, t: float) -> float:
        """The slider position for a t, both 0 to 1."""
        return float(np.interp(t, self.t, self.change))

    def speed(self, t: float) -> float:
        """How fast the picture changes at t, against its mean over the slider: 1 is average."""
        index = int(np.clip(np.searchsorted(self.t, t, side="right") - 1, 0, len(self.t) - 2))
        rise = self.change[index + 1] - self.change[index]
        return float(rise / (self.t[index + 1] - self.t[index]) * (self.t[-1] - self.t[0]))

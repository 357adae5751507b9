"""How fast the picture changes over the plane, from the atlas's own tiles."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from studio.core.atlas import LEVELS, Cell

Signature: TypeAlias = NDArray[np.float32]
"""A tile's linear preview, (h, w, 3), made small by `condensed`."""
Speeds: TypeAlias = NDArray[np.float32]
"""(SIDE, SIDE), row by row over the atlas's region: 1 is the mean over what is known; not a number elsewhere."""

SIDE = LEVELS[-1]
_CELLS = 16
"""A side of a condensed signature: compositions are compared, not brush strokes."""
_LEAST = 1e-6


def condensed(signature: Signature) -> Signature:
    """`signature` (h, w, 3) averaged down to at most 16 × 16, so that hundreds can be kept."""
    rows, columns = (max(1, side // _CELLS) for side in signature.shape[:2])
    height, width = (side // step * step for side, step in zip(signature.shape[:2], (rows, columns), strict=True))
    blocks = signature[:height, :width].reshape(height // rows, rows, width // columns, columns, -1)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def speeds(tiles: Mapping[Cell, Signature]) -> Speeds | None:
    """Where over the plane the picture changes fast, from the tiles there are; None before any two are neighbours.

    The length of the gradient at each tile, from its differences to its neighbours of the same level. Finer levels
    replace coarser ones. A wide step sees less of a change that goes back and forth, so that coarse levels are scaled
    to agree with the finer one where both are known.
    """
    found = np.full((SIDE, SIDE), np.nan, np.float32)
    for level in LEVELS:
        here = _gradient(tiles, level)
        fine = here.repeat(SIDE // level, axis=0).repeat(SIDE // level, axis=1)
        both = np.isfinite(fine) & (found > _LEAST)
        if both.any():
            found *= np.median(fine[both] / found[both])
        found = np.where(np.isfinite(fine), fine, found)
    known = np.isfinite(found)
    mean = float(found[known].mean()) if known.any() else 0.0
    return (found / mean).astype(np.float32) if mean > _LEAST else None


def _gradient(tiles: Mapping[Cell, Signature], level: int) -> Speeds:
    """The change at each cell of `level` for one unit of the region's side, (level, level)."""
    squares = np.zeros((2, level, level), np.float64)
    counts = np.zeros((2, level, level), np.int64)
    for cell, signature in tiles.items():
        if cell.level != level:
            continue
        for axis, (down, right) in enumerate(((0, 1), (1, 0))):
            beside = tiles.get(Cell(level, cell.column + right, cell.row + down))
            if beside is None or beside.shape != signature.shape:
                continue
            rate = float(np.mean((signature - beside) ** 2)) * level**2
            for row, column in ((cell.row, cell.column), (cell.row + down, cell.column + right)):
                squares[axis, row, column] += rate
                counts[axis, row, column] += 1
    along = squares / np.maximum(counts, 1)
    return np.where(counts.any(axis=0), np.sqrt(along.sum(axis=0)), np.nan).astype(np.float32)

"""Where in a drawn picture its subjects are: they cover few pixels, and would be learned last."""

import msgspec
import numpy as np

from studio.training.scenes import draw_scene, sample_scene
from studio.training.shards import UInt8

_VISIBLE = 24
"""Levels of 255 by which a subject must change a pixel."""
_LARGEST_SHARE = 0.4
"""Of the picture: where more than this changes, a style drew everything anew, and the difference shows nothing."""


def focus(first_seed: int, count: int, width: int, height: int, cell: int) -> UInt8:
    """`(count, height / cell, width / cell)`: how much of each cell of `cell` pixels the subjects cover, 0 to 255."""
    return np.stack([_focus(seed, width, height, cell) for seed in range(first_seed, first_seed + count)])


def _focus(seed: int, width: int, height: int, cell: int) -> UInt8:
    scene = sample_scene(seed)
    shape = (height // cell, cell, width // cell, cell)
    if not scene.subjects:
        return np.zeros((shape[0], shape[2]), np.uint8)
    full = draw_scene(scene, width, height).astype(np.int16)
    empty = draw_scene(msgspec.structs.replace(scene, subjects=()), width, height).astype(np.int16)
    changed = np.abs(full - empty).max(axis=2) > _VISIBLE
    if changed.mean() > _LARGEST_SHARE:
        changed[:] = False
    return np.asarray(changed.reshape(shape).mean(axis=(1, 3)) * 255.0).round().astype(np.uint8)

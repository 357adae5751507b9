"""Sample sheets: many small pictures in one JPEG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from studio.training.shards import UInt8


def grid(pictures: UInt8, columns: int, gap: int = 4) -> UInt8:
    """`(n, h, w, 3)` to one picture with `columns` columns on white."""
    count, height, width, _ = pictures.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        top = gap + (index // columns) * (height + gap)
        left = gap + (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def write_sheet(path: Path, pictures: UInt8, columns: int, quality: int = 90) -> None:
    """Write a grid as JPEG, full chroma resolution."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grid(pictures, columns)).save(path, quality=quality, subsampling=0)


def interleave(*stacks: UInt8) -> UInt8:
    """Pictures of several equal stacks by turns: original, its reconstruction, the next original, ..."""
    return np.stack(stacks, axis=1).reshape(-1, *stacks[0].shape[1:])

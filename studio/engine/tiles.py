"""A picture decoded piece by piece: overlapping tiles, each fading into its neighbours."""

import itertools
from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

SIDE_MIN = 32
"""Of a tile, in latents: in smaller ones an autoencoder sees too little of the picture to agree with its neighbours."""
_OVERLAP = 8
"""Of neighbours, in latents. Measured on Horizon's autoencoder: 49 dB to the whole picture at least."""

Place: TypeAlias = tuple[slice, slice]
"""Rows and columns."""


def tile_places(height: int, width: int, side: int) -> list[Place]:
    """Where tiles of at most `side`×`side` lie in height × width latents, so that they cover all and overlap."""
    return list(itertools.product(_spans(height, side), _spans(width, side)))


def join_tiles(places: Sequence[Place], decoded: Callable[[int], Tensor], size: tuple[int, int], scale: int) -> Tensor:
    """The pictures (B, 3, H·scale, W·scale) of latents of `size` (H, W), made of those `decoded` of each place."""
    total = weights = torch.zeros(())
    for number, place in enumerate(places):
        tile = decoded(number)
        if number == 0:
            total = tile.new_zeros(*tile.shape[:2], *(length * scale for length in size))
            weights = total[:1, :1].clone()
        rows, columns = (slice(span.start * scale, span.stop * scale) for span in place)
        fade = _fade(tile.shape[-2], scale, tile)[:, None] * _fade(tile.shape[-1], scale, tile)
        total[..., rows, columns] += tile * fade
        weights[..., rows, columns] += fade
    return total / weights


def _spans(length: int, side: int) -> list[slice]:
    if length <= side:
        return [slice(0, length)]
    count = -(-(length - _OVERLAP) // (side - _OVERLAP))
    starts = [round(number * (length - side) / (count - 1)) for number in range(count)]
    return [slice(start, start + side) for start in starts]


def _fade(length: int, scale: int, like: Tensor) -> Tensor:
    """Weights (length,) of a tile's pixels: less towards its edges, and nowhere zero."""
    middles = torch.arange(length, device=like.device, dtype=like.dtype) + 0.5
    return (torch.minimum(middles, length - middles) / (_OVERLAP * scale)).clamp(max=1.0)

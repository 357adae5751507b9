"""Pictures, captions and tokens of drawn scenes, by seed, in parallel.

Seeds below `FIRST_TRAINING_SEED` are never trained on: measures draw from them.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from transformers import CLIPTokenizer

from studio.training.captions import caption
from studio.training.scenes import draw_scene, sample_scene
from studio.training.shards import UInt8

FIRST_TRAINING_SEED = 1_000_000
CAPTION_STEP = 7919


def pictures(first_seed: int, count: int, width: int, height: int) -> UInt8:
    """`(count, height, width, 3)` uint8 of consecutive seeds."""
    seeds = range(first_seed, first_seed + count)
    return np.stack([draw_scene(sample_scene(seed), width, height) for seed in seeds])


def captions(first_seed: int, count: int, each: int) -> list[list[str]]:
    """`each` different ways to say every scene."""
    scenes = ((seed, sample_scene(seed)) for seed in range(first_seed, first_seed + count))
    return [[caption(scene, seed * CAPTION_STEP + turn) for turn in range(each)] for seed, scene in scenes]


def tokens(texts: list[list[str]], folder: Path) -> npt.NDArray[np.int16]:
    """Token ids `(scenes, captions, length)`, padded as the tokenizer in `folder` pads."""
    tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    flat = [text for said in texts for text in said]
    ids = tokenizer(flat, padding="max_length", truncation=True, max_length=tokenizer.model_max_length).input_ids
    return np.asarray(ids, np.int16).reshape(len(texts), len(texts[0]), -1)


Chunk = tuple[int, int, int, int]


def _draw_chunk(chunk: Chunk) -> tuple[int, UInt8]:
    first, count, width, height = chunk
    return first, pictures(first, count, width, height)


def draw_shards(
    first_seeds: Iterable[int], shard: int, size: tuple[int, int], processes: int
) -> Iterator[tuple[int, UInt8]]:
    """Shards of `shard` pictures as they get ready, each with its first seed; `size` is (width, height)."""
    chunks: list[Chunk] = [(seed, shard, *size) for seed in first_seeds]
    if processes <= 1:
        yield from map(_draw_chunk, chunks)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(_draw_chunk, chunks)

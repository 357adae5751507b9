"""Growing folders of equal-sized arrays: written once by drawing processes, read at random by training.

A shard is one `.npz` or `.npy` file named by the first seed it holds. Writers finish a neighbour file and rename
it, so a reader only ever sees whole shards; readers look again from time to time, so that a folder may grow while it
is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

UInt8 = npt.NDArray[np.uint8]
LOOK_AGAIN_S = 60.0


def shard_path(folder: Path, first_seed: int, suffix: str) -> Path:
    """Where the shard that begins with `first_seed` lies."""
    return folder / f"{first_seed:010d}{suffix}"


def write_pictures(folder: Path, first_seed: int, pictures: UInt8) -> None:
    """One shard of pictures `(n, h, w, 3)`."""
    _write(shard_path(folder, first_seed, ".npy"), lambda stream: np.save(stream, pictures))


def write_latents(folder: Path, first_seed: int, latents: Any, ids: Any, focus: UInt8) -> None:
    """One shard: latents `(n, c, h, w)` float16, token ids `(n, captions, length)` int16, focus `(n, h, w)` uint8."""
    path = shard_path(folder, first_seed, ".npz")
    _write(path, lambda stream: np.savez(stream, latents=latents, ids=ids, focus=focus))


def write_ways(folder: Path, first_seed: int, latents: torch.Tensor, told: torch.Tensor) -> None:
    """One shard: latents at nodes `(n, nodes, c, h, w)` and embeddings `(n, tokens, width)`, both kept as float16."""
    path = shard_path(folder, first_seed, ".npz")
    halves = {"latents": latents.half().cpu().numpy(), "told": told.half().cpu().numpy()}
    _write(path, lambda stream: np.savez(stream, **halves))


def _write(path: Path, fill: Callable[[Any], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as stream:
        fill(stream)
    partial.replace(path)


class PictureStore:
    """Drawn pictures on disk, memory-mapped. Raises `FileNotFoundError` where there is none yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: dict[str, UInt8] = {}
        self._looked = 0.0
        self.refresh()
        if not self._shards:
            raise FileNotFoundError(f"No pictures in {folder}. Draw them first: python -m studio.training pictures")

    def refresh(self) -> None:
        """Take in shards written since, and let go of those deleted."""
        self._looked = time.monotonic()
        present = {path.name: path for path in sorted(self._folder.glob("*.npy"))}
        kept = {name: shard for name, shard in self._shards.items() if name in present}
        for name, path in present.items():
            if name not in kept:
                kept[name] = np.load(path, mmap_mode="r")
        self._shards = dict(sorted(kept.items()))

    def __len__(self) -> int:
        return sum(len(shard) for shard in self._shards.values())

    def crops(self, count: int, side: int, generator: torch.Generator) -> torch.Tensor:
        """Random square crops, `(count, 3, side, side)` float32 in [-1, 1]."""
        if time.monotonic() - self._looked > LOOK_AGAIN_S:
            self.refresh()
        shards = list(self._shards.values())
        crops = np.empty((count, side, side, 3), np.uint8)
        for index in range(count):
            shard = shards[_draw(len(shards), generator)]
            picture = shard[_draw(len(shard), generator)]
            top = _draw(picture.shape[0] - side + 1, generator)
            left = _draw(picture.shape[1] - side + 1, generator)
            crops[index] = picture[top : top + side, left : left + side]
        return to_signed(crops)


class LatentBatch(NamedTuple):
    """Latents `(n, c, h, w)` float32, token ids `(n, length)` int64, and how much of each cell is subject, 0 to 1."""

    latents: torch.Tensor
    ids: torch.Tensor
    focus: torch.Tensor


class LatentStore:
    """Encoded, captioned pictures of one size, held in memory (a hundred thousand 8x8x12 latents are 150 MB)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: set[str] = set()
        self._latents: list[npt.NDArray[np.float16]] = []
        self._ids: list[npt.NDArray[np.int16]] = []
        self._focus: list[UInt8] = []
        self.refresh()
        if not self._names:
            raise FileNotFoundError(f"No latents in {folder}. Encode them first: python -m studio.training latents")

    def refresh(self) -> None:
        """Take in shards written since."""
        self._looked = time.monotonic()
        for path in sorted(self._folder.glob("*.npz")):
            if path.name not in self._names:
                with np.load(path) as shard:
                    self._latents.append(shard["latents"])
                    self._ids.append(shard["ids"])
                    self._focus.append(shard["focus"])
                self._names.add(path.name)

    def __len__(self) -> int:
        return sum(len(shard) for shard in self._latents)

    def sample(self, count: int, generator: torch.Generator, prefer: float = 0.0) -> LatentBatch:
        """Some pictures, each with one of its captions.

        The share `prefer` of them is chosen from two drawn at random: the one whose subjects cover more.
        """
        if time.monotonic() - self._looked > LOOK_AGAIN_S:
            self.refresh()
        latents, ids, focus = [], [], []
        for _ in range(count):
            candidates = 2 if float(torch.rand((), generator=generator)) < prefer else 1
            shard, item = max((self._place(generator) for _ in range(candidates)), key=self._covered)
            said = self._ids[shard][item]
            latents.append(self._latents[shard][item])
            ids.append(said[_draw(len(said), generator)])
            focus.append(self._focus[shard][item])
        return LatentBatch(
            torch.from_numpy(np.stack(latents)).float(),
            torch.from_numpy(np.stack(ids)).long(),
            torch.from_numpy(np.stack(focus)).float() / 255.0,
        )

    def _place(self, generator: torch.Generator) -> tuple[int, int]:
        shard = _draw(len(self._latents), generator)
        return shard, _draw(len(self._latents[shard]), generator)

    def _covered(self, place: tuple[int, int]) -> int:
        return int(self._focus[place[0]][place[1]].sum(dtype=np.int64))


class Ways(NamedTuple):
    """Ways of one size, float32: latents at nodes `(n, nodes, c, h, w)`, and what was told `(n, tokens, width)`."""

    latents: torch.Tensor
    told: torch.Tensor


class WaysStore:
    """The ways in all folders given, held in memory as float16 (a thousand of 256x256 pixels are 120 MB)."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Raises `FileNotFoundError` where there is none."""
        self._sizes = [Ways(*map(torch.cat, zip(*shards, strict=True))) for f in folders if (shards := _read_ways(f))]
        if not self._sizes:
            raise FileNotFoundError("There are no ways of the exported model. Walk: python -m studio.training ways")

    def __len__(self) -> int:
        return sum(len(size.told) for size in self._sizes)

    def whole(self) -> Ways:
        """All those of the first size there is."""
        return Ways(*(each.float() for each in self._sizes[0]))

    def sample(self, count: int, generator: torch.Generator) -> Ways:
        """Some ways, all of one size, which is drawn as often as there are ways of it."""
        weights = torch.tensor([float(len(size.told)) for size in self._sizes])
        size = self._sizes[int(torch.multinomial(weights, 1, generator=generator))]
        chosen = torch.randint(len(size.told), (count,), generator=generator)
        return Ways(size.latents[chosen].float(), size.told[chosen].float())


def _read_ways(folder: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    shards = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as shard:
            shards.append((torch.from_numpy(shard["latents"]), torch.from_numpy(shard["told"])))
    return shards


def _draw(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (1,), generator=generator))


def to_signed(pictures: UInt8) -> torch.Tensor:
    """`(n, h, w, 3)` uint8 to `(n, 3, h, w)` float32 in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def to_pictures(signed: torch.Tensor) -> UInt8:
    """`(n, 3, h, w)` in [-1, 1] to `(n, h, w, 3)` uint8, rounded and clipped."""
    levels = (signed.detach().float().clamp(-1, 1) + 1.0) * 127.5
    return np.asarray(levels.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy())

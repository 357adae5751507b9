"""What a model weighs, counted from its headers: on disk, and in memory before it is loaded."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from studio.core.model_detection import precision_of
from studio.core.model_family import FAMILIES
from studio.core.model_files import companion
from studio.core.model_info import ModelInfo
from studio.core.safetensors_header import Header, read_header

_NOT_LOADED = "model_ema."
"""A second, averaged copy of the weights, which checkpoints made for training carry."""


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The weights of a model: their number format on disk, their bytes there, and how many each part has.

    A single file counts as the part "file".
    """

    precision: str
    size_bytes: int
    counts: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many weights there are."""
        return sum(self.counts.values())


def read_facts(info: ModelInfo) -> ModelFacts:
    """Count the weights of `info` by its files' headers. Raises ModelBrokenError."""
    headers = [(part, read_header(path)) for part, path in part_files(info)]
    counts: dict[str, int] = {}
    for part, header in headers:
        counts[part] = counts.get(part, 0) + _count(header)
    largest = max((header for _, header in headers), key=lambda header: header.weights_bytes, default=Header({}, {}))
    size = sum(path.stat().st_size for _, path in part_files(info))
    return ModelFacts(precision=precision_of(largest), size_bytes=size, counts=counts)


def part_files(info: ModelInfo) -> Iterator[tuple[str, Path]]:
    """The weight files that are loaded, each with the part it belongs to."""
    parts = FAMILIES[info.family].weighted
    if info.file is not None:
        yield "file", info.file
        for part in parts:
            folder = companion(info.file, part)
            yield from ((part, path) for path in (weight_files(folder) if folder else ()))
        return
    for part in parts:
        yield from ((part, path) for path in weight_files(info.folder / part))


def weight_files(folder: Path) -> list[Path]:
    """The .safetensors files of one part: the plain ones, or those of a variant such as fp16."""
    files = sorted(folder.glob("*.safetensors"))
    plain = [path for path in files if path.name.count(".") == 1]
    return plain or files


def _count(header: Header) -> int:
    return sum(entry.count for name, entry in header.tensors.items() if not name.startswith(_NOT_LOADED))

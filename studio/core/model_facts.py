"""What a model weighs, counted from its headers: on disk, and in memory before it is loaded."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from studio.core.errors import ModelBrokenError
from studio.core.model_detection import precision_of
from studio.core.model_files import companion
from studio.core.model_info import ModelInfo
from studio.core.safetensors_header import Header, check_formats, read_header

_REMEMBERED = 8192
"""Files whose header was read; each takes some hundred bytes."""
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
    files = [(part, _facts_of(path)) for part, path in part_files(info)]
    counts: dict[str, int] = {}
    for part, facts in files:
        counts[part] = counts.get(part, 0) + facts.count
    largest = max((facts for _, facts in files), key=lambda facts: facts.size_bytes, default=_FileFacts("", 0, 0))
    size = sum(facts.size_bytes for _, facts in files)
    return ModelFacts(precision=largest.precision, size_bytes=size, counts=counts)


def part_files(info: ModelInfo) -> Iterator[tuple[str, Path]]:
    """The weight files that are loaded, each with the part it belongs to."""
    parts = info.weighted
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


class _FileFacts(msgspec.Struct, frozen=True):
    precision: str
    size_bytes: int
    count: int


def _facts_of(path: Path) -> _FileFacts:
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelBrokenError(path, f"it cannot be read ({error.strerror})") from error
    return _measured(path, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=_REMEMBERED)
def _measured(path: Path, size_bytes: int, changed_ns: int) -> _FileFacts:
    """Of one file; another one under this name, of other size or time, is read again."""
    header = read_header(path)
    check_formats(path, header)
    return _FileFacts(precision_of(header), size_bytes, _count(header))


def _count(header: Header) -> int:
    return sum(entry.count for name, entry in header.tensors.items() if not name.startswith(_NOT_LOADED))

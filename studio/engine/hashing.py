"""Which weights these are: SHA-256 over a model's weight files."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

_CHUNK_BYTES = 1 << 22

Signature: TypeAlias = tuple[str, int, int]
"""(path, size in bytes, modification time in nanoseconds)."""


class WeightHasher:
    """Hashes files, and remembers each digest while the file's path, size and modification time stay."""

    def __init__(self) -> None:
        """Nothing is remembered yet."""
        self._digests: dict[Signature, str] = {}

    def model_hash(self, folder: Path, files: Iterable[Path], tick: Callable[[float], None]) -> str:
        """Hexadecimal SHA-256 over the files' names within `folder` and their contents, whatever their order.

        Calls `tick` with the fraction done, every few megabytes; what `tick` raises ends the work. Raises OSError.
        """
        ordered = sorted(files, key=lambda path: path.relative_to(folder).as_posix())
        sizes = [path.stat().st_size for path in ordered]
        whole, total = hashlib.sha256(), sum(sizes) or 1
        for number, path in enumerate(ordered):
            digest = self._digest(path, _from(sum(sizes[:number]), total, tick))
            whole.update(f"{path.relative_to(folder).as_posix()}\0{digest}\n".encode())
        return whole.hexdigest()

    def file_hash(self, path: Path, tick: Callable[[float], None]) -> str:
        """Hexadecimal SHA-256 of one file: its first ten digits are what AUTOMATIC1111 calls a model by.

        `tick` as in `model_hash`. Raises OSError.
        """
        return self._digest(path, _from(0, path.stat().st_size or 1, tick))

    def _digest(self, path: Path, tick: Callable[[int], None]) -> str:
        stat = path.stat()
        signature = (str(path), stat.st_size, stat.st_mtime_ns)
        if signature not in self._digests:
            self._digests[signature] = _read(path, tick)
        return self._digests[signature]


def _from(start: int, total: int, tick: Callable[[float], None]) -> Callable[[int], None]:
    """Bytes of one file, which begins at `start`, to the fraction of all."""
    return lambda read: tick((start + read) / total)


def _read(path: Path, tick: Callable[[int], None]) -> str:
    digest, read = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            read += len(chunk)
            tick(read)
    return digest.hexdigest()

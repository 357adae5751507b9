"""Which weights these are: SHA-256 over a model's weight files, computed once and remembered."""

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import msgspec

from studio.core.errors import SaveError
from studio.core.files import make_folder, write_atomically
from studio.core.model_facts import part_files
from studio.core.model_info import ModelInfo

SHORT_DIGITS = 10
"""By so many digits AUTOMATIC1111 calls a model."""
_CHUNK_BYTES = 1 << 20
_STORE_BYTES_MAX = 16 << 20
_REMEMBERED_MAX = 20_000

Tick: TypeAlias = Callable[[float], None]
"""Hears the fraction done, every few megabytes. What it raises ends the work."""


class _Digest(msgspec.Struct, frozen=True):
    """The SHA-256 of a file, for as long as it is of this size, and was last changed then."""

    size_bytes: int
    changed_ns: int
    sha256: str


class WeightHasher:
    """Hashes files, and remembers each digest while the file's path, size and modification time stay."""

    def __init__(self, store: Path | None = None) -> None:
        """What is remembered is kept in the file `store`, where one is given, for all who use it."""
        self._store = store
        self._digests = _read_store(store)

    def hash_of(self, info: ModelInfo, tick: Tick) -> str:
        """Hexadecimal SHA-256 of the weights that a recipe names. Raises OSError, and what `tick` raises."""
        if info.file is not None:
            return self.file_hash(info.file, tick)
        return self.model_hash(info.folder, (path for _, path in part_files(info)), tick)

    def known_hash(self, info: ModelInfo) -> str:
        """The same, where nothing must be read for it; else empty."""
        try:
            known = all(self._held(path) is not None for _, path in part_files(info))
            return self.hash_of(info, lambda _: None) if known else ""
        except OSError:
            return ""

    def model_hash(self, folder: Path, files: Iterable[Path], tick: Tick) -> str:
        """Hexadecimal SHA-256 over the files' names within `folder` and their contents, whatever their order.

        Raises OSError.
        """
        ordered = sorted(files, key=lambda path: path.relative_to(folder).as_posix())
        sizes = [path.stat().st_size for path in ordered]
        whole, total = hashlib.sha256(), sum(sizes) or 1
        for number, path in enumerate(ordered):
            digest = self._digest(path, _from(sum(sizes[:number]), total, tick))
            whole.update(f"{path.relative_to(folder).as_posix()}\0{digest}\n".encode())
        return whole.hexdigest()

    def file_hash(self, path: Path, tick: Tick) -> str:
        """Hexadecimal SHA-256 of one file: its first ten digits are what AUTOMATIC1111 calls a model by.

        Raises OSError.
        """
        return self._digest(path, _from(0, path.stat().st_size or 1, tick))

    def _digest(self, path: Path, tick: Callable[[int], None]) -> str:
        held = self._held(path)
        if held is None:
            stat, key = path.stat(), str(path.absolute())
            held = self._digests[key] = _Digest(stat.st_size, stat.st_mtime_ns, _read(path, tick))
            self._keep(key, held)
        return held.sha256

    def _held(self, path: Path) -> _Digest | None:
        stat, held = path.stat(), self._digests.get(str(path.absolute()))
        is_same = held is not None and (held.size_bytes, held.changed_ns) == (stat.st_size, stat.st_mtime_ns)
        return held if is_same else None

    def _keep(self, key: str, digest: _Digest) -> None:
        """Add it to what others keep there. A store that cannot be written costs only time."""
        if self._store is None:
            return
        there = dict(list(_read_store(self._store).items())[-_REMEMBERED_MAX:])
        with contextlib.suppress(SaveError):
            make_folder(self._store.parent)
            write_atomically(self._store, msgspec.json.encode({**there, key: digest}))


def _read_store(store: Path | None) -> dict[str, _Digest]:
    try:
        if store is None or store.stat().st_size > _STORE_BYTES_MAX:
            return {}
        return msgspec.json.decode(store.read_bytes(), type=dict[str, _Digest])
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):  # it can be made again
        return {}


def _from(start: int, total: int, tick: Tick) -> Callable[[int], None]:
    """Bytes of one file, which begins at `start`, to the fraction of all."""
    return lambda read: tick((start + read) / total)


def _read(path: Path, tick: Callable[[int], None]) -> str:
    digest, read, chunk = hashlib.sha256(), 0, memoryview(bytearray(_CHUNK_BYTES))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(chunk):  # into one piece of memory: fresh ones cost half as much again
            digest.update(chunk[:count])
            read += count
            tick(read)
    return digest.hexdigest()

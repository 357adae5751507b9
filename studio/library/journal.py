"""The truth about marks: a file of one JSON object a line beside the pictures. The index only copies it.

Every change appends the whole state of each picture that it touches; of two lines for one name the later counts. Lines
of pictures that are gone stay, so that marks come back with a picture that is taken out of the trash. Read as data: a
line that cannot be read is passed over.

The life of one change: the index's transaction begins → rows → lines, synced → commit. Where anything fails, rows and
lines go back; where the studio dies between lines and commit, the file is longer than the index remembers, and the next
`Folder.reconcile` reads it again.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from studio.core.errors import SaveError
from studio.core.files import write_atomically

NAME = ".latent-studio-marks.jsonl"
_LINE_BYTES_MAX = 1 << 20
_Name = Annotated[str, Meta(max_length=1024)]


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All marks of one file. Recipe, time and size tell the file again under another name."""

    name: _Name
    recipe_key: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] = 0
    created_ns: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] = 0
    size_bytes: Annotated[int, Meta(ge=-1, le=2**63 - 1)] = 0
    favourite: bool = False
    rating: Annotated[int, Meta(ge=0, le=5)] = 0
    notes: Annotated[str, Meta(max_length=100_000)] = ""
    tags: Annotated[tuple[_Name, ...], Meta(max_length=10_000)] = ()
    collections: Annotated[tuple[_Name, ...], Meta(max_length=10_000)] = ()


Append: TypeAlias = Callable[[Iterable[Line]], tuple[int, int]]
"""Writes lines, syncs them, and gives the file's length before and after, in bytes."""


class Journal:
    """The file of marks in one pictures folder. Write only inside of a transaction of the index: it is the lock."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the pictures; the file is made with the first mark."""
        self._path = folder / NAME

    def length(self) -> int:
        """Bytes; 0 where there is none."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def read(self) -> dict[str, Line]:
        """The last line of each name."""
        decoder = msgspec.json.Decoder(Line)
        found: dict[str, Line] = {}
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            while raw := file.readline(_LINE_BYTES_MAX):
                with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                    line = decoder.decode(raw)
                    found[line.name] = line
        return found

    @contextlib.contextmanager
    def appending(self) -> Iterator[Append]:
        """Gives the function that appends; where anything is raised inside, what it wrote is taken back.

        Raises:
            SaveError: where a line cannot be written.
        """
        before, after = -1, -1

        def append(lines: Iterable[Line]) -> tuple[int, int]:
            nonlocal before, after
            encoded = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
            before = after = self.length()
            after = self._append(encoded) if encoded else before
            return before, after

        try:
            yield append
        except BaseException:
            if before >= 0 and self.length() in (after, before):  # else somebody else has written since
                self._cut(before)
            raise

    def replace(self, lines: Iterable[Line]) -> int:
        """Write the file anew with these lines only. Returns its length in bytes. Raises SaveError."""
        encoded = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        if encoded or self._path.exists():
            write_atomically(self._path, encoded)
        return len(encoded)

    def _append(self, encoded: bytes) -> int:
        before = self.length()
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
            try:
                rest = memoryview(encoded if self._ends_well() else b"\n" + encoded)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._cut(before)
            raise SaveError(self._path, error.strerror or str(error)) from error
        return self.length()

    def _ends_well(self) -> bool:
        """Whether the last line is whole: a power cut may have left a part of one."""
        with self._path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return True
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _cut(self, length: int) -> None:
        with contextlib.suppress(OSError):  # a part of a line harms nothing; a whole one is what the artist wanted
            if self.length() > length:
                os.truncate(self._path, length)

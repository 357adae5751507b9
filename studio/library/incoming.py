"""Files that the index does not know, or not as they are now: read, and given rows and the marks they had."""

import functools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from studio.core.errors import PictureError
from studio.library.database import Database
from studio.library.entries import Entry, Stamp, forget, insert, read_entry, stamp_of
from studio.library.journal import Line
from studio.library.marks import Marker, has_marks, line_of, note_journal, write
from studio.library.search_text import clean

_BATCH = 200
"""Files between two commits: no other program waits longer than for these, and no more recipes are held in memory."""
_T = TypeVar("_T")


class Incoming:
    """One run over such files.

    Attributes:
        added: names that are new.
        changed: names whose file is another now.
        renamed: old and new names.
        spoilt: names whose file is no picture of ours any more.
        skipped: why files were left out.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        marker: Marker,
        known: dict[str, tuple[Stamp, int]],
        gone: dict[str, tuple[Stamp, int]],
    ) -> None:
        """`known` are stamp and recipe's key by the names of all rows, `gone` those whose file is not there."""
        self.added: list[str] = []
        self.changed: list[str] = []
        self.renamed: list[tuple[str, str]] = []
        self.spoilt: list[str] = []
        self.skipped: list[str] = []
        self._database, self._folder, self._marker = database, folder, marker
        self._known = known
        self._gone = {found: name for name, found in gone.items()}

    def take(self, names: Sequence[str]) -> None:
        """Read these files and give them rows.

        Raises:
            SaveError: where the index cannot be written; what was read so far has its rows.
        """
        for batch in batches(names):
            read = [self._read(name) for name in batch]
            with self._marker.journal.appending() as append, self._database.writing() as connection:
                lines = [self._write(connection, name, found) for name, found in zip(batch, read, strict=True)]
                note_journal(connection, append(line for line in lines if line is not None))

    def _read(self, name: str) -> Entry | PictureError:
        try:
            return read_entry(self._folder / name)
        except PictureError as error:
            self.skipped.append(str(error))
            return error

    def _write(self, connection: sqlite3.Connection, name: str, found: Entry | PictureError) -> Line | None:
        """The rows of one file; the line that the journal needs for it, or None."""
        if isinstance(found, PictureError):
            self._leave_out(connection, name, found)
            return None
        connection.execute("DELETE FROM strangers WHERE name = ?", (name,))
        if name in self._known:
            return self._write_again(connection, found)
        old = self._gone.pop((found.stamp, found.recipe_key), None)
        if old is not None:
            return self._rename(connection, old, found)
        self.added.append(name)
        return self._write_marked(connection, found, self._remembered(found))

    def _leave_out(self, connection: sqlite3.Connection, name: str, error: PictureError) -> None:
        """Remember what is no picture of ours by its stamp, unless the next try may do better."""
        if isinstance(error.__cause__, OSError | UnicodeError):
            return
        try:
            stamp = stamp_of((self._folder / name).stat())
        except OSError:  # gone since
            return
        connection.execute(
            "INSERT OR REPLACE INTO strangers (name, created_ns, size_bytes, reason) VALUES (?, ?, ?, ?)",
            (name, stamp.created_ns, stamp.size_bytes, clean(str(error))),
        )
        if name in self._known:
            forget(connection, [name])
            self.spoilt.append(name)

    def _write_again(self, connection: sqlite3.Connection, found: Entry) -> Line | None:
        stamp, recipe_key = self._known[found.name]
        line = self._write_marked(connection, found, line_of(connection, found.name))
        if stamp.size_bytes >= 0:  # else only the rows were to be made again
            self.changed.append(found.name)
        return line if found.recipe_key != recipe_key else None

    def _rename(self, connection: sqlite3.Connection, old: str, found: Entry) -> Line | None:
        connection.execute("UPDATE pictures SET name = ? WHERE name = ?", (found.name, old))
        self.renamed.append((old, found.name))
        self.added.append(found.name)
        line = line_of(connection, found.name)
        return line if line is not None and has_marks(line) else None

    def _write_marked(self, connection: sqlite3.Connection, found: Entry, marks: Line | None) -> Line | None:
        number = insert(connection, found)
        if marks is None or not has_marks(marks):
            return None
        line = msgspec.structs.replace(
            marks,
            name=found.name,
            recipe_key=found.recipe_key,
            created_ns=found.stamp.created_ns,
            size_bytes=found.stamp.size_bytes,
        )
        write(connection, number, line)
        return line if line != marks else None

    def _remembered(self, found: Entry) -> Line | None:
        """What the journal says of a new file: under its name, or under one that is gone and was this file's."""
        line = self._lines.get(found.name)
        if line is not None and line.recipe_key == found.recipe_key:
            return line
        return self._orphans.get((found.stamp, found.recipe_key))

    @functools.cached_property
    def _lines(self) -> dict[str, Line]:
        return self._marker.journal.read()

    @functools.cached_property
    def _orphans(self) -> dict[tuple[Stamp, int], Line]:
        return {
            (Stamp(line.created_ns, line.size_bytes), line.recipe_key): line
            for line in self._lines.values()
            if not (self._folder / line.name).exists()
        }


def batches(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """In order, some at a time."""
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]

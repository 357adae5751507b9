"""Index and folder brought together: files that appeared, disappeared, changed or were renamed by hand.

The life of one run: what the rows say → what the folder holds → files that the rows do not know are read, outside of
any lock → they get rows, some files at a time, with the marks that the journal has for them → rows whose file is gone
go → what was seen is noted, so that the next start has nothing to do.
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from studio.library.database import Database
from studio.library.entries import Stamp, forget, stamp_of
from studio.library.incoming import Incoming, batches
from studio.library.marks import Marker
from studio.library.schema import WORDS

_SETTLED_NS = 2_000_000_000
"""A folder that changed more recently may change again within the same tick of its clock, and show the same time."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What the index learned of the folder. A renamed file is in `removed` by its old and in `added` by its new name.

    `changed` were rewritten in place; `renamed` pairs old with new names; `skipped` says why files were left out.
    """

    added: tuple[Path, ...] = ()
    removed: tuple[Path, ...] = ()
    changed: tuple[Path, ...] = ()
    renamed: tuple[tuple[Path, Path], ...] = ()
    skipped: tuple[str, ...] = ()


class Folder:
    """The pictures folder and the rows about it."""

    def __init__(self, database: Database, folder: Path, marker: Marker) -> None:
        """`marker` knows the folder's journal."""
        self._database, self._folder, self._marker = database, folder, marker

    def has_changed(self) -> bool:
        """Whether folder or journal look other than when they were last seen. Cheap: no file is listed."""
        seen = self._database.rows("SELECT folder_ns, journal_bytes FROM seen")
        now_ns = folder_ns(self._folder)
        return [(now_ns, self._marker.journal.length())] != seen or not _is_settled(now_ns)

    def unsettle(self) -> None:
        """Forget what the folder looked like, where it changed so recently that its time says nothing."""
        if not _is_settled(folder_ns(self._folder)):
            with self._database.writing() as connection:
                connection.execute("UPDATE seen SET folder_ns = -1")

    def reconcile(self) -> Changes:
        """See `Library.reconcile`."""
        self._database.demand_writing()
        if not self._folder.is_dir():
            return Changes()
        before_ns = folder_ns(self._folder)
        known = self._known()  # before the folder: a picture that is saved meanwhile is read again, and none is lost
        files = dict(_files(self._folder))
        gone = {name: found for name, found in known.items() if name not in files}
        fresh = [name for name in self._fresh(files) if name not in known or known[name][0] != files[name]]
        run = Incoming(self._database, self._folder, self._marker, known, gone)
        run.take(sorted(fresh))
        lost = self._forget_gone(set(gone) - {old for old, _ in run.renamed})
        self._replay()
        self._note(before_ns, files)
        return Changes(
            added=self._paths(run.added),
            removed=self._paths(sorted({*lost, *run.spoilt, *(old for old, _ in run.renamed)})),
            changed=self._paths(run.changed),
            renamed=tuple((self._folder / old, self._folder / new) for old, new in run.renamed),
            skipped=tuple(run.skipped),
        )

    def forget_stamps(self) -> None:
        """Have the next `reconcile` read every file, and make the full-text index anew. Marks stay."""
        with self._database.writing() as connection:
            connection.execute("DROP TABLE IF EXISTS words")
            connection.execute(WORDS)
            connection.execute("UPDATE pictures SET size_bytes = -1")
            connection.execute("DELETE FROM strangers")
            connection.execute("UPDATE seen SET folder_ns = -1, journal_bytes = -1")

    def tidy_journal(self) -> None:
        """Write the journal anew: one line for each marked picture, and those of pictures that are gone."""
        with self._database.writing() as connection:
            lines = self._marker.journal.read() | {line.name: line for line in self._marker.marked(connection)}
            before_ns = folder_ns(self._folder)
            length = self._marker.journal.replace(lines.values())
            connection.execute("UPDATE seen SET journal_bytes = ?", (length,))
            note_folder(connection, self._folder, before_ns)

    def _known(self) -> dict[str, tuple[Stamp, int]]:
        rows = self._database.rows("SELECT name, created_ns, size_bytes, recipe_key FROM pictures")
        return {name: (Stamp(created_ns, size), key) for name, created_ns, size, key in rows}

    def _fresh(self, files: dict[str, Stamp]) -> Iterator[str]:
        """The files that are not known to be no pictures of ours."""
        rows = self._database.rows("SELECT name, created_ns, size_bytes FROM strangers")
        strangers = {name: Stamp(created_ns, size) for name, created_ns, size in rows}
        return (name for name, stamp in files.items() if strangers.get(name) != stamp)

    def _forget_gone(self, names: Iterable[str]) -> list[str]:
        lost = sorted(name for name in names if not (self._folder / name).exists())
        if lost and self._folder.is_dir():
            with self._database.writing() as connection:
                forget(connection, lost)
        return lost

    def _replay(self) -> None:
        """Copy all marks from a journal that the rows were not made from: after a crash, or from elsewhere."""
        seen = self._database.rows("SELECT journal_bytes FROM seen")
        if seen != [(self._marker.journal.length(),)]:
            lines = list(self._marker.journal.read().values())
            for batch in batches(lines):
                self._marker.apply(batch)

    def _note(self, before_ns: int, files: dict[str, Stamp]) -> None:
        with self._database.writing() as connection:
            length = self._marker.journal.length()
            connection.execute("UPDATE seen SET folder_ns = ?, journal_bytes = ?", (before_ns, length))
            names = [(name,) for (name,) in connection.execute("SELECT name FROM strangers") if name not in files]
            connection.executemany("DELETE FROM strangers WHERE name = ?", names)

    def _paths(self, names: Iterable[str]) -> tuple[Path, ...]:
        return tuple(self._folder / name for name in names)


def folder_ns(folder: Path) -> int:
    """When something was last added to the folder, removed or renamed; -1 where it is not there."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return -1


def note_folder(connection: sqlite3.Connection, folder: Path, before_ns: int) -> None:
    """The folder changed as the rows did; unless it had changed otherwise before. Raises sqlite3.Error."""
    after_ns = folder_ns(folder)
    connection.execute("UPDATE seen SET folder_ns = ? WHERE folder_ns = ?", (after_ns, before_ns))


def _is_settled(changed_ns: int) -> bool:
    return time.time_ns() - changed_ns > _SETTLED_NS


def _files(folder: Path) -> Iterator[tuple[str, Stamp]]:
    """The picture files in `folder`; hidden ones are temporary."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.lower().endswith(".png") and not entry.name.startswith("."):
                try:
                    if entry.is_file():
                        yield entry.name, stamp_of(entry.stat())
                except OSError:  # gone since
                    continue

"""What the artist marked: favourites, ratings, notes, tags, collections. The journal is the truth, rows copy it."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from studio.core.errors import OptionError
from studio.core.files import make_folder
from studio.library.database import Database
from studio.library.journal import Journal, Line
from studio.library.search_text import clean, indexed

RATING_MAX = 5
TAG_LENGTH_MAX = 100
NOTES_LENGTH_MAX = 20_000
_TAG_END = "\ue000"
"""Between tags in the full-text index, so that no phrase runs from one into the next. Nobody types it."""
_SELECT = (
    "SELECT p.id, p.name, p.recipe_key, p.created_ns, p.size_bytes, p.favourite, p.rating, d.notes,"
    " (SELECT json_group_array(name) FROM tags WHERE picture = p.id),"
    " (SELECT json_group_array(name) FROM collections WHERE picture = p.id)"
    " FROM pictures p JOIN details d ON d.id = p.id"
)
_NAMED = f"{_SELECT} WHERE p.name IN (SELECT value FROM json_each(?)) ORDER BY p.id"  # noqa: S608 no input
_MARKED = (
    f"{_SELECT} WHERE p.favourite OR p.rating OR d.notes != '' OR p.id IN (SELECT picture FROM tags)"  # noqa: S608
    " OR p.id IN (SELECT picture FROM collections)"
)
_NONE: dict[str, Any] = {"favourite": False, "rating": 0, "notes": "", "tags": (), "collections": ()}


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """All marks of one picture. Tags and collections are sorted; case does not tell two tags apart."""

    path: Path
    favourite: bool = False
    rating: Annotated[int, Meta(ge=0, le=RATING_MAX)] = 0
    notes: str = ""
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()


class Marker:
    """Reads and changes the marks of the pictures in one folder."""

    def __init__(self, database: Database, folder: Path) -> None:
        """`folder` holds the pictures and the journal."""
        self.journal = Journal(folder)
        self._database, self._folder = database, folder

    def marks_of(self, paths: Sequence[Path]) -> tuple[Marks, ...]:
        """The marks of these pictures, oldest first; those without a row are left out. Raises StudioError."""
        rows = self._database.rows(_NAMED, (self._names(paths),))
        return tuple(self._marks(_line(row)) for row in rows)

    def mark(
        self, paths: Sequence[Path], *, favourite: bool | None, rating: int | None, notes: str | None
    ) -> tuple[Marks, ...]:
        """See `Library.mark`."""
        if rating is not None and not 0 <= rating <= RATING_MAX:
            raise OptionError("rating", f"Rating: {rating} is not from 0 to {RATING_MAX}. Give 0 for none.")
        if notes is not None and len(notes) > NOTES_LENGTH_MAX:
            raise OptionError("notes", f"Notes: they have {len(notes):,} characters. Keep to {NOTES_LENGTH_MAX:,}.")
        given = {"favourite": favourite, "rating": rating, "notes": None if notes is None else clean(notes)}
        wanted = {name: value for name, value in given.items() if value is not None}
        return self._change(paths, lambda line: msgspec.structs.replace(line, **wanted))

    def tag(self, paths: Sequence[Path], add: Sequence[str], remove: Sequence[str]) -> tuple[Marks, ...]:
        """See `Library.tag`."""
        added, removed = _names_of("tag", add), _names_of("tag", remove)
        return self._change(paths, lambda line: msgspec.structs.replace(line, tags=_with(line.tags, added, removed)))

    def collect(self, paths: Sequence[Path], add: str, remove: str) -> tuple[Marks, ...]:
        """See `Library.collect`."""
        added, removed = _names_of("collection", (add,)), _names_of("collection", (remove,))
        return self._change(
            paths, lambda line: msgspec.structs.replace(line, collections=_with(line.collections, added, removed))
        )

    def restore(self, marks: Sequence[Marks]) -> tuple[Marks, ...]:
        """See `Library.restore_marks`."""
        wanted = {each.path.name: each for each in marks}

        def edit(line: Line) -> Line:
            fields = msgspec.structs.asdict(wanted[line.name])
            return msgspec.structs.replace(line, **{name: fields[name] for name in _NONE})

        return self._change([each.path for each in marks], edit)

    def apply(self, lines: Iterable[Line]) -> None:
        """Copy lines of the journal to the rows of their names. Raises SaveError."""
        wanted = {line.name: line for line in lines}
        with self._database.writing() as connection:
            rows = connection.execute(_NAMED, (_json(wanted),)).fetchall()
            for row in rows:
                line = _line(row)
                if wanted[line.name].recipe_key == line.recipe_key:  # else another picture bears the name now
                    write(connection, row[0], msgspec.structs.replace(line, **_marks_in(wanted[line.name])), line)

    def marked(self, connection: sqlite3.Connection) -> list[Line]:
        """The line of each picture that has any mark, from its row."""
        return [_line(row) for row in connection.execute(_MARKED)]

    def _change(self, paths: Sequence[Path], edit: Callable[[Line], Line]) -> tuple[Marks, ...]:
        self._database.demand_writing()
        make_folder(self._folder)
        with self.journal.appending() as append, self._database.writing() as connection:
            rows = connection.execute(_NAMED, (self._names(paths),)).fetchall()
            before = [_line(row) for row in rows]
            after = [edit(line) for line in before]
            for row, old, new in zip(rows, before, after, strict=True):
                write(connection, row[0], new, old)
            note_journal(connection, append(new for old, new in zip(before, after, strict=True) if new != old))
        return tuple(self._marks(line) for line in before)

    def _names(self, paths: Sequence[Path]) -> str:
        return _json(path.name for path in paths if path.parent == self._folder)

    def _marks(self, line: Line) -> Marks:
        return Marks(path=self._folder / line.name, **_marks_in(line))


def note_journal(connection: sqlite3.Connection, lengths: tuple[int, int]) -> None:
    """The journal grew by what the rows have: one that held more than the rows still does. Raises sqlite3.Error."""
    before, after = lengths
    connection.execute("UPDATE seen SET journal_bytes = ? WHERE journal_bytes = ?", (after, before))


def has_marks(line: Line) -> bool:
    """Whether anything is marked."""
    return _marks_in(line) != _NONE


def line_of(connection: sqlite3.Connection, name: str) -> Line | None:
    """The line of one file, from its row; None where it has none. Raises sqlite3.Error."""
    row = connection.execute(_NAMED, (_json([name]),)).fetchone()
    return None if row is None else _line(row)


def write(connection: sqlite3.Connection, number: int, line: Line, old: Line | None = None) -> None:
    """Copy the marks in `line` to the rows of a picture, where they differ from `old`. Raises sqlite3.Error."""
    if old == line:
        return
    connection.execute(
        "UPDATE pictures SET favourite = ?, rating = ? WHERE id = ?", (line.favourite, line.rating, number)
    )
    if old is None or (old.notes, old.tags) != (line.notes, line.tags):
        connection.execute("UPDATE details SET notes = ? WHERE id = ?", (line.notes, number))
        words = (indexed(line.notes), f" {_TAG_END} ".join(indexed(tag) for tag in line.tags), number)
        connection.execute("UPDATE words SET notes = ?, tags = ? WHERE rowid = ?", words)
    for table, names in (("tags", line.tags), ("collections", line.collections)):
        connection.execute(f"DELETE FROM {table} WHERE picture = ?", (number,))  # noqa: S608 no input
        rows = [(name.casefold(), number, name) for name in names]
        connection.executemany(f"INSERT OR IGNORE INTO {table} (key, picture, name) VALUES (?, ?, ?)", rows)  # noqa: S608


def _line(row: tuple[Any, ...]) -> Line:
    _, name, recipe_key, created_ns, size_bytes, favourite, rating, notes, tags, collections = row
    return Line(
        name=name,
        recipe_key=recipe_key,
        created_ns=created_ns,
        size_bytes=size_bytes,
        favourite=bool(favourite),
        rating=rating,
        notes=notes,
        tags=_sorted(msgspec.json.decode(tags)),
        collections=_sorted(msgspec.json.decode(collections)),
    )


def _marks_in(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in _NONE}


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (name.casefold(), name)))


def _with(names: tuple[str, ...], added: tuple[str, ...], removed: tuple[str, ...]) -> tuple[str, ...]:
    found = {name.casefold(): name for name in names}
    for name in removed:
        found.pop(name.casefold(), None)
    for name in added:
        found.setdefault(name.casefold(), name)
    return _sorted(found.values())


def _names_of(what: str, names: Sequence[str]) -> tuple[str, ...]:
    """Names on one line, without what cannot be seen; empty ones are none."""
    found = (" ".join("".join(c if c.isprintable() else " " for c in clean(name)).split()) for name in names)
    kept = tuple(name for name in found if name)
    for name in kept:
        if len(name) > TAG_LENGTH_MAX:
            shown = f"“{name[:20]}…” has {len(name):,} characters"
            raise OptionError(what, f"{what.capitalize()}: {shown}. Keep to {TAG_LENGTH_MAX}.")
    return kept


def _json(names: Iterable[str]) -> str:
    """Names for `json_each`; one that is no Unicode text is no row's."""
    return msgspec.json.encode([name for name in names if name.isascii() or _is_text(name)]).decode()


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True

"""Finished pictures: files first, then the rows that index them."""

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import InUseError, OptionError, PictureError, SaveError
from studio.core.events import Finished
from studio.core.files import make_folder, write_new
from studio.core.metadata import read_recipe, write_png
from studio.core.recipe import Recipe
from studio.core.recipe_json import VERSION, recipe_from_json
from studio.library.database import Database
from studio.library.entries import forget, insert, read_entry
from studio.library.queue import from_ns
from studio.library.reconcile import folder_ns, note_folder

_log = logging.getLogger(__name__)
_ROWS = (
    "SELECT p.id, p.name, p.created_ns, p.width, p.height, p.favourite, p.rating, d.recipe, d.notes,"
    " (SELECT json_group_array(name) FROM tags WHERE picture = p.id),"
    " (SELECT json_group_array(name) FROM collections WHERE picture = p.id)"
    " FROM pictures p JOIN details d ON d.id = p.id WHERE p.id IN (SELECT value FROM json_each(?))"
)


class PictureRow(msgspec.Struct, frozen=True, kw_only=True):
    """A picture in the library with its marks. Size in pixels; tags and collections are sorted."""

    path: Path
    recipe: Recipe
    created: datetime
    width: int
    height: int
    favourite: bool = False
    rating: int = 0
    notes: str = ""
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()


class RebuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild found: how many pictures it indexed, and which files it left out, each with the reason."""

    pictures: int
    skipped: tuple[str, ...] = ()


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `recipe_to_json` writes, read ten times faster than strangers' text may be."""

    version: int
    recipe: Recipe


_DECODER = msgspec.json.Decoder(_Document)


def keep(database: Database, target: Path, finished: Finished) -> Path:
    """Write the picture to `target`, whole, or beside it where a file has that name already; then its row.

    The file is the truth: where the row cannot be written the picture is kept all the same, and the next
    `Folder.reconcile` finds it.

    Raises:
        SaveError: where the file cannot be written.
    """
    make_folder(target.parent)
    before_ns = folder_ns(target.parent)
    path = write_new(target, write_png(finished.picture, finished.recipe))
    try:
        add(database, path, before_ns)
    except (SaveError, PictureError, OSError) as error:
        _log.warning("%s is saved, but not in the index yet: %s", path, error)
    return path


def add(database: Database, path: Path, before_ns: int) -> None:
    """Give a file its rows; `before_ns` is when the folder had last changed before the file came.

    Raises:
        SaveError: where they cannot be written.
        PictureError: where the file cannot be read.
    """
    entry = read_entry(path)
    with database.writing() as connection:
        insert(connection, entry)
        note_folder(connection, path.parent, before_ns)


def page(database: Database, folder: Path, limit: int, offset: int) -> tuple[PictureRow, ...]:
    """Up to `limit` pictures, newest first. Rows whose file is gone drop out of the index on the way."""
    while True:
        ids = database.rows("SELECT id FROM pictures ORDER BY id DESC LIMIT ? OFFSET ?", (limit, offset))
        rows = rows_of(database, folder, [number for (number,) in ids])
        gone = [row.path.name for row in rows if not row.path.is_file()]
        if not gone or not _forgotten(database, folder, gone):
            return tuple(row for row in rows if row.path.name not in gone)


def rows_of(database: Database, folder: Path, ids: Sequence[int]) -> tuple[PictureRow, ...]:
    """The pictures with these numbers, in this order. Raises StudioError."""
    found = {row[0]: row for row in database.rows(_ROWS, (msgspec.json.encode(ids).decode(),))}
    pictures = (_picture(folder, found[number]) for number in ids if number in found)
    return tuple(each for each in pictures if each is not None)


def _forgotten(database: Database, folder: Path, gone: list[str]) -> bool:
    """Remove the rows of lost files; not where the folder is lost too: it may be a disk that is not plugged in."""
    if not folder.is_dir():
        return False
    try:
        with database.writing() as connection:
            forget(connection, gone)
    except (SaveError, InUseError) as error:
        _log.warning("rows of %d lost files stay in the index: %s", len(gone), error)
        return False
    return True


def _picture(folder: Path, row: tuple[Any, ...]) -> PictureRow | None:
    """The row as a value; from the file where the row's recipe is not understood; None where neither is."""
    _, name, created_ns, width, height, favourite, rating, text, notes, tags, collections = row
    recipe = _recipe(folder / name, text)
    if recipe is None:
        return None
    return PictureRow(
        path=folder / name,
        recipe=recipe,
        created=from_ns(created_ns),
        width=width,
        height=height,
        favourite=bool(favourite),
        rating=rating,
        notes=notes,
        tags=_names(tags),
        collections=_names(collections),
    )


def _recipe(path: Path, text: str) -> Recipe | None:
    try:
        document = _DECODER.decode(text)
        if document.version == VERSION:
            return document.recipe
    except msgspec.MsgspecError:  # a lone surrogate, which that decoder refuses; or worse, which is found out now
        pass
    try:
        return recipe_from_json(text)
    except OptionError:
        try:
            return read_recipe(path)
        except PictureError:
            return None


def _names(text: str) -> tuple[str, ...]:
    return tuple(sorted(msgspec.json.decode(text), key=str.casefold)) if text != "[]" else ()

"""From a picture file to its rows: what the index knows of a picture, read from the file without decoding it."""

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec

from studio.core.errors import PictureError
from studio.core.metadata import read_picture_file
from studio.core.recipe import Recipe
from studio.core.recipe_json import recipe_to_json
from studio.library.lineage import origin_key, pixels_key, recipe_key, source_keys
from studio.library.search_text import clean, indexed

_PROMPT_KEY_LENGTH = 80
_TIME_LIMIT = 2**63 - 2**32
"""Nanoseconds: what a row can hold, with room to count up. Files can claim to be younger or older."""
_COLUMNS = (
    "id, name, created_ns, size_bytes, width, height, seed, model, scheduler, has_blend, prompt_key,"
    " recipe_key, origin_key, pixels_key"
)


class Stamp(msgspec.Struct, frozen=True):
    """What tells whether a file is the one that was read: modification time in nanoseconds, and size."""

    created_ns: int
    size_bytes: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the index knows of one file. Size in pixels; the keys are explained in `lineage`."""

    name: str
    stamp: Stamp
    recipe: Recipe
    text: str
    width: int
    height: int
    recipe_key: int
    pixels_key: int


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file with this status."""
    return Stamp(max(-_TIME_LIMIT, min(_TIME_LIMIT, status.st_mtime_ns)), status.st_size)


def read_entry(path: Path) -> Entry:
    """What is to be known of the file at `path`.

    Raises:
        PictureError: a file that cannot be read, or that is no picture of ours.
    """
    try:
        path.name.encode()
        stamp = stamp_of(path.stat())  # before the reading: a file that changes meanwhile is read again
        found = read_picture_file(path)
        pixels = pixels_key(path)
    except UnicodeEncodeError as error:
        raise PictureError(path.name.encode(errors="replace").decode(), "its name is not Unicode text") from error
    except OSError as error:
        raise PictureError(path, error.strerror or str(error)) from error
    text = recipe_to_json(found.recipe)
    return Entry(
        name=path.name,
        stamp=stamp,
        recipe=found.recipe,
        text=text,
        width=found.width,
        height=found.height,
        recipe_key=recipe_key(text),
        pixels_key=pixels,
    )


def insert(connection: sqlite3.Connection, entry: Entry) -> int:
    """Add the rows of a picture, in place of those that bear its name. Returns its number."""
    forget(connection, [entry.name])
    number = _free_number(connection, entry.stamp.created_ns)
    recipe = entry.recipe
    values = (
        number, entry.name, entry.stamp.created_ns, entry.stamp.size_bytes, entry.width, entry.height, recipe.seed,
        clean(recipe.model.name), recipe.scheduler, recipe.blend is not None,
        clean(recipe.prompt)[:_PROMPT_KEY_LENGTH].casefold(), entry.recipe_key, origin_key(recipe), entry.pixels_key,
    )  # fmt: skip
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO pictures ({_COLUMNS}) VALUES ({marks})", values)  # noqa: S608 only names
    connection.execute("INSERT INTO details (id, recipe) VALUES (?, ?)", (number, entry.text))
    connection.execute(
        "INSERT INTO words (rowid, prompt, negative_prompt, model) VALUES (?, ?, ?, ?)",
        (number, indexed(_prompts(recipe)), indexed(recipe.negative_prompt), indexed(recipe.model.name)),
    )
    keys = [(key, number) for key in source_keys(recipe)]
    connection.executemany("INSERT INTO sources (key, picture) VALUES (?, ?)", keys)
    return number


def forget(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Remove the rows of these files; a trigger removes what belongs to them."""
    connection.executemany("DELETE FROM pictures WHERE name = ?", [(name,) for name in names])


def _free_number(connection: sqlite3.Connection, created_ns: int) -> int:
    number = created_ns
    while connection.execute("SELECT 1 FROM pictures WHERE id = ?", (number,)).fetchone():
        number += 1
    return number


def _prompts(recipe: Recipe) -> str:
    """The prompt, and those of the keyframes that have one of their own."""
    keyframes = recipe.blend.keyframes if recipe.blend is not None else ()
    return "\n".join(dict.fromkeys((recipe.prompt, *(each.prompt for each in keyframes if each.prompt))))

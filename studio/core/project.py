"""A project: what the artist is making, in one `.lstudio` file that can be sent to another.

The file is a zip with `project.json` and the pictures that it needs, named by their SHA-256:

    project.json                {"version": 1, "project": {"recipe": …, "canvas": …, …}}
    pictures/<64 digits>.png    in project.json, the picture of a keyframe or of the start, or its mask, is such a name

The same project gives the same bytes. Reading is in `studio.core.project_zip` (the zip) and here (what it says).
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeAlias

import msgspec
from msgspec import Meta

from studio.core.canvas import CANVAS_VERSION, Canvas, check_canvas
from studio.core.errors import OptionError, ProjectError
from studio.core.files import write_atomically
from studio.core.project_zip import FILE_LIMIT, JSON_BYTES_MAX, JSON_NAME, read_entries, zip_bytes
from studio.core.reading import open_regular
from studio.core.recipe import Recipe
from studio.core.strict_json import load_object

SUFFIX = ".lstudio"
VERSION = 1
SELECTION_MAX = 1000

Document: TypeAlias = dict[str, Any]
Migrations: TypeAlias = Mapping[int, Callable[[Document], Document]]


class Project(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a project file holds. `selection` names the pictures that were selected, as the library does."""

    recipe: Recipe = Recipe()
    canvas: Canvas = Canvas()
    count: Annotated[int, Meta(ge=1, le=10_000)] = 1
    seed_locked: bool = False
    selection: Annotated[tuple[Annotated[str, Meta(max_length=300)], ...], Meta(max_length=SELECTION_MAX)] = ()
    notes: Annotated[str, Meta(max_length=100_000)] = ""


MIGRATIONS: Migrations = {}
"""From each older version to the next: a document to a document. Version 1 is the first."""


def read_project(path: Path) -> Project:
    """The project in the file `path`.

    Raises:
        ProjectError: for a file that cannot be read or is not a project.
    """
    try:
        with open_regular(path) as file:
            data = file.read(FILE_LIMIT + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        _refuse(path, getattr(error, "strerror", None) or str(error))
    try:
        return project_from_bytes(data)
    except ValueError as error:
        _refuse(path, str(error))


def write_project(path: Path, project: Project) -> None:
    """Write `project` to `path`, whole or not at all. Raises SaveError."""
    write_atomically(path, project_bytes(project))


def project_bytes(project: Project) -> bytes:
    """The project file's bytes."""
    pictures: dict[str, bytes] = {}
    document = msgspec.to_builtins(project, builtin_types=(bytes,))
    for holder, key in _pictures(document):
        picture = holder.get(key)
        if picture:
            holder[key] = _picture_name(picture)
            pictures[holder[key]] = picture
    text = msgspec.json.encode({"version": VERSION, "project": _encodable(document)})
    return zip_bytes({JSON_NAME: msgspec.json.format(text, indent=1), **pictures})


def project_from_bytes(data: bytes, migrations: Migrations = MIGRATIONS) -> Project:
    """The project in a project file's bytes.

    Raises:
        ValueError: with a reason that has no full stop.
    """
    entries = read_entries(data)
    document = load_object(entries.pop(JSON_NAME), JSON_BYTES_MAX)
    project = _migrated(document, migrations).get("project")
    if not isinstance(project, dict):
        raise ValueError(f'{JSON_NAME} is not a JSON object with "version" and "project"')
    _restore_pictures(project, entries)
    try:
        found = msgspec.convert(project, Project, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise ValueError(f"a value in {JSON_NAME} is not allowed ({error})") from error
    _check_canvas(found.canvas)
    return found


def _check_canvas(canvas: Canvas) -> None:
    if canvas.version != CANVAS_VERSION:
        raise ValueError(f"its canvas is of version {canvas.version}; this studio reads {CANVAS_VERSION}")
    try:
        check_canvas(canvas)
    except OptionError as error:
        raise ValueError(str(error).removesuffix(".")) from error


def _migrated(document: Document, migrations: Migrations) -> Document:
    """`document` brought to this version, step by step."""
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 0 < abs(version) < 10**6:
        raise ValueError("its version is missing or not a number")
    if version > VERSION:
        raise ValueError(f"it is of version {version}, made by a newer Latent Studio; this one reads up to {VERSION}")
    while version < VERSION:
        if version not in migrations:
            raise ValueError(f"its version {version} was never one of Latent Studio's")
        document = migrations[version](document)
        version += 1
    return document


def _pictures(document: Document) -> Iterator[tuple[Document, str]]:
    """Every place of a picture, as far as the document has the shape of a project: what holds it, and under which key.

    They are those of the recipe's start, of its blend's keyframes and of the canvas's.
    """
    blend = _at(document, "recipe", "blend", "keyframes")
    placed = [_at(each, "keyframe") for each in _list(_at(document, "canvas", "placed"))]
    yield from ((each, "picture") for each in (*_list(blend), *placed) if isinstance(each, dict))
    start = _at(document, "recipe", "start")
    yield from ((start, key) for key in ("picture", "mask") if isinstance(start, dict))


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _restore_pictures(document: Document, pictures: Mapping[str, bytes]) -> None:
    """The pictures' bytes back in the place of their names; each must be the picture its name says."""
    for holder, key in _pictures(document):
        name = holder.get(key, "")
        if not isinstance(name, str) or (name and name not in pictures):
            raise ValueError("a picture that it needs is missing")
        if name and _picture_name(pictures[name]) != name:
            raise ValueError("a picture in it is damaged")
        holder[key] = pictures[name] if name else b""


def _picture_name(picture: bytes) -> str:
    return f"pictures/{hashlib.sha256(picture).hexdigest()}.png"


def _encodable(value: Any) -> Any:
    """Lone surrogates, which UTF-8 cannot hold, become U+FFFD; pairs become the character they encode."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _encodable(inner) for key, inner in value.items()}
    return [_encodable(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _refuse(path: Path, reason: str) -> NoReturn:
    raise ProjectError(path, reason[:300].rstrip("."))

"""Which pictures were made from which, and which were made twice: by keys, numbers that stand for what is compared.

`recipe_key` stands for the whole recipe; `origin_key` for prompt, negative prompt, seed and model, what a keyframe
takes over from a picture; `pixels_key` for the pixels as they are stored: the sums of the PNG's image data, which no
decoding is needed for. A picture that the studio copies into a keyframe at its own size is compressed to the same data.
"""

import hashlib
import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from studio.core.png import SIGNATURE
from studio.core.recipe import Recipe
from studio.library.database import Database

_CHUNK_COUNT_LIMIT = 100_000


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """Where a picture comes from and what came of it, oldest first. Only pictures that are in the library.

    A picture is *made from* an older one where one of its keyframes has that one's prompt, negative prompt and seed,
    by the same model, or holds a picture with exactly that one's pixels. *Led to* is the same, seen from the other.
    """

    made_from: tuple[Path, ...] = ()
    led_to: tuple[Path, ...] = ()


def lineage(database: Database, folder: Path, path: Path) -> Lineage:
    """What the picture at `path` was made from and what it led to; nothing for one that is not in the index.

    Raises:
        StudioError: where the index cannot be read.
    """
    if path.parent != folder:
        return Lineage()
    rows = database.rows("SELECT id, origin_key, pixels_key FROM pictures WHERE name = ?", (path.name,))
    if not rows:
        return Lineage()
    number, origin, pixels = rows[0]
    made_from = database.rows(
        "SELECT DISTINCT p.id, p.name FROM sources s JOIN pictures p ON s.key = p.origin_key OR s.key = p.pixels_key"
        " WHERE s.picture = ?1 AND p.id < ?1 ORDER BY p.id",
        (number,),
    )
    led_to = database.rows(
        "SELECT DISTINCT p.id, p.name FROM sources s JOIN pictures p ON p.id = s.picture"
        " WHERE s.key IN (?, ?) AND p.id > ? ORDER BY p.id",
        (origin, pixels, number),
    )
    return Lineage(
        made_from=tuple(folder / name for _, name in made_from), led_to=tuple(folder / name for _, name in led_to)
    )


def duplicates(database: Database, folder: Path) -> tuple[tuple[Path, ...], ...]:
    """Groups of pictures with the very same recipe, oldest first. Raises StudioError."""
    rows = database.rows(
        "SELECT recipe_key, name FROM pictures WHERE recipe_key IN"
        " (SELECT recipe_key FROM pictures GROUP BY recipe_key HAVING count(*) > 1) ORDER BY id"
    )
    groups: dict[int, list[Path]] = {}
    for key, name in rows:
        groups.setdefault(key, []).append(folder / name)
    return tuple(tuple(group) for group in groups.values())


def recipe_key(text: str) -> int:
    """Stands for a recipe, by its JSON."""
    return _key(b"recipe", text.encode())


def origin_key(recipe: Recipe) -> int:
    """Stands for what a keyframe takes over from a picture; 0, which no keyframe has, for one that is a blend."""
    if recipe.blend is not None:
        return 0
    return _origin(recipe.prompt, recipe.negative_prompt, recipe.seed, recipe.model.name)


def pixels_key(source: Path | bytes) -> int:
    """Stands for the pixels of a PNG file, a path or its bytes; two files of other programs may differ all the same.

    Raises:
        OSError: from reading.
    """
    digest = hashlib.sha256(b"pixels")
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        for part in _image_parts(file):
            digest.update(part)
    return _number(digest.digest())


def source_keys(recipe: Recipe) -> frozenset[int]:
    """The keys of the pictures that a recipe builds on."""
    keys = {pixels_key(picture) for picture in _pictures_in(msgspec.structs.asdict(recipe))}
    for each in recipe.blend.keyframes if recipe.blend is not None else ():
        if not each.picture:
            prompt = recipe.prompt if each.prompt is None else each.prompt
            negative = recipe.negative_prompt if each.negative_prompt is None else each.negative_prompt
            keys.add(_origin(prompt, negative, each.seed, recipe.model.name))
    return frozenset(keys)


def _origin(prompt: str, negative: str, seed: int, model: str) -> int:
    return _key(*(part.encode(errors="surrogatepass") for part in ("origin", prompt, negative, str(seed), model)))


def _key(*parts: bytes) -> int:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return _number(digest.digest())


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big", signed=True)


def _pictures_in(value: Any) -> Iterator[bytes]:
    """All PNG files inside of a recipe, whichever field holds them."""
    if isinstance(value, bytes):
        if value.startswith(SIGNATURE):
            yield value
    elif isinstance(value, msgspec.Struct):
        yield from _pictures_in(msgspec.structs.asdict(value))
    elif isinstance(value, dict | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _pictures_in(each)


def _image_parts(file: BinaryIO) -> Iterator[bytes]:
    """The header, and length and checksum of each part of the image data."""
    file.seek(len(SIGNATURE))
    for _ in range(_CHUNK_COUNT_LIMIT):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        (length,) = struct.unpack(">I", head[:4])
        if head[4:] == b"IHDR":
            yield file.read(length + 4 if length == 13 else 0)
        elif head[4:] == b"IDAT":
            file.seek(length, io.SEEK_CUR)
            yield head + file.read(4)
        else:
            file.seek(length + 4, io.SEEK_CUR)

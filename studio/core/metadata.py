"""A picture and its recipe in one file: PNG, sRGB, with two text chunks.

`parameters` is AUTOMATIC1111's infotext, which other programs read; `latent_studio` is the recipe as JSON, which gives
back the same bytes. Reading decodes no pixels, and takes bounded time and memory whatever the file holds.
"""

import io
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio.core.errors import NoRecipeError, OptionError, PictureError
from studio.core.events import Picture
from studio.core.infotext import infotext
from studio.core.png import PngError, PngSummary, read_summary
from studio.core.reading import open_regular
from studio.core.recipe import Recipe
from studio.core.recipe_json import recipe_from_json, recipe_to_json

CHUNK = "latent_studio"
_COMPRESSION = 6
"""zlib's level: higher takes twice the time for a hundredth of the size (measured on illustrated landscapes)."""


class PictureFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a picture file tells without being decoded. Size in pixels."""

    recipe: Recipe
    width: int
    height: int


def write_png(picture: Picture, recipe: Recipe) -> bytes:
    """`picture` as a PNG file that carries `recipe`. The same arguments give the same bytes.

    Args:
        picture: (height, width, 3) uint8, sRGB.
        recipe: what made it.

    Raises:
        ValueError: for an array of another shape or type.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(f"a picture is (height, width, 3) uint8, not {picture.shape} {picture.dtype}")
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.save(buffer, "PNG", pnginfo=_chunks(recipe), compress_level=_COMPRESSION)
    return buffer.getvalue()


def read_recipe(source: Path | bytes) -> Recipe:
    """The recipe that made the picture in `source`, a path or the file's bytes.

    Raises:
        NoRecipeError: a picture without a recipe of ours.
        PictureError: a file that cannot be read, or whose recipe cannot.
    """
    return read_picture_file(source).recipe


def read_picture_file(source: Path | bytes) -> PictureFile:
    """Recipe and size of the picture in `source`, a path or the file's bytes.

    Raises:
        NoRecipeError: a picture without a recipe of ours.
        PictureError: a file that cannot be read, or whose recipe cannot.
    """
    name = "The picture" if isinstance(source, bytes) else source
    summary = _summary(source, name)
    if summary.text is None:
        raise NoRecipeError(name)
    try:
        recipe = recipe_from_json(summary.text)
    except OptionError as error:
        raise PictureError(name, str(error).removesuffix(".")) from error
    return PictureFile(recipe=recipe, width=summary.width, height=summary.height)


def _chunks(recipe: Recipe) -> PngInfo:
    chunks = PngInfo()
    chunks.add(b"sRGB", b"\0")  # perceptual intent
    chunks.add_text("parameters", infotext(recipe))
    chunks.add_itxt(CHUNK, recipe_to_json(recipe))
    return chunks


def _summary(source: Path | bytes, name: Path | str) -> PngSummary:
    try:
        with _open(source) as file:
            return read_summary(file, CHUNK)
    except PngError as error:
        raise PictureError(name, str(error)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise PictureError(name, getattr(error, "strerror", None) or str(error)) from error


def _open(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else open_regular(source)

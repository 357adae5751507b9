"""Several pictures exported one after another, each whole or not at all, none over another file."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import msgspec

from studio.core.decoding import read_pixels
from studio.core.errors import OptionError, SaveError, StudioError
from studio.core.events import Picture
from studio.core.export import export_bytes
from studio.core.export_names import check_pattern, file_stem
from studio.core.export_options import ExportOptions
from studio.core.files import make_folder, write_new
from studio.core.metadata import read_recipe
from studio.core.recipe import Recipe

Progress: TypeAlias = Callable[[int, int], bool]
"""Told after each picture how many are done, of how many; answers whether to go on."""


class Exported(msgspec.Struct, frozen=True, eq=False):
    """A picture to export: a file of the library, or one that is only in memory, with what made it."""

    path: Path | None = None
    picture: Picture | None = None
    recipe: Recipe | None = None


class ExportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an export. `refused` are sentences, one for each picture that was left out."""

    written: tuple[Path, ...] = ()
    refused: tuple[str, ...] = ()
    was_stopped: bool = False


def export_all(items: Sequence[Exported], options: ExportOptions, now: datetime, progress: Progress) -> ExportReport:
    """Write every one of `items` into the options' folder. A picture that cannot be read is left out, and told.

    Where a file cannot be written the rest is not tried: the next would fail alike.

    Raises:
        OptionError: for a pattern that means nothing, or a folder that is none.
        SaveError: where the folder cannot be made.
    """
    folder = folder_of(options)
    check_pattern(options.pattern)
    make_folder(folder)
    written: list[Path] = []
    refused: list[str] = []
    for number, item in enumerate(items, start=1):
        try:
            written.append(_export(item, options, folder, now, number))
        except SaveError as error:
            return ExportReport(written=tuple(written), refused=(*refused, str(error)), was_stopped=True)
        except StudioError as error:
            refused.append(str(error))
        if not progress(number, len(items)) and number < len(items):
            return ExportReport(written=tuple(written), refused=tuple(refused), was_stopped=True)
    return ExportReport(written=tuple(written), refused=tuple(refused))


def folder_of(options: ExportOptions) -> Path:
    """Where the files go. Raises OptionError, named `folder`, for what is no whole path."""
    try:
        folder = Path(options.folder or "~").expanduser()
    except RuntimeError as error:
        raise OptionError("folder", "Folder: that is nobody’s home folder. Give the whole path.") from error
    if not folder.is_absolute():
        raise OptionError("folder", "Folder: give the whole path, or choose one with the button.")
    return folder


def recipe_of(item: Exported) -> Recipe:
    """What made the picture. Raises PictureError."""
    if item.recipe is not None:
        return item.recipe
    assert item.path is not None, "a picture is in a file or in memory"
    return read_recipe(item.path)


def _export(item: Exported, options: ExportOptions, folder: Path, now: datetime, number: int) -> Path:
    recipe = recipe_of(item)
    if item.picture is not None:
        picture = item.picture
    else:
        assert item.path is not None, "a picture is in a file or in memory"
        picture = read_pixels(item.path)
    name = file_stem(options.pattern, recipe, now, number) + options.format.suffix
    return write_new(folder / name, export_bytes(picture, recipe, options))

"""`latent-studio grid`: variations of one picture, side by side on a contact sheet, without a window."""

import argparse
import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from studio.cli_generate import EngineFactory, Progress, interruptible, make_pictures, saver
from studio.cli_recipe import add_recipe_flags, chosen_model, read_recipe_file, read_wishes, recipe_for
from studio.core.contact_sheet import ContactSheet
from studio.core.errors import OptionError, SaveError
from studio.core.events import Finished
from studio.core.files import make_folder, write_atomically, write_new
from studio.core.grid import make_grid
from studio.core.grid_axis import EXAMPLES, Axis, Field, read_axis
from studio.core.models import resolve_model
from studio.core.places import Places
from studio.core.recipe import Recipe
from studio.core.recipe_files import check_files_found
from studio.library.names import sheet_name

_AXES = ("x", "y", "z")


def add_grid(parser: argparse.ArgumentParser) -> None:
    """The arguments of `grid`."""
    fields = ", ".join(Field)
    for axis, where in zip(_AXES, ("across", "down", "block by block"), strict=True):
        parser.add_argument(f"--{axis}", metavar="WHAT=VALUES", help=f"what varies {where}: one of {fields}")
    parser.epilog = "Values: " + "; ".join(f"{field}={' or '.join(text)}" for field, text in EXAMPLES.items())
    parser.add_argument(
        "--out", metavar="SHEET", help="only the sheet, as this .png file (default: sheet and pictures in the library)"
    )
    parser.add_argument("--recipe", metavar="FILE", help="vary this recipe: JSON, one of our PNGs, or - for stdin")
    parser.add_argument("--model", metavar="NAME", default=argparse.SUPPRESS, help="a model's name or folder")
    add_recipe_flags(parser)


def grid(arguments: argparse.Namespace, places: Places, folders: tuple[Path, ...], engines: EngineFactory) -> None:
    """Make the pictures of a grid, and the sheet of those there are, however it ends. Raises StudioError, Cancelled."""
    axes, recipes = _read(arguments, folders)
    sheet = ContactSheet(axes, recipes)
    made = 0

    with contextlib.ExitStack() as stack:
        target = None if arguments.out is None else _target(Path(arguments.out))
        keep = stack.enter_context(saver(None, len(recipes), places)) if target is None else None

        def save(finished: Finished, number: int) -> Path | None:
            nonlocal made
            sheet.put(number, finished.picture)
            made += 1
            return None if keep is None else keep(finished, number)

        was_stopped = stack.enter_context(interruptible())
        try:
            make_pictures(recipes, folders, engines, save, Progress(was_stopped))
        finally:
            if made:
                print(_write(sheet, target, places, recipes[0]))


def _read(arguments: argparse.Namespace, folders: tuple[Path, ...]) -> tuple[tuple[Axis, ...], tuple[Recipe, ...]]:
    axes = tuple(_axes(arguments))
    wishes = read_wishes(arguments)
    base = read_recipe_file(arguments.recipe) if arguments.recipe is not None else None
    model = chosen_model(arguments.model, base)
    info = resolve_model(model.name, folders)
    recipe = recipe_for(wishes, base, model, info)
    recipes = make_grid(recipe, axes, info, lambda name: resolve_model(name, folders))
    for each in {(each.prompt, each.negative_prompt, each.adapters, each.vae): each for each in recipes}.values():
        check_files_found(each, folders)
    return axes, recipes


def _axes(arguments: argparse.Namespace) -> Iterator[Axis]:
    for name in _AXES:
        text = getattr(arguments, name)
        if text is not None:
            what, _, values = text.partition("=")
            if what.strip().casefold() not in tuple(Field):
                raise OptionError(
                    name, f"{name.upper()}: “{what[:40]}” cannot vary. Choose one of: {', '.join(Field)}."
                )
            yield read_axis(Field(what.strip().casefold()), values)


def _target(path: Path) -> Path:
    if path.suffix.lower() != ".png":
        raise OptionError("out", f"Out: the sheet is a PNG file. Name it {path.with_suffix('.png').name}.")
    if not path.parent.is_dir():
        raise SaveError(path, f"there is no folder {path.parent}")
    return path


def _write(sheet: ContactSheet, target: Path | None, places: Places, recipe: Recipe) -> Path:
    if target is not None:
        write_atomically(target, sheet.png())
        return target
    make_folder(places.pictures)
    return write_new(places.pictures / sheet_name(recipe, datetime.now()), sheet.png())

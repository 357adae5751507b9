"""The command line's words about the picture to start from: a file, how much of it, a mask, room around it."""

import argparse
import enum
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from studio.core.errors import OptionError
from studio.core.models import ModelInfo
from studio.core.options import option
from studio.core.outpaint import outpainted
from studio.core.recipe import Recipe, check_recipe
from studio.core.start import Area, Encoding, Enlarging, Start, png_size
from studio.core.start_picture import decode_start, mask_from_file, start_from_file, upright_size

_ALPHA = "alpha"
_FLAGS = ("strength", "mask", "outpaint", "encoding", "area", "padding", "enlarging")
_Name = TypeVar("_Name", bound=enum.StrEnum)


def add_start_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of a starting picture."""
    flags = parser.add_argument_group("starting picture")
    flags.add_argument("--start", metavar="PICTURE", help="begin at this picture, cropped to the size to be made")
    strength = option(Start, "strength")
    flags.add_argument("--strength", metavar="N", help=f"{strength.description} 0 to 1 (default: {strength.default:g})")
    flags.add_argument(
        "--mask",
        metavar="PICTURE",
        help="white where the picture is made anew, black where it stays; "
        f"or {_ALPHA}: made anew where --start is transparent",
    )
    flags.add_argument("--outpaint", metavar="L,T,R,B", help="pixels to add left, above, right and below, made anew")
    flags.add_argument(
        "--encoding", metavar="NAME", help=f"what the autoencoder is asked for: {' or '.join(Encoding)} (default: mean)"
    )
    flags.add_argument(
        "--area",
        metavar="NAME",
        help="what is worked on: whole, or masked: that alone, enlarged to the size to be made and put back into "
        "--start, which keeps its own size (default: whole)",
    )
    padding = option(Start, "padding_px")
    flags.add_argument("--padding", metavar="PX", help=f"{padding.description} 0 to 256 (default: {padding.default})")
    flags.add_argument(
        "--enlarging",
        metavar="NAME",
        help="how a smaller --start gets to the size to be made: by its pixels or its latents (default: pixels)",
    )


def with_start(recipe: Recipe, arguments: argparse.Namespace, info: ModelInfo) -> Recipe:
    """`recipe` with the start that the flags ask for, over the one it may have.

    Raises:
        OptionError: for flags that say nothing, and for a start that does not go with the rest.
        PictureError: for a file that cannot be read.
    """
    asked = [each for each in _FLAGS if getattr(arguments, each) is not None]
    start = _picture(recipe, arguments)
    if start is None:
        if asked:
            raise OptionError(asked[0], f"--{asked[0]} needs a picture to start from. Give one with --start.")
        return recipe
    if arguments.mask is not None and arguments.outpaint is not None:
        raise OptionError("outpaint", "--outpaint brings a mask of its own. Leave --mask out.")
    if arguments.mask not in (None, _ALPHA):
        source = None if arguments.start is None else Path(arguments.start)
        wanted = _sized(recipe, png_size(start.picture))
        start = replace(start, mask=mask_from_file(Path(arguments.mask), wanted, source))
    if arguments.outpaint is not None:
        room, width, height = outpainted(decode_start(start), *_sides(arguments.outpaint), multiple=info.size_multiple)
        start, recipe = replace(room, encoding=start.encoding), replace(recipe, width=width, height=height)
    made = replace(recipe, start=_told(start, arguments))
    check_recipe(made, size_multiple=info.size_multiple)
    return made


def _picture(recipe: Recipe, arguments: argparse.Namespace) -> Start | None:
    if arguments.start is None:
        return recipe.start
    path = Path(arguments.start)
    wanted = _sized(replace(recipe, start=None), _own_size(recipe, path, arguments))
    start = start_from_file(path, wanted, alpha_is_mask=arguments.mask == _ALPHA)
    if arguments.mask == _ALPHA and not start.mask:
        raise OptionError("mask", f"Nothing in {arguments.start} is transparent. Give a mask as a picture.")
    return start


def _told(start: Start, arguments: argparse.Namespace) -> Start:
    if arguments.strength is not None:
        try:
            start = replace(start, strength=float(arguments.strength))
        except ValueError as error:
            raise OptionError("strength", f"Strength: {arguments.strength!r:.40} is not a number.") from error
    if arguments.padding is not None:
        try:
            start = replace(start, padding_px=int(arguments.padding))
        except ValueError as error:
            raise OptionError("padding", f"Padding: {arguments.padding!r:.40} is not a whole number.") from error
    named = {
        "encoding": _choice(Encoding, "encoding", arguments),
        "area": _choice(Area, "area", arguments),
        "enlarging": _choice(Enlarging, "enlarging", arguments),
    }
    return replace(start, **{name: value for name, value in named.items() if value is not None})


def _choice(kind: type[_Name], name: str, arguments: argparse.Namespace) -> _Name | None:
    said = getattr(arguments, name)
    if said is not None and said not in tuple(kind):
        raise OptionError(name, f"{name.capitalize()}: {said!r:.40} is not {' or '.join(kind)}.")
    return None if said is None else kind(said)


def _own_size(recipe: Recipe, path: Path, arguments: argparse.Namespace) -> tuple[int, int] | None:
    """The size a start keeps that need not be of the recipe's; None for others."""
    if _choice(Area, "area", arguments) is Area.MASKED:
        return upright_size(path)
    if _choice(Enlarging, "enlarging", arguments) is not Enlarging.LATENTS:
        return None
    across, down = upright_size(path)
    scale = min(1.0, across / recipe.width, down / recipe.height)
    return max(8, round(recipe.width * scale / 8) * 8), max(8, round(recipe.height * scale / 8) * 8)


def _sized(recipe: Recipe, size: tuple[int, int] | None) -> Recipe:
    """For what fits pictures to a recipe's size."""
    return recipe if size is None else replace(recipe, width=size[0], height=size[1])


def _sides(text: str) -> tuple[int, int, int, int]:
    try:
        left, top, right, bottom = (int(each) for each in text.split(","))
    except ValueError as error:
        raise OptionError(
            "outpaint", f"Outpaint: {text!r:.40} is not four whole numbers: left,top,right,bottom, as in 64,0,64,0."
        ) from error
    return left, top, right, bottom

"""The command line's words about the picture to start from: a file, how much of it, a mask, room around it."""

import argparse
from pathlib import Path

from msgspec.structs import replace

from studio.core.errors import OptionError
from studio.core.models import ModelInfo
from studio.core.options import option
from studio.core.outpaint import outpainted
from studio.core.recipe import Recipe, check_recipe
from studio.core.start import Encoding, Start
from studio.core.start_picture import decode_start, mask_from_file, start_from_file

_ALPHA = "alpha"


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


def with_start(recipe: Recipe, arguments: argparse.Namespace, info: ModelInfo) -> Recipe:
    """`recipe` with the start that the flags ask for, over the one it may have.

    Raises:
        OptionError: for flags that say nothing, and for a start that does not go with the rest.
        PictureError: for a file that cannot be read.
    """
    asked = [each for each in ("strength", "mask", "outpaint", "encoding") if getattr(arguments, each) is not None]
    start = _picture(recipe, arguments)
    if start is None:
        if asked:
            raise OptionError(asked[0], f"--{asked[0]} needs a picture to start from. Give one with --start.")
        return recipe
    if arguments.mask is not None and arguments.outpaint is not None:
        raise OptionError("outpaint", "--outpaint brings a mask of its own. Leave --mask out.")
    if arguments.mask not in (None, _ALPHA):
        source = None if arguments.start is None else Path(arguments.start)
        start = replace(start, mask=mask_from_file(Path(arguments.mask), recipe, source))
    if arguments.outpaint is not None:
        room, width, height = outpainted(decode_start(start), *_sides(arguments.outpaint), multiple=info.size_multiple)
        start, recipe = replace(room, encoding=start.encoding), replace(recipe, width=width, height=height)
    made = replace(recipe, start=_told(start, arguments))
    check_recipe(made, size_multiple=info.size_multiple)
    return made


def _picture(recipe: Recipe, arguments: argparse.Namespace) -> Start | None:
    if arguments.start is None:
        return recipe.start
    start = start_from_file(Path(arguments.start), replace(recipe, start=None), alpha_is_mask=arguments.mask == _ALPHA)
    if arguments.mask == _ALPHA and not start.mask:
        raise OptionError("mask", f"Nothing in {arguments.start} is transparent. Give a mask as a picture.")
    return start


def _told(start: Start, arguments: argparse.Namespace) -> Start:
    if arguments.strength is not None:
        try:
            start = replace(start, strength=float(arguments.strength))
        except ValueError as error:
            raise OptionError("strength", f"Strength: {arguments.strength!r:.40} is not a number.") from error
    if arguments.encoding is not None:
        if arguments.encoding not in tuple(Encoding):
            raise OptionError("encoding", f"Encoding: {arguments.encoding!r:.40} is not {' or '.join(Encoding)}.")
        start = replace(start, encoding=Encoding(arguments.encoding))
    return start


def _sides(text: str) -> tuple[int, int, int, int]:
    try:
        left, top, right, bottom = (int(each) for each in text.split(","))
    except ValueError as error:
        raise OptionError(
            "outpaint", f"Outpaint: {text!r:.40} is not four whole numbers: left,top,right,bottom, as in 64,0,64,0."
        ) from error
    return left, top, right, bottom

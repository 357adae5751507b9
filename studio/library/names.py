"""Names for picture files that an artist can read: `2026-11-21_142501_a-red-sailboat_7.png`."""

from datetime import datetime

from studio.core.export_names import PICTURE_PATTERN, file_stem, slug
from studio.core.recipe import Recipe


def picture_name(recipe: Recipe, now: datetime, pattern: str = PICTURE_PATTERN) -> str:
    """By default: date, first words of the prompt, seed. Letters of every script stay; nothing a file system refuses.

    Raises:
        OptionError: for a pattern that `check_picture_pattern` refuses.
    """
    return f"{file_stem(pattern, recipe, now)}.png"


def sheet_name(recipe: Recipe, now: datetime) -> str:
    """What the contact sheet of a grid of `recipe` is called: date, first words of the prompt."""
    return f"{now:%Y-%m-%d_%H%M%S}_grid_{slug(recipe.prompt)}.png"

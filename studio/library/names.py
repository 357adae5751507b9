"""Names for picture files that an artist can read: `2026-11-21_142501_a-red-sailboat_7.png`."""

import re
import unicodedata
from datetime import datetime

from studio.core.recipe import Recipe

_SLUG_LENGTH = 40
"""Characters; at four bytes each, with date and seed, far below every file system's 255 bytes."""


def picture_name(recipe: Recipe, now: datetime) -> str:
    """Date, first words of the prompt, seed. Letters of every script stay; nothing a file system refuses does."""
    return f"{now:%Y-%m-%d_%H%M%S}_{slug(recipe.prompt)}_{recipe.seed}.png"


def slug(prompt: str) -> str:
    """The prompt's first whole words, up to 40 characters, joined by hyphens; `untitled` where there are none."""
    found = ""
    for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", prompt[:400]).lower()):
        longer = f"{found}-{word}" if found else word[:_SLUG_LENGTH]
        if len(longer) > _SLUG_LENGTH:
            break
        found = longer
    return found or "untitled"

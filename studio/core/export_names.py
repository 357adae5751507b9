"""Names for exported files, from a pattern such as `{date} {prompt words} {seed}`: safe on every system.

Windows forbids the most (learn.microsoft.com, "Naming Files, Paths, and Namespaces"): signs, device names, and dots or
spaces at the end. File systems hold 255 bytes or UTF-16 units.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from studio.core.errors import OptionError, UnknownChoiceError
from studio.core.recipe import Recipe

PICTURE_FIELDS = ("date", "time", "seed", "prompt words", "prompt-words", "model", "width", "height")
"""What a new picture's name can tell."""
FIELDS = (*PICTURE_FIELDS, "n")
"""Of several exported together, each has its number."""
PICTURE_PATTERN = "{date}_{time}_{prompt-words}_{seed}"
_FIELD = re.compile(r"\{([^{}]*)\}")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]+')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE)
_NAME_BYTES_MAX = 200
"""UTF-8, without the ending: leaves room for a number that keeps it from another file of the same name."""
_WORDS = 8
_SLUG_LENGTH = 40
"""Characters."""
_PROMPT_READ = 400
_UNTITLED = "untitled"


def file_stem(pattern: str, recipe: Recipe, now: datetime, number: int = 1) -> str:
    """The file's name without its ending. `number` counts the pictures of one export, for `{n}`.

    Raises:
        OptionError: named `pattern`, for a field that is not known or a brace without its other.
    """
    check_pattern(pattern)
    values = _values(recipe, now, number)
    return _safe(_FIELD.sub(lambda match: values[match[1].strip().lower()], pattern))


def slug(prompt: str) -> str:
    """The prompt's first whole words, up to 40 characters, joined by hyphens; `untitled` where there are none."""
    found = ""
    for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", prompt[:_PROMPT_READ]).lower()):
        longer = f"{found}-{word}" if found else word[:_SLUG_LENGTH]
        if len(longer) > _SLUG_LENGTH:
            break
        found = longer
    return found or _UNTITLED


def check_picture_pattern(pattern: str) -> None:
    """Raise OptionError unless new pictures can be named by `pattern`."""
    check_pattern(pattern, PICTURE_FIELDS)


def check_pattern(pattern: str, fields: Sequence[str] = FIELDS) -> None:
    """Raise OptionError unless `pattern` has only fields that are known, and is not empty."""
    for found in _FIELD.finditer(pattern):
        if found[1].strip().lower() not in fields:
            raise UnknownChoiceError("pattern", found[1].strip(), fields)
    if set(_FIELD.sub("", pattern)) & {"{", "}"}:
        _refuse("a brace stands alone. Write fields as {seed}")
    if not pattern.strip():
        _refuse("it is empty. Write at least one field, such as {seed}")


def _values(recipe: Recipe, now: datetime, number: int) -> dict[str, str]:
    return {
        "date": f"{now:%Y-%m-%d}",
        "time": f"{now:%H%M%S}",
        "seed": str(recipe.seed),
        "prompt words": _prompt_words(recipe.prompt),
        "prompt-words": slug(recipe.prompt),
        "model": recipe.model.name,
        "width": str(recipe.width),
        "height": str(recipe.height),
        "n": f"{number:04d}",
    }


def _prompt_words(prompt: str) -> str:
    words = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", unicodedata.normalize("NFC", prompt[:_PROMPT_READ]))
    return " ".join(words[:_WORDS]) or _UNTITLED


def _safe(name: str) -> str:
    """`name` as every system takes it; `untitled` where nothing is left."""
    visible = "".join(each if unicodedata.category(each)[0] != "C" else " " for each in name)
    plain = " ".join(_FORBIDDEN.sub("-", unicodedata.normalize("NFC", visible)).split())
    cut = plain.strip(" .").encode()[:_NAME_BYTES_MAX].decode(errors="ignore").rstrip(" .")
    return f"_{cut}" if _DEVICES.match(cut) else cut or _UNTITLED


def _refuse(reason: str) -> NoReturn:
    raise OptionError("pattern", f"The file name’s pattern cannot be used: {reason}.")

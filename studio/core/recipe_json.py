"""A recipe as JSON text: `{"version": 1, "recipe": {…}}`. The same in pictures, in the queue and on the command line.

Read as data from strangers: size, depth, duplicate keys, numbers and fields are checked, nothing is evaluated.

The text is ASCII. A prompt may hold any code points: a lone surrogate survives as its escape; a high and a low
surrogate in a row come back as the one character they encode, which is what JSON says they are.
"""

import json
from typing import Any, NoReturn

import msgspec

from studio.core.errors import OptionError
from studio.core.recipe import Recipe

VERSION = 1
SIZE_LIMIT = 5 << 20
"""Characters. The pictures of a start and a blend, in base64, and two longest prompts, all escaped, are less."""
_PICTURES = ("picture", "mask")


def recipe_to_json(recipe: Recipe, *, indent: int | None = None) -> str:
    """`recipe` as ASCII JSON, its fields in the order of declaration."""
    document = {"version": VERSION, "recipe": msgspec.to_builtins(recipe)}
    separators = (",", ":") if indent is None else None
    return json.dumps(document, indent=indent, separators=separators, allow_nan=False)


def recipe_in_words(recipe: Recipe) -> str:
    """The same for people: indented, and pictures told by their size in bytes. It cannot be read back."""

    def shown(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: shown(inner, name) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [shown(inner) for inner in value]
        if key in _PICTURES and isinstance(value, bytes) and value:
            return f"(a PNG picture of {len(value):,} bytes)"
        return value

    document = {"version": VERSION, "recipe": shown(msgspec.to_builtins(recipe, builtin_types=(bytes,)))}
    return json.dumps(document, indent=2, allow_nan=False)


def recipe_from_json(text: str) -> Recipe:
    """The recipe in `text`; fields that are not there have their defaults.

    Raises:
        OptionError: named `recipe`, with a sentence that says what is wrong.
    """
    document = _load(text)
    if not isinstance(document, dict) or "recipe" not in document:
        _refuse('it is not a JSON object with "version" and "recipe"')
    _check_version(document.get("version"))
    try:
        return _as_it_was(document["recipe"], msgspec.convert(document["recipe"], Recipe))
    except msgspec.ValidationError as error:
        _refuse(_explain(str(error)))
    except UnicodeEncodeError:  # where msgspec wants ASCII, as in a picture's base64
        _refuse("a value is not allowed (half a character where there can be none)")


def _as_it_was(fields: Any, recipe: Recipe) -> Recipe:
    """A finished picture from before there were embeddings was made without any, whatever files lie there now."""
    is_older = recipe.model.hash and "learned_words" not in fields
    return msgspec.structs.replace(recipe, learned_words=()) if is_older else recipe


def _load(text: str) -> Any:
    if len(text) > SIZE_LIMIT:
        _refuse(f"it has {len(text):,} characters, and no recipe has more than {SIZE_LIMIT:,}")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        _refuse("it is nested too deeply")
    except ValueError as error:
        _refuse(f"it is not JSON ({error})")


def _check_version(version: object) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        _refuse(f"its version is missing or not a number ({version!r:.40})")
    if version > VERSION:
        _refuse(f"it is of version {version}, made by a newer Latent Studio; this one reads up to {VERSION}")


def _explain(reason: str) -> str:
    if "unknown field" in reason:
        return f"it has a setting this version does not know, perhaps of a newer Latent Studio ({reason})"
    return f"a value is not allowed ({reason})"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _refuse(reason: str) -> NoReturn:
    raise OptionError("recipe", f"The recipe cannot be read: {reason}.")

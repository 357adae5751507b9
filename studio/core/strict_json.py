"""JSON from strangers: size, depth, parts, numbers and duplicate keys are checked; nothing is evaluated."""

import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

_DEPTH_LIMIT = 200
"""Levels: deeper is no document of any program, and walking it could exhaust the stack."""
_PARTS_LIMIT = 100_000
"""Lists and objects: an empty one takes two characters of text and sixty bytes of memory, and more."""
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""A string, or one that never ends: so that no search starts over inside of it."""


def load_object(text: str | bytes, size_limit: int, *, nan_is_none: bool = False) -> dict[str, Any]:
    """The JSON object in `text`, of at most `size_limit` characters (bytes, for bytes).

    Some programs write NaN for "not known"; `nan_is_none` reads it as None. Infinity is refused either way.

    Raises:
        ValueError: with a reason that has no full stop.
    """
    if len(text) > size_limit:
        raise ValueError(f"it has {len(text):,} characters, and at most {size_limit:,} are read")
    plain = _decoded(text)
    if _parts(plain) > _PARTS_LIMIT and _parts(_STRING.sub("", plain)) > _PARTS_LIMIT:
        raise ValueError(f"it has more than {_PARTS_LIMIT:,} lists and objects")
    value = _load(plain, _none_for_nan if nan_is_none else _refuse_constant)
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    _check_depth(value)
    return value


def _decoded(text: str | bytes) -> str:
    try:
        return text if isinstance(text, str) else text.decode()
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error


def _parts(text: str) -> int:
    return text.count("[") + text.count("{")


def _load(text: str, constant: Callable[[str], None]) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=constant, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"it is not JSON ({error})") from error


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEPTH_LIMIT):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise ValueError("it is nested too deeply")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _none_for_nan(name: str) -> None:
    if name != "NaN":
        _refuse_constant(name)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")

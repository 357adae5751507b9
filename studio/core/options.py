"""Options declared once, as `Annotated[type, Meta(…)]` on a frozen struct, and walked for forms, flags and checks."""

import enum
import math
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from studio.core.errors import OptionError


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One declared option of a struct.

    `minimum` and `maximum` are inclusive; `unit` is printed after the number; `step` is a spin box's step; `section` is
    the heading it stands under. `check` raises OptionError for a value that is not allowed for another reason.
    """

    name: str
    title: str
    description: str
    kind: type
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    step: float | None = None
    unit: str = ""
    section: str = ""
    check: Callable[[Any], None] | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """The names to choose from, for an enum; else empty."""
        return tuple(member.value for member in self.kind) if issubclass(self.kind, enum.Enum) else ()


@cache
def options_of(struct: type[msgspec.Struct]) -> tuple[Option, ...]:
    """Every annotated option of `struct`, in the order of declaration."""
    hints = get_type_hints(struct, include_extras=True)
    defaults = {field.name: field.default for field in msgspec.structs.fields(struct)}
    annotated = {name: _annotated(hint) for name, hint in hints.items()}
    return tuple(_option(name, hint, defaults[name]) for name, hint in annotated.items() if hint is not None)


def option(struct: type[msgspec.Struct], name: str) -> Option:
    """The option `name` of `struct`. Raises KeyError for a field that is not declared as one."""
    return {each.name: each for each in options_of(struct)}[name]


def check(value: msgspec.Struct) -> None:
    """Raise `OptionError` for the first option of `value` that is outside its declaration."""
    for each in options_of(type(value)):
        check_value(each, getattr(value, each.name))


def check_value(each: Option, value: Any) -> None:
    """Raise `OptionError` where `value` is not allowed."""
    if value is None and each.default is None:
        return
    wanted = (int, float) if each.kind is float else each.kind
    if not isinstance(value, wanted) or (isinstance(value, bool) and each.kind is not bool):
        raise OptionError(each.name, f"{each.title}: {value!r:.60} is not {_noun(each.kind)}.")
    if isinstance(value, str) and each.max_length is not None and len(value) > each.max_length:
        raise OptionError(
            each.name, f"{each.title}: {len(value):,} characters are too many; at most {each.max_length:,} are read."
        )
    if isinstance(value, (int, float)) and not _inside(each, value):
        unit = f" {each.unit}" if each.unit else ""
        raise OptionError(each.name, f"{each.title}: {value} is outside {each.minimum:,} to {each.maximum:,}{unit}.")
    if each.check is not None:
        each.check(value)


def _annotated(hint: Any) -> Any:
    """The `Annotated[…]` in `hint` or in the union `hint | None`; None where there is none."""
    return next((each for each in (hint, *get_args(hint)) if get_origin(each) is Annotated), None)


def _option(name: str, hint: Any, default: Any) -> Option:
    kind, meta = get_args(hint)[0], next(a for a in get_args(hint)[1:] if isinstance(a, msgspec.Meta))
    extra = meta.extra or {}
    return Option(
        name=name,
        title=meta.title or name.replace("_", " ").capitalize(),
        description=meta.description or "",
        kind=get_origin(kind) or kind,
        default=None if default is msgspec.NODEFAULT else default,
        minimum=meta.ge,
        maximum=meta.le,
        max_length=meta.max_length,
        step=extra.get("step"),
        unit=extra.get("unit", ""),
        section=extra.get("section", ""),
        check=extra.get("check"),
    )


def _inside(each: Option, value: float) -> bool:
    low = -math.inf if each.minimum is None else each.minimum
    high = math.inf if each.maximum is None else each.maximum
    return math.isfinite(value) and low <= value <= high


def _noun(kind: type) -> str:
    nouns = {int: "a whole number", float: "a number", str: "a text", bool: "yes or no"}
    return nouns.get(kind, f"a {kind.__name__.lower()}")

"""Adapters a recipe uses: small files that change a model's weights, each with a strength."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from studio.core.errors import OptionError
from studio.core.options import check

ADAPTERS_MAX = 16


class AdapterUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A LoRA file by its name without folder and ending. `hash`: hexadecimal SHA-256, or empty for any of that name."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    strength: Annotated[
        float,
        Meta(
            ge=-4.0,
            le=4.0,
            title="Strength",
            description="How much of the adapter's change is added: 0 is none, 1 what it was trained for.",
            extra={"step": 0.05},
        ),
    ] = 1.0
    hash: Annotated[str, Meta(max_length=64)] = ""


def check_adapters(adapters: Iterable[AdapterUse]) -> None:
    """Raise `OptionError` where one adapter is named twice or its strength is not allowed, or there are too many."""
    adapters = tuple(adapters)
    names = [adapter.name.casefold() for adapter in adapters]
    if len(names) > ADAPTERS_MAX:
        raise OptionError("adapters", f"A picture uses at most {ADAPTERS_MAX} adapters, not {len(names)}.")
    for name in names:
        if names.count(name) > 1:
            raise OptionError("adapters", f"The adapter “{name}” is named twice. Give it one strength.")
    for adapter in adapters:
        try:
            check(adapter)
        except OptionError as error:
            raise OptionError("adapters", f"The adapter “{adapter.name[:60]}”: {error}") from error

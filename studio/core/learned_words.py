"""Words that are vectors: embeddings found by textual inversion (Gal et al. 2022, arXiv 2208.01618).

A prompt uses one by its file's name, as in AUTOMATIC1111: as a whole word, whatever its capitals.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from studio.core.errors import OptionError
from studio.core.prompt_grammar import mark_spans

LEARNED_MAX = 64


class LearnedWord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An embedding by its file's name without folder and ending. `hash`: its SHA-256 in hexadecimal, or how it begins.

    An empty hash is any file of that name.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    hash: Annotated[str, Meta(max_length=64)] = ""


class Spot(msgspec.Struct, frozen=True):
    """Where a text names an embedding; `start` and `end` count Unicode characters."""

    start: int
    end: int
    name: str


class Names:
    """The names of embeddings, to be found in texts. Immutable."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Of two names that begin at one place the longer is read."""
        self._names = {name.casefold(): name for name in names}
        longest_first = sorted(map(re.escape, self._names), key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE)

    def __bool__(self) -> bool:
        return bool(self._names)

    def spots(self, text: str) -> Iterator[Spot]:
        """Every name in `text`, a passage of a prompt, in order."""
        for found in self._pattern.finditer(text) if self._names else ():
            name = self._names.get(found[0].casefold())
            if name is not None:
                yield Spot(*found.span(), name)

    def in_prompt(self, text: str) -> tuple[Spot, ...]:
        """Every name in a prompt as it is written; marks such as `<lora:…>` hold none."""
        marks = mark_spans(text)
        return tuple(spot for spot in self.spots(text) if not any(start <= spot.start < end for start, end in marks))

    def beginning(self, prefix: str) -> tuple[str, ...]:
        """The names that begin with `prefix`, in alphabetical order; none for an empty prefix."""
        folded = prefix.casefold()
        return tuple(self._names[each] for each in sorted(self._names) if folded and each.startswith(folded))


def check_learned(words: Iterable[LearnedWord] | None) -> None:
    """Raise `OptionError` where an embedding is named twice, or there are too many."""
    names = [word.name.casefold() for word in words or ()]
    if len(names) > LEARNED_MAX:
        raise OptionError("learned_words", f"A picture uses at most {LEARNED_MAX} embeddings, not {len(names)}.")
    if len(set(names)) < len(names):
        raise OptionError("learned_words", "An embedding is named twice. Name each one once.")

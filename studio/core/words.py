"""The words a small model was taught: which words of a prompt it does not know, and how a word begun may end.

A model with a closed vocabulary brings `vocabulary.json`: {"version": 1, "words": […], "categories": {name: […]}}.
Models trained on the open web bring none, and every word passes.
"""

import bisect
import json
import re
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import ModelBrokenError
from studio.core.prompt_grammar import mark_spans

_FILE_LIMIT = 4 << 20
"""Bytes: a vocabulary is some thousand words."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


class Word(msgspec.Struct, frozen=True):
    """A word of a text; `start` and `end` count Unicode characters."""

    start: int
    end: int
    text: str


class Vocabulary:
    """The words a model knows. Immutable; looked up without regard to case."""

    def __init__(self, words: tuple[str, ...], categories: dict[str, tuple[str, ...]] | None = None) -> None:
        """`categories` group the words for a menu; they need not cover them all."""
        self._sorted = sorted({word.casefold() for word in words})
        self._known = frozenset(self._sorted)
        self.categories = dict(categories or {})

    def __len__(self) -> int:
        return len(self._sorted)

    def __contains__(self, word: str) -> bool:
        folded = word.casefold().replace("’", "'")
        return folded in self._known or folded.removesuffix("'s") in self._known

    def unknown(self, text: str) -> tuple[Word, ...]:
        """The words of a prompt that the model was never taught, in order.

        Numbers and signs pass, and so do the marks of the prompt's grammar: `<lora:…>` and BREAK.
        """
        spans = mark_spans(text)
        found = (word for word in words_of(text) if word.text not in self)
        return tuple(word for word in found if not any(start <= word.start < end for start, end in spans))

    def begins(self, prefix: str) -> bool:
        """Whether some word begins with `prefix`."""
        return bool(self.endings(prefix, limit=1))

    def endings(self, prefix: str, limit: int = 12) -> tuple[str, ...]:
        """Up to `limit` words that begin with `prefix`, in alphabetical order; none for an empty prefix."""
        folded = prefix.casefold()
        if not folded:
            return ()
        first = bisect.bisect_left(self._sorted, folded)
        found = []
        for word in self._sorted[first : first + limit]:
            if not word.startswith(folded):
                break
            found.append(word)
        return tuple(found)


def words_of(text: str) -> tuple[Word, ...]:
    """The words of `text`: runs of letters, with apostrophes inside them."""
    return tuple(Word(match.start(), match.end(), match.group()) for match in _WORD.finditer(text))


def load_vocabulary(path: Path) -> Vocabulary:
    """Read a model's `vocabulary.json`. Raises ModelBrokenError."""
    try:
        if path.stat().st_size > _FILE_LIMIT:
            raise ModelBrokenError(path.parent, f"{path.name} is too large for a vocabulary")
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelBrokenError(path.parent, f"{path.name} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ModelBrokenError(path.parent, f"{path.name} is not JSON") from error
    return _vocabulary(path, value)


def _vocabulary(path: Path, value: Any) -> Vocabulary:
    if not isinstance(value, dict) or value.get("version") != 1:
        raise ModelBrokenError(path.parent, f"{path.name} is not a vocabulary of version 1")
    try:
        words = msgspec.convert(value.get("words"), tuple[str, ...])
        categories = msgspec.convert(value.get("categories", {}), dict[str, tuple[str, ...]])
    except msgspec.ValidationError as error:
        raise ModelBrokenError(path.parent, f"{path.name} is not understood ({error})") from error
    return Vocabulary(words, categories)

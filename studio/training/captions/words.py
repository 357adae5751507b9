"""The vocabulary: every word the grammar can say, by category, and the file the studio reads."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from studio.training.captions import lexicon as lx
from studio.training.captions import templates as tp

VOCABULARY_VERSION = 1
_WORD = re.compile(r"[a-z]+")
_SLOT = re.compile(r"\{[a-z]+\}")


def vocabulary() -> list[str]:
    """Every word the grammar can say, lower case, sorted."""
    words: set[str] = set()
    for group in categories().values():
        words.update(word for phrase in group for word in split_words(phrase))
    for phrase in _joining_phrases():
        words.update(split_words(phrase))
    return sorted(words)


def split_words(text: str) -> list[str]:
    """The words of a text, lower case, without punctuation and template slots."""
    return _WORD.findall(_SLOT.sub(" ", text.lower()))


def categories() -> dict[str, list[str]]:
    """Category → the phrases that name a value of it, sorted; what a prompt can ask for."""
    return {
        "terrain": _texts(lx.TERRAIN_NOUNS),
        "time": _texts(lx.TIME_NOUNS),
        "weather": _texts(lx.WEATHER_NOUNS, lx.WEATHER_ADJECTIVES),
        "style": _texts(lx.STYLE_TAGS),
        "subject": _texts(lx.KIND_NOUNS),
        "color": _texts(lx.COLOR_WORDS),
        "size": _texts(lx.SIZE_WORDS),
        "place": _texts(lx.PLACE_PHRASES),
        "sky": _texts(lx.BODY_NOUNS),
        "water": sorted(lx.CALM_WORDS),
    }


def write_vocabulary(path: Path) -> None:
    """Write the file the prompt panel reads: ``{"version", "words", "categories"}``."""
    content = {"version": VOCABULARY_VERSION, "words": vocabulary(), "categories": categories()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")


def _texts(*tables: Mapping[Any, Iterable[object]]) -> list[str]:
    """The distinct phrases of some tables, without a leading article."""
    found = set()
    for table in tables:
        for phrases in table.values():
            for phrase in phrases:
                text = phrase.text if isinstance(phrase, lx.Noun) else str(phrase)
                found.add(text.removeprefix("the "))
    return sorted(found)


def _joining_phrases() -> list[str]:
    """Every phrase that is no name of a value: adverbials, sentences, templates, articles."""
    tables = (
        lx.TIME_ADVERBS, lx.WEATHER_ADVERBS, lx.WEATHER_SENTENCES, lx.STYLE_OPENERS, lx.STYLE_ADVERBS,
        lx.BODY_ADVERBS, lx.BODY_SENTENCES, lx.REFLECTIONS, tp.STANDING, tp.FLOATING, tp.VERBS,
    )  # fmt: skip
    phrases = [phrase for table in tables for values in table.values() for phrase in values]
    loose = (
        tp.FLYING,
        tp.SPANNING,
        tp.SPANNING_WATER,
        tp.EXISTENCE,
        tp.PAIRS,
        tp.LAND_OPENERS,
        tp.TIME_OVER,
        tp.WITH_SUBJECT,
        tp.GLUE,
    )
    return phrases + [phrase for group in loose for phrase in group]

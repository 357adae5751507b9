"""Reads a caption back into what it claims, without knowing how it was made."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from studio.training.captions import lexicon as lx
from studio.training.scenes.kinds import Weather
from studio.training.scenes.scene import Scene, scene_attributes

_WORD = re.compile(r"[a-z]+")
_ROUGH_WATER = frozenset({Weather.STORM, Weather.RAIN, Weather.SNOW})
# Claims made by other words than those of the noun tables.
_EXTRA_CLAIMS: tuple[tuple[str, str, str], ...] = (
    ("early morning", "time", "dawn"), ("bright daylight", "time", "noon"), ("by day", "time", "noon"),
    ("as the day ends", "time", "sunset"), ("golden", "time", "golden hour"), ("snow falling", "weather", "snow"),
    ("snow is falling", "weather", "snow"), ("snow falls", "weather", "snow"), ("snowing", "weather", "snow"),
    ("raining", "weather", "rain"), ("clear", "weather", "clear"), ("not a cloud", "weather", "clear"),
    ("moonlight", "sky_body", "moon"), ("ocean", "terrain", "sea"), ("mountain", "terrain", "mountains"),
    ("countryside", "terrain", "hills"), ("woods", "terrain", "forest"),
)  # fmt: skip

# Which tables name the values of a category.
_SOURCES: Mapping[str, tuple[Mapping[Any, Iterable[object]], ...]] = MappingProxyType(
    {
        "terrain": (lx.TERRAIN_NOUNS,),
        "time": (lx.TIME_NOUNS,),
        "weather": (lx.WEATHER_NOUNS, lx.WEATHER_ADJECTIVES),
        "style": (lx.STYLE_TAGS,),
        "sky_body": (lx.BODY_NOUNS,),
        "kind": (lx.KIND_NOUNS,),
        "color": (lx.COLOR_WORDS,),
        "size": (lx.SIZE_WORDS,),
        "place": (lx.PLACE_PHRASES,),
    }
)


class _Claim(NamedTuple):
    category: str
    value: str


def attributes_said(text: str) -> dict[str, str | list[dict[str, str]]]:
    """What ``text`` asserts: terrain, time, weather, style, sky_body, water, and ``subjects``.

    Only what is said has a key. ``subjects`` is a list of kind, and color, size, place where said. A
    category said with two values gives them joined by ``|``, which is true of no scene.
    """
    claims = _scan(_words(text))
    said: dict[str, str | list[dict[str, str]]] = {}
    for category, value in claims:
        if category in ("kind", "color", "size", "place"):
            continue
        earlier = said.get(category)
        if earlier is None or earlier == value:
            said[category] = value
        else:
            said[category] = f"{earlier}|{value}"
    subjects = _bind(claims)
    if subjects:
        said["subjects"] = list(subjects)
    return said


def false_claims(text: str, scene: Scene) -> list[str]:
    """Every claim of ``text`` that does not hold for ``scene``; empty for a true caption."""
    truth = scene_attributes(scene)
    wrong = []
    for category, value in attributes_said(text).items():
        if category == "subjects":
            wrong += _false_subjects(value, truth)
        elif category == "water":
            wrong += [] if scene.weather not in _ROUGH_WATER else [f"water is {value}"]
        elif truth[category] != value:
            wrong.append(f"{category} is {value}")
    return wrong


def _false_subjects(said: str | list[dict[str, str]], truth: Mapping[str, str]) -> list[str]:
    wrong = []
    for claim in said if isinstance(said, list) else []:
        matches = any(all(truth[f"subject_{i}_{field}"] == value for field, value in claim.items()) for i in (1, 2))
        if not matches:
            wrong.append(f"no {claim}")
    return wrong


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _phrase_table() -> dict[tuple[str, ...], _Claim]:
    """Every known phrase, as words, with what it claims."""
    table: dict[tuple[str, ...], _Claim] = {}

    def learn(category: str, entries: Mapping[Any, Iterable[object]]) -> None:
        for value, phrases in entries.items():
            for phrase in phrases:
                text = phrase.text if isinstance(phrase, lx.Noun) else str(phrase)
                table[tuple(_words(text.removeprefix("the ")))] = _Claim(category, str(value))

    for category, sources in _SOURCES.items():
        for source in sources:
            learn(category, source)
    for text, category, value in _EXTRA_CLAIMS:
        table[tuple(_words(text))] = _Claim(category, value)
    for word in lx.CALM_WORDS:
        table[(word,)] = _Claim("water", "calm")
    return table


def _scan(words: list[str]) -> list[_Claim]:
    """The claims in order, always taking the longest phrase that fits."""
    table = _phrase_table()
    longest = max(len(phrase) for phrase in table)
    claims: list[_Claim] = []
    index = 0
    while index < len(words):
        for length in range(min(longest, len(words) - index), 0, -1):
            claim = table.get(tuple(words[index : index + length]))
            if claim is not None:
                claims.append(claim)
                index += length
                break
        else:
            index += 1
    return claims


def _bind(claims: list[_Claim]) -> list[dict[str, str]]:
    """Give colours and sizes to the thing that follows, places to the thing before."""
    subjects: list[dict[str, str]] = []
    waiting: dict[str, str] = {}
    for category, value in claims:
        if category in ("color", "size"):
            waiting[category] = value
        elif category == "kind":
            subjects.append({"kind": value, **waiting})
            waiting = {}
        elif category == "place" and subjects:
            subjects[-1]["place"] = value
        elif category == "place":
            waiting["place"] = value
    return subjects

"""A scene as a value, and how one is sampled from a seed."""

import random
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from studio.training.scenes import rules
from studio.training.scenes.kinds import (
    Color,
    Kind,
    Place,
    Size,
    SkyBody,
    Style,
    Terrain,
    Time,
    Weather,
)  # fmt: skip

_Value = TypeVar("_Value")

# An even spread of subject counts would drown the pictures in things; one clear subject teaches most.
_SUBJECT_COUNTS = {0: 0.18, 1: 0.64, 2: 0.18}
_SIZES = {Size.SMALL: 0.30, Size.MEDIUM: 0.36, Size.LARGE: 0.34}
_HIDES_SKY_BODY = frozenset({Weather.RAIN, Weather.SNOW, Weather.STORM, Weather.FOG})
_LAYOUT_BITS = 32


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the picture; the colour is the one most of it has."""

    kind: Kind
    color: Color
    size: Size
    place: Place


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a caption may say about a picture, and the ``layout`` seed that settles the rest.

    ``subjects`` holds 0 to 2 entries of different kinds in different places. ``layout`` is an unsigned
    32-bit seed for what no word describes: ridges, clouds, where the sun stands.
    """

    terrain: Terrain
    time: Time
    weather: Weather
    style: Style
    sky_body: SkyBody
    subjects: tuple[Subject, ...]
    layout: int


def is_held_out(scene: Scene) -> bool:
    """Whether the scene has a combination that training must never see."""
    if rules.HeldOutLook(scene.terrain, scene.time, scene.style) in rules.HELD_OUT_LOOKS:
        return True
    return any(
        rules.HeldOutSubject(subject.kind, subject.color, scene.terrain) in rules.HELD_OUT_SUBJECTS
        for subject in scene.subjects
    )


def sample_scene(seed: int, *, held_out: bool = False) -> Scene:
    """The scene of ``seed``, the same on every machine.

    With ``held_out`` false the scene never has a held-out combination (rejected and drawn again from
    the same stream); with ``held_out`` true it always has at least one.
    """
    rng = random.Random(f"scene:{int(held_out)}:{seed}")
    if held_out:
        return _sample_held_out(rng)
    while True:
        scene = _sample(rng)
        if not is_held_out(scene):
            return scene


def scene_attributes(scene: Scene) -> dict[str, str]:
    """Attribute → value, flat, with ``"none"`` for what a missing subject does not have.

    Keys: terrain, time, weather, style, sky_body, subject_count, and for i in 1, 2:
    subject_i_kind, subject_i_color, subject_i_size, subject_i_place.
    """
    attributes = {
        "terrain": str(scene.terrain),
        "time": str(scene.time),
        "weather": str(scene.weather),
        "style": str(scene.style),
        "sky_body": str(scene.sky_body),
        "subject_count": str(len(scene.subjects)),
    }
    for index in range(2):
        subject = scene.subjects[index] if index < len(scene.subjects) else None
        for field in ("kind", "color", "size", "place"):
            value = "none" if subject is None else str(getattr(subject, field))
            attributes[f"subject_{index + 1}_{field}"] = value
    return attributes


def _pick(rng: random.Random, weights: Mapping[_Value, float]) -> _Value:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def _sample(rng: random.Random) -> Scene:
    terrain = rng.choice(list(Terrain))
    time = rng.choice(list(Time))
    style = _pick(rng, rules.STYLE_WEIGHTS)
    return _complete(rng, terrain, time, style, first=None)


def _sample_held_out(rng: random.Random) -> Scene:
    choice = rng.choice(rules.HELD_OUT_SUBJECTS + rules.HELD_OUT_LOOKS)
    if isinstance(choice, rules.HeldOutLook):
        return _complete(rng, choice.terrain, choice.time, choice.style, first=None)
    time = rng.choice(list(Time))
    style = _pick(rng, rules.STYLE_WEIGHTS)
    return _complete(rng, choice.terrain, time, style, first=choice)


def _complete(
    rng: random.Random, terrain: Terrain, time: Time, style: Style, first: rules.HeldOutSubject | None
) -> Scene:
    """Fill in what the given attributes leave open."""
    weather = _pick(rng, rules.weather_weights(terrain, time))
    return Scene(
        terrain=terrain,
        time=time,
        weather=weather,
        style=style,
        sky_body=_sample_sky_body(rng, time, weather),
        subjects=_sample_subjects(rng, terrain, time, weather, first),
        layout=rng.getrandbits(_LAYOUT_BITS),
    )


def _sample_sky_body(rng: random.Random, time: Time, weather: Weather) -> SkyBody:
    if weather in _HIDES_SKY_BODY:
        return SkyBody.NONE
    if time is Time.NIGHT:
        return SkyBody.MOON if rng.random() < 0.65 else SkyBody.NONE
    if time is Time.DUSK:
        return SkyBody.MOON if rng.random() < 0.4 else SkyBody.NONE
    return SkyBody.SUN if rng.random() < 0.75 else SkyBody.NONE


def _sample_subjects(
    rng: random.Random, terrain: Terrain, time: Time, weather: Weather, first: rules.HeldOutSubject | None
) -> tuple[Subject, ...]:
    count = _pick(rng, _SUBJECT_COUNTS)
    places = rng.sample(list(Place), k=len(Place))
    subjects: list[Subject] = []
    if first is not None:
        count = max(count, 1)
        subjects.append(_subject(rng, first.kind, first.color, places[0], crowded=count > 1))
    while len(subjects) < count:
        taken = {subject.kind for subject in subjects}
        kinds = {k: x for k, x in rules.KINDS_BY_TERRAIN[terrain].items() if k not in taken}
        kind = _pick(rng, kinds)
        color = _pick(rng, rules.color_weights(kind, terrain, time, weather))
        subjects.append(_subject(rng, kind, color, places[len(subjects)], crowded=count > 1))
    return _without_crowding(subjects)


def _subject(rng: random.Random, kind: Kind, color: Color, place: Place, *, crowded: bool) -> Subject:
    size = _pick(rng, _SIZES)
    if crowded and size is Size.LARGE:
        size = Size.MEDIUM
    return Subject(kind=kind, color=color, size=size, place=place)


def _without_crowding(subjects: list[Subject]) -> tuple[Subject, ...]:
    """Two subjects keep apart: neighbours in the middle go to the sides."""
    if len(subjects) < 2:
        return tuple(subjects)
    sides = [Place.LEFT, Place.RIGHT]
    if subjects[0].place is Place.RIGHT or subjects[1].place is Place.LEFT:
        sides.reverse()
    return tuple(msgspec.structs.replace(s, place=p) for s, p in zip(subjects, sides, strict=True))

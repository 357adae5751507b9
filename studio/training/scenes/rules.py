"""What may occur together. A combination that makes no sense is absent here, so it is never drawn.

The tables are plain data read by ``sample``; weights are relative and need not sum to one.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from studio.training.scenes.kinds import Color, Kind, Style, Terrain, Time, Weather

_T, _K, _C, _W = Terrain, Kind, Color, Weather


class HeldOutSubject(NamedTuple):
    """A subject of one colour in one terrain, kept out of training."""

    kind: Kind
    color: Color
    terrain: Terrain


class HeldOutLook(NamedTuple):
    """A terrain at one time in one style, kept out of training."""

    terrain: Terrain
    time: Time
    style: Style


# Each part of a held-out triple is common in training, and so is each pair of its parts: only the
# triple is new. What the model makes of it is what it has understood of the parts.
HELD_OUT_SUBJECTS: tuple[HeldOutSubject, ...] = (
    HeldOutSubject(_K.LIGHTHOUSE, _C.BLUE, _T.DESERT),
    HeldOutSubject(_K.SAILBOAT, _C.PURPLE, _T.LAKE),
    HeldOutSubject(_K.HOUSE, _C.YELLOW, _T.SNOWFIELD),
    HeldOutSubject(_K.BALLOON, _C.GREEN, _T.CANYON),
    HeldOutSubject(_K.TREE, _C.PINK, _T.HILLS),
    HeldOutSubject(_K.TRAIN, _C.BLUE, _T.FOREST),
    HeldOutSubject(_K.CASTLE, _C.PINK, _T.MOUNTAINS),
)
HELD_OUT_LOOKS: tuple[HeldOutLook, ...] = (
    HeldOutLook(_T.MOUNTAINS, Time.DAWN, Style.NEON),
    HeldOutLook(_T.SEA, Time.NIGHT, Style.WATERCOLOUR),
    HeldOutLook(_T.CITY, Time.SUNSET, Style.LINOCUT),
)

STYLE_WEIGHTS: Mapping[Style, float] = MappingProxyType(
    {
        Style.FLAT: 0.40,
        Style.PASTEL: 0.20,
        Style.WATERCOLOUR: 0.12,
        Style.INK: 0.045,
        Style.NEON: 0.05,
        Style.LINOCUT: 0.045,
        Style.RISOGRAPH: 0.10,
        Style.BLUEPRINT: 0.04,
    }
)

WEATHER_BY_TIME: Mapping[Time, Mapping[Weather, float]] = MappingProxyType(
    {
        time: {_W.CLEAR: 5, _W.CLOUDS: 4, _W.FOG: 1.8, _W.RAIN: 1.6, _W.SNOW: 1.4, _W.STORM: 1.4}
        for time in (Time.DAWN, Time.NOON, Time.GOLDEN_HOUR, Time.SUNSET)
    }
    | {
        Time.DUSK: {
            _W.CLEAR: 3, _W.CLOUDS: 3, _W.STARS: 3, _W.AURORA: 1.2,
            _W.FOG: 1.5, _W.RAIN: 1.3, _W.SNOW: 1.2, _W.STORM: 1.2,
        },
        Time.NIGHT: {
            _W.STARS: 5, _W.AURORA: 3, _W.CLEAR: 1.5, _W.CLOUDS: 2,
            _W.FOG: 1.3, _W.RAIN: 1.4, _W.SNOW: 1.4, _W.STORM: 1.4,
        },
    }
)  # fmt: skip

WEATHER_IMPOSSIBLE: Mapping[Terrain, frozenset[Weather]] = MappingProxyType(
    {
        _T.DESERT: frozenset({_W.SNOW, _W.AURORA, _W.FOG}),
        _T.CANYON: frozenset({_W.SNOW, _W.AURORA}),
        _T.SNOWFIELD: frozenset({_W.RAIN}),
        _T.ISLANDS: frozenset({_W.SNOW}),
        _T.CITY: frozenset({_W.AURORA}),
    }
)

KINDS_BY_TERRAIN: Mapping[Terrain, Mapping[Kind, float]] = MappingProxyType(
    {
        _T.MOUNTAINS: {
            _K.HOUSE: 3, _K.TRAIN: 2, _K.CASTLE: 3, _K.BALLOON: 2, _K.TREE: 2, _K.BIRDS: 2, _K.TENT: 3,
        },
        _T.HILLS: {
            _K.HOUSE: 3, _K.WINDMILL: 4, _K.BALLOON: 3, _K.TREE: 3, _K.BIRDS: 2, _K.TRAIN: 2,
            _K.CASTLE: 2, _K.TENT: 2,
        },
        _T.SEA: {_K.SAILBOAT: 5, _K.LIGHTHOUSE: 4, _K.WHALE: 4, _K.BIRDS: 2, _K.BALLOON: 1.5, _K.BRIDGE: 1.5},
        _T.LAKE: {
            _K.SAILBOAT: 4, _K.HOUSE: 2, _K.TREE: 2, _K.TENT: 2, _K.BIRDS: 2, _K.BALLOON: 2,
            _K.BRIDGE: 2.5, _K.CASTLE: 1.5,
        },
        _T.DESERT: {
            _K.CACTUS: 6, _K.BALLOON: 2.5, _K.TRAIN: 2, _K.BIRDS: 1.5, _K.TENT: 2, _K.CASTLE: 1,
            _K.LIGHTHOUSE: 1.2,
        },
        _T.FOREST: {
            _K.HOUSE: 3, _K.TRAIN: 2.5, _K.TENT: 3, _K.BALLOON: 2, _K.BIRDS: 2, _K.CASTLE: 2, _K.TREE: 1,
        },
        _T.CITY: {_K.BALLOON: 3, _K.BIRDS: 2, _K.BRIDGE: 3, _K.TRAIN: 3, _K.TREE: 2.5, _K.SAILBOAT: 2},
        _T.SNOWFIELD: {
            _K.HOUSE: 4, _K.TRAIN: 2, _K.TENT: 2, _K.BALLOON: 2, _K.BIRDS: 1.5, _K.CASTLE: 2,
            _K.WINDMILL: 2, _K.TREE: 2,
        },
        _T.CANYON: {_K.BALLOON: 3, _K.BRIDGE: 3, _K.CACTUS: 3, _K.TRAIN: 2, _K.BIRDS: 2, _K.TENT: 2},
        _T.ISLANDS: {
            _K.SAILBOAT: 4, _K.LIGHTHOUSE: 4, _K.WHALE: 3, _K.BIRDS: 2, _K.BALLOON: 2, _K.HOUSE: 1.5,
            _K.CASTLE: 1.5,
        },
    }
)  # fmt: skip

_ANY: dict[Color, float] = dict.fromkeys(Color, 1.0)
_BRIGHT: dict[Color, float] = {color: 1.0 for color in Color if color not in (_C.WHITE, _C.BLACK)}
COLORS_BY_KIND: Mapping[Kind, Mapping[Color, float]] = MappingProxyType(
    {
        _K.SAILBOAT: _ANY | {_C.RED: 2, _C.WHITE: 2},
        _K.HOUSE: _ANY | {_C.RED: 2},
        _K.LIGHTHOUSE: _ANY | {_C.RED: 2, _C.WHITE: 1.5, _C.BLUE: 1.5},
        _K.WINDMILL: _ANY | {_C.WHITE: 2},
        _K.BALLOON: _BRIGHT | {_C.RED: 1.5},
        _K.TREE: {_C.GREEN: 4, _C.ORANGE: 2, _C.RED: 1.5, _C.YELLOW: 1.5, _C.PINK: 2},
        _K.CACTUS: {_C.GREEN: 4, _C.RED: 1, _C.YELLOW: 1, _C.PINK: 1, _C.BLUE: 1, _C.PURPLE: 1},
        _K.BIRDS: {_C.WHITE: 2, _C.BLACK: 2, _C.RED: 1, _C.YELLOW: 1, _C.BLUE: 1},
        _K.BRIDGE: {_C.RED: 2, _C.WHITE: 1, _C.BLACK: 1, _C.ORANGE: 1, _C.BLUE: 1, _C.GREEN: 1},
        _K.TRAIN: _ANY,
        _K.CASTLE: _ANY,
        _K.WHALE: {_C.BLUE: 3, _C.BLACK: 1, _C.WHITE: 1.5, _C.PURPLE: 1, _C.PINK: 1, _C.RED: 0.7, _C.ORANGE: 0.7},
        _K.TENT: _BRIGHT | {_C.ORANGE: 1.5},
    }
)  # fmt: skip

# Where a subject stands decides what is behind it, and so which colours would be lost.
AIRBORNE: frozenset[Kind] = frozenset({_K.BALLOON, _K.BIRDS})
AFLOAT: frozenset[Kind] = frozenset({_K.SAILBOAT, _K.WHALE, _K.BRIDGE})


def weather_weights(terrain: Terrain, time: Time) -> dict[Weather, float]:
    """The weathers this terrain can have at this time, with relative weights."""
    impossible = WEATHER_IMPOSSIBLE.get(terrain, frozenset())
    return {w: x for w, x in WEATHER_BY_TIME[time].items() if w not in impossible}


def color_weights(kind: Kind, terrain: Terrain, time: Time, weather: Weather) -> dict[Color, float]:
    """The colours that stand out where ``kind`` is placed, with relative weights."""
    weights = dict(COLORS_BY_KIND[kind])
    if time is Time.NIGHT or (time is Time.DUSK and kind in AIRBORNE) or weather is Weather.STORM:
        weights.pop(Color.BLACK, None)
    pale_air = kind is Kind.BIRDS and weather in (Weather.FOG, Weather.SNOW, Weather.CLOUDS)
    if pale_air or (terrain is Terrain.SNOWFIELD and kind not in AIRBORNE):
        weights.pop(Color.WHITE, None)
    return weights

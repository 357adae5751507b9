"""Puts subjects into a scene: where they stand, how large, what lies under them."""

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

from studio.training.scenes import buildings, living, shapes, vehicles
from studio.training.scenes.color import RGB, lighten, mix
from studio.training.scenes.kinds import Kind, Size, Terrain
from studio.training.scenes.land import Ground, Land, Zone
from studio.training.scenes.rules import AFLOAT, AIRBORNE
from studio.training.scenes.scene import Subject
from studio.training.scenes.sky import PLACE_X
from studio.training.scenes.subject_paint import Brush, brush_for

SIZE_UNITS = {Size.SMALL: 0.18, Size.MEDIUM: 0.28, Size.LARGE: 0.42}
_NEARNESS = {Size.SMALL: 0.15, Size.MEDIUM: 0.55, Size.LARGE: 1.0}
# Long things are lower than their size says, so that their area matches an upright thing's.
_HEIGHT_SHARE = {
    Kind.TRAIN: 0.40,
    Kind.BRIDGE: 0.66,
    Kind.WHALE: 0.66,
    Kind.BIRDS: 0.78,
    Kind.TENT: 0.72,
    Kind.HOUSE: 0.86,
    Kind.CASTLE: 0.96,
    Kind.CACTUS: 0.9,
}
# Half the width over the height, to keep things inside the picture.
_HALF_WIDTH = {
    Kind.TRAIN: 2.3,
    Kind.BRIDGE: 1.35,
    Kind.WHALE: 1.1,
    Kind.BIRDS: 1.1,
    Kind.TENT: 0.95,
    Kind.HOUSE: 0.70,
    Kind.CASTLE: 0.60,
    Kind.SAILBOAT: 0.58,
}
_MARGIN = 0.015
_DRAW_KIND: Mapping[Kind, Callable[[Brush], None]] = MappingProxyType(
    {
        Kind.SAILBOAT: vehicles.sailboat,
        Kind.HOUSE: buildings.house,
        Kind.LIGHTHOUSE: buildings.lighthouse,
        Kind.WINDMILL: buildings.windmill,
        Kind.BALLOON: vehicles.balloon,
        Kind.TREE: living.tree,
        Kind.CACTUS: living.cactus,
        Kind.BRIDGE: buildings.bridge,
        Kind.TRAIN: vehicles.train,
        Kind.CASTLE: buildings.castle,
        Kind.WHALE: living.whale,
        Kind.TENT: buildings.tent,
    }
)


def draw_subjects(land: Land, ground: Ground) -> None:
    """All subjects of the scene, far ones first."""
    for subject in sorted(land.scene.subjects, key=lambda s: SIZE_UNITS[s.size]):
        draw_subject(land, ground, subject)


def draw_subject(land: Land, ground: Ground, subject: Subject) -> None:
    """One subject at its place, with its rock or reflection or shadow."""
    rng = random.Random(f"subject:{land.scene.layout}:{subject.kind}")
    height = SIZE_UNITS[subject.size] * rng.uniform(0.94, 1.06) * _HEIGHT_SHARE.get(subject.kind, 1.0)
    x = _position(land, subject, height, rng)
    y = _baseline(land, ground, subject, height, rng)
    flip = (
        subject.kind in (Kind.SAILBOAT, Kind.WHALE, Kind.TRAIN, Kind.HOUSE, Kind.TENT, Kind.CACTUS)
        and rng.random() < 0.5
    )
    brush = brush_for(land.painter, subject.color)
    painter = land.painter
    if subject.kind in AIRBORNE:
        pass
    elif ground.water is not None and (subject.kind in AFLOAT or ground.stand is None):
        if subject.kind not in AFLOAT:
            _islet(land, x, y, height)
        _reflection(subject, brush, x, y, height)
    else:
        _shadow(land, subject, x, y, height)
    painter.halo_behind(x, y - height * 0.5, height)
    with painter.placed(x, y, height, flip_x=flip):
        _draw_kind(brush, subject, rng)
    if subject.kind in AFLOAT:
        _waterline(land, subject, x, y, height)


def _position(land: Land, subject: Subject, height: float, rng: random.Random) -> float:
    """The x of the subject's middle, in its third and inside the picture."""
    half = height * _HALF_WIDTH.get(subject.kind, 0.48)
    wanted = land.width * (PLACE_X[subject.place] + rng.uniform(-0.04, 0.04))
    third = land.width / 3
    low = half + _MARGIN
    if subject.kind in (Kind.TRAIN, Kind.BRIDGE):  # these may leave over the edge: their middle stays in its third
        low = min(low, third * 0.92)
    low = min(low, land.width / 2)
    return min(max(wanted, low), land.width - low)


def _baseline(land: Land, ground: Ground, subject: Subject, height: float, rng: random.Random) -> float:
    """The y of the subject's foot."""
    if subject.kind in AIRBORNE:
        top = land.height * 0.07
        lowest = land.horizon - (0.02 if subject.kind is Kind.BIRDS else -0.06)
        room = max(0.0, lowest - top - height)
        return top + height + room * rng.uniform(0.1, 0.8)
    wet = ground.water is not None and (subject.kind in AFLOAT or ground.stand is None)
    zone = ground.water if wet else ground.stand
    if zone is None:
        zone = Zone(land.down(0.4), land.down(0.8))
    return zone.at(min(1.0, _NEARNESS[subject.size] * rng.uniform(0.85, 1.1)))


def _draw_kind(brush: Brush, subject: Subject, rng: random.Random) -> None:
    if subject.kind is Kind.BIRDS:
        living.birds(brush, rng, 3 if subject.size is Size.SMALL else rng.choice((4, 5, 6)))
    else:
        _DRAW_KIND[subject.kind](brush)


def _islet(land: Land, x: float, y: float, height: float) -> None:
    """A rock for what stands in the sea."""
    half = height * 0.62
    rock: RGB = (110, 112, 130)
    points = [
        (x - half, y + 0.035),
        (x - half * 0.8, y - 0.015),
        (x - half * 0.3, y - 0.03),
        (x + half * 0.35, y - 0.03),
        (x + half * 0.85, y - 0.01),
        (x + half, y + 0.035),
    ]
    land.painter.area(shapes.polygon(*points), land.lit(rock), land.shaded(rock))
    foam = shapes.wedge(x, y + 0.036, half * 1.25, 0.012)
    land.painter.detail(foam, lighten(land.painter.palette.sky[3], 0.4), 0.85)


def _reflection(subject: Subject, brush: Brush, x: float, y: float, height: float) -> None:
    """A faint smear of the subject's colour on the water under it."""
    half = height * _HALF_WIDTH.get(subject.kind, 0.34) * 0.9
    path = shapes.together(
        *(
            shapes.wedge(
                x + (0.1 if k % 2 else -0.1) * half,
                y + height * (0.08 + 0.13 * k),
                half * (1.0 - 0.17 * k),
                0.007 + height * 0.022,
            )
            for k in range(4)
        )
    )
    tone = mix(brush.main, brush.painter.palette.water, 0.25)
    brush.painter.veil_spot(path, tone, 0.55)


def _shadow(land: Land, subject: Subject, x: float, y: float, height: float) -> None:
    half = height * _HALF_WIDTH.get(subject.kind, 0.34)
    shade = mix(land.painter.palette.shadow, (0, 0, 0), 0.25)
    land.painter.veil(shapes.ellipse(x + half * 0.12, y + 0.004, half * 1.12, 0.012 + height * 0.02), shade, 0.30)


def _waterline(land: Land, subject: Subject, x: float, y: float, height: float) -> None:
    if land.scene.terrain is Terrain.CANYON and subject.kind is not Kind.BRIDGE:
        return
    foam = lighten(land.painter.palette.sky[3], 0.4)
    if subject.kind is Kind.BRIDGE:
        spots = [x - 0.62 * height, x + 0.62 * height]
        path = shapes.together(*(shapes.wedge(s, y, 0.10 * height + 0.01, 0.008) for s in spots))
    else:
        path = shapes.wedge(
            x, y + 0.012 * height, height * _HALF_WIDTH.get(subject.kind, 0.55) * 1.1, 0.006 + height * 0.02
        )
    land.painter.detail(path, foam, 0.9)

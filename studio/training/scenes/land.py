"""What terrains are built from: the land's value, peaks, trees, water."""

import math
import random
from typing import NamedTuple

import skia

from studio.training.scenes import shapes
from studio.training.scenes.color import RGB, lighten, mix
from studio.training.scenes.kinds import Terrain
from studio.training.scenes.painter import Painter
from studio.training.scenes.scene import Scene
from studio.training.scenes.sky import BodyAt, glitter

# The horizon's height in the picture, as a range of fractions from the top.
HORIZON: dict[Terrain, tuple[float, float]] = {
    Terrain.MOUNTAINS: (0.58, 0.68),
    Terrain.HILLS: (0.48, 0.60),
    Terrain.SEA: (0.44, 0.60),
    Terrain.LAKE: (0.50, 0.58),
    Terrain.DESERT: (0.50, 0.62),
    Terrain.FOREST: (0.52, 0.62),
    Terrain.CITY: (0.60, 0.68),
    Terrain.SNOWFIELD: (0.52, 0.62),
    Terrain.CANYON: (0.56, 0.64),
    Terrain.ISLANDS: (0.46, 0.58),
}
# How far the land rises above the horizon, in units: the sky body stays over it.
RISE: dict[Terrain, float] = {
    Terrain.MOUNTAINS: 0.24,
    Terrain.HILLS: 0.06,
    Terrain.SEA: 0.0,
    Terrain.LAKE: 0.12,
    Terrain.DESERT: 0.05,
    Terrain.FOREST: 0.14,
    Terrain.CITY: 0.26,
    Terrain.SNOWFIELD: 0.08,
    Terrain.CANYON: 0.10,
    Terrain.ISLANDS: 0.02,
}


class Zone(NamedTuple):
    """Baselines for things of one sort: ``far`` for small ones, ``near`` for large ones, in units."""

    far: float
    near: float

    def at(self, nearness: float) -> float:
        """The baseline for a nearness of 0..1."""
        return self.far + (self.near - self.far) * nearness


class Ground(NamedTuple):
    """Where subjects may stand and float, and how high sky subjects must stay."""

    stand: Zone | None
    water: Zone | None


class Land(NamedTuple):
    """What a terrain draws with."""

    painter: Painter
    scene: Scene
    rng: random.Random
    width: float
    height: float
    horizon: float
    body: BodyAt | None

    def lit(self, pigment: RGB, distance: float = 0.0) -> RGB:
        """A pigment in the scene's light."""
        return self.painter.palette.lit(pigment, distance)

    def shaded(self, pigment: RGB, distance: float = 0.0) -> RGB:
        """A pigment out of the light."""
        return self.painter.palette.shaded(pigment, distance)

    def down(self, share: float) -> float:
        """The y at a share 0..1 of the way from the horizon to the foot of the picture."""
        return self.horizon + (self.height - self.horizon) * share


def peaks(land: Land, foot: float, *, height: float, spacing: float, pigment: RGB, distance: float, snow: bool) -> None:
    """A range of faceted peaks standing on ``foot``; about one peak each ``spacing`` units."""
    rng = land.rng
    x = -spacing * rng.uniform(0.2, 0.9)
    summits: list[tuple[float, float]] = []
    while x < land.width + spacing:
        summits.append((x, foot - height * rng.uniform(0.62, 1.0)))
        x += spacing * rng.uniform(0.75, 1.25)
    outline, shade, caps, cap_shades = skia.Path(), skia.Path(), skia.Path(), skia.Path()
    for sx, sy in summits:
        tall = foot - sy
        half = tall * rng.uniform(0.85, 1.1)
        jag = rng.uniform(-0.08, 0.08) * half
        outline.addPath(
            shapes.polygon(
                (sx - half, foot),
                (sx - half * 0.45, sy + tall * 0.50),
                (sx, sy),
                (sx + half * 0.4, sy + tall * 0.36),
                (sx + half, foot),
            )
        )
        ridge = [
            (sx, sy),
            (sx + jag + half * 0.10, sy + tall * 0.3),
            (sx - half * 0.06, sy + tall * 0.55),
            (sx + half * 0.2, foot),
        ]
        shade.addPath(shapes.polygon(*ridge, (sx + half, foot), (sx + half * 0.4, sy + tall * 0.36)))
        if snow:
            caps.addPath(_cap(sx, sy, half, tall, jag))
            cap_shades.addPath(
                shapes.polygon(*ridge[:2], (sx + half * 0.28, sy + tall * 0.40), (sx + half * 0.38, sy + tall * 0.342))
            )
    outline.addRect(skia.Rect.MakeLTRB(-0.05, foot - 0.004, land.width + 0.05, foot + 0.12))
    _range(land, outline, shade, pigment, distance)
    if snow:
        white = (248, 250, 255)
        land.painter.detail(caps, land.lit(white, distance * 0.7))
        land.painter.detail(cap_shades, mix(land.lit(white, distance * 0.7), land.shaded(pigment, distance), 0.35))


def _range(land: Land, outline: skia.Path, shade: skia.Path, pigment: RGB, distance: float) -> None:
    land.painter.area(outline, land.lit(pigment, distance), land.lit(pigment, min(1.0, distance + 0.35)))
    land.painter.detail(shade, land.shaded(pigment, distance), 0.75)


def _cap(sx: float, sy: float, half: float, tall: float, jag: float) -> skia.Path:
    return shapes.polygon(
        (sx, sy), (sx + half * 0.38, sy + tall * 0.342), (sx + half * 0.26, sy + tall * 0.40),
        (sx + jag + half * 0.10, sy + tall * 0.30), (sx - half * 0.02, sy + tall * 0.46),
        (sx - half * 0.14, sy + tall * 0.33), (sx - half * 0.30, sy + tall * 0.43),
        (sx - half * 0.34, sy + tall * 0.378),
    )  # fmt: skip


def pine(x: float, foot: float, height: float) -> skia.Path:
    """A conifer of three stacked skirts."""
    path = shapes.rect(x - height * 0.035, foot - height * 0.12, height * 0.07, height * 0.13)
    for top, low, half in ((1.0, 0.58, 0.16), (0.78, 0.32, 0.22), (0.54, 0.08, 0.28)):
        path.addPath(
            shapes.polygon(
                (x, foot - height * top),
                (x + height * half, foot - height * low),
                (x - height * half, foot - height * low),
            )
        )
    return path


def pine_row(land: Land, foot: shapes.Curve, height: float, spacing: float) -> skia.Path:
    """Conifers along a curve from edge to edge, as one silhouette with the ground under them."""
    path = shapes.below(foot, land.width, land.height + 0.05)
    x = -0.05
    while x < land.width + 0.05:
        path.addPath(pine(x, foot(x) + height * 0.10, height * land.rng.uniform(0.65, 1.1)))
        x += spacing * land.rng.uniform(0.6, 1.3)
    return path


def bush(x: float, foot: float, radius: float) -> skia.Path:
    """A round bush of three circles."""
    path = skia.Path()
    for dx, dy, r in ((-0.7, -0.4, 0.6), (0.0, -0.7, 0.85), (0.75, -0.35, 0.6)):
        path.addCircle(x + dx * radius, foot + dy * radius, r * radius)
    return path


def open_water(land: Land, *, calm: bool) -> None:
    """Water from the horizon to the foot of the picture, with the sky in it and the body's light on it."""
    palette, painter = land.painter.palette, land.painter
    far = mix(palette.sky[3], palette.water, 0.38)
    near = mix(palette.water, palette.shadow, 0.42)
    painter.area(shapes.rect(-0.05, land.horizon, land.width + 0.1, land.height - land.horizon + 0.05), far, near)
    if not calm:
        _swell(land, far, near)
    if land.body is not None:
        glitter(painter, land.body, land.horizon + 0.012, land.down(0.62), land.rng)
    ripples(land, land.horizon + 0.03, land.height, lighten(far, 0.25), 9 if calm else 6)


def _swell(land: Land, far: RGB, near: RGB) -> None:
    """Three bands of waves, each nearer one darker, with pale crests."""
    for k, share in enumerate((0.34, 0.58, 0.82)):
        base = land.down(share)
        curve = shapes.waves(land.rng, 0.006 + 0.006 * k, 2.6 - 0.6 * k, 2)
        tone = mix(far, near, 0.45 + 0.25 * k)

        def line(x: float, base: float = base, curve: shapes.Curve = curve) -> float:
            return base + curve(x)

        land.painter.area(shapes.below(line, land.width, land.height + 0.05), tone, near)
        path = _lowered_strip(line, 0.008, 0.013 + 0.003 * k, land.width)
        land.painter.detail(path, lighten(tone, 0.35), 0.8)


def _lowered_strip(line: shapes.Curve, upper: float, lower: float, width: float) -> skia.Path:
    """The strip from ``upper`` to ``lower`` units under a line, across the picture."""
    return shapes.between(lambda x: line(x) + upper, lambda x: line(x) + lower, -0.05, width + 0.05)


def ripples(land: Land, top: float, bottom: float, color: RGB, count: int) -> None:
    """A few long glints lying on the water."""
    path = skia.Path()
    for k in range(math.ceil(count * land.width)):
        t = ((k * 0.618 + land.rng.random() * 0.2) % 1.0) ** 1.3
        y = top + (bottom - top) * t
        path.addPath(shapes.wedge(land.rng.uniform(0, land.width), y, 0.03 + 0.07 * t, 0.004 + 0.005 * t))
    land.painter.detail(path, color, 0.45)

"""Sun, moon, clouds, stars, aurora, and the weather that falls in front of everything."""

import math
import random

import skia

from studio.training.scenes import shapes
from studio.training.scenes.color import RGB, lighten, mix
from studio.training.scenes.kinds import Place, SkyBody, Time, Weather
from studio.training.scenes.painter import Painter
from studio.training.scenes.scene import Scene

_BODY_RADIUS = {Time.NOON: 0.060, Time.GOLDEN_HOUR: 0.085, Time.SUNSET: 0.105, Time.DAWN: 0.085}
_MOON_RADIUS = 0.068
_LIFT = {Time.NOON: 0.95, Time.GOLDEN_HOUR: 0.42, Time.SUNSET: 0.05, Time.DAWN: 0.10, Time.DUSK: 0.55, Time.NIGHT: 0.75}
PLACE_X = {Place.LEFT: 0.23, Place.CENTRE: 0.50, Place.RIGHT: 0.77}


class BodyAt:
    """Where the sun or moon stands, in units."""

    def __init__(self, x: float, y: float, radius: float) -> None:
        self.x, self.y, self.radius = x, y, radius


def place_body(scene: Scene, painter: Painter, skyline: float) -> BodyAt | None:
    """A free third of the sky for the sun or moon; ``skyline`` is the highest land, in units."""
    if scene.sky_body is SkyBody.NONE:
        return None
    rng = random.Random(f"body:{scene.layout}")
    taken = {subject.place for subject in scene.subjects}
    place = rng.choice([place for place in Place if place not in taken])
    x = painter.frame.width * (PLACE_X[place] + rng.uniform(-0.06, 0.06))
    radius = _MOON_RADIUS if scene.sky_body is SkyBody.MOON else _BODY_RADIUS[scene.time]
    highest = painter.frame.height * 0.13
    lowest = max(highest, skyline - radius * 0.25)
    return BodyAt(x, lowest + (highest - lowest) * _LIFT[scene.time], radius)


def draw_body(scene: Scene, painter: Painter, body: BodyAt) -> None:
    """The sun as a disc; the moon full or as a crescent."""
    rng = random.Random(f"moon:{scene.layout}")
    if scene.sky_body is SkyBody.SUN:
        painter.disc(body.x, body.y, body.radius, painter.palette.glow)
    elif rng.random() < 0.5:
        painter.disc(body.x, body.y, body.radius, painter.palette.glow)
        shade = mix(painter.palette.glow, painter.palette.sky[1], 0.22)
        for dx, dy, r in ((-0.3, -0.25, 0.24), (0.35, 0.1, 0.18), (-0.1, 0.45, 0.15)):
            x, y = body.x + dx * body.radius, body.y + dy * body.radius
            painter.veil(shapes.ellipse(x, y, r * body.radius, r * body.radius), shade, 1.0)
    else:
        painter.crescent(body.x, body.y, body.radius, painter.palette.glow)


def draw_behind(scene: Scene, painter: Painter, horizon: float) -> None:
    """What the weather puts in the sky behind the land."""
    rng = random.Random(f"weather:{scene.layout}")
    match scene.weather:
        case Weather.STARS:
            _stars(painter, rng, horizon, count=46)
        case Weather.AURORA:
            _stars(painter, rng, horizon, count=16)
            _aurora(painter, rng, horizon)
        case Weather.CLOUDS:
            _cumulus(painter, rng, horizon)
        case Weather.RAIN:
            _overcast(painter, rng, horizon, dark=0.10)
        case Weather.SNOW:
            _overcast(painter, rng, horizon, dark=0.0)
        case Weather.STORM:
            _overcast(painter, rng, horizon, dark=0.45)
            _lightning(scene, painter, rng, horizon)
        case Weather.CLEAR | Weather.FOG:
            return


def draw_in_front(scene: Scene, painter: Painter, horizon: float) -> None:
    """What the weather puts between us and everything."""
    rng = random.Random(f"front:{scene.layout}")
    match scene.weather:
        case Weather.FOG:
            _fog(painter, rng, horizon)
        case Weather.RAIN:
            _rain(painter, rng, per_area=34, slant=0.22)
        case Weather.STORM:
            _rain(painter, rng, per_area=26, slant=0.45)
        case Weather.SNOW:
            _snow(painter, rng)
        case _:
            return


def _stars(painter: Painter, rng: random.Random, horizon: float, count: int) -> None:
    color = lighten(painter.palette.glow, 0.4)
    dots, bright = skia.Path(), skia.Path()
    for i in range(round(count * painter.frame.width)):
        x, y = rng.uniform(0, painter.frame.width), horizon * 0.95 * rng.random() ** 1.2
        if i % 6 == 0:
            bright.addPath(shapes.star(x, y, rng.uniform(0.014, 0.024)))
        else:
            dots.addCircle(x, y, rng.uniform(0.0045, 0.008))
    painter.spark(dots, color, 0.9)
    painter.spark(bright, color)


def _aurora(painter: Painter, rng: random.Random, horizon: float) -> None:
    colors: tuple[RGB, ...] = ((168, 92, 240), (40, 215, 215), (74, 250, 150))
    for k, color in enumerate(colors):
        height = horizon * rng.uniform(0.34, 0.46)
        foot_line, sway = horizon * (0.46 + 0.18 * k), shapes.waves(rng, 0.050, 1.1, 2)
        rays, gleam = shapes.waves(rng, 0.040, 4.5, 2), shapes.waves(rng, 0.16, 2.6, 3)

        def foot(x: float, base: float = foot_line, sway: shapes.Curve = sway) -> float:
            return base + sway(x)

        def top(
            x: float, base: float = foot_line - height, sway: shapes.Curve = sway, rays: shapes.Curve = rays
        ) -> float:
            return base + sway(x) + rays(x)

        painter.curtain(foot, top, lambda x, gleam=gleam: 0.66 + gleam(x), color)  # type: ignore[misc]


def _cumulus(painter: Painter, rng: random.Random, horizon: float) -> None:
    count = max(3, round(4 * painter.frame.width))
    palette = painter.palette
    for k in range(count):
        x = painter.frame.width * (k + rng.uniform(0.1, 0.9)) / count
        y = horizon * rng.uniform(0.16, 0.72)
        width = rng.uniform(0.24, 0.46) * (1.1 - 0.5 * y / horizon)
        path = shapes.cloud(rng, x, y, width)
        painter.puff(path, palette.cloud, palette.cloud_shade)


def _overcast(painter: Painter, rng: random.Random, horizon: float, dark: float) -> None:
    palette = painter.palette
    for row in range(3):
        y = horizon * (0.36 - 0.15 * row)
        shade = mix(palette.cloud_shade, palette.shadow, dark + 0.10 * row)
        path = skia.Path()
        x = -0.1 + rng.uniform(0, 0.1)
        path.addRect(skia.Rect.MakeLTRB(-0.1, -0.1, painter.frame.width + 0.1, y - 0.03))
        while x < painter.frame.width + 0.15:
            r = rng.uniform(0.06, 0.11)
            path.addCircle(x, y - 0.03 + rng.uniform(-0.015, 0.015), r)
            x += r * 1.25
        painter.puff(path, mix(shade, palette.cloud, 0.35 * (1 - dark)), shade)


def _lightning(scene: Scene, painter: Painter, rng: random.Random, horizon: float) -> None:
    taken = {subject.place for subject in scene.subjects}
    place = rng.choice([place for place in Place if place not in taken])
    x, y = painter.frame.width * (PLACE_X[place] + rng.uniform(-0.06, 0.06)), horizon * 0.24
    tall = horizon * 0.50
    mirror = rng.choice((-1, 1))
    bolt = (
        (0.02, 0.0),
        (-0.13, 0.44),
        (0.00, 0.42),
        (-0.10, 0.72),
        (0.01, 0.70),
        (-0.08, 1.0),
        (0.17, 0.56),
        (0.06, 0.57),
        (0.17, 0.30),
        (0.06, 0.31),
        (0.15, 0.0),
    )
    points = [(x + mirror * dx * 0.55, y + dy * tall) for dx, dy in bolt]
    painter.spark(shapes.polygon(*points), (255, 244, 170))


def draw_between(scene: Scene, painter: Painter, horizon: float) -> None:
    """Fog over the land but behind the subjects, so that they loom out of it."""
    if scene.weather is not Weather.FOG:
        return
    rng = random.Random(f"fog:{scene.layout}")
    color = lighten(painter.palette.haze, 0.25)
    ground = painter.frame.height - horizon
    painter.mist(horizon - 0.34, horizon + ground * 0.75, color, 0.60)
    for share in (0.30, 0.62, 0.92):
        y = horizon + ground * share + rng.uniform(-0.02, 0.02)
        painter.mist(y - 0.07, y + 0.07, color, 0.42)


def _fog(painter: Painter, rng: random.Random, horizon: float) -> None:
    color = lighten(painter.palette.haze, 0.25)
    ground = painter.frame.height - horizon
    painter.mist(horizon - 0.20, horizon + ground, color, 0.20)
    y = horizon + ground * rng.uniform(0.55, 0.85)
    painter.mist(y - 0.05, y + 0.06, color, 0.40)


def _rain(painter: Painter, rng: random.Random, per_area: int, slant: float) -> None:
    frame = painter.frame
    path = skia.Path()
    for _ in range(round(per_area * frame.width * frame.height)):
        x, y = rng.uniform(-0.05, frame.width + 0.1), rng.uniform(-0.05, frame.height)
        length = rng.uniform(0.05, 0.08)
        dx = -length * slant
        w = 0.0042
        path.addPath(shapes.polygon((x, y), (x + w, y), (x + dx + w, y + length), (x + dx - w, y + length)))
    painter.spark(path, lighten(painter.palette.haze, 0.62), 0.72)


def _snow(painter: Painter, rng: random.Random) -> None:
    frame = painter.frame
    near, far = skia.Path(), skia.Path()
    for i in range(round(54 * frame.width * frame.height)):
        x, y = rng.uniform(0, frame.width), rng.uniform(0, frame.height)
        if i % 3 == 0:
            near.addCircle(x, y, rng.uniform(0.010, 0.014))
        else:
            far.addCircle(x, y, rng.uniform(0.006, 0.009))
    white = (255, 255, 255)
    painter.spark(far, white, 0.75)
    painter.spark(near, white, 0.95)


def glitter(painter: Painter, body: BodyAt, top: float, bottom: float, rng: random.Random) -> None:
    """The path of light under a sky body on water from ``top`` to ``bottom``."""
    path = skia.Path()
    rows = max(4, math.ceil((bottom - top) / 0.032))
    for k in range(rows):
        t = (k + 0.5) / rows
        y = top + (bottom - top) * t**1.15
        half = body.radius * (0.75 + 0.6 * t) * rng.uniform(0.55, 1.1)
        path.addPath(shapes.wedge(body.x + rng.uniform(-0.25, 0.25) * body.radius, y, half, 0.006 + 0.010 * t))
    painter.spark(path, mix(painter.palette.glow, painter.palette.sky[3], 0.2), 0.9)

"""The dry terrains. Each function draws one and says where subjects may stand."""

import math
import random

import skia

from studio.training.scenes import shapes
from studio.training.scenes.color import RGB, lighten, luminance, mix
from studio.training.scenes.land import Ground, Land, Zone, bush, peaks, pine, pine_row

_ROCK: RGB = (112, 122, 158)
_MEADOW: RGB = (112, 172, 84)
_PINE: RGB = (38, 104, 82)
_SAND: RGB = (238, 184, 108)
_SNOW: RGB = (240, 246, 255)
_RED_ROCK: RGB = (206, 98, 58)


def layer(land: Land, base: float, roll: tuple[float, float], top: RGB, bottom: RGB) -> shapes.Curve:
    """One rolling silhouette from edge to edge; returns its line.

    ``roll`` is the amplitude in units and the frequency in waves a unit.
    """
    wobble = shapes.waves(land.rng, *roll, octaves=2)

    def line(x: float) -> float:
        return base + wobble(x)

    land.painter.area(shapes.below(line, land.width, land.height + 0.05), top, bottom)
    return line


def mountains(land: Land) -> Ground:
    """Snow-capped ranges behind a meadow."""
    peaks(land, land.horizon + 0.02, height=0.30, spacing=0.30, pigment=_ROCK, distance=0.85, snow=False)
    peaks(land, land.horizon + 0.06, height=0.40, spacing=0.42, pigment=_ROCK, distance=0.30, snow=True)
    foot = land.down(0.22)
    curve = shapes.waves(land.rng, 0.02, 0.8, 2)
    land.painter.area(
        pine_row(land, lambda x: foot + curve(x), 0.07, 0.05), land.lit(_PINE, 0.45), land.lit(_PINE, 0.15)
    )
    layer(land, land.down(0.42), (0.025, 0.7), land.lit(_MEADOW, 0.18), land.lit(_MEADOW, 0.0))
    layer(land, land.down(0.78), (0.03, 0.6), land.lit((84, 146, 74)), land.shaded((84, 146, 74)))
    return Ground(Zone(land.down(0.58), land.down(0.86)), None)


def hills(land: Land) -> Ground:
    """Green hills rolling to the horizon, with hedges and bushes."""
    pigments: tuple[RGB, ...] = ((120, 170, 130), (134, 184, 104), (104, 168, 82), (142, 194, 84), (92, 156, 74))
    for k, pigment in enumerate(pigments):
        distance = 0.85 - 0.21 * k
        base = land.down((-0.06, 0.10, 0.28, 0.48, 0.74)[k])
        top = land.lit(pigment, distance)
        line = layer(
            land, base, (0.030 + 0.006 * k, 0.95 - 0.1 * k), lighten(top, 0.10), land.shaded(pigment, distance)
        )
        if k == 3:
            _track(land, line(land.width * 0.5))
        if k in (1, 2):
            _bushes(land, line, 0.012 + 0.006 * k, land.shaded((58, 118, 66), distance), 7)
    return Ground(Zone(land.down(0.52), land.down(0.86)), None)


def _track(land: Land, top: float) -> None:
    """A pale track winding down from the third hill; the nearest hill covers its end."""
    start = land.width * land.rng.uniform(0.3, 0.7)
    bend = land.rng.choice((-1, 1)) * 0.16
    end = land.height
    data = (
        f"M {start} {top + 0.012}"
        f" C {start + bend} {top + 0.05} {start - bend * 1.6} {top + 0.10} {start - bend * 0.2} {end} "
        f"L {start - bend * 0.2 + 0.15} {end}"
        f" C {start - bend * 1.2 + 0.05} {top + 0.11} {start + bend + 0.05} {top + 0.06} {start + 0.012} {top + 0.012}"
        f" Z"
    )
    land.painter.veil(shapes.svg(data), land.lit((236, 214, 168), 0.1), 0.9)


def _bushes(land: Land, line: shapes.Curve, radius: float, color: RGB, count: int) -> None:
    path = skia.Path()
    for _ in range(round(count * land.width)):
        x = land.rng.uniform(0, land.width)
        path.addPath(bush(x, line(x) + radius * 0.3, radius * land.rng.uniform(0.7, 1.3)))
    land.painter.detail(path, color)


def desert(land: Land) -> Ground:
    """Dunes with a lit and a shaded side, a table mountain far away."""
    _mesa(land, land.horizon + 0.02, 0.13)
    for k in range(4):
        distance = (0.7, 0.4, 0.15, 0.0)[k]
        base = land.down((0.0, 0.20, 0.46, 0.76)[k])
        top, low = land.lit(_SAND, distance), land.lit((222, 150, 84), distance)
        line = layer(land, base, (0.030 + 0.010 * k, 1.05 - 0.12 * k), top, low)
        _dune_shade(land, line, 0.05 + 0.035 * k, land.shaded((206, 132, 78), distance))
    return Ground(Zone(land.down(0.52), land.down(0.86)), None)


def _dune_shade(land: Land, line: shapes.Curve, depth: float, color: RGB) -> None:
    """The side of each crest away from the light, bounded below by an S-shaped ridge."""
    step = 0.02
    xs = [-0.2 + step * k for k in range(math.ceil((land.width + 0.4) / step))]
    for x in xs[1:-1]:
        if not (line(x) <= line(x - step) and line(x) < line(x + step)):
            continue
        end = x
        while end < land.width + 0.3 and line(end + step) > line(end):
            end += step
        path = skia.Path()
        path.moveTo(x, line(x))
        for k in range(1, 9):
            t = x + (end - x) * k / 8
            path.lineTo(t, line(t) - 0.001)
        low = line(x) + depth
        path.cubicTo(
            x + (end - x) * 0.55, low * 0.35 + line(end) * 0.65, x + (end - x) * 0.35, low, x - 0.07, low + depth * 0.35
        )
        path.cubicTo(x + 0.05, low - depth * 0.3, x + 0.06, line(x) + depth * 0.4, x, line(x))
        land.painter.detail(path, color, 0.85)


def _mesa(land: Land, foot: float, height: float) -> None:
    x = land.width * land.rng.uniform(0.05, 0.75)
    path = skia.Path()
    for dx, w, h in ((0.0, 0.22, 1.0), (0.28, 0.10, 0.7)):
        left = x + dx
        path.addPath(
            shapes.polygon(
                (left - 0.03, foot),
                (left + 0.01, foot - height * h),
                (left + w, foot - height * h),
                (left + w + 0.04, foot),
            )
        )
    land.painter.area(path, land.lit((198, 104, 74), 0.55), land.lit((198, 104, 74), 0.8))


def forest(land: Land) -> Ground:
    """Rows of conifers, paler with distance, around a clearing."""
    for k in range(3):
        distance = (0.85, 0.58, 0.30)[k]
        foot = land.down((0.02, 0.16, 0.34)[k])
        curve = shapes.waves(land.rng, 0.016, 0.9, 2)

        def line(x: float, foot: float = foot, curve: shapes.Curve = curve) -> float:
            return foot + curve(x)

        row = pine_row(land, line, (0.15, 0.19, 0.24)[k], (0.055, 0.075, 0.10)[k])
        land.painter.area(row, land.lit(_PINE, distance), land.lit((88, 150, 104), min(1.0, distance + 0.1)), busy=True)
    layer(land, land.down(0.48), (0.02, 0.7), land.lit((104, 158, 92), 0.12), land.lit((70, 130, 78)))
    _side_pines(land)
    return Ground(Zone(land.down(0.62), land.down(0.88)), None)


def _side_pines(land: Land) -> None:
    """Tall trees that frame the clearing, away from where the subjects stand."""
    sides = _free_sides(land)
    path = skia.Path()
    for x in sides:
        for dx, height in ((0.0, 0.58), (0.11 if x < land.width / 2 else -0.11, 0.42)):
            path.addPath(pine(x + dx, land.height + 0.08 * height, height * land.rng.uniform(0.95, 1.15)))
    land.painter.area(path, land.lit(_PINE), land.shaded(_PINE), busy=True)


def _free_sides(land: Land) -> list[float]:
    """Edges of the picture where no subject stands, as x in units; the layout may leave one bare."""
    places = {str(subject.place) for subject in land.scene.subjects}
    sides = [(x, name) for x, name in ((0.05, "left"), (land.width - 0.05, "right")) if name not in places]
    return [x for x, _ in sides][: land.rng.choice((1, 2))]


def snowfield(land: Land) -> Ground:
    """Snow in soft mounds with blue shadows and a few white-clad conifers."""
    peaks(land, land.horizon + 0.02, height=0.16, spacing=0.30, pigment=(196, 212, 240), distance=0.7, snow=False)
    for k in range(3):
        distance = (0.45, 0.2, 0.0)[k]
        top, low = _snow_light(land, land.lit(_SNOW, distance)), land.shaded((196, 214, 246), distance * 0.5)
        line = layer(
            land,
            land.down((0.06, 0.34, 0.70)[k]),
            (0.026 + 0.008 * k, 0.7),
            top,
            mix(low, top, 0.35),
        )
        if k < 2:
            _snowy_pines(land, line, (0.10, 0.16)[k], distance)
    return Ground(Zone(land.down(0.54), land.down(0.86)), None)


def _snow_light(land: Land, color: RGB) -> RGB:
    """Snow gives back more of the sky than any pigment: under a bright one it stays near white."""
    return lighten(color, 0.50 * luminance(land.painter.palette.sky[3]))


def _snowy_pines(land: Land, line: shapes.Curve, height: float, distance: float) -> None:
    trees, snow = skia.Path(), skia.Path()
    for _ in range(round(5 * land.width)):
        x, tall = land.rng.uniform(0, land.width), height * land.rng.uniform(0.7, 1.15)
        foot = line(x) + tall * 0.06
        trees.addPath(pine(x, foot, tall))
        for top, low, half in ((1.0, 0.76, 0.09), (0.66, 0.47, 0.09), (0.42, 0.24, 0.11)):
            snow.addPath(
                shapes.polygon(
                    (x, foot - tall * top), (x + tall * half, foot - tall * low), (x - tall * half, foot - tall * low)
                )
            )
    land.painter.detail(trees, land.lit((58, 116, 112), distance))
    land.painter.detail(snow, _snow_light(land, land.lit(_SNOW, distance * 0.5)))


def canyon(land: Land) -> Ground:
    """Red walls in strata on both sides, table mountains between, a river on the floor."""
    _mesa(land, land.horizon + 0.04, 0.17)
    _mesa(land, land.horizon + 0.05, 0.12)
    floor_top = land.lit((226, 142, 84), 0.3)
    layer(land, land.horizon + 0.03, (0.008, 1.0), floor_top, land.lit((214, 122, 70)))
    _river(land)
    for side in (-1, 1):
        _cliff(land, side, land.horizon - 0.20, 0.20, 0.35)
        _cliff(land, side, land.horizon - 0.34, 0.11, 0.0)
    return Ground(Zone(land.down(0.50), land.down(0.86)), Zone(land.down(0.46), land.down(0.72)))


def _river(land: Land) -> None:
    palette = land.painter.palette
    middle, top, bottom = land.width * land.rng.uniform(0.42, 0.58), land.horizon + 0.035, land.height + 0.02
    bend = land.rng.choice((-1, 1)) * 0.10
    data = (
        f"M {middle} {top}"
        f" C {middle + bend} {land.down(0.25)} {middle - bend * 1.6} {land.down(0.35)} {middle - 0.14} {bottom} "
        f"L {middle + 0.26} {bottom}"
        f" C {middle + 0.18 - bend} {land.down(0.45)} {middle + bend + 0.08} {land.down(0.25)} {middle + 0.012} {top}"
        f" Z"
    )
    land.painter.area(
        shapes.svg(data), mix(palette.sky[3], palette.water, 0.45), mix(palette.water, palette.shadow, 0.2)
    )


def _cliff(land: Land, side: int, top: float, reach: float, distance: float) -> None:
    """A stepped wall entering from one side; ``reach`` is how far it comes in at the top."""
    rng = random.Random(land.rng.random())
    edge = -0.05 if side < 0 else land.width + 0.05
    foot = land.down(0.34 if distance > 0 else 0.62)
    x, y = reach * rng.uniform(0.85, 1.15), top
    points = [(-0.05, top)]
    while y < foot:
        points.append((x, y))
        step = (foot - top) / 3 * rng.uniform(0.85, 1.1)
        points.append((x + 0.012, min(foot, y + step)))
        x, y = x + 0.045 * rng.uniform(0.6, 1.4), y + step
    points += [(x + 0.05, foot + 0.03), (-0.05, foot + 0.05)]
    path = shapes.polygon(*((edge - side * px - side * 0.05 if side > 0 else px, py) for px, py in points))
    land.painter.area(path, land.lit(_RED_ROCK, distance), land.lit((172, 72, 52), distance))
    with land.painter.inside(path):
        for k in range(3):
            y = top + (foot - top) * (0.16 + 0.28 * k)
            land.painter.detail(
                shapes.rect(-0.1, y, land.width + 0.2, 0.028), land.lit((240, 160, 100), distance), 0.55
            )


def city(land: Land) -> Ground:
    """A skyline in three depths on a river, seen from a quay."""
    for k in range(3):
        distance = (0.85, 0.50, 0.12)[k]
        pigment: RGB = ((150, 164, 196), (112, 124, 168), (74, 84, 132))[k]
        path, windows = _skyline(land, (0.30, 0.24, 0.16)[k], lit_windows=k > 0)
        land.painter.area(path, land.lit(pigment, distance), land.lit(pigment, min(1, distance + 0.2)), busy=True)
        if not windows.isEmpty():
            glass = lighten(land.lit(pigment, distance), 0.45)
            land.painter.detail(windows, land.painter.palette.lamp or glass, 0.95 if land.painter.palette.lamp else 0.8)
    return Ground(None, None)


def _skyline(land: Land, height: float, *, lit_windows: bool) -> tuple[skia.Path, skia.Path]:
    """One row of towers standing on the horizon, and the windows on them."""
    rng = land.rng
    path, windows = skia.Path(), skia.Path()
    x = -0.04
    while x < land.width + 0.05:
        width, tall = rng.uniform(0.07, 0.13), height * rng.uniform(0.45, 1.15)
        top = land.horizon - tall
        path.addRect(skia.Rect.MakeLTRB(x, top, x + width, land.horizon + 0.01))
        roof = rng.randrange(4)
        if roof == 0:
            path.addPath(
                shapes.polygon((x, top + 0.001), (x + width / 2, top - width * 0.55), (x + width, top + 0.001))
            )
        elif roof == 1:
            path.addRect(skia.Rect.MakeLTRB(x + width * 0.25, top - 0.03, x + width * 0.75, top + 0.001))
        if lit_windows:
            windows.addPath(_windows(rng, skia.Rect.MakeXYWH(x, top, width, tall)))
        x += width + rng.uniform(-0.005, 0.012)
    return path, windows


def _windows(rng: random.Random, tower: skia.Rect) -> skia.Path:
    """Windows on a grid over a tower, some left out."""
    windows = skia.Path()
    columns = max(1, int(tower.width() / 0.036))
    gap = tower.width() / columns
    for row in range(int((tower.height() - 0.02) / 0.040)):
        for column in range(columns):
            if rng.random() < 0.55:
                left = tower.left() + gap * (column + 0.5) - 0.008
                windows.addRect(skia.Rect.MakeXYWH(left, tower.top() + 0.022 + row * 0.040, 0.016, 0.020))
    return windows

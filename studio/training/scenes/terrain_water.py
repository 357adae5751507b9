"""The wet terrains, and the table of all of them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import skia

from studio.training.scenes import shapes, terrain
from studio.training.scenes.color import RGB, lighten, mix
from studio.training.scenes.kinds import Terrain
from studio.training.scenes.land import Ground, Land, Zone, open_water, peaks, pine_row, ripples
from studio.training.scenes.sky import glitter

_ROCK: RGB = (112, 122, 158)
_PINE: RGB = (38, 104, 82)
_BANK: RGB = (96, 150, 78)


def sea(land: Land) -> Ground:
    """Open water under a wide sky, sometimes with a headland far out."""
    if land.rng.random() < 0.5:
        x, w = land.width * land.rng.uniform(0.0, 0.8), land.rng.uniform(0.25, 0.4)
        data = (
            f"M {x} {land.horizon + 0.004}"
            f" Q {x + w * 0.3} {land.horizon - 0.07} {x + w * 0.6} {land.horizon - 0.03}"
            f" Q {x + w * 0.8} {land.horizon - 0.02} {x + w} {land.horizon + 0.004} Z"
        )
        land.painter.area(shapes.svg(data), land.lit((92, 110, 140), 0.75))
    open_water(land, calm=False)
    return Ground(None, Zone(land.down(0.22), land.down(0.74)))


def islands(land: Land) -> Ground:
    """Green islands with pale beaches scattered over the sea."""
    cone_x = land.width * land.rng.uniform(0.1, 0.9)
    h = land.horizon
    cone = (
        f"M {cone_x - 0.26} {h + 0.004} Q {cone_x - 0.08} {h - 0.03} {cone_x - 0.035} {h - 0.15}"
        f" L {cone_x + 0.035} {h - 0.15} Q {cone_x + 0.08} {h - 0.03} {cone_x + 0.26} {h + 0.004} Z"
    )
    land.painter.area(shapes.svg(cone), land.lit((92, 130, 150), 0.72))
    open_water(land, calm=True)
    spots = [(0.14, 0.05, 0.16), (0.60, 0.10, 0.20), (0.90, 0.26, 0.24), (0.08, 0.34, 0.26)]
    for x, share, width in spots[: land.rng.choice((3, 4))]:
        _island(land, (x + land.rng.uniform(-0.08, 0.08)) * land.width, land.down(share), width)
    return Ground(None, Zone(land.down(0.36), land.down(0.78)))


def _island(land: Land, x: float, y: float, width: float) -> None:
    """A mound of green with a beach and palms; y is the waterline."""
    distance = max(0.0, 0.5 - (y - land.horizon) * 2)
    half, tall = width / 2, width * land.rng.uniform(0.30, 0.42)
    land.painter.detail(shapes.ellipse(x, y, half * 1.15, width * 0.055), land.lit((248, 222, 164), distance))
    hill = (
        f"M {x - half} {y} Q {x - half * 0.7} {y - tall} {x - half * 0.1} {y - tall}"
        f" Q {x + half * 0.5} {y - tall * 0.9} {x + half} {y} Z"
    )
    green: RGB = (74, 156, 92)
    land.painter.area(shapes.svg(hill), lighten(land.lit(green, distance), 0.08), land.shaded(green, distance))
    for dx in (-0.35, 0.4):
        _palm(land, x + half * dx, y - tall * 0.5, width * 0.42, distance)


def _palm(land: Land, x: float, foot: float, height: float, distance: float) -> None:
    top = foot - height
    lean = height * 0.12
    trunk = shapes.polygon((x - 0.006, foot), (x + 0.007, foot), (x + lean + 0.004, top), (x + lean - 0.004, top))
    land.painter.detail(trunk, land.lit((122, 84, 60), distance))
    leaves = skia.Path()
    for dx, dy in ((-0.42, 0.10), (-0.30, -0.16), (0.02, -0.26), (0.32, -0.16), (0.44, 0.10)):
        ex, ey = x + lean + dx * height, top + dy * height
        leaves.addPath(
            shapes.svg(
                f"M {x + lean} {top}"
                f" Q {x + lean + dx * height * 0.5} {top + dy * height - height * 0.16} {ex} {ey}"
                f" Q {x + lean + dx * height * 0.5} {top + dy * height + height * 0.02} {x + lean} {top} Z"
            )
        )
    land.painter.detail(leaves, land.lit((40, 122, 78), distance))


def lake(land: Land) -> Ground:
    """Still water that mirrors the far shore, seen from a grassy bank."""
    state = land.rng.getstate()
    _far_shore(land)
    open_water(land, calm=True)
    _mirror(land, state, _far_shore, 0.42)
    if land.body is not None:
        glitter(land.painter, land.body, land.horizon + 0.05, land.down(0.55), land.rng)
    _bank(land, 0.80)
    return Ground(Zone(land.down(0.84), land.down(0.94)), Zone(land.down(0.34), land.down(0.66)))


def _far_shore(land: Land) -> None:
    peaks(land, land.horizon, height=0.24, spacing=0.36, pigment=_ROCK, distance=0.55, snow=True)
    curve = shapes.waves(land.rng, 0.010, 1.2, 2)
    trees = pine_row(land, lambda x: land.horizon - 0.012 + curve(x) * 0.5, 0.075, 0.045)
    with land.painter.inside(shapes.rect(-0.1, -0.1, land.width + 0.2, land.horizon + 0.1)):
        land.painter.area(trees, land.lit(_PINE, 0.35), land.lit(_PINE, 0.5), busy=True)


def _mirror(land: Land, state: object, draw: Callable[[Land], None], strength: float) -> None:
    """Draw the shore again upside down on the water; the same random state gives the same shore."""
    canvas = land.painter.canvas
    land.rng.setstate(state)  # type: ignore[arg-type]
    with land.painter.inside(shapes.rect(-0.1, land.horizon, land.width + 0.2, land.height)):
        canvas.saveLayerAlpha(None, round(255 * strength))
        canvas.translate(0, 2 * land.horizon)
        canvas.scale(1, -1)
        draw(land)
        canvas.restore()


def _bank(land: Land, share: float) -> None:
    """The near shore."""
    terrain.layer(land, land.down(share), (0.018, 0.8), land.lit(_BANK), land.shaded(_BANK))


def city(land: Land) -> Ground:
    """The skyline, its river with the lights in it, and the quay."""
    terrain.city(land)
    open_water(land, calm=True)
    palette = land.painter.palette
    lights = palette.lamp or mix(palette.sky[3], (255, 255, 255), 0.3)
    ripples(land, land.horizon + 0.01, land.down(0.5), lights, 12)
    quay: RGB = (150, 146, 160)
    terrain.layer(land, land.down(0.78), (0.0, 1.0), land.lit(quay), land.shaded(quay))
    land.painter.detail(shapes.rect(-0.05, land.down(0.78), land.width + 0.1, 0.016), lighten(land.lit(quay), 0.35))
    return Ground(Zone(land.down(0.84), land.down(0.94)), Zone(land.down(0.30), land.down(0.66)))


DRAW_TERRAIN: Mapping[Terrain, Callable[[Land], Ground]] = MappingProxyType(
    {
        Terrain.MOUNTAINS: terrain.mountains,
        Terrain.HILLS: terrain.hills,
        Terrain.SEA: sea,
        Terrain.LAKE: lake,
        Terrain.DESERT: terrain.desert,
        Terrain.FOREST: terrain.forest,
        Terrain.CITY: city,
        Terrain.SNOWFIELD: terrain.snowfield,
        Terrain.CANYON: terrain.canyon,
        Terrain.ISLANDS: islands,
    }
)

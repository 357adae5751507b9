"""The painter: the few marks all scenes are made of, in the plain flat style.

Other styles subclass it and change what a mark looks like. Coordinates are picture units: the square
picture is 1 × 1, x to the right, y down; other sizes have ``Frame.width`` × ``Frame.height`` units.
"""

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import skia

from studio.training.scenes.color import RGB, argb, lighten, mix
from studio.training.scenes.palettes import Palette
from studio.training.scenes.shapes import Curve, crescent

# A tall picture keeps its subjects inside: the unit never exceeds this many widths.
_UNIT_PER_WIDTH = 1.2
_RAYS_PER_UNIT = 44  # columns of the aurora


class Frame(NamedTuple):
    """The picture's size in units, and how many pixels one unit is."""

    width: float
    height: float
    pixels_per_unit: float


def frame_for(width_px: int, height_px: int) -> Frame:
    """Compose for these pixels: the unit is the height, or less where the picture is narrow."""
    unit = min(float(height_px), width_px * _UNIT_PER_WIDTH)
    return Frame(width_px / unit, height_px / unit, unit)


def vertical_gradient(
    y0: float, y1: float, colors: Sequence[RGB], alphas: Sequence[float] | None = None
) -> skia.Shader:
    """Evenly spaced colours from y0 down to y1; alphas 0..1, opaque by default."""
    opacity = alphas or [1.0] * len(colors)
    stops = [argb(c, a) for c, a in zip(colors, opacity, strict=True)]
    return skia.GradientShader.MakeLinear([skia.Point(0, y0), skia.Point(0, y1)], stops)


class Painter:
    """Draws marks on a skia canvas; this class is the flat style."""

    def __init__(self, canvas: skia.Canvas, frame: Frame, palette: Palette, seed: int, horizon: float) -> None:
        self.canvas = canvas
        self.horizon = horizon
        self.frame = frame
        self.palette = self.styled_palette(palette)
        self.rng = random.Random(f"style:{seed}")
        self.local_scale = 1.0

    # What a style changes -------------------------------------------------------------------------

    def styled_palette(self, palette: Palette) -> Palette:
        """The palette this style works with."""
        return palette

    def tone(self, color: RGB) -> RGB:
        """What the style makes of a colour of the land and sky."""
        return color

    def spot(self, color: RGB) -> RGB:
        """What the style makes of a subject's colour; its name must stay true."""
        return color

    def sky(self) -> None:
        """Fill the whole picture with the sky."""
        paint = skia.Paint(Shader=vertical_gradient(0, self.horizon, [self.tone(c) for c in self.palette.sky]))
        self.canvas.drawRect(skia.Rect.MakeWH(self.frame.width, self.frame.height), paint)

    def area(self, path: skia.Path, top: RGB, bottom: RGB | None = None, *, busy: bool = False) -> None:
        """A large shape of land, water or building, with an optional vertical gradient.

        ``busy`` says that the path has many small parts, on which a style should not linger.
        """
        self.canvas.drawPath(path, self.fill(path, self.tone(top), None if bottom is None else self.tone(bottom)))

    def detail(self, path: skia.Path, color: RGB, alpha: float = 1.0) -> None:
        """A smaller mark on the land: facet, bush, window. No outline in any style."""
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(self.tone(color), alpha)))

    def form(self, path: skia.Path, color: RGB) -> None:
        """A part of a subject. The outline lies under the fill, so parts of one path show no seams."""
        self.outline(path)
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(self.spot(color))))

    def outline(self, path: skia.Path) -> None:
        """The line around a subject's part, where the style has one."""

    def line(self, path: skia.Path, color: RGB, width: float) -> None:
        """A stroke of a subject, width in local units."""
        self.canvas.drawPath(path, self.stroke(self.spot(color), width))

    def veil(self, path: skia.Path, color: RGB, alpha: float) -> None:
        """A translucent layer: mist, a cloud's shade, a reflection."""
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(self.tone(color), alpha)))

    def veil_spot(self, path: skia.Path, color: RGB, alpha: float) -> None:
        """A translucent or unoutlined mark in a subject's colour: its light side, its reflection."""
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(self.spot(color), alpha)))

    def halo_behind(self, x: float, y: float, radius: float) -> None:
        """A little air around a subject, where a style needs it to stand out."""

    def smoke(self, x: float, y: float) -> None:
        """Puffs drifting back from a chimney, in local units."""
        paint = skia.Paint(AntiAlias=True, Color=argb(self.tone(lighten(self.palette.cloud, 0.3)), 0.85))
        for k, r in enumerate((0.14, 0.20, 0.27)):
            self.canvas.drawCircle(x - 0.30 * k, y - 0.14 * k - 0.02, r, paint)

    def mist(self, y0: float, y1: float, color: RGB, alpha: float) -> None:
        """A band across the picture, clear at y0 and y1 and at ``alpha`` between."""
        tone = self.tone(color)
        shader = vertical_gradient(y0, y1, [tone, tone, tone], [0.0, alpha, 0.0])
        self.canvas.drawRect(skia.Rect.MakeLTRB(0, y0, self.frame.width, y1), skia.Paint(Shader=shader))

    def disc(self, x: float, y: float, radius: float, color: RGB) -> None:
        """The sun or the moon with its halo."""
        for factor, alpha in ((3.2, 0.10), (2.2, 0.14), (1.5, 0.22)):
            self.canvas.drawCircle(x, y, radius * factor, skia.Paint(AntiAlias=True, Color=argb(color, alpha)))
        self.canvas.drawCircle(x, y, radius, skia.Paint(AntiAlias=True, Color=argb(color)))

    def crescent(self, x: float, y: float, radius: float, color: RGB) -> None:
        """A waning moon with a soft halo."""
        for factor, alpha in ((2.4, 0.08), (1.6, 0.10)):
            self.canvas.drawCircle(x, y, radius * factor, skia.Paint(AntiAlias=True, Color=argb(color, alpha)))
        moon = crescent(x, y, radius)
        self.outline(moon)
        self.canvas.drawPath(moon, skia.Paint(AntiAlias=True, Color=argb(color)))

    def spark(self, path: skia.Path, color: RGB, alpha: float = 1.0) -> None:
        """A small bright mark of weather or light: star, flake, drop, glint."""
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(self.tone(color), alpha)))

    def puff(self, path: skia.Path, light: RGB, shade: RGB) -> None:
        """A cloud: lit from above, shaded below."""
        self.canvas.drawPath(path, self.fill(path, self.tone(light), self.tone(shade)))

    def curtain(self, foot: Curve, top: Curve, strength: Curve, color: RGB) -> None:
        """A sheet of aurora: bright along its foot, fading upwards in rays; ``strength`` is 0..1 along x."""
        self.light_sheet(foot, top, strength, self.tone(color))

    def light_sheet(self, foot: Curve, top: Curve, strength: Curve, color: RGB) -> None:
        """The strip between two curves as a mesh, clear at the top, and a short fall-off below the foot."""
        columns = math.ceil((self.frame.width + 0.1) * _RAYS_PER_UNIT)
        xs = [-0.05 + k / _RAYS_PER_UNIT for k in range(columns + 1)]
        clear, lit = argb(color, 0.0), [argb(color, min(1.0, max(0.0, strength(x)))) for x in xs]
        for edge in (top, lambda x: foot(x) + 0.045):
            points = [skia.Point(x, y) for x in xs for y in (edge(x), foot(x))]
            colors = [c for value in lit for c in (clear, value)]
            mesh = skia.Vertices(skia.Vertices.kTriangleStrip_VertexMode, points, None, colors)
            self.canvas.drawVertices(mesh, skia.Paint(AntiAlias=True), skia.BlendMode.kDst)

    def finish(self) -> None:
        """What the style does to the whole picture at the end."""

    # Helpers the styles share ---------------------------------------------------------------------

    def fill(self, path: skia.Path, top: RGB, bottom: RGB | None) -> skia.Paint:
        """A fill of one colour, or of a gradient over the path's height."""
        if bottom is None:
            return skia.Paint(AntiAlias=True, Color=argb(top))
        bounds = path.getBounds()
        return skia.Paint(AntiAlias=True, Shader=vertical_gradient(bounds.top(), bounds.bottom(), [top, bottom]))

    def stroke(self, color: RGB, width: float, alpha: float = 1.0) -> skia.Paint:
        """A round stroke, width in the units in force."""
        return skia.Paint(
            AntiAlias=True,
            Color=argb(color, alpha),
            Style=skia.Paint.kStroke_Style,
            StrokeWidth=width,
            StrokeCap=skia.Paint.kRound_Cap,
            StrokeJoin=skia.Paint.kRound_Join,
        )

    @contextmanager
    def inside(self, path: skia.Path) -> Iterator[None]:
        """Draw only within a path."""
        self.canvas.save()
        self.canvas.clipPath(path, skia.ClipOp.kIntersect, True)
        yield
        self.canvas.restore()

    @contextmanager
    def placed(self, x: float, y: float, scale: float, *, flip_x: bool = False) -> Iterator[None]:
        """Draw in local units: origin at (x, y), one local unit is ``scale`` picture units."""
        outer = self.local_scale
        self.local_scale = outer * scale
        self.canvas.save()
        self.canvas.translate(x, y)
        self.canvas.scale(-scale if flip_x else scale, scale)
        yield
        self.canvas.restore()
        self.local_scale = outer

    def far(self, color: RGB, distance: float) -> RGB:
        """``color`` seen through the air, distance 0..1."""
        return mix(color, self.palette.haze, min(1.0, distance * self.palette.haze_strength))

    def pale(self, color: RGB, amount: float) -> RGB:
        """``color`` lightened by 0..1."""
        return lighten(color, amount)

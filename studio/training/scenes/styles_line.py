"""Styles of the line: ink, neon and blueprint."""

import skia

from studio.training.scenes.color import RGB, argb, darken, hsv, hue_of, lighten, luminance, mix, saturate
from studio.training.scenes.painter import Painter, vertical_gradient
from studio.training.scenes.palettes import Palette
from studio.training.scenes.shapes import Curve


class InkPainter(Painter):
    """Pen and a thin wash: dark contours, hatching for shade, colour only in the subjects."""

    def styled_palette(self, palette: Palette) -> Palette:
        """Ink from the shadow, paper tinted by the sky."""
        self.ink = mix((44, 42, 54), palette.shadow, 0.25)
        self.paper = mix((252, 249, 242), palette.sky[2], 0.16)
        return palette

    def tone(self, color: RGB) -> RGB:
        """A grey wash with a breath of the colour."""
        light = luminance(color)
        wash = mix(self.ink, self.paper, min(1.0, 0.16 + 1.05 * light))
        return mix(wash, color, 0.30)

    def area(self, path: skia.Path, top: RGB, bottom: RGB | None = None, *, busy: bool = False) -> None:
        """A wash fading into paper, and the pen's contour."""
        first = self.tone(top)
        fade = 0.35 if luminance(top) > 0.25 else 0.08
        self.canvas.drawPath(
            path, self.stroke(self._pen(first), (0.0100 if busy else 0.0135) / self.local_scale, 0.6 if busy else 0.9)
        )
        self.canvas.drawPath(path, self.fill(path, first, mix(first, self.paper, fade)))

    def _pen(self, ground: RGB) -> RGB:
        """Dark ink on paper, white ink on a dark wash."""
        return self.ink if luminance(ground) > 0.26 else mix(self.paper, self.ink, 0.30)

    def detail(self, path: skia.Path, color: RGB, alpha: float = 1.0) -> None:
        """Hatched, if it is shade; a wash if it is light."""
        tone = self.tone(color)
        light = luminance(tone) > 0.62
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(tone, alpha if light else alpha * 0.45)))
        bounds = path.getBounds()
        if light or bounds.height() < 0.05:
            return
        hatch = skia.Path()
        x = bounds.left() - bounds.height()
        while x < bounds.right():
            hatch.moveTo(x, bounds.bottom())
            hatch.lineTo(x + bounds.height() * 0.8, bounds.top())
            x += 0.034
        with self.inside(path):
            self.canvas.drawPath(hatch, self.stroke(self._pen(tone), 0.0062, 0.42))

    def puff(self, path: skia.Path, light: RGB, shade: RGB) -> None:
        """An outlined cloud."""
        self.canvas.drawPath(path, self.stroke(self._pen(self.tone(shade)), 0.016))
        self.canvas.drawPath(path, self.fill(path, lighten(self.tone(light), 0.3), self.tone(shade)))

    def outline(self, path: skia.Path) -> None:
        """The pen around the subject."""
        self.canvas.drawPath(path, self.stroke(self.ink, 0.0160 / self.local_scale))

    def disc(self, x: float, y: float, radius: float, color: RGB) -> None:
        """A circle left white, with short rays."""
        pen = self._pen(self.tone(self.palette.sky[1]))
        for factor in (1.55, 2.1):
            self.canvas.drawCircle(x, y, radius * factor, self.stroke(pen, 0.0055, 0.35))
        self.canvas.drawCircle(x, y, radius, skia.Paint(AntiAlias=True, Color=argb(mix(color, self.paper, 0.2))))
        self.canvas.drawCircle(x, y, radius, self.stroke(pen, 0.0085))


class NeonPainter(Painter):
    """Tubes of light in the dark: everything nearly black, drawn by its glowing edge."""

    def styled_palette(self, palette: Palette) -> Palette:
        """Three tube colours from the sky's hues; the sky itself goes dark."""
        self.tubes = tuple(hsv(hue_of(color), 0.72, 1.0) for color in (palette.sky[1], palette.sky[2], palette.sky[3]))
        self.turn = 0
        self.night = mix((9, 7, 24), darken(palette.sky[1], 0.8), 0.5)
        return palette

    def tone(self, color: RGB) -> RGB:
        """Dark, with the colour's own cast."""
        return mix(self.night, saturate(color, 1.2), 0.16 + 0.14 * luminance(color))

    def sky(self) -> None:
        """Dark above, glowing at the horizon in the hour's own colours."""
        glows = (self.palette.sky[0], *(darken(tube, 0.12) for tube in self.tubes))
        colors = [mix(self.night, c, share) for c, share in zip(glows, (0.14, 0.20, 0.34, 0.55), strict=True)]
        shader = vertical_gradient(0, self.horizon, colors)
        self.canvas.drawRect(skia.Rect.MakeWH(self.frame.width, self.frame.height), skia.Paint(Shader=shader))

    def tube(self, path: skia.Path, color: RGB, width: float) -> None:
        """A glowing line: wide and faint, then narrow and bright."""
        scale = self.local_scale
        for factor, alpha in ((6.0, 0.12), (3.2, 0.24), (1.0, 0.85)):
            tint = lighten(color, 0.35) if factor == 1.0 else color
            self.canvas.drawPath(path, self.stroke(tint, width * factor / scale, alpha))

    def area(self, path: skia.Path, top: RGB, bottom: RGB | None = None, *, busy: bool = False) -> None:
        """Darkness with a lit edge; neighbours get different tubes."""
        self.tube(path, self.tubes[self.turn % 3], 0.0062 if busy else 0.0125)
        self.canvas.drawPath(path, self.fill(path, self.tone(top), mix(self.night, self.tone(bottom or top), 0.4)))
        self.turn += 1

    def detail(self, path: skia.Path, color: RGB, alpha: float = 1.0) -> None:
        """A dim pane of coloured light; lamps stay bright."""
        if color == self.palette.lamp:
            self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(color, alpha)))
            return
        tint = mix(self.tone(color), self.tubes[(self.turn + 1) % 3], 0.10 + 0.35 * luminance(color))
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(tint, alpha)))

    def puff(self, path: skia.Path, light: RGB, shade: RGB) -> None:
        """A cloud as a sign: a tube first, the body over its inner half."""
        tone = self.tone(shade)
        self.tube(path, self.tubes[1], 0.011)
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(tone)))

    def form(self, path: skia.Path, color: RGB) -> None:
        """The subject's colour glows from inside and along its edge."""
        edge = color if luminance(color) > 0.2 else mix(color, (150, 150, 175), 0.45)
        self.tube(path, saturate(edge, 1.25), 0.0105)
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(mix(self.night, color, 0.62))))

    def line(self, path: skia.Path, color: RGB, width: float) -> None:
        """A tube."""
        self.tube(path, saturate(color, 1.2), max(0.006, width * self.local_scale * 0.4))

    def veil_spot(self, path: skia.Path, color: RGB, alpha: float) -> None:
        """The colour's glow on water."""
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(saturate(color, 1.3), alpha * 0.8)))

    def curtain(self, foot: Curve, top: Curve, strength: Curve, color: RGB) -> None:
        """Aurora keeps its own light here."""
        self.light_sheet(foot, top, strength, color)

    def spark(self, path: skia.Path, color: RGB, alpha: float = 1.0) -> None:
        """Bright, with a little glow."""
        self.canvas.drawPath(path, self.stroke(self.tubes[1], 0.010, 0.25))
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(mix(color, self.tubes[2], 0.25), alpha)))

    def disc(self, x: float, y: float, radius: float, color: RGB) -> None:
        """A ring of light around a dimly lit face."""
        ring = skia.Path.Circle(x, y, radius)
        face = mix(color, self.tubes[2], 0.22)
        self.canvas.drawPath(ring, skia.Paint(AntiAlias=True, Color=argb(face, 0.85)))
        self.tube(ring, self.tubes[2], 0.010)


class BlueprintPainter(Painter):
    """A drafting sheet: pale lines on blue, a grid, the subject tinted as with a pencil."""

    def styled_palette(self, palette: Palette) -> Palette:
        """The sheet is always blue; the hour decides which blue, and the colour of the lines."""
        light = luminance(mix(palette.sky[0], palette.sky[2], 0.6))
        blue = mix((10, 34, 92), (44, 112, 206), min(1.0, light * 1.25))
        self.top = mix(blue, palette.sky[0], 0.22)
        self.low = mix(blue, palette.sky[2], 0.42)
        self.chalk = mix(lighten(saturate(palette.sky[3], 1.2), 0.40), self.low, 0.30)
        return palette

    def tone(self, color: RGB) -> RGB:
        """A blue as light as the colour, within the sheet's short range."""
        return mix(darken(self.top, 0.14), mix(self.low, self.chalk, 0.30), luminance(color))

    def sky(self) -> None:
        """The sheet, and its grid."""
        shader = vertical_gradient(0, self.horizon, [self.top, mix(self.top, self.low, 0.6), self.low])
        self.canvas.drawRect(skia.Rect.MakeWH(self.frame.width, self.frame.height), skia.Paint(Shader=shader))

    def _grid(self, pitch: float) -> skia.Path:
        grid = skia.Path()
        for k in range(1, int(self.frame.width / pitch) + 1):
            grid.addPath(skia.Path.Line(skia.Point(k * pitch, 0), skia.Point(k * pitch, self.frame.height)))
        for k in range(1, int(self.frame.height / pitch) + 1):
            grid.addPath(skia.Path.Line(skia.Point(0, k * pitch), skia.Point(self.frame.width, k * pitch)))
        return grid

    def area(self, path: skia.Path, top: RGB, bottom: RGB | None = None, *, busy: bool = False) -> None:
        """A tinted field with a drawn contour."""
        self.canvas.drawPath(path, self.stroke(self.chalk, (0.008 if busy else 0.012) / self.local_scale))
        self.canvas.drawPath(path, self.fill(path, self.tone(top), self.tone(bottom or top)))

    def detail(self, path: skia.Path, color: RGB, alpha: float = 1.0) -> None:
        """A tint with a faint line."""
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(self.tone(color), alpha * 0.6)))
        self.canvas.drawPath(path, self.stroke(self.chalk, 0.005 / self.local_scale, 0.35))

    def puff(self, path: skia.Path, light: RGB, shade: RGB) -> None:
        """A drawn cloud."""
        self.canvas.drawPath(path, self.stroke(self.chalk, 0.014))
        self.canvas.drawPath(path, self.fill(path, self.tone(light), self.tone(shade)))

    def form(self, path: skia.Path, color: RGB) -> None:
        """Coloured pencil inside a white contour."""
        self.outline(path)
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(mix(self.top, color, 0.84))))

    def outline(self, path: skia.Path) -> None:
        """The drafting pen."""
        self.canvas.drawPath(path, self.stroke((244, 248, 255), 0.0125 / self.local_scale, 0.95))

    def spark(self, path: skia.Path, color: RGB, alpha: float = 1.0) -> None:
        """White."""
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(lighten(self.chalk, 0.5), alpha)))

    def disc(self, x: float, y: float, radius: float, color: RGB) -> None:
        """A circle with its centre lines and a construction circle."""
        reach = radius * 2.1
        cross = skia.Path()
        for x0, y0, x1, y1 in ((x - reach, y, x + reach, y), (x, y - reach, x, y + reach)):
            cross.moveTo(x0, y0)
            cross.lineTo(x1, y1)
        self.canvas.drawPath(cross, self.stroke(self.chalk, 0.005, 0.6))
        self.canvas.drawCircle(x, y, radius * 1.6, self.stroke(self.chalk, 0.005, 0.6))
        self.canvas.drawCircle(x, y, radius, skia.Paint(AntiAlias=True, Color=argb(mix(self.low, color, 0.75))))
        self.canvas.drawCircle(x, y, radius, self.stroke((244, 248, 255), 0.0075))

    def finish(self) -> None:
        """The grid lies over the drawing, faint, and a border runs around the sheet."""
        self.canvas.drawPath(self._grid(0.125), self.stroke(self.chalk, 0.004, 0.13))
        border = skia.Rect.MakeLTRB(0.022, 0.022, self.frame.width - 0.022, self.frame.height - 0.022)
        self.canvas.drawRect(border, self.stroke(self.chalk, 0.008, 0.85))

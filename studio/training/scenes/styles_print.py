"""Styles of the printing press: linocut and risograph."""

import skia

from studio.training.scenes import shapes
from studio.training.scenes.color import RGB, argb, darken, hsv, hue_of, lighten, luminance, mix, ramp, saturate
from studio.training.scenes.painter import Painter
from studio.training.scenes.palettes import Palette

_CREAM: RGB = (247, 240, 224)


class LinocutPainter(Painter):
    """A block print: four flat inks, no gradients, carved lines of paper along every edge."""

    def styled_palette(self, palette: Palette) -> Palette:
        """Choose the inks: paper and two tints from the sky, the dark from the shadow."""
        dark_sky = luminance(palette.sky[1]) < 0.25
        self.ink = mix((22, 22, 34), palette.shadow, 0.35)
        self.paper = mix(_CREAM, palette.sky[3], 0.30)
        accent = saturate(mix(palette.sky[1], palette.sky[2], 0.35 if not dark_sky else 0.5), 1.15)
        self.tints = (self.ink, mix(self.ink, accent, 0.50), accent, mix(accent, self.paper, 0.55), self.paper)
        # The land never has the sky's own tint, or they would run together.
        self.inks = (
            self.ink,
            mix(self.ink, accent, 0.38),
            mix(self.ink, accent, 0.70),
            mix(accent, self.paper, 0.62),
            self.paper,
        )
        return palette

    def tone(self, color: RGB) -> RGB:
        """The nearest of the land's inks by lightness."""
        target = luminance(color)
        return min(self.inks, key=lambda ink: abs(luminance(ink) - target))

    def sky(self) -> None:
        """One ink, with tapering cuts that grow towards the horizon."""
        frame = self.frame
        self.canvas.drawColor(argb(self.tints[2]))
        cuts = skia.Path()
        rows = 11
        for k in range(rows):
            y = self.horizon * (k + 0.6) / rows
            share = (k + 0.5) / rows
            x = -self.rng.uniform(0.0, 0.3)
            while x < frame.width + 0.1:
                length = self.rng.uniform(0.10, 0.22) * (0.6 + share)
                cuts.addPath(
                    shapes.wedge(x + length, y + self.rng.uniform(-0.006, 0.006), length, 0.004 + 0.014 * share)
                )
                x += 2 * length + self.rng.uniform(0.03, 0.12) * (1.6 - share)
        self.canvas.drawPath(cuts, skia.Paint(AntiAlias=True, Color=argb(mix(self.tints[2], self.tints[3], 0.60))))

    def area(self, path: skia.Path, top: RGB, bottom: RGB | None = None, *, busy: bool = False) -> None:
        """One ink with a cut along the edge."""
        color = self.tone(mix(top, bottom or top, 0.35))
        cut = self.paper if luminance(color) < 0.62 else self.ink
        self.canvas.drawPath(path, self.stroke(mix(color, cut, 0.45 if busy else 0.75), 0.0140 / self.local_scale))
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(color)))
        bounds = path.getBounds()
        if bounds.width() > 0.9 and bounds.height() > 0.1 and not busy:
            self._gouges(path, bounds, mix(color, cut, 0.50))

    def _gouges(self, path: skia.Path, bounds: skia.Rect, color: RGB) -> None:
        """A few tapering cuts across a large area, following its lie."""
        cuts = skia.Path()
        for _ in range(round(6 * self.frame.width)):
            x, y = (
                self.rng.uniform(0, self.frame.width),
                self.rng.uniform(bounds.top(), min(bounds.bottom(), self.frame.height)),
            )
            cuts.addPath(shapes.wedge(x, y, self.rng.uniform(0.03, 0.07), 0.006))
        with self.inside(path):
            self.canvas.drawPath(cuts, skia.Paint(AntiAlias=True, Color=argb(color)))

    def puff(self, path: skia.Path, light: RGB, shade: RGB) -> None:
        """A flat cloud with a dark rim."""
        self.canvas.drawPath(path, self.stroke(self.ink, 0.014))
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(self.tone(mix(light, shade, 0.3)))))

    def mist(self, y0: float, y1: float, color: RGB, alpha: float) -> None:
        """Mist as rows of long cuts."""
        cuts = skia.Path()
        rows = max(2, round((y1 - y0) / 0.045))
        for k in range(rows):
            y = y0 + (y1 - y0) * (k + 0.5) / rows
            x = -self.rng.uniform(0, 0.4)
            while x < self.frame.width + 0.2:
                length = self.rng.uniform(0.14, 0.30)
                cuts.addPath(shapes.wedge(x, y, length, 0.016))
                x += 2 * length + 0.02
        self.canvas.drawPath(cuts, skia.Paint(AntiAlias=True, Color=argb(self.tints[3], min(1.0, alpha + 0.25))))

    def outline(self, path: skia.Path) -> None:
        """The block's dark line."""
        self.canvas.drawPath(path, self.stroke(self.ink, 0.0165 / self.local_scale))

    def disc(self, x: float, y: float, radius: float, color: RGB) -> None:
        """A disc of paper in rings of cuts."""
        self.canvas.drawCircle(x, y, radius * 1.75, skia.Paint(AntiAlias=True, Color=argb(self.tints[3])))
        self.canvas.drawCircle(x, y, radius * 1.42, self.stroke(self.tints[2], 0.016))
        self.canvas.drawCircle(x, y, radius, skia.Paint(AntiAlias=True, Color=argb(mix(color, self.paper, 0.4))))


class RisographPainter(Painter):
    """Two soy inks on warm paper: a little out of register, with a coarse screen of dots."""

    def styled_palette(self, palette: Palette) -> Palette:
        """The inks: a dark one and a bright one, from the sky's own hues."""
        first, second = palette.sky[1], palette.sky[3]
        dark_value = 0.30 + 0.35 * luminance(first)
        self.dark = hsv(hue_of(first), 0.72, dark_value)
        self.bright = hsv(hue_of(mix(palette.sky[2], second, 0.5)), 0.62, 0.45 + 0.55 * max(second) / 255)
        self.stops = (
            darken(self.dark, 0.35),
            self.dark,
            mix(self.dark, self.bright, 0.55),
            mix(self.bright, _CREAM, 0.15),
            mix(self.bright, _CREAM, 0.6),
            _CREAM,
        )
        return palette

    def tone(self, color: RGB) -> RGB:
        """The mixture of the two inks that is as light."""
        return ramp(self.stops, luminance(color) * 1.06)

    def sky(self) -> None:
        """The gradient, then a screen of dots that grow upwards."""
        super().sky()
        dots = skia.Path()
        pitch = 0.040
        rows = int(self.horizon / pitch)
        for row in range(rows):
            radius = 0.0125 * (1 - row / rows) + 0.003
            shift = pitch / 2 if row % 2 else 0.0
            for column in range(int(self.frame.width / pitch) + 2):
                dots.addCircle(column * pitch + shift, row * pitch + pitch / 2, radius)
        self.canvas.drawPath(
            dots, skia.Paint(AntiAlias=True, Color=argb(self.tone(darken(self.palette.sky[0], 0.3)), 0.22))
        )

    def area(self, path: skia.Path, top: RGB, bottom: RGB | None = None, *, busy: bool = False) -> None:
        """The second drum prints a little up and to the left, so a bright edge shows."""
        self.canvas.save()
        self.canvas.translate(-0.008 / self.local_scale, -0.009 / self.local_scale)
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(mix(self.bright, _CREAM, 0.25), 0.85)))
        self.canvas.restore()
        super().area(path, top, bottom, busy=busy)

    def form(self, path: skia.Path, color: RGB) -> None:
        """Spot ink over its own shifted shadow."""
        self.canvas.save()
        self.canvas.translate(0.0075 / self.local_scale, 0.006 / self.local_scale)
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(self.dark, 0.55)))
        self.canvas.restore()
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=argb(self.spot(color))))

    def disc(self, x: float, y: float, radius: float, color: RGB) -> None:
        """A disc of bare paper with a bright ring out of register."""
        self.canvas.drawCircle(
            x + 0.010, y + 0.008, radius * 1.25, skia.Paint(AntiAlias=True, Color=argb(lighten(self.bright, 0.25), 0.8))
        )
        self.canvas.drawCircle(x, y, radius, skia.Paint(AntiAlias=True, Color=argb(mix(color, _CREAM, 0.35))))

"""Styles of soft paint: pastel and watercolour."""

import math

import msgspec
import skia

from studio.training.scenes import shapes
from studio.training.scenes.color import RGB, argb, darken, lighten, luminance, mix, saturate
from studio.training.scenes.painter import Painter, vertical_gradient
from studio.training.scenes.palettes import Palette

_PAPER: RGB = (252, 248, 240)


def softened(palette: Palette, white: float, saturation: float) -> Palette:
    """The palette with every colour moved towards white and towards grey."""

    def soft(color: RGB) -> RGB:
        return saturate(mix(color, _PAPER, white), saturation)

    top, upper, lower, horizon = (soft(color) for color in palette.sky)
    return msgspec.structs.replace(
        palette, sky=(top, upper, lower, horizon), haze=soft(palette.haze), cloud=soft(palette.cloud),
        cloud_shade=soft(palette.cloud_shade), water=soft(palette.water), glow=mix(palette.glow, _PAPER, white * 0.5),
    )  # fmt: skip


class PastelPainter(Painter):
    """Chalk: milky colours, a pale rubbed edge along every shape, broad soft strokes."""

    def styled_palette(self, palette: Palette) -> Palette:
        """Milky; the land is softened in ``tone`` instead, so nothing is softened twice."""
        return softened(palette, 0.26, 1.15)

    def tone(self, color: RGB) -> RGB:
        """Milky."""
        return saturate(mix(color, _PAPER, 0.20), 1.12)

    def spot(self, color: RGB) -> RGB:
        """A little chalk in it."""
        return mix(color, _PAPER, 0.20)

    def area(self, path: skia.Path, top: RGB, bottom: RGB | None = None, *, busy: bool = False) -> None:
        """Rubbed: the upper edge is pale, the body blends down."""
        low = self.tone(bottom or top)
        self.canvas.drawPath(path, self.stroke(lighten(self.tone(top), 0.5), 0.010 / self.local_scale, 0.35))
        self.canvas.drawPath(path, self.fill(path, self.tone(top), mix(low, self.tone(top), 0.3)))
        if busy:
            return
        with self.inside(path):
            self.canvas.drawPath(path, self.stroke(lighten(self.tone(top), 0.5), 0.030 / self.local_scale, 0.38))
            self.canvas.drawPath(path, self.stroke(lighten(self.tone(top), 0.6), 0.014 / self.local_scale, 0.40))

    def finish(self) -> None:
        """Broad slanting strokes of white chalk over everything, hardly there."""
        frame = self.frame
        reach = frame.width + frame.height
        strokes = skia.Path()
        offset = -frame.height
        while offset < frame.width:
            strokes.moveTo(offset, frame.height)
            strokes.lineTo(offset + reach * 0.5, frame.height - reach * 0.5)
            offset += self.rng.uniform(0.07, 0.13)
        self.canvas.drawPath(strokes, self.stroke(_PAPER, 0.034, 0.04 + 0.06 * luminance(self.palette.sky[1])))


class WatercolourPainter(Painter):
    """Washes on paper: wobbling edges where the pigment dries darker, blooms, and a bare paper edge."""

    def styled_palette(self, palette: Palette) -> Palette:
        """Thinned with water."""
        return softened(palette, 0.14, 1.0)

    def tone(self, color: RGB) -> RGB:
        """Pigment thinned on paper."""
        return mix(color, _PAPER, 0.10)

    def spot(self, color: RGB) -> RGB:
        """A strong wash."""
        return mix(color, _PAPER, 0.05)

    def sky(self) -> None:
        """Paper, then a wash inside an uneven edge, with blooms in it."""
        self.canvas.drawColor(argb(_PAPER))
        self.edge = self._paper_edge()
        self.canvas.save()
        self.canvas.clipPath(self.edge, skia.ClipOp.kIntersect, True)
        super().sky()
        for _ in range(round(7 * self.frame.width)):
            x, y = self.rng.uniform(0, self.frame.width), self.rng.uniform(0, self.horizon)
            self._bloom(x, y, self.rng.uniform(0.10, 0.22), self.rng.choice((0.32, 0.22, -0.16)))

    def _paper_edge(self) -> skia.Path:
        """A rectangle painted by hand: sides that wander, corners that round."""
        width, height, margin = self.frame.width, self.frame.height, 0.050
        points: list[tuple[float, float]] = []
        corners = (
            (0.0, 0.0, width, 0.0),
            (width, 0.0, width, height),
            (width, height, 0.0, height),
            (0.0, height, 0.0, 0.0),
        )
        for x0, y0, x1, y1 in corners:
            count = max(5, round(math.hypot(x1 - x0, y1 - y0) * 9))
            for k in range(count):
                t = k / count
                x, y = x0 + (x1 - x0) * t, y0 + (y1 - y0) * t
                inset = margin + self.rng.uniform(-0.016, 0.016)
                points.append((min(max(x, inset), width - inset), min(max(y, inset), height - inset)))
        return shapes.smooth(points)

    def _bloom(self, x: float, y: float, radius: float, strength: float) -> None:
        """A drop of clear water (or of pigment, if negative) that spread in the wash."""
        color = _PAPER if strength > 0 else darken(self.tone(self.palette.sky[1]), 0.2)
        alpha = abs(strength)
        stops = [argb(color, alpha), argb(color, alpha * 0.8), argb(color, 0.0)]
        shader = skia.GradientShader.MakeRadial(skia.Point(x, y), radius, stops, [0.0, 0.55, 1.0])
        self.canvas.drawCircle(x, y, radius, skia.Paint(AntiAlias=True, Shader=shader))

    def _wobble(self) -> skia.PathEffect:
        """An unsteady hand: 1 % of a unit off, every 6 %."""
        scale = self.local_scale
        return skia.DiscretePathEffect.Make(0.055 / scale, 0.0055 / scale, self.rng.getrandbits(16))

    def area(self, path: skia.Path, top: RGB, bottom: RGB | None = None, *, busy: bool = False) -> None:
        """A wash that pales downwards and dries darker at its edge."""
        first = self.tone(top)
        last = mix(self.tone(bottom or top), _PAPER, 0.22)
        paint = self.fill(path, first, last)
        effect = self._wobble()
        paint.setPathEffect(effect)
        paint.setAlphaf(0.94)
        edge = self.stroke(darken(first, 0.25), 0.011 / self.local_scale, 0.50)
        edge.setPathEffect(effect)
        self.canvas.drawPath(path, edge)
        self.canvas.drawPath(path, paint)
        bounds = path.getBounds()
        if bounds.width() > 0.8:
            with self.inside(path):
                for _ in range(2):
                    y = self.rng.uniform(bounds.top(), bounds.bottom())
                    self._bloom(
                        self.rng.uniform(0, self.frame.width),
                        y,
                        self.rng.uniform(0.08, 0.18),
                        self.rng.choice((0.25, 0.18)),
                    )

    def puff(self, path: skia.Path, light: RGB, shade: RGB) -> None:
        """A cloud left white with a soft wash under it."""
        bounds = path.getBounds()
        colors = [mix(self.tone(light), _PAPER, 0.5), self.tone(light), self.tone(shade)]
        shader = vertical_gradient(bounds.top(), bounds.bottom(), colors, [0.9, 0.75, 0.6])
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Shader=shader, PathEffect=self._wobble()))

    def outline(self, path: skia.Path) -> None:
        """The pigment's dark rim."""
        self.canvas.drawPath(path, self.stroke((60, 50, 70), 0.010 / self.local_scale, 0.40))

    def disc(self, x: float, y: float, radius: float, color: RGB) -> None:
        """Lifted out with a wet brush: a soft halo, a round of paper tinted by the light."""
        self._bloom(x, y, radius * 2.6, 0.55)
        tint = color if luminance(self.palette.sky[1]) > 0.3 else lighten(color, 0.2)
        self.canvas.drawCircle(x, y, radius, skia.Paint(AntiAlias=True, Color=argb(tint, 0.95)))

    def finish(self) -> None:
        """Lift the clip and let the edge dry."""
        self.canvas.restore()
        self.canvas.drawPath(self.edge, self.stroke(darken(self.palette.sky[1], 0.3), 0.007, 0.30))

"""What a subject is drawn with: its colours in this light and the marks in its own units."""

from typing import NamedTuple

import skia

from studio.training.scenes.color import RGB, darken, lighten, luminance, mix
from studio.training.scenes.kinds import Color
from studio.training.scenes.painter import Painter


class Brush(NamedTuple):
    """Colours of one subject. One local unit is the subject's full height; y is 0 at its foot, up negative."""

    painter: Painter
    main: RGB
    shade: RGB
    light: RGB
    trim: RGB
    dark: RGB
    window: RGB

    def form(self, path: skia.Path, color: RGB) -> None:
        """A part of the subject, outlined where the style outlines."""
        self.painter.form(path, color)

    def line(self, path: skia.Path, color: RGB, width: float) -> None:
        """A stroke; width in local units."""
        self.painter.line(path, color, width)


def brush_for(painter: Painter, color: Color) -> Brush:
    """The brush of a colour; white and black subjects get greys that keep their parts apart."""
    palette = painter.palette
    main = palette.subject(color)
    shade = mix(darken(main, 0.20), palette.shadow, 0.12)
    light = lighten(main, 0.30)
    trim = palette.subject(Color.WHITE)
    dark = mix(darken(main, 0.55), (30, 30, 48), 0.5)
    if color is Color.WHITE:
        shade, light, trim = mix(main, (150, 160, 190), 0.38), main, mix(main, (110, 124, 160), 0.60)
        dark = mix(main, (60, 66, 96), 0.85)
    if color is Color.BLACK:
        shade, light, dark = darken(main, 0.35), lighten(main, 0.16), lighten(main, 0.10)
    window = palette.lamp or (lighten(main, 0.75) if luminance(main) < 0.45 else mix(main, (40, 48, 74), 0.85))
    return Brush(painter, main, shade, light, trim, dark, window)

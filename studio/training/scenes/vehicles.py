"""Subjects that travel: sailboat, hot air balloon, train."""

from studio.training.scenes.color import RGB
from studio.training.scenes.shapes import ellipse, polygon, polyline, rect, rounded, svg
from studio.training.scenes.subject_paint import Brush

_WOOD: RGB = (140, 90, 56)


def sailboat(b: Brush) -> None:
    """A sloop: two sails of the colour, a pale stripe, a dark hull."""
    b.form(rect(-0.025, -1.0, 0.045, 0.84), b.dark)
    b.form(svg("M 0.04 -0.97 Q 0.42 -0.60 0.46 -0.22 L 0.04 -0.22 Z"), b.main)
    b.form(svg("M -0.05 -0.90 Q -0.20 -0.50 -0.42 -0.22 L -0.05 -0.22 Z"), b.light)
    b.form(svg("M 0.04 -0.52 L 0.385 -0.52 Q 0.42 -0.45 0.435 -0.40 L 0.04 -0.40 Z"), b.trim)
    b.form(svg("M -0.52 -0.17 L 0.56 -0.17 Q 0.48 0.02 0.34 0.04 L -0.34 0.04 Q -0.46 0.0 -0.52 -0.17 Z"), b.shade)
    b.form(polygon((-0.52, -0.17), (0.56, -0.17), (0.54, -0.115), (-0.505, -0.115)), b.trim)


def balloon(b: Brush) -> None:
    """A hot air balloon in gores of the colour and its lighter tone, with a basket."""
    envelope = svg(
        "M -0.07 -0.22 Q -0.40 -0.44 -0.40 -0.66 C -0.40 -1.12 0.40 -1.12 0.40 -0.66 Q 0.40 -0.44 0.07 -0.22 Z"
    )
    b.line(polyline((-0.07, -0.24), (-0.06, -0.10)), b.dark, 0.022)
    b.line(polyline((0.07, -0.24), (0.06, -0.10)), b.dark, 0.022)
    b.form(envelope, b.main)
    with b.painter.inside(envelope):
        b.form(
            svg(
                "M -0.05 -0.20 Q -0.17 -0.44 -0.17 -0.66 C -0.17 -1.04 0.17 -1.04 0.17 -0.66 Q 0.17 -0.44 0.05 -0.20 Z"
            ),
            b.trim,
        )
        b.form(
            svg(
                "M -0.02 -0.20 Q -0.055 -0.44 -0.055 -0.66 C -0.055 -1.04 0.055 -1.04 0.055 -0.66"
                " Q 0.055 -0.44 0.02 -0.20 Z"
            ),
            b.main,
        )
        b.form(svg("M 0.07 -0.20 Q 0.29 -0.44 0.29 -0.66 Q 0.28 -0.94 0.06 -1.02 L 0.42 -1.02 L 0.42 -0.20 Z"), b.shade)
    b.painter.outline(envelope)
    b.form(rounded(-0.085, -0.125, 0.17, 0.13, 0.03), _WOOD)


def train(b: Brush) -> None:
    """A steam locomotive facing right and two wagons, 1 high and 4.4 long."""
    b.form(rect(-2.35, -0.10, 4.70, 0.06), (96, 84, 84))
    for x in (-2.15, -0.80):
        b.form(rounded(x, -0.84, 1.22, 0.64, 0.08), b.main)
        for k in range(3):
            b.form(rect(x + 0.13 + k * 0.35, -0.70, 0.24, 0.24), b.window)
    b.form(rect(0.55, -1.0, 0.52, 0.80), b.main)
    b.form(rect(0.48, -1.06, 0.66, 0.10), b.dark)
    b.form(rect(0.67, -0.86, 0.28, 0.26), b.window)
    b.form(rounded(1.02, -0.70, 0.98, 0.50, 0.10), b.main)
    b.form(polygon((1.62, -0.68), (1.58, -1.02), (1.92, -1.02), (1.86, -0.68)), b.dark)
    b.form(polygon((1.96, -0.26), (2.26, -0.04), (1.86, -0.04)), b.dark)
    for x, r in ((-1.9, 0.13), (-1.2, 0.13), (-0.55, 0.13), (0.15, 0.13), (0.82, 0.19), (1.30, 0.15), (1.68, 0.15)):
        b.form(ellipse(x, -r * 0.9, r, r), b.dark)
        b.form(ellipse(x, -r * 0.9, r * 0.4, r * 0.4), b.trim)
    b.painter.smoke(1.75, -1.15)

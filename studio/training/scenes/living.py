"""Subjects that live: tree, cactus, birds, whale."""

import random

import skia

from studio.training.scenes.color import RGB
from studio.training.scenes.shapes import ellipse, polygon, rounded, smooth, svg, together
from studio.training.scenes.subject_paint import Brush

_TRUNK: RGB = (146, 98, 70)


def tree(b: Brush) -> None:
    """A round-crowned tree with a forked trunk."""
    b.form(svg("M -0.06 0 Q -0.03 -0.2 -0.05 -0.45 L 0.06 -0.45 Q 0.04 -0.2 0.08 0 Z"), _TRUNK)
    crown = together(
        ellipse(-0.22, -0.50, 0.22, 0.20), ellipse(0.23, -0.50, 0.22, 0.20),
        ellipse(-0.14, -0.73, 0.23, 0.22), ellipse(0.16, -0.74, 0.22, 0.22), ellipse(0.0, -0.58, 0.28, 0.26),
    )  # fmt: skip
    b.form(crown, b.main)
    shade = together(
        ellipse(0.25, -0.44, 0.18, 0.13), ellipse(0.0, -0.40, 0.20, 0.09), ellipse(-0.22, -0.40, 0.14, 0.09)
    )
    b.painter.veil_spot(shade, b.shade, 0.9)
    b.painter.veil_spot(together(ellipse(-0.16, -0.80, 0.12, 0.09), ellipse(0.12, -0.68, 0.09, 0.06)), b.light, 0.9)


def cactus(b: Brush) -> None:
    """A saguaro with two arms."""
    left = svg(
        "M -0.10 -0.34 L -0.26 -0.34 Q -0.40 -0.34 -0.40 -0.48 L -0.40 -0.66"
        " Q -0.40 -0.73 -0.33 -0.73 Q -0.26 -0.73 -0.26 -0.66 L -0.26 -0.48 L -0.10 -0.48 Z"
    )
    right = svg(
        "M 0.10 -0.46 L 0.26 -0.46 Q 0.40 -0.46 0.40 -0.60 L 0.40 -0.80 Q 0.40 -0.87 0.33 -0.87"
        " Q 0.26 -0.87 0.26 -0.80 L 0.26 -0.60 L 0.10 -0.60 Z"
    )
    b.form(left, b.main)
    b.form(right, b.main)
    b.form(rounded(-0.125, -1.0, 0.25, 1.04, 0.125), b.main)
    b.line(together(_upright(-0.045, 0.92), _upright(0.05, 0.86)), b.shade, 0.028)
    b.form(ellipse(0.0, -1.0, 0.05, 0.045), b.trim)


def _upright(x: float, height: float) -> skia.Path:
    return polygon((x, -0.04), (x, -height))


def birds(b: Brush, rng: random.Random, count: int) -> None:
    """A flock of gulls, each two bent wings; all in a box 1 high and 2 wide."""
    spots = [(0.0, -0.62), (-0.62, -0.32), (0.60, -0.36), (-0.15, -0.12), (0.95, -0.85), (-0.98, -0.80), (0.35, -0.98)]
    for k in range(count):
        x, y = spots[k]
        scale = (0.62 - 0.05 * k) * rng.uniform(0.9, 1.1)
        with b.painter.placed(x + rng.uniform(-0.06, 0.06), y + rng.uniform(-0.05, 0.05), scale):
            _bird(b)


def _bird(b: Brush) -> None:
    wings = svg(
        "M 0 0.10 Q -0.10 -0.12 -0.30 -0.17 Q -0.46 -0.19 -0.58 -0.02 Q -0.40 -0.07 -0.27 -0.02 Q -0.14 0.06 0 0.22 "
        "Q 0.14 0.06 0.27 -0.02 Q 0.40 -0.07 0.58 -0.02 Q 0.46 -0.19 0.30 -0.17 Q 0.10 -0.12 0 0.10 Z"
    )
    b.form(wings, b.main)


def whale(b: Brush) -> None:
    """A whale half out of the water, tail up, blowing."""
    b.line(svg("M -0.42 -0.66 Q -0.42 -0.92 -0.62 -0.96"), b.trim, 0.055)
    b.line(svg("M -0.42 -0.66 Q -0.42 -0.92 -0.22 -0.96"), b.trim, 0.055)
    tail = smooth(
        [
            (0.70, -0.20),
            (0.86, -0.55),
            (0.62, -0.80),
            (0.80, -0.86),
            (0.98, -0.66),
            (1.20, -0.84),
            (1.34, -0.74),
            (1.10, -0.50),
            (1.02, -0.10),
            (0.80, 0.06),
        ]
    )
    b.form(tail, b.main)
    body = svg(
        "M -0.98 0.05 Q -1.04 -0.34 -0.72 -0.50 Q -0.30 -0.68 0.20 -0.46 Q 0.66 -0.26 0.94 -0.30"
        " Q 1.02 -0.10 0.86 0.05 Z"
    )
    b.form(body, b.main)
    b.form(svg("M -0.96 0.05 Q -1.0 -0.10 -0.92 -0.20 Q -0.50 -0.02 0.10 0.05 Z"), b.trim)
    b.form(ellipse(-0.66, -0.27, 0.045, 0.045), b.dark)
    b.form(svg("M -0.32 -0.10 Q -0.10 -0.06 0.02 0.05 L -0.26 0.05 Z"), b.shade)

"""Subjects that people built on land: house, lighthouse, windmill, castle, bridge, tent."""

import math

import skia

from studio.training.scenes.shapes import ellipse, polygon, polyline, rect, rounded, svg, together
from studio.training.scenes.subject_paint import Brush


def house(b: Brush) -> None:
    """A cottage with a gable to the left, a dark roof, a chimney, a door and windows."""
    b.form(rect(0.30, -1.0, 0.12, 0.40), b.shade)
    b.form(rect(-0.58, -0.56, 1.16, 0.56), b.main)
    b.form(polygon((-0.68, -0.52), (-0.30, -0.92), (0.46, -0.92), (0.68, -0.52)), b.dark)
    b.form(polygon((-0.58, 0.0), (-0.58, -0.54), (-0.27, -0.88), (0.04, -0.54), (0.04, 0.0)), b.main)
    b.line(polyline((-0.66, -0.47), (-0.27, -0.90), (0.12, -0.47)), b.trim, 0.065)
    b.form(rect(-0.37, -0.34, 0.20, 0.34), b.trim)
    b.form(rect(0.16, -0.40, 0.13, 0.19), b.window)
    b.form(rect(0.37, -0.40, 0.13, 0.19), b.window)


def lighthouse(b: Brush) -> None:
    """A tapering tower in stripes of its colour and white, a gallery, a lamp room, a cap."""
    b.form(polygon((-0.17, 0.0), (-0.105, -0.76), (0.105, -0.76), (0.17, 0.0)), b.main)
    for low, high in ((0.17, 0.31), (0.46, 0.60)):
        wide, thin = 0.17 - 0.065 * low / 0.76, 0.17 - 0.065 * high / 0.76
        b.form(polygon((-wide, -low), (-thin, -high), (thin, -high), (wide, -low)), b.trim)
    b.form(polygon((0.05, 0.0), (0.04, -0.76), (0.105, -0.76), (0.17, 0.0)), b.shade)
    b.form(rect(-0.15, -0.80, 0.30, 0.05), b.dark)
    b.form(rect(-0.075, -0.91, 0.15, 0.11), (255, 226, 120))
    b.form(polygon((-0.12, -0.90), (0.0, -1.02), (0.12, -0.90)), b.main)
    b.form(rounded(-0.035, -0.14, 0.07, 0.14, 0.03), b.dark)


def windmill(b: Brush) -> None:
    """A Dutch mill: a tapering tower of the colour, a dark cap, four pale sails."""
    b.form(polygon((-0.22, 0.0), (-0.13, -0.58), (0.13, -0.58), (0.22, 0.0)), b.main)
    b.form(polygon((0.07, 0.0), (0.045, -0.58), (0.13, -0.58), (0.22, 0.0)), b.shade)
    b.form(svg("M -0.15 -0.56 Q -0.13 -0.72 0 -0.72 Q 0.13 -0.72 0.15 -0.56 Z"), b.dark)
    b.form(rounded(-0.05, -0.17, 0.10, 0.17, 0.04), b.dark)
    b.form(rect(-0.035, -0.40, 0.07, 0.09), b.window)
    for k in range(4):
        angle = math.pi / 4 + k * math.pi / 2 + 0.18
        s, c = math.sin(angle), math.cos(angle)

        def at(along: float, across: float, s: float = s, c: float = c) -> tuple[float, float]:
            return (along * s + across * c, -0.60 - along * c + across * s)

        b.line(polyline(at(0.0, 0.0), at(0.42, 0.0)), b.dark, 0.032)
        b.form(polygon(at(0.09, 0.0), at(0.42, 0.0), at(0.42, 0.115), at(0.09, 0.085)), b.trim)
    b.form(ellipse(0.0, -0.60, 0.035, 0.035), b.dark)


def castle(b: Brush) -> None:
    """Two round towers with pointed roofs, a taller keep, battlements and a gate."""
    for x, height, half in ((0.0, 0.70, 0.17), (-0.42, 0.52, 0.13), (0.42, 0.52, 0.13)):
        b.form(rect(x - half, -height, half * 2, height), b.main)
        b.form(rect(x + half * 0.4, -height, half * 0.6, height), b.shade)
        b.form(polygon((x - half * 1.25, -height), (x, -height - half * 1.75), (x + half * 1.25, -height)), b.dark)
        b.form(rounded(x - 0.032, -height + 0.08, 0.064, 0.12, 0.03), b.window)
    wall = skia.Path()
    wall.addRect(skia.Rect.MakeLTRB(-0.46, -0.34, 0.46, 0.0))
    for k in range(6):
        wall.addRect(skia.Rect.MakeXYWH(-0.46 + k * 0.166, -0.41, 0.09, 0.08))
    b.form(wall, b.main)
    b.form(svg("M -0.10 0 L -0.10 -0.16 Q -0.10 -0.27 0 -0.27 Q 0.10 -0.27 0.10 -0.16 L 0.10 0 Z"), b.dark)


def bridge(b: Brush) -> None:
    """A suspension bridge: two towers, a deck, a main cable with hangers."""
    for x in (-0.62, 0.62):
        b.form(rect(x - 0.055, -1.0, 0.11, 1.0), b.main)
    cable = svg("M -1.42 -0.36 Q -0.95 -0.52 -0.62 -0.95 Q 0 0.04 0.62 -0.95 Q 0.95 -0.52 1.42 -0.36")
    hangers = skia.Path()
    for x, top in ((-0.36, 0.64), (-0.12, 0.48), (0.12, 0.48), (0.36, 0.64), (-0.98, 0.56), (0.98, 0.56)):
        hangers.addPath(polyline((x, -top), (x, -0.32)))
    b.line(hangers, b.main, 0.030)
    b.line(cable, b.main, 0.058)
    b.form(rect(-1.45, -0.36, 2.90, 0.11), b.main)
    b.form(rect(-1.45, -0.285, 2.90, 0.04), b.shade)


def tent(b: Brush) -> None:
    """A ridge tent with its flap open, pegged out."""
    b.form(polygon((-0.52, 0.0), (-0.02, -0.92), (0.38, -0.92), (0.98, 0.0)), b.shade)
    b.form(polygon((-0.72, 0.0), (-0.10, -0.95), (0.52, 0.0)), b.main)
    b.form(polygon((-0.30, 0.0), (-0.10, -0.72), (0.10, 0.0)), b.dark)
    b.form(polygon((0.10, 0.0), (-0.10, -0.72), (0.26, 0.0)), b.light)
    b.line(together(polyline((-0.72, 0.0), (-0.92, 0.06)), polyline((0.98, 0.0), (1.14, 0.06))), b.trim, 0.03)

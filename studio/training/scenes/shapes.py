"""Paths: polygons, smooth curves, ridges, clouds. All lengths in the units in force."""

import math
import random
from collections.abc import Callable, Sequence

import skia

Curve = Callable[[float], float]
_STEP = 1 / 48  # of a unit; finer than any ridge wiggles


def polygon(*points: tuple[float, float]) -> skia.Path:
    """A closed polygon."""
    return skia.Path.Polygon([skia.Point(x, y) for x, y in points], True)


def polyline(*points: tuple[float, float]) -> skia.Path:
    """An open chain of straight pieces."""
    return skia.Path.Polygon([skia.Point(x, y) for x, y in points], False)


def rect(x: float, y: float, width: float, height: float) -> skia.Path:
    """A rectangle from its upper left corner."""
    return skia.Path.Rect(skia.Rect.MakeXYWH(x, y, width, height))


def ellipse(x: float, y: float, rx: float, ry: float) -> skia.Path:
    """An ellipse from its centre and radii."""
    return skia.Path.Oval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry))


def rounded(x: float, y: float, width: float, height: float, radius: float) -> skia.Path:
    """A rectangle with round corners."""
    return skia.Path.RRect(skia.RRect.MakeRectXY(skia.Rect.MakeXYWH(x, y, width, height), radius, radius))


def together(*paths: skia.Path) -> skia.Path:
    """One path of several, filled as one shape."""
    joined = skia.Path()
    for path in paths:
        joined.addPath(path)
    return joined


def svg(data: str) -> skia.Path:
    """A path from the small language ``M x y L x y Q … C … Z`` with absolute coordinates."""
    path = skia.Path()
    tokens = data.split()
    arity = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}
    index = 0
    while index < len(tokens):
        command = tokens[index]
        count = arity[command]
        numbers = [float(token) for token in tokens[index + 1 : index + 1 + count]]
        index += 1 + count
        if command == "M":
            path.moveTo(*numbers)
        elif command == "L":
            path.lineTo(*numbers)
        elif command == "Q":
            path.quadTo(*numbers)
        elif command == "C":
            path.cubicTo(*numbers)
        else:
            path.close()
    return path


def waves(rng: random.Random, amplitude: float, frequency: float, octaves: int = 3) -> Curve:
    """A smooth random curve around 0; ``frequency`` in waves a unit, amplitude its largest octave's."""
    parts = [
        (amplitude * 0.45**k, frequency * (1.9**k) * rng.uniform(0.8, 1.2), rng.uniform(0, math.tau))
        for k in range(octaves)
    ]

    def curve(x: float) -> float:
        return sum(a * math.sin(math.tau * f * x + phase) for a, f, phase in parts)

    return curve


def below(curve: Curve, width: float, bottom: float, left: float = -0.05) -> skia.Path:
    """Everything under a curve, from ``left`` to a little past ``width``."""
    count = math.ceil((width - left + 0.05) / _STEP) + 1
    points = [skia.Point(left + i * _STEP, curve(left + i * _STEP)) for i in range(count)]
    points.append(skia.Point(left + (count - 1) * _STEP, bottom))
    points.append(skia.Point(left, bottom))
    return skia.Path.Polygon(points, True)


def between(upper: Curve, lower: Curve, left: float, right: float) -> skia.Path:
    """The strip between two curves."""
    count = max(2, math.ceil((right - left) / _STEP))
    xs = [left + (right - left) * i / count for i in range(count + 1)]
    points = [skia.Point(x, upper(x)) for x in xs] + [skia.Point(x, lower(x)) for x in reversed(xs)]
    return skia.Path.Polygon(points, True)


def smooth(points: Sequence[tuple[float, float]]) -> skia.Path:
    """A closed shape rounded through the midpoints of a polygon's sides."""
    path = skia.Path()
    count = len(points)
    start = ((points[-1][0] + points[0][0]) / 2, (points[-1][1] + points[0][1]) / 2)
    path.moveTo(*start)
    for i, (x, y) in enumerate(points):
        nx, ny = points[(i + 1) % count]
        path.quadTo(x, y, (x + nx) / 2, (y + ny) / 2)
    path.close()
    return path


def cloud(rng: random.Random, x: float, y: float, width: float) -> skia.Path:
    """A cumulus with a flat foot at y, ``width`` wide, about 0.4 of it high."""
    path = skia.Path()
    path.addRoundRect(
        skia.Rect.MakeXYWH(x - width / 2, y - width * 0.13, width, width * 0.13), width * 0.065, width * 0.065
    )
    lobes = ((-0.27, 0.13), (-0.06, 0.21), (0.17, 0.16), (0.33, 0.09))
    for offset, radius in lobes:
        r = width * radius * rng.uniform(0.85, 1.15)
        path.addCircle(x + width * offset, y - width * 0.10 - r * 0.25, r)
    return path


def star(x: float, y: float, radius: float) -> skia.Path:
    """A four-pointed star."""
    inner = radius * 0.32
    points = []
    for k in range(8):
        r = radius if k % 2 == 0 else inner
        points.append((x + r * math.sin(k * math.pi / 4), y - r * math.cos(k * math.pi / 4)))
    return polygon(*points)


def wedge(x: float, y: float, width: float, height: float) -> skia.Path:
    """A lens lying on the water: a glint."""
    return svg(f"M {x - width} {y} Q {x} {y - height} {x + width} {y} Q {x} {y + height} {x - width} {y} Z")


def crescent(x: float, y: float, radius: float) -> skia.Path:
    """A disc with another taken out of its right side."""
    disc = skia.Path.Circle(x, y, radius)
    bite = skia.Path.Circle(x + radius * 0.46, y - radius * 0.14, radius * 0.82)
    return skia.Op(disc, bite, skia.PathOp.kDifference_PathOp)

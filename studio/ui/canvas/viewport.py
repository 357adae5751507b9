"""Between the plane's coordinates and the widget's pixels."""

import math

import msgspec
from PySide6.QtCore import QPointF, QRectF

from studio.core.canvas import REACH, Point

SCALE_MIN, SCALE_MAX = 2.0, 4000.0
"""Pixels for one unit of the plane."""


class Viewport(msgspec.Struct, frozen=True):
    """Which part of the plane is on show. `x`, `y`: the point in the widget's middle; `scale` in pixels per unit."""

    width: float = 1.0
    height: float = 1.0
    x: float = 0.0
    y: float = 0.0
    scale: float = 200.0

    def to_screen(self, point: Point) -> QPointF:
        """Where a point of the plane is in the widget."""
        return QPointF(
            self.width / 2 + (point[0] - self.x) * self.scale, self.height / 2 + (point[1] - self.y) * self.scale
        )

    def to_plane(self, at: QPointF) -> Point:
        """The point of the plane under a place in the widget, as exactly as a pixel tells it.

        Rounded to a power of two that is no more than a pixel, so that a hand that comes back finds the same point.
        """
        grain = 2.0 ** math.floor(math.log2(1 / self.scale))
        x = self.x + (at.x() - self.width / 2) / self.scale
        y = self.y + (at.y() - self.height / 2) / self.scale
        return (round(x / grain) * grain, round(y / grain) * grain)

    def rect(self, left: float, top: float, side: float) -> QRectF:
        """A square of the plane in the widget."""
        corner = self.to_screen((left, top))
        return QRectF(corner.x(), corner.y(), side * self.scale, side * self.scale)

    def resized(self, width: float, height: float) -> "Viewport":
        """The same middle in a widget of another size."""
        return msgspec.structs.replace(self, width=max(1.0, width), height=max(1.0, height))

    def panned(self, by: QPointF) -> "Viewport":
        """Moved by so many pixels."""
        x, y = self.x - by.x() / self.scale, self.y - by.y() / self.scale
        return msgspec.structs.replace(self, x=min(REACH, max(-REACH, x)), y=min(REACH, max(-REACH, y)))

    def zoomed(self, factor: float, at: QPointF) -> "Viewport":
        """Closer by `factor`, with the point under `at` staying where it is."""
        scale = min(SCALE_MAX, max(SCALE_MIN, self.scale * factor))
        away_x, away_y = at.x() - self.width / 2, at.y() - self.height / 2
        x = self.x + away_x / self.scale - away_x / scale
        y = self.y + away_y / self.scale - away_y / scale
        return msgspec.structs.replace(self, x=x, y=y, scale=scale)

    def fitted(self, points: list[Point], margin_x_px: float, margin_y_px: float) -> "Viewport":
        """All `points` in sight, so far away from the edges; about −1 to 1 where there are none."""
        xs, ys = [x for x, _ in points] or [-0.8, 0.8], [y for _, y in points] or [-0.8, 0.8]
        across, down = max(max(xs) - min(xs), 0.8), max(max(ys) - min(ys), 0.8)
        room_x, room_y = max(40.0, self.width - 2 * margin_x_px), max(40.0, self.height - 2 * margin_y_px)
        scale = min(SCALE_MAX, max(SCALE_MIN, min(room_x / across, room_y / down)))
        x, y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
        return msgspec.structs.replace(self, x=x, y=y, scale=scale)

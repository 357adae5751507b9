"""The pucks and the threads that tie them to the keyframes.

The noise's puck is a round lens that shows the picture where it lies; the prompt's, when apart, is a diamond.
"""

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from studio.core.canvas import Material
from studio.ui.canvas.card_painter import paint_cropped
from studio.ui.canvas.colors import CanvasColors

LENS = 76.0
PLAIN = 26.0
DIAMOND = 30.0
"""Widths in pixels."""


class PuckPainter:
    """Paints the pucks. The lens's picture is scaled once and kept."""

    def __init__(self) -> None:
        self._lens = QPixmap()
        self._key: tuple[int, float] = (0, 0.0)

    def paint_threads(
        self, painter: QPainter, puck: QPointF, ends: list[tuple[QPointF, float]], hue: QColor, colors: CanvasColors
    ) -> None:
        """Lines from the puck to each keyframe, the thicker and clearer the greater its share."""
        painter.setPen(Qt.PenStyle.NoPen)
        for end, share in ends:
            if share < 0.005 or puck == end:
                continue
            width, strength = 1.5 + 6.0 * share, 0.35 + 0.65 * min(1.0, 1.8 * share)
            for color, extra in ((colors.halo, 2.5), (hue, 0.0))[share < 0.06 :]:
                ink = QColor(color)
                ink.setAlphaF(color.alphaF() * strength)
                painter.setBrush(ink)
                painter.drawConvexPolygon(_stripe(puck, end, width + extra))  # ten times faster than a thick pen

    def paint_lens(
        self, painter: QPainter, at: QPointF, image: QImage | None, hue: QColor, colors: CanvasColors, *, lively: bool
    ) -> None:
        """The round puck, with the picture of its place where there is one; `lively` under the hand."""
        has_image = image is not None and not image.isNull()
        half = (LENS if has_image else PLAIN) / 2
        if image is not None and has_image:
            picture = self._picture(image, painter.device().devicePixelRatioF())
            painter.drawPixmap(at - QPointF(half, half), picture)
        painter.setBrush(Qt.BrushStyle.NoBrush if has_image else hue)
        bold = 1.0 if lively else 0.0
        for color, width, grow in ((colors.halo, 1.5, 4.0), (colors.ring, 2.0, 2.5), (hue, 3.0 + bold, 0.5)):
            painter.setPen(QPen(color, width))
            painter.drawEllipse(at, half + grow, half + grow)
        painter.setPen(QPen(colors.halo, 1))  # the very point it stands for
        painter.setBrush(colors.ring)
        painter.drawEllipse(at, 2.5, 2.5)

    def paint_diamond(self, painter: QPainter, at: QPointF, colors: CanvasColors, *, lively: bool) -> None:
        """The prompt's puck."""
        painter.setBrush(colors.prompt)
        for color, width, half in ((colors.halo, 1.5, DIAMOND / 2 + 2.5), (colors.ring, 2.0, DIAMOND / 2)):
            painter.setPen(QPen(color, width + (1.0 if lively else 0.0)))
            painter.drawPolygon(_diamond(at, half))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.ring)
        painter.drawEllipse(at, 2.5, 2.5)

    def hits(self, material: Material, puck: QPointF, at: QPointF, *, has_image: bool) -> bool:
        """Whether `at` is on the puck of `material` that lies at `puck`."""
        away = at - puck
        if material is Material.PROMPT:
            return abs(away.x()) + abs(away.y()) <= DIAMOND / 2 + 4
        return math.hypot(away.x(), away.y()) <= (LENS if has_image else PLAIN) / 2 + 4

    def _picture(self, image: QImage, ratio: float) -> QPixmap:
        key = (image.cacheKey(), ratio)
        if key != self._key:
            self._key, self._lens = key, _round(image, ratio)
        return self._lens


def _stripe(start: QPointF, end: QPointF, width: float) -> QPolygonF:
    way = end - start
    length = math.hypot(way.x(), way.y())
    across = QPointF(-way.y(), way.x()) * (width / 2 / max(length, 1e-6))
    return QPolygonF([start + across, end + across, end - across, start - across])


def _diamond(at: QPointF, half: float) -> QPolygonF:
    steps = ((0, -half), (half, 0), (0, half), (-half, 0))
    return QPolygonF([QPointF(at.x() + dx, at.y() + dy) for dx, dy in steps])


def _round(image: QImage, ratio: float) -> QPixmap:
    made = QPixmap(round(LENS * ratio), round(LENS * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    whole = QRectF(0, 0, LENS, LENS)
    path = QPainterPath()
    path.addEllipse(whole)
    painter.setClipPath(path)
    paint_cropped(painter, image, whole)
    painter.end()
    return made

"""The plot of the noise levels: σ on a logarithmic scale over the sampler's steps.

The levels are drawn once and kept as a picture; the steps taken are painted over it. To change the plot's own items at
every step would cost the window more than all else that it shows of a step.
"""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QWidget

from studio.core.engine import NoiseLevels

_SMALLEST = 1e-4
"""Levels below this are the picture itself: a logarithm cannot show them."""
_SPACINGS, _LABELS_MAX = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), 6
"""From one labelled step to the next; the first that makes no more labels than fit."""


class _LogAxis(pg.AxisItem):
    """Labels powers of ten by their value: 10, 1, 0.1."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 its name
        return [f"{10.0**value:g}" for value in values]

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803
        first, last = math.ceil(min(minVal, maxVal) - 1e-9), math.floor(max(minVal, maxVal) + 1e-9)
        return [(1.0, [float(power) for power in range(first, last + 1)])]


class _StepAxis(pg.AxisItem):
    """Labels whole steps: there are no others."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803
        spacing = next(each for each in _SPACINGS if maxVal - minVal <= _LABELS_MAX * each)
        first, last = math.ceil(minVal / spacing), math.floor(maxVal / spacing)
        return [(float(spacing), [float(spacing * number) for number in range(first, last + 1)])]


class SigmaPlot(pg.PlotWidget):
    """Shows the levels a scheduler will visit, and the step being taken."""

    _is_built = False  # Qt sends change events while pyqtgraph is still building

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, axisItems={"left": _LogAxis("left"), "bottom": _StepAxis("bottom")})
        self.setObjectName("sigmaPlot")
        self.setAccessibleName(self.tr("Noise levels"))
        self.setToolTip(self.tr("How much noise (σ) is left before each step, on a logarithmic scale."))
        self.setMinimumHeight(120)
        self.setMouseEnabled(False, False)
        self.setMenuEnabled(False)
        self.hideButtons()
        for each in (self, self.viewport()):  # there is nothing to do here with a key
            each.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        menu = self.getPlotItem().ctrlMenu  # made without a parent, it would outlive the window
        menu.setParent(self, menu.windowFlags())
        self.setFrameShape(self.Shape.NoFrame)
        self._heights: tuple[float, ...] = ()
        self._curve = self.plot([], [], symbol="o", symbolSize=4, antialias=True)
        self._kept = QPixmap()
        self.step = 0
        for axis in (self.getAxis("left"), self.getAxis("bottom")):
            axis.setStyle(tickLength=3)
        self.getAxis("left").setWidth(36)
        self.getAxis("bottom").setHeight(20)
        self.getPlotItem().hide()  # until there are levels: an axis of its own invention would be no truth
        self.getPlotItem().vb.sigResized.connect(self._draw_anew)  # the axes get their room some time after they show
        self._is_built = True
        self._color()

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels on show."""
        return tuple(10.0**height for height in self._heights)

    def show_levels(self, levels: NoiseLevels) -> None:
        """Show other levels. The last, the picture itself, has no noise and is left out."""
        self._heights = tuple(math.log10(sigma) for sigma in levels.sigmas if sigma > _SMALLEST)
        steps = np.arange(len(self._heights))
        self._curve.setData(steps, np.array(self._heights))
        self._kept = QPixmap()
        self.getPlotItem().setVisible(bool(self._heights))
        if self._heights:
            low, high = min(self._heights), max(self._heights)
            self.setXRange(0, max(1, len(steps) - 1), padding=0.04)
            self.setYRange(low, max(high, low + 0.5), padding=0.08)
            self.setAccessibleDescription(
                self.tr("From {first:.3g} to {last:.3g} in {count} steps.").format(
                    first=10**high, last=10**low, count=len(steps)
                )
            )
        self.mark_step(min(self.step, len(self._heights)))

    def mark_step(self, number: int) -> None:
        """Mark the step being taken, from 1; 0 marks none."""
        self.step = number
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 Qt's name
        """The levels as they are kept, and the steps taken."""
        if self._kept.isNull() or self._kept.devicePixelRatio() != self.devicePixelRatioF():
            self._kept = self._drawn()
        painter = QPainter(self.viewport())
        painter.drawPixmap(0, 0, self._kept)
        self._paint_steps(painter)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Draw anew."""
        self._kept = QPixmap()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 Qt's name
        """Follow the palette."""
        super().changeEvent(event)
        if self._is_built and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._color()

    def _draw_anew(self) -> None:
        self._kept = QPixmap()
        self.viewport().update()

    def _color(self) -> None:
        palette, role = self.palette(), QPalette.ColorRole
        muted = palette.color(role.PlaceholderText)
        self.setBackground(palette.color(role.Window))
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.85)
        for axis in (self.getAxis("left"), self.getAxis("bottom")):
            axis.setPen(pg.mkPen(palette.color(role.Mid)))
            axis.setTextPen(pg.mkPen(muted))
            axis.setTickFont(font)
        self._curve.setSymbolPen(None)
        self._curve.setSymbolBrush(pg.mkBrush(muted))
        self._curve.setPen(pg.mkPen(muted, width=1.5))
        self._kept = QPixmap()
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def _drawn(self) -> QPixmap:
        """The plot without steps."""
        ratio, room = self.devicePixelRatioF(), self.viewport().rect()
        made = QPixmap(room.size() * ratio)
        made.setDevicePixelRatio(ratio)
        painter = QPainter(made)
        self.render(painter, QRectF(room), room)
        painter.end()
        return made

    def _paint_steps(self, painter: QPainter) -> None:
        box, accent = self.getPlotItem().vb, self.palette().color(QPalette.ColorRole.Accent)
        taken = enumerate(self._heights[: self.step])
        points = [QPointF(self.mapFromScene(box.mapViewToScene(QPointF(*each)))) for each in taken]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(accent, 1.5))
        painter.drawPolyline(points)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        for point in points:
            radius = 4.5 if point is points[-1] else 2.0
            painter.drawEllipse(point, radius, radius)

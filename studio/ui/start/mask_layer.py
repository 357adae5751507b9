"""The mask over the starting picture: painted with mouse or pen, shown in a see-through red, in the preview's zoom."""

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPointingDevice,
    QTabletEvent,
)
from PySide6.QtWidgets import QWidget

from studio.core.start_picture import Mask
from studio.ui.preview_view import PreviewView
from studio.ui.start.brush import SIZE_MAX_PX, SIZE_MIN_PX, Brush, Dab, Rect, paint
from studio.ui.start.pictures import Tint, outline

_NOTCH = 1.2
_SOFTER = 0.125
_LEAST_SHARE = 0.05
"""Of the brush's size, under the lightest touch of a pen."""
_RING_PX = 2
_LEAVE = Qt.Key.Key_Escape


class MaskLayer(QWidget):
    """Lies over the preview while the mask is painted. Wheel, middle button and Space go through to the preview.

    Signals:
        strokeEnded: the mask has changed, by a stroke or as a whole.
        brushChanged: the Brush is another one.
        leaveWanted: Escape.
    """

    strokeEnded = Signal()  # noqa: N815 Qt's style
    brushChanged = Signal(object)  # noqa: N815
    leaveWanted = Signal()  # noqa: N815

    def __init__(self, view: PreviewView) -> None:
        super().__init__()
        self.setObjectName("maskLayer")
        self.setAccessibleName(self.tr("Mask"))
        self.setToolTip("")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.hide()
        view.add_layer(self)
        self._view, self._brush = view, Brush()
        self._mask: Mask = np.zeros((1, 1), np.uint8)
        self._tint = Tint(self._mask)
        self._last: Dab | None = None
        self._stroke = self._brush
        self._space_held = self._pans = False
        self._pointer: QPointF | None = None
        view.zoomChanged.connect(self.update)

    @property
    def painted(self) -> Mask:
        """What is painted: (height, width), its own."""
        return self._mask

    @property
    def brush(self) -> Brush:
        """What paints."""
        return self._brush

    def set_mask(self, mask: Mask) -> None:
        """Show `mask`, which is copied, and go on from it."""
        self._mask = mask.copy()
        self._tint = Tint(self._mask)
        self.update()

    def set_brush(self, brush: Brush) -> None:
        """Paint with `brush`, within what is allowed."""
        size = min(max(brush.size_px, SIZE_MIN_PX), SIZE_MAX_PX)
        softness = min(max(brush.softness, 0.0), 1.0)
        self._brush = replace(brush, size_px=size, softness=softness)
        self.brushChanged.emit(self._brush)
        self.update()

    def fill(self) -> None:
        """All of the picture."""
        self._set_all(np.full_like(self._mask, 255))

    def invert(self) -> None:
        """What was kept is made anew, and the other way round."""
        self._set_all(255 - self._mask)

    def clear(self) -> None:
        """No mask."""
        self._set_all(np.zeros_like(self._mask))

    # What the artist does.

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """The left button paints, the right one erases; the rest is the preview's."""
        button = event.button()
        self._pans = button == Qt.MouseButton.MiddleButton or self._space_held
        if self._pans or button not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self.unsetCursor()  # the preview's hand
            event.ignore()
        else:
            self._begin(event.position(), erases=button == Qt.MouseButton.RightButton)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Paint, or move the picture."""
        self._move_ring(event.position())
        if self._pans:
            event.ignore()
        elif self._last is not None:
            self._go_on(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The end of a stroke."""
        if self._pans:
            self._pans = False
            event.ignore()
        self._set_idle_cursor()
        self._end()

    def tabletEvent(self, event: QTabletEvent) -> None:  # noqa: N802
        """A pen's pressure is the size of the brush; its other end erases."""
        erases = event.pointerType() == QPointingDevice.PointerType.Eraser
        if event.type() == QEvent.Type.TabletPress and event.button() == Qt.MouseButton.LeftButton:
            self._begin(event.position(), event.pressure(), erases=erases)
        elif self._last is None:
            event.ignore()  # it comes again as the mouse's
            return
        elif event.type() == QEvent.Type.TabletMove:
            self._move_ring(event.position())
            self._go_on(event.position(), event.pressure())
        else:
            self._end()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """[ and ] size, { and } softness, X brush or eraser, A all, I invert, Delete none, Escape leave."""
        brush, key = self._brush, Qt.Key
        brushes = {
            key.Key_BracketLeft: replace(brush, size_px=brush.size_px / _NOTCH),
            key.Key_BracketRight: replace(brush, size_px=brush.size_px * _NOTCH),
            key.Key_BraceLeft: replace(brush, softness=brush.softness - _SOFTER),
            key.Key_BraceRight: replace(brush, softness=brush.softness + _SOFTER),
            key.Key_X: replace(brush, erases=not brush.erases),
        }
        wishes = {
            key.Key_A: self.fill,
            key.Key_I: self.invert,
            key.Key_Delete: self.clear,
            _LEAVE: self.leaveWanted.emit,
        }
        if event.key() in brushes:
            self.set_brush(brushes[key(event.key())])
        elif event.key() in wishes:
            wishes[key(event.key())]()
        else:
            self._note_space(event, is_held=True)
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space let go."""
        self._note_space(event, is_held=False)
        super().keyReleaseEvent(event)

    def event(self, event: QEvent) -> bool:
        """Escape leaves the mask first, before it stops anything."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and event.key() == _LEAVE:
            event.accept()
            return True
        return super().event(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """None: the right button erases."""

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """No ring without a pointer."""
        super().leaveEvent(event)
        self._move_ring(None)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The mask, and the brush's ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        target = self._view.target()
        painter.drawImage(target, self._tint.image)
        room = event.rect() & target.toAlignedRect()
        if not room.isEmpty():
            painter.drawImage(room, outline(self._mask, target, room))
        if self._pointer is not None and not self._pans:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            radius = self._ring_radius()
            for color, width in ((QColor(0, 0, 0, 160), _RING_PX + 1), (QColor(255, 255, 255), 1)):
                painter.setPen(QPen(color, width))
                painter.drawEllipse(self._pointer, radius, radius)
        painter.end()

    # One stroke: `_begin` → `_go_on`, as often as the pointer moves → `_end`.

    def _begin(self, at: QPointF, pressure: float = 1.0, *, erases: bool) -> None:
        self._stroke = replace(self._brush, erases=self._brush.erases != erases)
        self._last = self._dab(at, pressure)
        self._go_on(at, pressure)

    def _go_on(self, at: QPointF, pressure: float = 1.0) -> None:
        assert self._last is not None
        dab = self._dab(at, pressure)
        rect = paint(self._mask, self._stroke, self._last, dab)
        self._last = dab
        self._tint.follow(rect)
        self.update(self._on_screen(rect))

    def _end(self) -> None:
        if self._last is not None:
            self._last = None
            self.strokeEnded.emit()

    def _set_all(self, mask: Mask) -> None:
        self.set_mask(mask)
        self.strokeEnded.emit()

    # Places.

    def _dab(self, at: QPointF, pressure: float) -> Dab:
        place, zoom = at - self._view.target().topLeft(), self._view.zoom
        return Dab(place.x() / zoom, place.y() / zoom, max(pressure, _LEAST_SHARE))

    def _on_screen(self, rect: Rect) -> QRect:
        left, top, right, bottom = rect
        zoom, corner = self._view.zoom, self._view.target().topLeft()
        size = QRectF(left * zoom, top * zoom, (right - left) * zoom, (bottom - top) * zoom)
        return size.translated(corner).toAlignedRect().adjusted(-2, -2, 2, 2)

    def _ring_radius(self) -> float:
        return max(self._brush.size_px / 2 * self._view.zoom, 1.0)

    def _move_ring(self, to: QPointF | None) -> None:
        reach = self._ring_radius() + _RING_PX
        for place in (self._pointer, to):
            if place is not None:
                around = QRectF(place.x() - reach, place.y() - reach, 2 * reach, 2 * reach)
                self.update(around.toAlignedRect())
        self._pointer = to

    def _note_space(self, event: QKeyEvent, *, is_held: bool) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space_held = is_held
            self._set_idle_cursor()

    def _set_idle_cursor(self) -> None:
        self.unsetCursor() if self._space_held else self.setCursor(Qt.CursorShape.CrossCursor)

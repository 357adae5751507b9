"""The frame around the starting picture, whose edges are dragged outwards to let the picture go on beyond them."""

from msgspec.structs import replace
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from studio.ui.preview_view import PreviewView
from studio.ui.start.extending import Margins
from studio.ui.start.pictures import ROOM

_GRIP_PX = 10
_HANDLE_PX = 4.0
_CURSORS = {
    frozenset({"left"}): Qt.CursorShape.SizeHorCursor,
    frozenset({"right"}): Qt.CursorShape.SizeHorCursor,
    frozenset({"top"}): Qt.CursorShape.SizeVerCursor,
    frozenset({"bottom"}): Qt.CursorShape.SizeVerCursor,
    frozenset({"left", "top"}): Qt.CursorShape.SizeFDiagCursor,
    frozenset({"right", "bottom"}): Qt.CursorShape.SizeFDiagCursor,
    frozenset({"right", "top"}): Qt.CursorShape.SizeBDiagCursor,
    frozenset({"left", "bottom"}): Qt.CursorShape.SizeBDiagCursor,
}


class FrameLayer(QWidget):
    """Lies over the preview. Away from the edges, and with the wheel, it is the preview that answers.

    Signals:
        dragged: the Margins that the hand asks for.
        settled: the hand has let go, or the layer has another size.
    """

    dragged = Signal(object)
    settled = Signal()

    def __init__(self, view: PreviewView) -> None:
        super().__init__()
        self.setObjectName("frameLayer")
        self.setAccessibleName(self.tr("The frame of the larger picture"))
        self.setMouseTracking(True)
        self.hide()
        view.add_layer(self)
        self._view, self._margins = view, Margins()
        self._held: frozenset[str] = frozenset()
        view.zoomChanged.connect(self.update)

    @property
    def is_held(self) -> bool:
        """Whether the hand has hold of an edge."""
        return bool(self._held)

    def show_margins(self, margins: Margins) -> None:
        """Draw the frame so far out."""
        self._margins = margins
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Take hold of an edge or a corner."""
        self._held = self._sides_at(event.position()) if event.button() == Qt.MouseButton.LeftButton else frozenset()
        if not self._held:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drag it, or show what could be dragged."""
        if self._held:
            wanted = {side: self._reach(side, event.position()) for side in self._held}
            self.dragged.emit(replace(self._margins, **wanted))
            return
        shape = _CURSORS.get(self._sides_at(event.position()))
        self.unsetCursor() if shape is None else self.setCursor(shape)
        event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        if not self._held:
            event.ignore()
        self._held = frozenset()
        self.settled.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Another size of the view."""
        super().resizeEvent(event)
        self.settled.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The room in the mask's red, the frame around it, and a handle on each edge."""
        frame, inner = self.frame(), self._view.target()
        room = QPainterPath()
        room.addRect(frame)
        room.addRect(inner)
        painter = QPainter(self)
        painter.fillPath(room, ROOM)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setPen(QPen(accent, 2))
        painter.drawRect(frame)
        painter.setPen(QPen(QColor("white"), 1))
        painter.setBrush(accent)
        middle = frame.center()
        for x, y in ((frame.left(), middle.y()), (frame.right(), middle.y())):
            painter.drawEllipse(QPointF(x, y), _HANDLE_PX, _HANDLE_PX)
        for x, y in ((middle.x(), frame.top()), (middle.x(), frame.bottom())):
            painter.drawEllipse(QPointF(x, y), _HANDLE_PX, _HANDLE_PX)
        painter.end()

    def frame(self) -> QRectF:
        """Where the larger picture lies in the view."""
        zoom, margins = self._view.zoom, self._margins
        by = (-margins.left * zoom, -margins.top * zoom, margins.right * zoom, margins.bottom * zoom)
        return self._view.target().adjusted(*by)

    def _sides_at(self, at: QPointF) -> frozenset[str]:
        frame = self.frame()
        if not frame.adjusted(-_GRIP_PX, -_GRIP_PX, _GRIP_PX, _GRIP_PX).contains(at):
            return frozenset()
        distances = {
            "left": at.x() - frame.left(),
            "right": at.x() - frame.right(),
            "top": at.y() - frame.top(),
            "bottom": at.y() - frame.bottom(),
        }
        return frozenset(side for side, distance in distances.items() if abs(distance) <= _GRIP_PX)

    def _reach(self, side: str, at: QPointF) -> int:
        """How far beyond the picture's own edge the hand is, in its pixels."""
        inner = self._view.target()
        beyond = {
            "left": inner.left() - at.x(),
            "right": at.x() - inner.right(),
            "top": inner.top() - at.y(),
            "bottom": at.y() - inner.bottom(),
        }
        return max(round(beyond[side] / self._view.zoom), 0)

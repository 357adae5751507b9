"""What a picture dropped on the preview is for: the left half goes on from its pixels, the right half reads it."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from studio.ui.controls import GAP
from studio.ui.start.start_panel import picture_path

_VEIL = 0.8


class DropChoice(QWidget):
    """Two places over a view, which are there as long as a picture is dragged over it. What is no picture, goes on.

    Signals:
        startWanted: the path of a picture to start from.
        recipeWanted: the path of a picture whose recipe is wanted.
    """

    startWanted = Signal(object)  # noqa: N815 Qt's style
    recipeWanted = Signal(object)  # noqa: N815

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self.setObjectName("dropChoice")
        self.setAccessibleName(self.tr("What the dropped picture is for"))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        self._view, self._is_start = view, True
        view.setAcceptDrops(True)
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """Take part in what is dragged over the view."""
        match event:
            case QDragEnterEvent():
                return self._take_drag(event)
            case QDragMoveEvent():
                self._choose(event.position())
                event.acceptProposedAction()
                return True
            case QDropEvent():
                return self._take_drop(event)
        if event.type() == QEvent.Type.DragLeave:
            self.hide()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Both places; the one under the pointer in the accent's colour."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        starts, reads = self._halves()
        self._paint_half(painter, starts, self.tr("Use as start"), is_chosen=self._is_start)
        self._paint_half(painter, reads, self.tr("Read its recipe"), is_chosen=not self._is_start)
        painter.end()

    def _take_drag(self, event: QDragEnterEvent) -> bool:
        if picture_path(event.mimeData()) is None:
            return False
        self.setGeometry(self._view.rect())
        self._choose(event.position())
        self.raise_()
        self.show()
        event.acceptProposedAction()
        return True

    def _take_drop(self, event: QDropEvent) -> bool:
        path: Path | None = picture_path(event.mimeData())
        self.hide()
        if path is None:
            return False
        self._choose(event.position())
        event.acceptProposedAction()
        (self.startWanted if self._is_start else self.recipeWanted).emit(path)
        return True

    def _choose(self, at: QPointF) -> None:
        self._is_start = at.x() < self._view.width() / 2
        self.update()

    def _halves(self) -> tuple[QRectF, QRectF]:
        room = QRectF(self.rect()).adjusted(3 * GAP, 3 * GAP, -3 * GAP, -3 * GAP)
        width = (room.width() - 2 * GAP) / 2
        right = QRectF(room.right() - width, room.top(), width, room.height())
        return QRectF(room.left(), room.top(), width, room.height()), right

    def _paint_half(self, painter: QPainter, place: QRectF, text: str, *, is_chosen: bool) -> None:
        role, palette = QPalette.ColorRole, self.palette()
        ground = palette.color(role.Highlight if is_chosen else role.Window)
        ground.setAlphaF(_VEIL)
        painter.setBrush(ground)
        painter.setPen(QPen(palette.color(role.Highlight if is_chosen else role.PlaceholderText), 1))
        painter.drawRoundedRect(place, GAP, GAP)
        painter.setPen(palette.color(role.HighlightedText if is_chosen else role.WindowText))
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(place.adjusted(GAP, GAP, -GAP, -GAP), flags, text)

"""The list of jobs: a small picture, the prompt's beginning, and how it stands."""

import qtawesome
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QDropEvent, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from studio.library.library import JobState
from studio.ui.controls import GAP
from studio.ui.queue_model import Entry, QueueModel
from studio.ui.queue_words import line_of

THUMB_PX = 36
ROW_PX = THUMB_PX + 2 * GAP
_ICONS = {
    JobState.QUEUED: "mdi6.clock-outline",
    JobState.RUNNING: "mdi6.creation-outline",
    JobState.FINISHED: "mdi6.check",
    JobState.FAILED: "mdi6.alert-circle-outline",
    JobState.INTERRUPTED: "mdi6.lightning-bolt-outline",
    JobState.SET_ASIDE: "mdi6.hand-back-right-outline",
    JobState.CANCELLED: "mdi6.close",
}
_PROBLEMS = (JobState.FAILED, JobState.INTERRUPTED, JobState.SET_ASIDE)


class QueueView(QListView):
    """Shows the jobs and says what the artist wants of them.

    Signals:
        removeWanted: on Delete.
        shiftWanted: −1 on Alt+Up, 1 on Alt+Down.
        recipeWanted: the entry double-clicked, or Return.
        menuRequested: where on the screen.
    """

    removeWanted = Signal()  # noqa: N815 Qt's style
    shiftWanted = Signal(int)  # noqa: N815
    recipeWanted = Signal(object)  # noqa: N815
    menuRequested = Signal(QPoint)  # noqa: N815

    def __init__(self, model: QueueModel) -> None:
        super().__init__()
        self.setObjectName("queueView")
        self.setAccessibleName(self.tr("The queue"))
        self.setToolTip(self.tr("Return brings a recipe back, Delete removes, Alt+Up and Alt+Down move."))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QListView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDragDropOverwriteMode(False)
        self.setDropIndicatorShown(True)
        self.setItemDelegate(_Row(self))
        self.setModel(model)
        self._model = model
        self.doubleClicked.connect(self._on_double_clicked)

    def chosen(self) -> tuple[Entry, ...]:
        """The entries that are selected, as listed."""
        rows = sorted(self.selectedIndexes(), key=lambda index: index.row())
        return tuple(entry for index in rows if (entry := self._model.entry_at(index)) is not None)

    def choose(self, job_ids: tuple[int, ...]) -> None:
        """Select these."""
        self.clearSelection()
        flag = self.selectionModel().SelectionFlag
        for job_id in job_ids:
            self.selectionModel().select(self._model.index_of(job_id), flag.Select)
        if job_ids:
            self.selectionModel().setCurrentIndex(self._model.index_of(job_ids[0]), flag.NoUpdate)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Delete removes, Alt and an arrow moves, Return brings the recipe back."""
        key, alt = event.key(), event.modifiers() == Qt.KeyboardModifier.AltModifier
        if alt and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.shiftWanted.emit(-1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and not event.modifiers():
            self.removeWanted.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._on_double_clicked(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Ask for the move where the line shows it. Qt's own way would remove the rows afterwards."""
        if event.source() is not self or not event.mimeData().hasFormat(self._model.mimeTypes()[0]):
            event.ignore()
            return
        self._model.dropMimeData(event.mimeData(), Qt.DropAction.MoveAction, self._row_below(event), 0, QModelIndex())
        event.setDropAction(Qt.DropAction.IgnoreAction)  # nothing is left for the drag's source to take away
        event.accept()
        self.setState(QAbstractItemView.State.NoState)
        self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """What can be done with the jobs selected."""
        if self.chosen():
            by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
            place = self.visualRect(self.currentIndex()).center() if by_key else event.pos()
            self.menuRequested.emit(self.viewport().mapToGlobal(place))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """An empty list says what will be here."""
        super().paintEvent(event)
        if self._model.rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            hint = self.tr("Pictures that wait to be made stand here. Press Generate again while one is made.")
            room = self.viewport().rect().adjusted(4 * GAP, 4 * GAP, -4 * GAP, -4 * GAP)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap), hint)
            painter.end()

    def _row_below(self, event: QDropEvent) -> int:
        """The row before which a drop at this place puts the jobs."""
        place = event.position().toPoint()
        index = self.indexAt(place)
        if not index.isValid():
            return self._model.rowCount()
        return index.row() + (place.y() > self.visualRect(index).center().y())

    def _on_double_clicked(self, index: QModelIndex) -> None:
        entry = self._model.entry_at(index)
        if entry is not None:
            self.recipeWanted.emit(entry)


def _muted(palette: QPalette) -> QColor:
    """What is said beside the main thing: text, a third of it gone."""
    color = QColor(palette.color(QPalette.ColorRole.Text))
    color.setAlphaF(0.66)
    return color


class _Row(QStyledItemDelegate):
    """Paints one job."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        return QSize(0, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry: Entry = index.data(Qt.ItemDataRole.UserRole)
        room, palette = option.rect, option.palette
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(room, palette.color(QPalette.ColorRole.Midlight))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(room, palette.color(QPalette.ColorRole.Base))
        thumb = QRect(room.left() + 2 * GAP, room.top() + GAP, THUMB_PX, THUMB_PX)
        self._paint_thumb(painter, thumb, entry, palette)
        text = room.adjusted(THUMB_PX + 4 * GAP, GAP, -2 * GAP, -GAP)
        self._paint_lines(painter, text, entry, option)
        if entry.state is JobState.RUNNING:
            bar = QRect(text.left(), room.bottom() - 2, round(text.width() * entry.fraction), 2)
            painter.fillRect(bar, palette.color(QPalette.ColorRole.Accent))
        painter.restore()

    @staticmethod
    def _paint_thumb(painter: QPainter, room: QRect, entry: Entry, palette: QPalette) -> None:
        if entry.image is not None and not entry.image.isNull():
            target = QRect(QPoint(), entry.image.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio))
            target.moveCenter(room.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, entry.image)
            return
        role = QPalette.ColorRole.BrightText if entry.state in _PROBLEMS else QPalette.ColorRole.PlaceholderText
        name = "mdi6.pause" if entry.is_held else _ICONS[entry.state]
        qtawesome.icon(name, color=palette.color(role)).paint(painter, room.adjusted(9, 9, -9, -9))

    @staticmethod
    def _paint_lines(painter: QPainter, room: QRect, entry: Entry, option: QStyleOptionViewItem) -> None:
        metrics, palette = option.fontMetrics, option.palette
        first = QRect(room.left(), room.top(), room.width(), room.height() // 2)
        second = first.translated(0, first.height())
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        words = " ".join(entry.recipe.prompt[:300].split())
        painter.setPen(_muted(palette) if entry.is_done else palette.color(QPalette.ColorRole.Text))
        painter.drawText(first, middle, metrics.elidedText(words, Qt.TextElideMode.ElideRight, first.width()))
        is_problem = entry.state in _PROBLEMS
        painter.setPen(palette.color(QPalette.ColorRole.BrightText) if is_problem else _muted(palette))
        line = metrics.elidedText(line_of(entry), Qt.TextElideMode.ElideRight, second.width())
        painter.drawText(second, middle, line)

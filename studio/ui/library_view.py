"""The finished pictures: a film strip where there is room for one row, a grid where there is more."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)  # fmt: skip
from PySide6.QtWidgets import QAbstractItemView, QFrame

from studio.library.library import PictureRow
from studio.library.marks import RATING_MAX
from studio.library.search import Query
from studio.ui.library_cells import GAP_PX, Cells, Look, heart_of
from studio.ui.library_grid import STRIP_CELL_PX, Grid, grid_for
from studio.ui.library_model import CHOSEN_MAX, Index, LibraryModel

STRIP_HEIGHT_PX = STRIP_CELL_PX + 12
"""One row and its scroll bar."""
_Cursor, _Hint = QAbstractItemView.CursorAction, QAbstractItemView.ScrollHint


class LibraryView(QAbstractItemView):
    """Shows the pictures. Where each lies is computed, so that a hundred thousand scroll like ten.

    Signals:
        pictureChosen: the row clicked or reached by the arrow keys.
        recipeWanted: the row double-clicked, or Return.
        trashWanted: the rows chosen, on Delete.
        favouriteWanted: the rows whose heart was clicked, or that are chosen, on F.
        ratingWanted: the rows chosen and the rating, on 0 to 5.
        compareWanted: the rows chosen, on C.
        chosenChanged: others are chosen, by the artist or because a picture was finished.
        tooManyChosen: more than can be changed at once.
        menuRequested: the row under the cursor, and where on the screen.
    """

    pictureChosen = Signal(object)  # noqa: N815 Qt's style
    recipeWanted = Signal(object)  # noqa: N815
    trashWanted = Signal(object)  # noqa: N815
    favouriteWanted = Signal(object)  # noqa: N815
    ratingWanted = Signal(object, int)  # noqa: N815
    compareWanted = Signal(object)  # noqa: N815
    chosenChanged = Signal()  # noqa: N815
    tooManyChosen = Signal()  # noqa: N815
    menuRequested = Signal(object, QPoint)  # noqa: N815

    def __init__(self, model: LibraryModel) -> None:
        super().__init__()
        self.setObjectName("libraryView")
        self.setAccessibleName(self.tr("Finished pictures"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setMinimumHeight(STRIP_HEIGHT_PX)
        self.setMouseTracking(True)
        self._cells, self._grid = Cells(), grid_for(0, 0, 0)
        self._hovered, self._awaits_row, self._is_silent, self._is_restoring = -1, False, False, False
        self._kept: tuple[tuple[Path, ...], Path | None] = ((), None)
        self._model = model
        self.setModel(model)
        model.setParent(self)
        model.modelAboutToBeReset.connect(self._on_about_to_be_reset)
        model.modelReset.connect(self._on_reset)
        model.arrived.connect(self._on_arrived)
        self.doubleClicked.connect(self._on_double_clicked)
        self.clicked.connect(self._on_clicked)

    @property
    def grid(self) -> Grid:
        """Where the cells lie: laid anew first, where there are others by now."""
        if self._grid.count != self._model.rowCount():
            self.updateGeometries()
        return self._grid

    @property
    def visible_rows(self) -> list[int]:
        """The numbers of the rows in sight."""
        return self._touching(self.viewport().rect())

    def chosen(self) -> tuple[PictureRow, ...]:
        """The rows that are chosen, or the current one; none, and `tooManyChosen`, where they are more than allowed."""
        present = self.currentIndex().row()
        ranges = sorted((each.top(), each.bottom()) for each in self.selectionModel().selection())
        ranges = ranges or [(present, present)] * (present >= 0)
        if sum(last - first + 1 for first, last in ranges) > CHOSEN_MAX:
            self.tooManyChosen.emit()
            return ()
        return tuple(row for first, last in ranges for row in self._model.rows_between(first, last))

    def select(self, path: Path) -> None:
        """Choose the picture at `path` silently, and bring it into sight."""
        self._is_silent = True
        self.setCurrentIndex(self._model.index_of(path))
        self._is_silent = False

    def chosen_names(self) -> tuple[str, ...]:
        """The names of the files chosen, as far as they are held; of a great many, the first."""
        ranges = sorted((each.top(), each.bottom()) for each in self.selectionModel().selection())
        numbers = islice((number for first, last in ranges for number in range(first, last + 1)), CHOSEN_MAX)
        return tuple(row.path.name for number in numbers if (row := self._model.held(number)) is not None)

    def choose(self, numbers: Sequence[int]) -> None:
        """Choose these rows silently, and bring the first into sight."""
        first = self._model.index(numbers[0]) if numbers else QModelIndex()
        self._restore(first, map(self._model.index, numbers))
        self.scrollTo(first)

    def choose_current(self) -> None:
        """Show the picture that is current now, if there is one."""
        self._choose(self.currentIndex())

    # What the artist does.

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Return: recipe; Delete: trash; F: favourite; 0 to 5: rating; C: compare."""
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if not (is_plain and self._do(Qt.Key(event.key()))):
            super().keyPressEvent(event)

    def _do(self, key: Qt.Key) -> bool:
        row = self._model.row_at(self.currentIndex())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row is not None:
            self.recipeWanted.emit(row)
            return True
        wants = {
            Qt.Key.Key_Delete: self.trashWanted,
            Qt.Key.Key_F: self.favouriteWanted,
            Qt.Key.Key_C: self.compareWanted,
        }
        is_rating = Qt.Key.Key_0 <= key <= Qt.Key.Key_0 + RATING_MAX
        if key not in wants and not is_rating:
            return False
        rows = self.chosen()
        if rows and is_rating:
            self.ratingWanted.emit(rows, key - Qt.Key.Key_0)
        elif rows:
            wants[key].emit(rows)
        return True

    def keyboardSearch(self, search: str) -> None:  # noqa: N802
        """Letters are commands here; to search there is a field."""

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A press on the heart marks, every other one chooses."""
        row = self._heart_at(event.position().toPoint()) if event.button() == Qt.MouseButton.LeftButton else None
        if row is not None:
            self.favouriteWanted.emit((row,))
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The cell under the cursor shows its heart."""
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()).row())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """No cell is under the cursor."""
        super().leaveEvent(event)
        self._hover(-1)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """A wheel that only goes up and down moves the strip sideways."""
        bar = self.horizontalScrollBar() if self.grid.is_strip else self.verticalScrollBar()
        delta = event.angleDelta().y() or event.angleDelta().x()
        bar.setValue(bar.value() - delta)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """What can be done with the pictures chosen, or with the current one by key."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        row = self._model.row_at(index)
        if row is not None:
            place = self.visualRect(index).center() if by_key else event.pos()
            self.menuRequested.emit(row, self.viewport().mapToGlobal(place))

    # What Qt asks of a view.

    def visualRect(self, index: Index) -> QRect:  # noqa: N802
        """Where a cell is, in the viewport."""
        if not index.isValid():
            return QRect()
        left, top = self.grid.corner(index.row())
        return QRect(left - self.horizontalOffset(), top - self.verticalOffset(), self.grid.cell, self.grid.cell)

    def indexAt(self, point: QPoint) -> QModelIndex:  # noqa: N802
        """The cell under a point of the viewport."""
        number = self.grid.at(point.x() + self.horizontalOffset(), point.y() + self.verticalOffset())
        return self._model.index(number) if number >= 0 else QModelIndex()

    def scrollTo(self, index: Index, hint: _Hint = _Hint.EnsureVisible) -> None:  # noqa: N802
        """Bring a cell into sight."""
        cell, seen = self.visualRect(index), self.viewport().rect()
        if cell.isNull():
            return
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() + min(cell.left() - GAP_PX, 0) + max(cell.right() + GAP_PX - seen.right(), 0))
        down.setValue(down.value() + min(cell.top(), 0) + max(cell.bottom() - seen.bottom(), 0))

    def horizontalOffset(self) -> int:  # noqa: N802
        """How far it is scrolled sideways."""
        return self.horizontalScrollBar().value()

    def verticalOffset(self) -> int:  # noqa: N802
        """How far it is scrolled down."""
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:  # noqa: N802
        """None is."""
        return False

    def moveCursor(self, action: _Cursor, modifiers: Qt.KeyboardModifier) -> QModelIndex:  # noqa: N802
        """Where the arrow keys go."""
        count, grid = self.grid.count, self.grid
        page = max(self.viewport().width() // grid.cell, 1)
        if not grid.is_strip:
            page = grid.columns * max(self.viewport().height() // grid.cell, 1)
        line = 1 if grid.is_strip else grid.columns
        steps = {
            _Cursor.MoveLeft: -1, _Cursor.MovePrevious: -1, _Cursor.MoveRight: 1, _Cursor.MoveNext: 1,
            _Cursor.MoveUp: -line, _Cursor.MoveDown: line, _Cursor.MovePageUp: -page, _Cursor.MovePageDown: page,
            _Cursor.MoveHome: -count, _Cursor.MoveEnd: count,
        }  # fmt: skip
        present = self.currentIndex().row()
        wanted = present + steps[action] if present >= 0 else 0
        is_off_grid = action in (_Cursor.MoveUp, _Cursor.MoveDown) and not 0 <= wanted < count
        return self._model.index(present if is_off_grid else min(max(wanted, 0), count - 1)) if count else QModelIndex()

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:  # noqa: N802
        """Choose the cells from one corner of `rect` to the other, in reading order."""
        corners = (rect.topLeft(), rect.bottomRight())
        ends = [self.grid.nearest(p.x() + self.horizontalOffset(), p.y() + self.verticalOffset()) for p in corners]
        if ends[0] < 0 or not (
            self._touching(rect.normalized()) or command & QItemSelectionModel.SelectionFlag.Current
        ):
            self.selectionModel().select(QItemSelection(), command)
            return
        first, last = self._model.index(min(ends)), self._model.index(max(ends))
        self.selectionModel().select(QItemSelection(first, last), command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:  # noqa: N802
        """What to paint again: the whole viewport, which is no more than a screenful."""
        return QRegion(self.viewport().rect())

    def updateGeometries(self) -> None:  # noqa: N802
        """Lay the cells anew and say how far it scrolls."""
        super().updateGeometries()
        room, policy = self.maximumViewportSize(), Qt.ScrollBarPolicy
        self._grid = grid_for(room.width() - 12, room.height(), self._model.rowCount())
        is_strip = self._grid.is_strip
        self.setVerticalScrollBarPolicy(policy.ScrollBarAlwaysOff if is_strip else policy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(policy.ScrollBarAsNeeded if is_strip else policy.ScrollBarAlwaysOff)
        size = self.viewport().size()
        for bar, whole, seen in (
            (self.horizontalScrollBar(), self._grid.width if is_strip else 0, size.width()),
            (self.verticalScrollBar(), 0 if is_strip else self._grid.height, size.height()),
        ):
            bar.setRange(0, max(whole - seen, 0))
            bar.setPageStep(seen)
            bar.setSingleStep(self._grid.cell // 2)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """What was in the middle of a strip is in sight in the grid, and the other way round."""
        was_strip, present = self._grid.is_strip, self.currentIndex()
        self.updateGeometries()
        super().resizeEvent(event)
        if was_strip != self._grid.is_strip and present.isValid():
            self.scrollTo(present)

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802
        """Move what is painted; only the rest is painted anew."""
        self.viewport().scroll(dx, dy)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The cells that are in sight, or what to do where there is none."""
        painter = QPainter(self.viewport())
        if self.grid.count:
            self._paint_cells(painter, event.rect())
        else:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.viewport().rect().adjusted(12, 0, -12, 0), flags, self._hint())
        painter.end()

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:  # noqa: N802
        """Show the picture that the artist went to."""
        super().currentChanged(current, previous)
        self.viewport().update()
        if not self._is_silent:
            self._choose(current)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:  # noqa: N802
        """Tell, unless the list was only read again."""
        super().selectionChanged(selected, deselected)
        if not self._is_restoring:
            self.chosenChanged.emit()

    # Inside.

    def _hint(self) -> str:
        if self._model.query != Query(sort=self._model.query.sort):
            return self.tr("No picture is like that. Take away a word or a filter.")
        return self.tr("Finished pictures gather here. Drag one out to use its file; double-click to get its recipe.")

    def _paint_cells(self, painter: QPainter, rect: QRect) -> None:
        spans = [range(each.top(), each.bottom() + 1) for each in self.selectionModel().selection()]
        current = self.currentIndex().row()
        palette, dx, dy = self.palette(), self.horizontalOffset(), self.verticalOffset()
        for number in self._touching(rect):
            left, top = self.grid.corner(number)
            cell = QRect(left - dx, top - dy, self.grid.cell, self.grid.cell)
            row = self._model.row(number)
            look = Look(palette, number == current or any(number in each for each in spans), number == self._hovered)
            self._cells.paint(painter, cell, row, self._model.image(row.path) if row else None, look)

    def _touching(self, rect: QRect) -> list[int]:
        grid = self.grid
        moved = rect.translated(self.horizontalOffset(), self.verticalOffset())
        return grid.touching(moved.left(), moved.top(), moved.right(), moved.bottom())

    def _heart_at(self, point: QPoint) -> PictureRow | None:
        index = self.indexAt(point)
        row = self._model.row_at(index)
        image = self._model.image(row.path) if row is not None else None
        if image is None or image.isNull():
            return None
        room = self.visualRect(index).adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)
        target = QRect(QPoint(0, 0), image.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio))
        target.moveCenter(room.center())
        return row if heart_of(target).contains(point) else None

    def _restore(self, present: QModelIndex, chosen: Iterable[QModelIndex]) -> None:
        """Choose what is there of these. Silent: nobody went there."""
        selection, flags = QItemSelection(), QItemSelectionModel.SelectionFlag
        for index in chosen:
            selection.select(index, index)
        self._is_silent = self._is_restoring = True
        self.selectionModel().setCurrentIndex(present, flags.NoUpdate)
        self.selectionModel().select(selection, flags.ClearAndSelect)
        self._is_silent = self._is_restoring = False

    def _hover(self, number: int) -> None:
        if number != self._hovered:
            self._hovered = number
            self.viewport().update()

    def _choose(self, index: Index) -> None:
        row = self._model.row_at(index)
        self._awaits_row = row is None and index.isValid()
        if row is not None:
            self.pictureChosen.emit(row)

    # Slots.

    def _on_clicked(self, index: QModelIndex) -> None:
        self._choose(index)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        row = self._model.row_at(index)
        if row is not None:
            self.recipeWanted.emit(row)

    def _on_arrived(self) -> None:
        if self._awaits_row:
            self._choose(self.currentIndex())

    def _on_about_to_be_reset(self) -> None:
        count = sum(each.height() for each in self.selectionModel().selection())
        rows = (self._model.row_at(index) for index in self.selectedIndexes()) if count <= CHOSEN_MAX else ()
        present = self._model.row_at(self.currentIndex())
        self._kept = tuple(row.path for row in rows if row is not None), present.path if present else None

    def _on_reset(self) -> None:
        """What was chosen stays so, as far as it is still there. Another search begins at its beginning."""
        self.updateGeometries()
        paths, present = self._kept
        self._restore(self._model.index_of(present) if present else QModelIndex(), map(self._model.index_of, paths))
        if not self._model.keeps_place:
            self.horizontalScrollBar().setValue(0)
            self.verticalScrollBar().setValue(0)
        self.viewport().update()

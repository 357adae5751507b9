"""The pictures asked for, as a Qt model: it knows how many there are, and holds the pages near those looked at."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QPersistentModelIndex, Qt, QUrl, Signal
from PySide6.QtGui import QImage

from studio.core.errors import StudioError
from studio.library.library import Facets, PictureRow
from studio.library.marks import Marks
from studio.library.search import Query
from studio.ui.library_reader import PAGE, Answer, AskFacets, AskPlaces, LibraryReader, Question, Source, Wish
from studio.ui.thumbnails import Thumbnails

CHOSEN_MAX = 2000
"""So many pictures can be changed at once."""
_ROWS_MAX, _ROWS_AROUND = 4000, 1500
"""Rows held, and those around the last ones read that stay when there are more."""
_NEWEST = 20
"""Rows asked for when a picture was finished."""

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class LibraryModel(QAbstractListModel):
    """Rows of the library with their thumbnails. Dragging out gives the files' URLs.

    Attributes:
        facets: what there is to filter by, as it was last asked for.

    Signals:
        counted: how many pictures there are, of those asked for.
        arrived: rows are there that were not.
        facetsChanged: the Facets, where they are others by now.
        located: the numbers of the rows that `locate` asked for.
        failed: a sentence: the library could not be read.
        closing: nothing will be read any more.
    """

    counted = Signal(int)
    arrived = Signal()
    facetsChanged = Signal(object)  # noqa: N815 Qt's style
    located = Signal(object)
    failed = Signal(str)
    closing = Signal()

    def __init__(self, source: Source, thumbnails: Thumbnails) -> None:
        """`source` is the library."""
        super().__init__()
        self._source, self._reader = source, LibraryReader(source, self)
        self._thumbnails = thumbnails
        self._query, self._number = Query(), 0
        self._total = 0
        self._rows: dict[int, PictureRow] = {}
        self._places: dict[Path, int] = {}
        self._pages: set[int] = set()
        self.keeps_place = False
        self.facets = Facets()
        self._sought: tuple[str, ...] = ()
        self._reader.answered.connect(self._on_answered)
        self._reader.counted.connect(self._on_counted)
        self._reader.placed.connect(self._on_placed)
        self._reader.failed.connect(self._on_failed)
        thumbnails.ready.connect(self._on_thumbnail_ready)

    @property
    def query(self) -> Query:
        """What is asked for."""
        return self._query

    @property
    def is_settled(self) -> bool:
        """Whether nothing is being read."""
        return self._reader.is_idle

    @property
    def thumbnails(self) -> Thumbnails:
        """Where the small pictures come from."""
        return self._thumbnails

    def row_at(self, index: Index) -> PictureRow | None:
        """The row at `index`; None where it is not read yet."""
        return self.row(index.row()) if index.isValid() else None

    def row(self, number: int) -> PictureRow | None:
        """The row of that number; one that is not read yet is None, and will be."""
        row = self._rows.get(number)
        if row is None and 0 <= number < self._total:
            self._want(number // PAGE)
        return row

    def held(self, number: int) -> PictureRow | None:
        """The row of that number; None where it is not read."""
        return self._rows.get(number)

    def index_of(self, path: Path) -> QModelIndex:
        """Where `path` is, among what is held."""
        number = self._places.get(path)
        return QModelIndex() if number is None else self.index(number)

    def __contains__(self, path: object) -> bool:
        """Whether it is among what is held."""
        return path in self._places

    def image(self, path: Path) -> QImage | None:
        """Its thumbnail; None where it is not made yet."""
        return self._thumbnails.image(path)

    def rows_between(self, first: int, last: int) -> tuple[PictureRow, ...]:
        """These rows, the last included, read at once where they are not held. Tells a failure and gives none."""
        missing = {number // PAGE for number in range(first, last + 1) if number not in self._rows} - self._pages
        wish = Wish(number=self._number, query=self._query, pages=tuple(sorted(missing)))
        try:
            found = self._reader.read(wish).rows if missing else {}
        except StudioError as error:
            self.failed.emit(str(error))
            return ()
        rows = (self._rows.get(number) or found.get(number) for number in range(first, last + 1))
        return tuple(row for row in rows if row is not None)

    def ask_facets(self) -> None:
        """See what there is to filter by now; `facets` stays until the answer is there."""
        self._reader.ask_aside(AskFacets())

    def locate(self, names: tuple[str, ...]) -> None:
        """Find the pictures whose files have these names; `located` says where they are. The latest question wins."""
        self._sought = names
        if not names:
            self.located.emit(())
            return
        self._reader.ask_aside(AskPlaces(number=self._number, query=self._query, names=names))

    # What changes the list.

    def reload(self) -> None:
        """Read the beginning at once."""
        self._number += 1
        try:
            self._take(self._reader.read(self._whole(self._query, (0,))))
        except StudioError as error:
            self.failed.emit(str(error))

    def search(self, query: Query) -> None:
        """Ask for other pictures. What is on show stays until the answer is there; the latest question wins."""
        if query != self._query:
            self._number += 1
            self._reader.ask(self._whole(query, (0,)))

    def refresh(self, around: Sequence[int] = ()) -> None:
        """Ask again: something changed. `around` are rows that must be held at once, as they are chosen or on show."""
        self._number += 1
        pages = {0} | {max(number + step, 0) // PAGE for number in around for step in (-PAGE // 2, 0, PAGE // 2)}
        self._reader.ask(self._whole(self._query, tuple(sorted(pages))))

    def reload_newest(self) -> None:
        """Put the pictures that were finished since in front, where the newest are; else ask again."""
        if self._query != Query():
            self.refresh()
            return
        try:
            found = self._source.find(self._query, _NEWEST)
        except StudioError as error:
            self.failed.emit(str(error))
            return
        fresh = [row for row in found if row.path not in self._places]
        if fresh:
            self.beginInsertRows(_NOWHERE, 0, len(fresh) - 1)
            self._move(lambda number: number + len(fresh), self._total + len(fresh))
            self._hold(dict(enumerate(fresh)))
            self.endInsertRows()
            self.counted.emit(self._total)

    def remove(self, path: Path) -> None:
        """Take a picture out."""
        gone = self._places.get(path)
        if gone is not None:
            self.beginRemoveRows(_NOWHERE, gone, gone)
            del self._rows[gone]
            self._thumbnails.forget(path)
            self._move(lambda number: number - (number > gone), self._total - 1)
            self.endRemoveRows()
            self.counted.emit(self._total)

    def show_marks(self, marks: Sequence[Marks]) -> None:
        """Take over what was marked."""
        for each in marks:
            number = self._places.get(each.path)
            if number is not None:
                values = {name: getattr(each, name) for name in each.__struct_fields__}
                self._rows[number] = msgspec.structs.replace(self._rows[number], **values)
                self.dataChanged.emit(self.index(number), self.index(number))

    def close(self) -> None:
        """End the threads that read and make thumbnails."""
        self.closing.emit()
        self._reader.close()
        self._thumbnails.close()

    # Qt's interface.

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """How many there are, held or not."""
        return 0 if parent.isValid() else self._total

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The thumbnail, what a screen reader says, a tooltip."""
        row = self.row_at(index)
        if row is None:
            return None
        if role == Qt.ItemDataRole.DecorationRole:
            return self.image(row.path)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DisplayRole):
            return row.recipe.prompt or row.path.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(row)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Pictures can be chosen and dragged."""
        chosen = super().flags(index)
        return chosen | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else chosen

    def mimeTypes(self) -> list[str]:  # noqa: N802
        """Files leave as their URLs."""
        return ["text/uri-list"]

    def mimeData(self, indexes: list[QModelIndex]) -> QMimeData:  # noqa: N802
        """What is dragged out."""
        rows = [row for index in indexes if (row := self.row_at(index)) is not None]
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(row.path)) for row in rows])
        return mime

    def supportedDragActions(self) -> Qt.DropAction:  # noqa: N802
        """Files are copied, never moved away."""
        return Qt.DropAction.CopyAction

    # Inside.

    def _whole(self, query: Query, pages: tuple[int, ...]) -> Wish:
        return Wish(number=self._number, query=query, pages=pages, counts=True)

    def _want(self, page: int) -> None:
        if page not in self._pages:
            self._reader.ask(Wish(number=self._number, query=self._query, pages=(page,)))

    def _take(self, answer: Answer) -> None:
        """Show another list. A view looks at `keeps_place` to know whether it is the same one, changed."""
        self.keeps_place = answer.wish.query == self._query
        self.beginResetModel()
        self._query, self._total = answer.wish.query, answer.total or 0
        self._rows, self._places, self._pages = {}, {}, set(answer.wish.pages)
        self._hold(answer.rows)
        self.endResetModel()
        self.counted.emit(self._total)

    def _hold(self, rows: dict[int, PictureRow]) -> None:
        self._rows |= rows
        self._places |= {row.path: number for number, row in rows.items()}

    def _move(self, place: Callable[[int], int], total: int) -> None:
        """Rows have other numbers now: what is being read was asked for by the old ones."""
        self._number += 1
        self._total = total
        rows = {place(number): row for number, row in self._rows.items()}
        self._rows, self._places = {}, {}
        self._hold(rows)
        self._pages = {page for page in self._pages if all(n in rows for n in _numbers(page, total))}

    def _drop_far(self, page: int) -> None:
        """Let go of rows far from those of `page`."""
        if len(self._rows) > _ROWS_MAX:
            middle = page * PAGE + PAGE // 2
            self._rows = {n: row for n, row in self._rows.items() if abs(n - middle) < _ROWS_AROUND}
            self._places = {row.path: number for number, row in self._rows.items()}
            self._pages = {page for page in self._pages if all(n in self._rows for n in _numbers(page, self._total))}

    def _on_answered(self, answer: Answer) -> None:
        if answer.wish.number != self._number:
            return
        if answer.wish.counts:
            self._take(answer)
        else:
            self._pages.update(answer.wish.pages)
            self._hold(answer.rows)
            self._drop_far(answer.wish.pages[0])
            first, last = min(answer.rows, default=0), max(answer.rows, default=0)
            self.dataChanged.emit(self.index(first), self.index(last))
        self.arrived.emit()

    def _on_counted(self, facets: Facets) -> None:
        if facets != self.facets:
            self.facets = facets
            self.facetsChanged.emit(facets)

    def _on_placed(self, asked: AskPlaces, places: dict[str, int]) -> None:
        if asked.names != self._sought:
            return
        if asked.number != self._number:
            self.locate(asked.names)  # the list is another by now
        else:
            held = {path.name: number for path, number in self._places.items()}
            numbers = (held.get(name, number) for name, number in places.items())
            self.located.emit(tuple(sorted(number for number in numbers if number < self._total)))

    def _on_failed(self, wish: Wish | Question, sentence: str) -> None:
        if isinstance(wish, Wish):
            self._pages.update(wish.pages)  # not again and again
        if not isinstance(wish, Wish) or wish.number == self._number:
            self.failed.emit(sentence)

    def _on_thumbnail_ready(self, path: Path, image: QImage) -> None:
        index = self.index_of(path)
        if index.isValid():
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])


def _numbers(page: int, total: int) -> range:
    return range(page * PAGE, min((page + 1) * PAGE, total))


def _tooltip(row: PictureRow) -> str:
    prompt = row.recipe.prompt
    shown = prompt if len(prompt) <= 160 else prompt[:159] + "…"
    facts = (
        f"{row.width} × {row.height} px · seed {row.recipe.seed} · {row.recipe.steps} steps · {row.recipe.scheduler}"
    )
    marks = " ".join([*("♥" for _ in range(row.favourite)), "★" * row.rating, ", ".join(row.tags)]).strip()
    return "\n".join(part for part in (shown, facts, marks, row.notes[:160], row.path.name) if part)

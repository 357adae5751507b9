"""The library from the artist's side: what is looked for, what becomes of each wish, and what the folder brings."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QInputDialog

from studio.core.errors import StudioError
from studio.core.history import Record
from studio.library.facets import Facets
from studio.library.library import PictureRow
from studio.library.marks import TAG_LENGTH_MAX
from studio.library.reconcile import Changes
from studio.library.search import Query
from studio.ui.banner import Message
from studio.ui.compare_window import CompareWindow
from studio.ui.images import read_image
from studio.ui.latest import Latest
from studio.ui.library_edits import LibraryEdits
from studio.ui.library_filter import LibraryFilter
from studio.ui.library_marks import MarksWindow
from studio.ui.library_menu import library_menu
from studio.ui.library_watch import LibraryWatch
from studio.ui.lineage_window import DuplicatesWindow, LineageWindow
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import PictureDesk, copy_recipe
from studio.ui.shelf import Shelf

Found = TypeVar("Found")


class LibraryDesk(QObject):
    """Does what is asked with the pictures in the library.

    Signals:
        exportRequested: the paths to write in other formats.
    """

    exportRequested = Signal(object)  # noqa: N815 Qt's style

    def __init__(self, window: MainWindow, library: Shelf, pictures: PictureDesk, folder: Path, record: Record) -> None:
        """`record` keeps a step of undo; `folder` is where the pictures lie."""
        super().__init__(window)
        self._window, self._library, self._pictures = window, library, pictures
        self._model, self._view = window.library_model, window.library_view
        self._panel = window.library_panel
        self._offer: Message | None = None
        self._restored: Path | None = None
        self._files = Latest("compared", self)
        self.edits = LibraryEdits(library, self._model, record, self)
        self.filter = LibraryFilter(self._panel)
        self.watch = None if library.is_read_only else LibraryWatch(library, folder, self)
        self._connect()

    def close(self) -> None:
        """End the threads that look at the folder and read pictures."""
        self._files.close()
        if self.watch is not None:
            self.watch.close()

    # What the menu and the keys ask for.

    def show_picture(self, row: PictureRow) -> None:
        """Show it in the preview."""
        self._pictures.show_row(row)

    def use_recipe(self, row: PictureRow) -> None:
        """Go on from its recipe."""
        self._pictures.use_row(row)

    def use_as_start(self, row: PictureRow) -> None:
        """Go on from its pixels."""
        self._pictures.startWanted.emit(row.path)

    def send_to_canvas(self, row: PictureRow) -> None:
        """Make it a keyframe."""
        self._pictures.canvasWanted.emit(row.recipe, row.path)

    def open_as_canvas(self, row: PictureRow) -> None:
        """Bring back the canvas it was kept from."""
        self._pictures.reopenWanted.emit(row.recipe)

    def copy_picture(self, row: PictureRow) -> None:
        """Its pixels on the clipboard."""
        self._pictures.show_row(row)
        self._pictures.copy_picture()

    def copy_recipe(self, row: PictureRow) -> None:
        """Its recipe on the clipboard."""
        copy_recipe(row.recipe)

    def reveal(self, row: PictureRow) -> None:
        """Open its folder."""
        self._pictures.reveal(row.path)

    def export(self, rows: Sequence[PictureRow]) -> None:
        """Write copies in other formats."""
        self.exportRequested.emit(tuple(row.path for row in rows))

    def show_lineage(self, row: PictureRow) -> None:
        """Where it comes from, and what came of it."""
        lineage = self._read(lambda: self._library.lineage(row.path))
        if lineage is not None:
            shown = LineageWindow(row.path, lineage, self._model.thumbnails, self._window)
            shown.chosen.connect(self._on_path_chosen)
            self._open(shown)

    def show_duplicates(self) -> None:
        """Pictures that were made twice."""
        groups = self._read(self._library.duplicates)
        if groups is not None:
            shown = DuplicatesWindow(groups, self._model.thumbnails, self._window)
            shown.chosen.connect(self._on_path_chosen)
            shown.trashWanted.connect(self._on_paths_trash_wanted)
            self._open(shown)

    def compare(self, rows: Sequence[PictureRow]) -> None:
        """Two beside each other; else say how to choose two."""
        if len(rows) != 2:
            self._window.banner.tell(self.tr("Choose two pictures to compare: click one, then another with Ctrl held."))
            return
        first, second = rows
        self._files.wish(
            lambda: (read_image(first.path), read_image(second.path)),
            partial(self._show_compared, (first, second)),
            lambda error: self._window.banner.tell(str(error)),
        )

    def _show_compared(self, rows: tuple[PictureRow, PictureRow], images: tuple[QImage, QImage]) -> None:
        shown = CompareWindow(self._window)
        shown.recipeWanted.connect(self._pictures.use_row)
        shown.compare(rows, images)
        self._open(shown)

    def toggle_favourite(self, rows: Sequence[PictureRow]) -> None:
        """Hearts for all, or for none where all have one."""
        self.edits.set_favourite([row.path for row in rows], not all(row.favourite for row in rows))

    def rate(self, rows: Sequence[PictureRow], rating: int) -> None:
        """Stars."""
        self.edits.rate([row.path for row in rows], rating)

    def edit_marks(self, rows: Sequence[PictureRow]) -> None:
        """Tags and notes."""
        paths = [row.path for row in rows]
        shown = MarksWindow(rows, [name for name, _ in self._model.facets.tags], self._window)

        def write(added: Sequence[str], removed: Sequence[str], notes: str | None) -> None:
            self.edits.tag(paths, added, removed)
            if notes is not None:
                self.edits.annotate(paths, notes)

        shown.decided.connect(write)
        self._open(shown)

    def collect(self, rows: Sequence[PictureRow], add: str = "", remove: str = "") -> None:
        """Into a collection, or out of one."""
        self.edits.collect([row.path for row in rows], add, remove)

    def ask_collection(self, rows: Sequence[PictureRow]) -> None:
        """Into a new collection."""
        name, is_wanted = QInputDialog.getText(self._window, self.tr("New collection"), self.tr("Name"))
        if is_wanted and name.strip():
            self.collect(rows, add=name.strip()[:TAG_LENGTH_MAX])

    def trash(self, rows: Sequence[PictureRow]) -> None:
        """To the system's trash."""
        self.edits.trash([row.path for row in rows])

    # Inside.

    def _read(self, read: Callable[[], Found]) -> Found | None:
        try:
            return read()
        except StudioError as error:
            self._window.banner.tell(str(error))
            return None

    @staticmethod
    def _open(shown: LineageWindow | DuplicatesWindow | CompareWindow | MarksWindow) -> None:
        shown.finished.connect(shown.deleteLater)
        shown.show()
        shown.activateWindow()

    def _show_filter(self, facets: Facets) -> None:
        self.filter.show_query(self._panel.query, facets, datetime.now().astimezone())

    def _around(self) -> list[int]:
        """Rows that must be read again at once: those in sight, and the ends of what is chosen."""
        seen = self._view.visible_rows
        chosen = [each.top() for each in self._view.selectionModel().selection()]
        return [*seen[:1], *seen[-1:], *chosen[:8], self._view.currentIndex().row()]

    def _connect(self) -> None:
        view, panel = self._view, self._panel
        view.trashWanted.connect(self.trash)
        view.favouriteWanted.connect(self.toggle_favourite)
        view.ratingWanted.connect(self.rate)
        view.compareWanted.connect(self.compare)
        view.menuRequested.connect(self._on_menu_requested)
        view.tooManyChosen.connect(self._on_too_many_chosen)
        panel.filterWanted.connect(self._on_filter_wanted)
        panel.queryChanged.connect(self._on_query_changed)
        self.filter.changed.connect(panel.ask)
        self.edits.failed.connect(self._window.banner.tell)
        self.edits.trashed.connect(self._on_trashed)
        self.edits.restored.connect(self._on_restored)
        self.edits.marked.connect(self._model.ask_facets)
        self._model.facetsChanged.connect(self._on_facets_changed)
        self._window.shown.connect(self._on_window_shown)
        self._model.closing.connect(self.close)
        self._model.failed.connect(self._window.banner.tell)
        self._model.arrived.connect(self._on_arrived)
        self._pictures.trashWanted.connect(self.edits.trash)
        self._window.action("findPicture").triggered.connect(self._on_find_triggered)
        if self.watch is not None:
            self.watch.changed.connect(self._on_folder_changed)
            self.watch.failed.connect(self._window.banner.tell)

    # Slots.

    def _on_window_shown(self) -> None:
        self._model.ask_facets()
        if self.watch is not None:
            self.watch.catch_up()

    def _on_menu_requested(self, row: PictureRow, place: QPoint) -> None:
        chosen = self._view.chosen()
        rows = chosen if row in chosen else (row,)
        self._model.ask_facets()  # for the next time
        names = [name for name, _ in self._model.facets.collections]
        menu = library_menu(
            self._window, self, rows, names, self._window.lacks, is_read_only=self._library.is_read_only
        )
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def _on_too_many_chosen(self) -> None:
        self._window.banner.tell(self.tr("Too many pictures are chosen to change at once. Choose 2,000 at most."))

    def _on_filter_wanted(self) -> None:
        self._model.ask_facets()
        self._show_filter(self._model.facets)
        self.filter.adjustSize()
        button = self._panel.filter_button
        self.filter.move(button.mapToGlobal(QPoint(0, -self.filter.height())))
        self.filter.show()

    def _on_facets_changed(self, facets: Facets) -> None:
        if self.filter.isVisible():
            self._show_filter(facets)

    def _on_query_changed(self, query: Query) -> None:
        if self.filter.isVisible():
            self.filter.take(query)

    def _on_find_triggered(self) -> None:
        self._window.docks["libraryDock"].show()
        self._panel.find()

    def _on_trashed(self, paths: Sequence[Path], undo: Callable[[], object]) -> None:
        self._pictures.forget(paths)
        one = self.tr("{name} is in the trash.").format(name=paths[0].name)
        many = self.tr("{n} pictures are in the trash.").format(n=len(paths))
        self._window.banner.withdraw(self._offer)
        self._offer = self._window.banner.tell(one if len(paths) == 1 else many, {self.tr("Undo"): undo})

    def _on_restored(self, paths: Sequence[Path]) -> None:
        self._window.banner.withdraw(self._offer)
        self._restored = paths[0]

    def _on_arrived(self) -> None:
        """The rows after pictures were brought back: one of them is shown where nothing is."""
        path, self._restored = self._restored, None
        if path is not None and self._window.preview_view.image.isNull():
            self._on_path_chosen(path)

    def _on_path_chosen(self, path: Path) -> None:
        index = self._model.index_of(path)
        row = self._model.row_at(index)
        if row is not None:
            self._view.setCurrentIndex(index)
        else:
            self._pictures.show_path(path)

    def _on_paths_trash_wanted(self, paths: Sequence[Path]) -> None:
        self.edits.trash(paths)

    def _on_folder_changed(self, changes: Changes) -> None:
        for path in (*changes.changed, *changes.removed):
            self._model.thumbnails.forget(path)
        if any(path not in self._model for path in changes.added) or changes.removed or changes.changed:
            self._model.refresh(self._around())

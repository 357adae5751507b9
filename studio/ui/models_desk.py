"""The list of models as a dialog: kept as the folders are, with hashes and pictures that come as they are ready."""

from functools import partial
from pathlib import Path
from threading import Event

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QCloseEvent, QImage

from studio.core.errors import Cancelled, ModelBrokenError, StudioError
from studio.core.model_info import ModelInfo
from studio.core.model_list import ModelList, Refused
from studio.core.model_rows import ModelRow, rows_of
from studio.core.weight_hash import WeightHasher
from studio.library.search import Query
from studio.ui.latest import Latest
from studio.ui.library_reader import Source
from studio.ui.main_window import MainWindow
from studio.ui.model_desk import ModelDesk
from studio.ui.models_dialog import ModelsDialog
from studio.ui.recipe_desk import RecipeDesk
from studio.ui.thumbnails import Thumbnails


class ModelsDesk(QObject):
    """Shows the dialog and fills it.

    The life of one list: it is opened, or the folders changed while it is open → a thread finds each model's hash, if
    it is known, and picture → the rows are shown → small pictures come one after another. The hash of the model that is
    looked at is computed where it is not known, until another one is.
    """

    _hashed = Signal(object, str, str)

    def __init__(
        self, window: MainWindow, recipes: RecipeDesk, models: ModelDesk, library: Source, hashes: Path
    ) -> None:
        """`hashes` is the file that remembers them."""
        super().__init__(window)
        self._window, self._recipes, self._models, self._library = window, recipes, models, library
        self._hasher = WeightHasher(hashes)
        self._lister, self._reader = Latest("model-rows", self), Latest("model-hash", self)
        self._thumbnails = Thumbnails(parent=self)
        self._pictures: dict[Path, list[str]] = {}
        self._stopped = Event()
        self._dialog: ModelsDialog | None = None
        self._thumbnails.ready.connect(self._on_picture_ready)
        self._hashed.connect(self._on_hash_told)
        models.changed.connect(self._on_models_changed)
        window.action("models").triggered.connect(lambda _=False: self.open())
        window.closeRequested.connect(self._on_close_requested)

    def open(self) -> None:
        """Show the list."""
        if self._dialog is None:
            self._dialog = ModelsDialog(self._window)
            self._dialog.selected.connect(self._on_selected)
            self._dialog.useWanted.connect(self._recipes.choose_model)
            self._dialog.getWanted.connect(self._window.action("getModel").trigger)
            self._dialog.finished.connect(self._stop_hashing)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()
        self._list(self._models.found)

    def _list(self, found: ModelList) -> None:
        work = partial(rows_of, found.models, self._hasher, self._newest)
        self._lister.wish(work, partial(self._show, found.refused), self._on_refused)

    def _newest(self, name: str) -> Path | None:
        """On the thread: the newest picture made with a model."""
        rows = self._library.find(Query(model=name), 1)
        return rows[0].path if rows else None

    def _show(self, refused: tuple[Refused, ...], rows: tuple[ModelRow, ...]) -> None:
        assert self._dialog is not None
        self._dialog.show_rows(rows, refused, self._recipes.wanted_model)
        self._pictures.clear()
        for row in rows:
            if row.picture is not None:
                self._pictures.setdefault(row.picture, []).append(row.info.name)
        for path in self._pictures:
            image = self._thumbnails.image(path)
            if image is not None:
                self._on_picture_ready(path, image)

    def _on_models_changed(self, found: ModelList) -> None:
        if self._dialog is not None and self._dialog.isVisible():
            self._list(found)

    def _on_picture_ready(self, path: Path, image: QImage) -> None:
        for name in self._pictures.get(path, ()):
            assert self._dialog is not None
            self._dialog.show_picture(name, image)

    # Hashes.

    def _on_selected(self, name: str) -> None:
        self._stop_hashing()
        row = self._dialog.current if self._dialog else None
        if row is not None and not row.hash:
            stopped = self._stopped = Event()
            work = partial(self._hash, row.info, stopped)
            self._reader.wish(work, partial(self._hashed.emit, stopped, name), self._on_refused)

    def _hash(self, info: ModelInfo, stopped: Event) -> str:
        def tick(fraction: float) -> None:
            if stopped.is_set():
                raise Cancelled
            self._hashed.emit(stopped, info.name, self.tr("{n} %").format(n=int(100 * fraction)))

        try:
            return self._hasher.hash_of(info, tick)
        except OSError as error:
            raise ModelBrokenError(info.path, f"it cannot be read ({error.strerror})") from error

    def _on_hash_told(self, stopped: Event, name: str, text: str) -> None:
        if self._dialog is not None and not stopped.is_set():
            self._dialog.show_hash(name, text)

    def _stop_hashing(self) -> None:
        self._stopped.set()
        self._reader.drop()

    def _on_refused(self, error: StudioError) -> None:
        self._window.banner.tell(str(error))

    def _on_close_requested(self, event: QCloseEvent) -> None:
        if event.isAccepted():
            self._stop_hashing()
            for each in (self._lister, self._reader, self._thumbnails):
                each.close()

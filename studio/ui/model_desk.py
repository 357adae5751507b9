"""The list of models, kept as the folders are: what is copied there appears in it, what is taken away goes."""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Event

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal
from PySide6.QtGui import QCloseEvent

from studio.core.errors import Cancelled
from studio.core.model_facts import ModelFacts
from studio.core.model_info import ModelInfo
from studio.core.model_list import Found, ModelList, look_for_models
from studio.core.reading import is_there
from studio.ui.background import Background
from studio.ui.main_window import MainWindow
from studio.ui.recipe_desk import RecipeDesk

_TELL_SECONDS = 0.5
_PAUSE_MS = 500
"""After the last change: copying a model is one change."""


class ModelDesk(QObject):
    """Looks for models off the UI thread.

    The life of one look: the window is on the screen, or a folder changed → a pause without changes → the thread looks
    through all folders, the first time telling what it has found so far → the list, shared with everybody who asks for
    models, is filled anew on the UI thread. Folders named meanwhile end it, and the next begins.

    Signals:
        changed: what was found, a ModelList.
    """

    changed = Signal(object)
    _found_some = Signal(object)

    def __init__(
        self, window: MainWindow, recipes: RecipeDesk, models: dict[str, ModelInfo], folders: tuple[Path, ...]
    ) -> None:
        """`models` by how the engine finds them, those of `folders` and those that were named by their path."""
        super().__init__(window)
        self._window, self._recipes, self._models, self._folders = window, recipes, models, folders
        self.found = ModelList((), ())
        self._is_first, self._is_closing = True, Event()
        self._background = Background("model-desk", self)
        self._background.failed.connect(window.banner.tell)
        self._watcher = QFileSystemWatcher(self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._look)
        self._watcher.directoryChanged.connect(self._on_changed)
        self._watcher.fileChanged.connect(self._on_changed)
        self._found_some.connect(self._show_some)
        window.shown.connect(self._look)
        window.closeRequested.connect(self._on_close_requested)

    def use_folders(self, folders: tuple[Path, ...]) -> None:
        """Look in these from now on, and at once."""
        self._folders = folders
        if watched := [*self._watcher.directories(), *self._watcher.files()]:
            self._watcher.removePaths(watched)
        self._look()

    def _look(self) -> None:
        told, folders = time.monotonic(), self._folders

        def tell(found: Mapping[str, Found]) -> None:
            nonlocal told
            if self._is_closing.is_set() or self._folders is not folders:
                raise Cancelled
            if time.monotonic() - told > _TELL_SECONDS:
                told = time.monotonic()
                self._found_some.emit(tuple(found.values()))

        self._background.run(partial(look_for_models, folders, tell), self._show)

    def _show_some(self, found: tuple[Found, ...]) -> None:
        """Of the first look: those that are there already. A later one takes nothing away before it is done."""
        if self._is_first:
            self._models.update({info.name: info for info, _ in found})
            self._recipes.take_models(self._tips(found), is_all=False)

    def _show(self, found: ModelList) -> None:
        self.found, self._is_first = found, False
        named = {key: info for key, info in self._models.items() if key != info.name and is_there(info.path)}
        self._models.clear()
        self._models.update({info.name: info for info, _ in found.models} | named)
        self._recipes.take_models(self._tips(found.models), is_all=True)
        self.changed.emit(found)
        known = {*self._watcher.directories(), *self._watcher.files()}
        missing = [str(path) for path in found.watched if str(path) not in known]
        if missing:
            self._watcher.addPaths(missing)
            self._pause.start()  # what changed there since it was looked at was not heard

    def _tips(self, found: tuple[Found, ...]) -> dict[str, str]:
        return {info.name: self._tip(info, facts) for info, facts in found}

    def _tip(self, info: ModelInfo, facts: ModelFacts | None) -> str:
        if facts is None:
            return f"{info.path}\n{info.kind}"
        return f"{info.path}\n{info.kind} · {facts.size_bytes / 2**30:.2f} GB · {facts.precision}"

    def _on_changed(self, path: str) -> None:
        self._pause.start()

    def _on_close_requested(self, event: QCloseEvent) -> None:
        if event.isAccepted():
            self._pause.stop()
            self._is_closing.set()
            self._watcher.directoryChanged.disconnect(self._on_changed)
            self._watcher.fileChanged.disconnect(self._on_changed)
            self._background.close()

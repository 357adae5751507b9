"""Watches the pictures folder: what is put there or taken away by hand is soon seen in the library."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from studio.core.errors import StudioError
from studio.library.reconcile import Changes

_PAUSE_MS = 700
"""After the last change: copying a hundred files is one change."""


class Reconciler(Protocol):
    """What compares the folder with the index."""

    def catch_up(self) -> Changes:
        """Bring the index up to date with what happened while no studio was open. Raises StudioError."""
        ...

    def reconcile(self) -> Changes:
        """Bring the index up to date. Raises StudioError."""
        ...


class LibraryWatch(QObject):
    """Asks the library to look, off the UI thread, when the folder changed.

    The life of one look: the folder changes → a pause without changes → the pool's thread reconciles → `changed`
    reaches the UI thread, where there was anything. What changed meanwhile is looked at next.

    Signals:
        changed: the Changes.
        failed: a sentence.
    """

    changed = Signal(object)
    failed = Signal(str)
    _done = Signal()

    def __init__(self, library: Reconciler, folder: Path, parent: QObject | None = None) -> None:
        """`folder` may be missing at first."""
        super().__init__(parent)
        self._library, self._folder = library, folder
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="library-watch")
        self._watcher = QFileSystemWatcher(self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._is_looking, self._is_closed = False, False
        self._watcher.directoryChanged.connect(self._on_directory_changed)
        self._pause.timeout.connect(self._on_pause_over)
        self._done.connect(self._on_done)
        self._follow()

    @property
    def is_watching(self) -> bool:
        """Whether the folder itself is watched."""
        return str(self._folder) in self._watcher.directories()

    def catch_up(self) -> None:
        """Look at what happened while no studio was open."""
        self._begin(self._library.catch_up)

    def close(self) -> None:
        """Watch no more, and wait for the last look to end."""
        self._is_closed = True
        self._pause.stop()
        watched = self._watcher.directories()
        if watched:
            self._watcher.removePaths(watched)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _follow(self) -> None:
        """Watch the folder; while it is missing, the one it will be made in."""
        wanted = self._folder if self._folder.is_dir() else self._folder.parent
        watched = self._watcher.directories()
        if watched and watched != [str(wanted)]:
            self._watcher.removePaths(watched)
        if str(wanted) not in watched and wanted.is_dir():
            self._watcher.addPath(str(wanted))

    def _on_directory_changed(self, path: str) -> None:
        self._follow()
        if self.is_watching:
            self._pause.start()

    def _on_pause_over(self) -> None:
        if self._is_looking:
            self._pause.start()
        else:
            self._begin(self._library.reconcile)

    def _begin(self, look: Callable[[], Changes]) -> None:
        if not self._is_closed:
            self._is_looking = True
            self._pool.submit(self._look, look)

    def _look(self, look: Callable[[], Changes]) -> None:
        try:
            changes = look()
            if changes != Changes():
                self.changed.emit(changes)
        except StudioError as error:
            self.failed.emit(str(error))
        finally:
            self._done.emit()

    def _on_done(self) -> None:
        self._is_looking = False

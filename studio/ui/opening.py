"""How the studio opens its data directory: alone, or only to look where another studio has it open."""

import logging
from collections.abc import Callable
from typing import TypeAlias, TypeVar

from PySide6.QtGui import QCloseEvent

from studio.core.errors import InUseError, SaveError, StudioError
from studio.core.places import Places
from studio.library.library import Library
from studio.library.lock import DataLock
from studio.ui.shelf import NoShelf, Shelf

OpenLibrary: TypeAlias = Callable[[], Shelf]
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Opening:
    """Holds the data directory's lock from now until the window is closed.

    Attributes:
        in_use: the sentence where another studio holds it; None where this one does.
        notice: what the artist should know about how the library opened, or empty.
    """

    def __init__(self, places: Places, open_library: OpenLibrary | None = None) -> None:
        """`open_library` instead of the real one."""
        self.in_use: InUseError | None = None
        self.notice = ""
        self._places, self._open_library = places, open_library
        self._lock: DataLock | None = None
        try:
            self._lock = DataLock.take(places)
        except InUseError as error:
            self.in_use = error
        except SaveError as error:  # the library, which needs the same folder, tells it
            _log.warning("no lock: %s", error)

    def open(self) -> Shelf:
        """The library, or what stands in for it. Each thread opens its own."""
        try:
            return self._open()
        except StudioError as error:
            return NoShelf(error)

    def open_first(self) -> Shelf:
        """The library, with its queue set right after a crash; its pictures are, off this thread, by its watch."""
        library = self.open()
        self.notice = library.notice
        if self.in_use is None:
            try:
                library.recover_queue()
            except StudioError as error:  # an index that can be read but not written: looking through it still works
                self.notice = str(error)
        return library

    def guarded(self, make: Callable[[], _T]) -> Callable[[], _T]:
        """`make`, refused while another studio works."""

        def made() -> _T:
            if self.in_use is not None:
                raise self.in_use
            return make()

        return made

    def release_after(self, event: QCloseEvent) -> None:
        """Let go of the data directory once everybody agreed that the window closes."""
        if event.isAccepted() and self._lock is not None:
            self._lock.release()

    def _open(self) -> Shelf:
        if self._open_library is not None:
            return self._open_library()
        if self.in_use is not None:
            return Library.open_to_read(self._places)
        return Library.open(self._places, lock=self._lock)

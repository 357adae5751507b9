"""Reads the library off the UI thread: searches and pages of rows, the latest wish first; then all else."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeAlias

import msgspec
from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.library.library import Facets, PictureRow
from studio.library.search import Query

PAGE = 100
"""Rows read at once."""
_PENDING_MAX = 4
"""Pages that wait. Who scrolls fast passes over the others."""


class Source(Protocol):
    """What is read from. Any thread may call it."""

    def find(self, query: Query, limit: int, offset: int = 0) -> tuple[PictureRow, ...]:
        """Rows of the pictures asked for. Raises StudioError."""
        ...

    def count(self, query: Query) -> int:
        """How many there are in all. Raises StudioError."""
        ...

    def places(self, query: Query, names: Sequence[str]) -> dict[str, int]:
        """Where files stand in the answer. Raises StudioError."""
        ...

    def facets(self) -> Facets:
        """What there is to filter by. Raises StudioError."""
        ...


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What to read: pages of a query's answer, and how many rows it has in all where `counts`.

    `number` tells wishes for one state of the list from those for another.
    """

    number: int
    query: Query
    pages: tuple[int, ...]
    counts: bool = False


class AskFacets(msgspec.Struct, frozen=True):
    """What is there to filter by?"""


class AskPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a query's answer are these files? `number` is the list's, as in `Wish`."""

    number: int
    query: Query
    names: tuple[str, ...]


Question: TypeAlias = AskFacets | AskPlaces


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, by the row's number; `total` is None where it was not counted."""

    wish: Wish
    rows: dict[int, PictureRow]
    total: int | None = None


class LibraryReader(QObject):
    """Serves wishes one after another on a thread of its own, and questions when there is no wish.

    The life of one: `ask` → it waits, unless a newer one drops it → the thread reads → `answered` reaches the UI
    thread, which sends the next.

    Signals:
        answered: an Answer.
        counted: the Facets.
        placed: the AskPlaces, and the places by the files' names.
        failed: the wish or question, and a sentence that says why.
    """

    answered = Signal(object)
    counted = Signal(object)
    placed = Signal(object, object)
    failed = Signal(object, str)
    _done = Signal()

    def __init__(self, source: Source, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="library-reader")
        self._pending: list[Wish] = []
        self._questions: dict[type[Question], Question] = {}
        self._running: Wish | Question | None = None
        self._done.connect(self._on_done)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked for."""
        return self._running is None and not self._pending and not self._questions

    def ask(self, wish: Wish) -> None:
        """Read this next. Wishes for older states of the list are dropped; asking twice is asking once."""
        if wish == self._running or wish in self._pending:
            return
        self._pending = [*(each for each in self._pending if each.number == wish.number), wish][-_PENDING_MAX:]
        self._send()

    def ask_aside(self, question: Question) -> None:
        """Answer this once no wish waits. A later question of the same kind supersedes it."""
        self._questions[type(question)] = question
        self._send()

    def read(self, wish: Wish) -> Answer:
        """Read at once, on this thread. Raises StudioError."""
        return read(self._source, wish)

    def close(self) -> None:
        """Forget what waits and end the thread."""
        self._pending.clear()
        self._questions.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _send(self) -> None:
        if self._running is None and not self.is_idle:
            self._running = self._pending.pop() if self._pending else self._questions.popitem()[1]
            self._pool.submit(self._run, self._running)

    def _run(self, wish: Wish | Question) -> None:
        try:
            match wish:
                case AskFacets():
                    self.counted.emit(self._source.facets())
                case AskPlaces():
                    self.placed.emit(wish, self._source.places(wish.query, wish.names))
                case Wish():
                    self.answered.emit(read(self._source, wish))
        except StudioError as error:
            self.failed.emit(wish, str(error))
        finally:
            self._done.emit()

    def _on_done(self) -> None:
        self._running = None
        self._send()


def read(source: Source, wish: Wish) -> Answer:
    """The answer to `wish`. Raises StudioError."""
    rows: dict[int, PictureRow] = {}
    for page in wish.pages:
        found = source.find(wish.query, PAGE, page * PAGE)
        rows |= dict(enumerate(found, page * PAGE))
    return Answer(wish=wish, rows=rows, total=source.count(wish.query) if wish.counts else None)

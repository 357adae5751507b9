"""Work off the UI thread of which only the newest counts."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.ui.failures import failure

Made = TypeVar("Made")


class _Wish(msgspec.Struct, frozen=True, eq=False):
    give: Callable[[Any], object]
    refuse: Callable[[StudioError], object]


class Latest(QObject):
    """Does the newest wish on a thread of its own.

    The life of one: `wish` → the pool's thread works → the answer reaches the UI thread, which calls `give` or
    `refuse`. A newer wish, or `drop`, on the way: what has not begun never does, and nothing is called.
    """

    _answered = Signal(object, object, object)

    def __init__(self, name: str, parent: QObject) -> None:
        """`name` of the thread."""
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._wish: _Wish | None = None
        self._future: Future[Any] | None = None
        self._answered.connect(self._on_answered)

    def wish(
        self, work: Callable[[], Made], give: Callable[[Made], object], refuse: Callable[[StudioError], object]
    ) -> None:
        """Call `work` on the thread; what it raises `refuse` gets, what nobody foresaw as a sentence that says so."""
        self.drop()
        self._wish = _Wish(give, refuse)
        self._future = self._pool.submit(work)
        self._pool.submit(self._tell, self._future, self._wish)  # on the same thread, and so after it

    def drop(self) -> None:
        """Nothing is wanted any more."""
        self._wish = None
        if self._future is not None:
            self._future.cancel()

    def close(self) -> None:
        """Drop everything and end the thread."""
        self.drop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _tell(self, made: Future[Any], wish: _Wish) -> None:
        error = None if made.cancelled() else made.exception()
        if isinstance(error, StudioError):
            self._answered.emit(wish, None, error)
        elif isinstance(error, Exception):
            self._answered.emit(wish, None, StudioError(failure(error).sentence))
        elif error is None and not made.cancelled():
            self._answered.emit(wish, made.result(), None)

    def _on_answered(self, wish: _Wish, made: object, error: StudioError | None) -> None:
        if wish is self._wish:
            self._wish = None
            wish.give(made) if error is None else wish.refuse(error)

"""Work off the UI thread whose answer comes back to it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from studio.ui.failures import failure

Made = TypeVar("Made")


class Background(QObject):
    """Does one thing after another.

    The life of one: `run(work, give)` → the pool's thread calls `work` → its answer reaches the UI thread, which calls
    `give` with it; an error gives `failed` instead, and one that nobody foresaw is logged.

    Signals:
        failed: the sentence.
    """

    failed = Signal(str)
    _done = Signal(object, object)

    def __init__(self, name: str, parent: QObject) -> None:
        """`name` of the thread."""
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._done.connect(self._on_done)

    def run(self, work: Callable[[], Made], give: Callable[[Made], object]) -> None:
        """Call `work` on the thread, with frozen values only, and `give` on the UI thread with what it made."""
        made = self._pool.submit(work)
        self._pool.submit(self._tell, made, give)  # on the same thread, and so after it

    def close(self) -> None:
        """Drop what waits and end the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _tell(self, made: Future[Made], give: Callable[[Made], object]) -> None:
        error = made.exception()
        if error is None:
            self._done.emit(give, made.result())
        elif isinstance(error, Exception):  # `Cancelled` is none: who ordered it needs no sentence
            self.failed.emit(failure(error).sentence)

    def _on_done(self, give: Callable[[object], object], made: object) -> None:
        give(made)

"""Exports off the UI thread, one after another, with progress and a stop."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.core.export_options import ExportOptions
from studio.core.export_run import Exported, export_all


class ExportWorker(QObject):
    """Writes the files of one export at a time.

    The life of one: `start` → the pool's thread writes picture after picture, `progressed` after each → `done` or
    `failed` reaches the UI thread. `stop` lets the picture in the making be finished, and no other be begun.

    Signals:
        progressed: how many are done, of how many.
        done: the ExportReport.
        failed: the StudioError that kept it from beginning.
    """

    progressed = Signal(int, int)
    done = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="exports")
        self._stopped = Event()

    def start(self, items: Sequence[Exported], options: ExportOptions, now: datetime) -> None:
        """Export `items`."""
        self._stopped.clear()
        self._pool.submit(self._run, tuple(items), options, now)

    def stop(self) -> None:
        """Begin no other picture."""
        self._stopped.set()

    def close(self) -> None:
        """Stop, and end the thread."""
        self.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, items: Sequence[Exported], options: ExportOptions, now: datetime) -> None:
        try:
            self.done.emit(export_all(items, options, now, self._progress))
        except StudioError as error:
            self.failed.emit(error)

    def _progress(self, done: int, total: int) -> bool:
        self.progressed.emit(done, total)
        return not self._stopped.is_set()

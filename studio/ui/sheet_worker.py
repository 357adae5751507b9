"""Puts contact sheets together off the UI thread."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from studio.core.contact_sheet import ContactSheet
from studio.core.decoding import read_pixels
from studio.core.errors import PictureError, StudioError
from studio.core.events import Picture
from studio.core.files import write_new
from studio.core.grid_axis import Axis
from studio.core.recipe import Recipe
from studio.ui.images import to_qimage


class SheetOrder(msgspec.Struct, frozen=True, eq=False):
    """What a sheet shows: the axes, and for each recipe its file, its pixels where it has none, or None."""

    axes: tuple[Axis, ...]
    recipes: tuple[Recipe, ...]
    made: Sequence[Path | Picture | None]


class SheetWorker(QObject):
    """The life of one: `start` → the pool's thread reads picture after picture → the file → `done` or `failed`.

    Signals:
        done: the path of the sheet, and a QImage of it.
        failed: a sentence.
    """

    done = Signal(object, object)
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sheets")

    def start(self, order: SheetOrder, path: Path) -> None:
        """Make the sheet, at `path` or a name beside it."""
        self._pool.submit(self._run, order, path)

    def close(self) -> None:
        """Finish the sheet in the making, and end the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, order: SheetOrder, path: Path) -> None:
        sheet = ContactSheet(order.axes, order.recipes)
        for number, made in enumerate(order.made):
            _put(sheet, number, made)
        try:
            self.done.emit(write_new(path, sheet.png()), to_qimage(sheet.picture))
        except StudioError as error:
            self.failed.emit(str(error))


def _put(sheet: ContactSheet, number: int, made: Path | Picture | None) -> None:
    """A picture that was deleted meanwhile leaves its place empty."""
    try:
        if made is not None:
            sheet.put(number, read_pixels(made) if isinstance(made, Path) else made)
    except PictureError:
        return

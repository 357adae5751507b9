"""Small pictures for the library, made off the UI thread, kept in memory as far as there is room."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from studio.core.errors import PictureError
from studio.core.events import Picture
from studio.ui.images import to_qimage

THUMBNAIL_PX = 208
"""Longest side: twice that of a cell's picture in the grid, for screens of high density."""
_BYTES_MAX = 64 << 20
_PENDING_MAX = 256
"""More than a screen shows. Who scrolls fast passes over the others."""

Make: TypeAlias = Callable[[Path], Picture]
"""The small picture of a file, (height, width, 3) uint8. Raises PictureError."""
_log = logging.getLogger(__name__)


class Thumbnails(QObject):
    """Makes thumbnails, the latest wish first, and remembers those that were looked at last.

    The life of one: `image(path)` finds nothing → it waits → the pool's thread makes it → `ready` tells the UI thread.

    Signals:
        ready: the path and its QImage; a null one where the file cannot be read.
    """

    ready = Signal(object, object)

    def __init__(self, make: Make | None = None, parent: QObject | None = None, *, bytes_max: int = _BYTES_MAX) -> None:
        """`make` is the cache's; without one, files are read and shrunk each time."""
        super().__init__(parent)
        self._make = make or shrunk
        self._bytes_max = bytes_max
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="thumbnails")
        self._images: OrderedDict[Path, QImage] = OrderedDict()
        self._bytes = 0
        self._wanted: OrderedDict[Path, None] = OrderedDict()
        self._running: Path | None = None
        self._is_closed = False
        self.ready.connect(self._on_ready)

    @property
    def held_bytes(self) -> int:
        """What the remembered pictures take."""
        return self._bytes

    def image(self, path: Path) -> QImage | None:
        """The thumbnail, where it is there; else it is made, and `ready` tells. A null one cannot be made."""
        image = self._images.get(path)
        if image is None:
            self._want(path)
            return None
        self._images.move_to_end(path)
        return image

    def forget(self, path: Path) -> None:
        """Make it anew when it is next wanted."""
        image = self._images.pop(path, None)
        self._bytes -= image.sizeInBytes() if image is not None else 0

    def close(self) -> None:
        """Drop what is still wanted and end the pool's thread."""
        self._is_closed = True
        self._wanted.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _want(self, path: Path) -> None:
        if path == self._running or self._is_closed:
            return
        self._wanted[path] = None
        self._wanted.move_to_end(path)
        if len(self._wanted) > _PENDING_MAX:
            self._wanted.popitem(last=False)
        self._send()

    def _send(self) -> None:
        if self._running is None and self._wanted:
            self._running, _ = self._wanted.popitem()
            self._pool.submit(_give, self._make, self._running, self.ready.emit)

    def _on_ready(self, path: Path, image: QImage) -> None:
        self._running = None
        self.forget(path)
        self._images[path] = image
        self._bytes += image.sizeInBytes()
        while self._bytes > self._bytes_max and len(self._images) > 1:
            self.forget(next(iter(self._images)))
        self._send()


def shrunk(path: Path) -> Picture:
    """The picture in `path`, at most `THUMBNAIL_PX` on its longest side.

    Raises:
        PictureError: a file that cannot be read.
    """
    try:
        with Image.open(path) as picture:
            picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BOX, reducing_gap=2.0)
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureError(path, str(error)) from error


def _give(make: Make, path: Path, give: Callable[[Path, QImage], object]) -> None:
    image = QImage()
    try:
        image = to_qimage(make(path))
    except (PictureError, OSError) as error:
        _log.warning("no thumbnail of %s: %s", path, error)
    finally:
        give(path, image)  # whatever happened: nobody waits for ever

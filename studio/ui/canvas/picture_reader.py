"""Picture files become keyframes off the UI thread."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from studio.core.canvas import Point
from studio.core.errors import StudioError
from studio.core.keyframe_picture import keyframe_from_file
from studio.core.recipe import Recipe


class PictureReader(QObject):
    """Reads files one after another.

    The life of one: `want(path, point, recipe)` → the pool's thread checks, decodes, crops and encodes → `ready` or
    `failed` reaches the UI thread.

    Signals:
        ready: the Keyframe, and the point it was wanted at, or None.
        failed: the sentence.
    """

    ready = Signal(object, object)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="keyframes")

    def want(self, path: Path, point: Point | None, recipe: Recipe) -> None:
        """Make a keyframe of the file, for pictures like `recipe`."""
        self._pool.submit(_read, path, point, recipe, self.ready.emit, self.failed.emit)

    def close(self) -> None:
        """Drop what waits and end the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _read(
    path: Path,
    point: Point | None,
    recipe: Recipe,
    give: Callable[[object, object], object],
    refuse: Callable[[str], object],
) -> None:
    try:
        keyframe = keyframe_from_file(path, recipe)
    except StudioError as error:
        refuse(str(error))
    else:
        give(keyframe, point)

"""Canvas files: JSON documents, written whole or not at all."""

from pathlib import Path

from studio.core.canvas import CANVAS_BYTES_MAX, Canvas, read_canvas, write_canvas
from studio.core.errors import OptionError, SaveError
from studio.core.files import write_atomically
from studio.core.reading import stat_regular

SUFFIX = ".canvas.json"


def load_canvas(path: Path) -> Canvas:
    """The canvas in the file at `path`. Raises OptionError with what is wrong with it."""
    try:
        if stat_regular(path).st_size > CANVAS_BYTES_MAX:
            raise OptionError("canvas", f"{path.name} is too large for a canvas. Choose another file.")
        return read_canvas(path.read_bytes())
    except OSError as error:
        reason = error.strerror or str(error)
        raise OptionError("canvas", f"{path.name} cannot be read: {reason}. Choose another file.") from error


def save_canvas(path: Path, canvas: Canvas) -> None:
    """Write `canvas` to `path`. Raises OptionError with the system's reason."""
    try:
        write_atomically(path, write_canvas(canvas))
    except SaveError as error:
        raise OptionError("canvas", str(error)) from error

"""The desk on disk: the project in the window, with what no file of it has yet, and how the window lay.

There is one such file, and it is the one truth of what was in the window. Saved off the UI thread, atomically.
"""

import base64
import json
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from studio.core.canvas import CANVAS_BYTES_MAX, Canvas, read_canvas
from studio.core.errors import OptionError, SaveError
from studio.core.files import make_folder, write_atomically
from studio.core.recipe_json import SIZE_LIMIT as RECIPE_SIZE_LIMIT
from studio.core.recipe_json import recipe_from_json, recipe_to_json
from studio.core.session import State
from studio.ui.document import RECENT_MAX, Remembered
from studio.ui.layout import Layout

_VERSION = 1
_SIZE_LIMIT = CANVAS_BYTES_MAX + RECIPE_SIZE_LIMIT + (1 << 20)
"""Bytes: whatever was written can be read again."""
_log = logging.getLogger(__name__)


class Saved(Remembered, frozen=True, kw_only=True):
    """What is remembered. `geometry`, `layout` and `split` are Qt's own bytes, in base64."""

    version: int = _VERSION
    recipe: msgspec.Raw = msgspec.Raw(b"null")
    count: int = 1
    seed_locked: bool = False
    canvas: msgspec.Raw = msgspec.Raw(b"null")
    notes: str = ""
    geometry: str = ""
    layout: str = ""
    split: str = ""
    has_canvas: bool = False


class SessionFile:
    """One JSON file, written whole by a thread of its own, so that a slow disk stalls nothing."""

    def __init__(self, path: Path, *, is_read_only: bool = False) -> None:
        """Nothing is written yet; nothing ever is where the session is another studio's."""
        self._path, self._is_read_only = path, is_read_only
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="session")

    def load(self) -> tuple[State | None, Layout, Remembered]:
        """The state, layout and project of last time; None and nothing where there are none or they cannot be read.

        What cannot be read, a canvas by itself too, is left out; a copy of the whole file stays beside it.
        """
        try:
            saved = self._read()
            recipe = recipe_from_json(bytes(saved.recipe).decode())
        except FileNotFoundError:
            return None, Layout(), Remembered()
        except (OSError, ValueError, OptionError, msgspec.MsgspecError) as error:
            self._leave_out("session", error)
            return None, Layout(), Remembered()
        state = State(
            recipe=recipe,
            count=min(max(saved.count, 1), 100),
            seed_locked=saved.seed_locked,
            canvas=self._canvas_of(saved),
            notes=saved.notes,
        )
        layout = Layout(
            geometry=_unpack(saved.geometry),
            docks=_unpack(saved.layout),
            split=_unpack(saved.split),
            has_canvas=saved.has_canvas,
        )
        return state, layout, self._remembered(saved)

    def save(self, state: State, layout: Layout, remembered: Remembered) -> None:
        """Write soon."""
        if not self._is_read_only:
            self._pool.submit(self._write, state, layout, remembered)

    def close(self) -> None:
        """Wait until everything is written."""
        self._pool.shutdown(wait=True)

    def _read(self) -> Saved:
        if self._path.stat().st_size > _SIZE_LIMIT:
            raise ValueError("the file is too large")
        return msgspec.json.decode(self._path.read_bytes(), type=Saved)

    def _remembered(self, saved: Saved) -> Remembered:
        fields = {name: getattr(saved, name) for name in Remembered.__struct_fields__}
        fields["recent"] = saved.recent[:RECENT_MAX]
        fields["saved_at"] = self._path.stat().st_mtime
        return Remembered(**fields)

    def _canvas_of(self, saved: Saved) -> Canvas:
        if saved.canvas == msgspec.Raw(b"null"):
            return Canvas()
        try:
            return read_canvas(bytes(saved.canvas))
        except OptionError as error:
            self._leave_out("canvas", error)
            return Canvas()

    def _leave_out(self, what: str, error: Exception) -> None:
        _log.warning("the last %s cannot be read and is left out: %s", what, error)
        try:
            shutil.copyfile(self._path, self._path.with_suffix(".unread.json"))
        except OSError as why:
            _log.warning("no copy of it could be made: %s", why)

    def _write(self, state: State, layout: Layout, remembered: Remembered) -> None:
        saved = Saved(
            **msgspec.structs.asdict(remembered),
            notes=_storable(state.notes),
            recipe=msgspec.Raw(recipe_to_json(state.recipe).encode()),
            count=state.count,
            seed_locked=state.seed_locked,
            canvas=msgspec.Raw(_canvas_json(state.canvas)),
            geometry=base64.b64encode(layout.geometry).decode(),
            layout=base64.b64encode(layout.docks).decode(),
            split=base64.b64encode(layout.split).decode(),
            has_canvas=layout.has_canvas,
        )
        try:
            make_folder(self._path.parent)
            write_atomically(self._path, msgspec.json.encode(saved))
        except SaveError as error:
            _log.warning("the session was not saved: %s", error)


def _canvas_json(canvas: Canvas) -> bytes:
    """`canvas` as JSON. Lone surrogates, which no file in UTF-8 can hold, become U+FFFD."""
    try:
        return msgspec.json.encode(canvas)
    except UnicodeEncodeError:
        return _storable(json.dumps(msgspec.to_builtins(canvas), ensure_ascii=False)).encode()


def _storable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unpack(text: str) -> bytes:
    decode: Callable[[str], Any] = base64.b64decode
    try:
        return bytes(decode(text))
    except ValueError:
        return b""

"""Deleting that can be undone: what goes to the system's trash is kept aside until the program ends.

A second name for the file (a hard link, which takes no space; a copy where the disk knows none) is made in the data
directory before the system moves the first. Reading the system's own trash back was not chosen: where it lies, how it
names things and whether a program may look into it differ on each system, some desktops and each disk. The system's
trash keeps what it was given, after an undo too.
"""

import contextlib
import logging
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import msgspec

from studio.core.errors import PictureError, SaveError, StudioError
from studio.core.files import make_folder
from studio.library.database import Database
from studio.library.entries import forget
from studio.library.marks import Marker, Marks
from studio.library.pictures import add
from studio.library.reconcile import folder_ns, note_folder

Trash: TypeAlias = Callable[[str], object]
"""Moves a path to the system's trash, or raises OSError."""

_log = logging.getLogger(__name__)


class Trashed(msgspec.Struct, frozen=True, kw_only=True):
    """A deleted picture, to be given to `Library.restore`.

    `path` is where it was; `kept` where it is kept aside, None where there was no file to keep.
    """

    path: Path
    kept: Path | None
    marks: Marks


class UndoTrash:
    """What one program deleted: a folder of its own, gone with `close`."""

    def __init__(self, folder: Path, database: Database, marker: Marker, trash: Trash) -> None:
        """`folder` holds the folders of all programs; nothing is made before something is deleted."""
        self._all, self._own = folder, folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._database, self._marker, self._trash = database, marker, trash

    def trash(self, path: Path) -> Trashed:
        """Move a picture to the system's trash, then remove its row. See `Library.trash`."""
        found = self._marker.marks_of([path])
        trashed = Trashed(path=path, kept=self._keep_aside(path), marks=found[0] if found else Marks(path=path))
        before_ns = folder_ns(path.parent)
        try:
            if trashed.kept is not None:
                self._trash(str(path))
        except OSError as error:
            _remove(trashed.kept)
            reason = error.strerror or str(error)
            raise StudioError(f"{path} could not be moved to the trash: {reason}. It is still where it was.") from error
        try:
            with self._database.writing() as connection:
                forget(connection, [path.name])
                note_folder(connection, path.parent, before_ns)
        except SaveError as error:  # the file is gone, so its row goes when it is next looked at
            _log.warning("%s is in the trash, but still in the index: %s", path, error)
        return trashed

    def restore(self, trashed: Trashed) -> Path:
        """Bring a picture back. See `Library.restore`."""
        if trashed.kept is None or not trashed.kept.is_file():
            raise StudioError(f"{trashed.path.name} is not kept here any more. Look for it in the system's trash.")
        folder = trashed.path.parent
        make_folder(folder)
        before_ns = folder_ns(folder)
        path = self._bring_back(trashed.kept, trashed.path)
        try:
            add(self._database, path, before_ns)
            self._marker.restore([msgspec.structs.replace(trashed.marks, path=path)])
        except (SaveError, PictureError) as error:  # the file is back: the next `reconcile` does the rest
            _log.warning("%s is back, but not in the index yet: %s", path, error)
        _remove(trashed.kept)
        return path

    def clear_others(self) -> None:
        """Remove what programs left that died. Only for the one that holds the data directory."""
        for folder in self._all.glob("*"):
            if folder != self._own:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Forget everything: from now on only the system's trash has it."""
        shutil.rmtree(self._own, ignore_errors=True)
        with contextlib.suppress(OSError):  # missing, or another program's things are in it
            self._all.rmdir()

    def _keep_aside(self, path: Path) -> Path | None:
        if not path.is_file():
            return None
        kept = self._own / secrets.token_hex(8) / path.name
        make_folder(kept.parent)
        try:
            _link(path, kept)
        except OSError as error:
            raise StudioError(
                f"{path} was not deleted: no copy for the undo could be kept ({error.strerror or error}). "
                "Free some space and try again."
            ) from error
        return kept

    def _bring_back(self, kept: Path, path: Path) -> Path:
        number = 1
        while True:
            target = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
            try:
                _link(kept, target)
            except FileExistsError:
                number += 1
            except OSError as error:
                raise SaveError(target, error.strerror or str(error)) from error
            else:
                return target


def _link(source: Path, target: Path) -> None:
    """A second name for `source`, or a copy with its date; never over another file. Raises OSError."""
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links, or another disk
        hidden = target.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            shutil.copy2(source, hidden)
            if target.exists():
                raise FileExistsError(str(target)) from None
            hidden.rename(target)
        finally:
            hidden.unlink(missing_ok=True)


def _remove(kept: Path | None) -> None:
    if kept is not None:
        shutil.rmtree(kept.parent, ignore_errors=True)

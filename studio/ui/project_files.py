"""Project files, read and written by a thread of their own, so that a slow disk stalls nothing.

The life of one save: the frozen state goes to the thread → the file that is replaced and the new one are put among the
backups → the file is written whole or not at all → a signal brings the answer to the window's thread.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from studio.core.errors import SaveError, StudioError
from studio.core.files import make_folder, write_atomically, write_new
from studio.core.project import FILE_LIMIT, SUFFIX, Project, project_bytes, read_project

BACKUPS_MAX = 10
_KEPT_MAX = 50
_log = logging.getLogger(__name__)


class ProjectFiles(QObject):
    """Reads, writes and keeps projects. All signals come to the thread of their receiver.

    Signals:
        opened: the path and the Project in it.
        saved: the path and what was asked to be told with it.
        failed: a StudioError.
    """

    opened = Signal(object, object)
    saved = Signal(object, object)
    failed = Signal(object)

    def __init__(self, folder: Path) -> None:
        """`folder` takes what is kept aside and the backups.

        Each file there has a name of its own: a studio that may only look at the pictures writes there too.
        """
        super().__init__()
        self._folder = folder
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="projects")

    @property
    def folder(self) -> Path:
        """Where the studio's own copies lie."""
        return self._folder

    def open(self, path: Path) -> None:
        """Read soon; `opened` or `failed` tells."""
        self._pool.submit(self._told, lambda: self.opened.emit(path, read_project(path)))

    def save(self, path: Path, project: Project, token: object) -> None:
        """Write soon; `saved` with `token`, or `failed` tells."""
        self._pool.submit(self._told, lambda: self._save(path, project, token))

    def keep(self, project: Project, name: str) -> None:
        """Put a project aside that is leaving the window with changes that no file has."""
        self._pool.submit(self._told, lambda: self._keep(project, name))

    def close(self) -> None:
        """Wait until everything is written."""
        self._pool.shutdown(wait=True)

    def _told(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StudioError as error:
            self.failed.emit(error)

    def _save(self, path: Path, project: Project, token: object) -> None:
        data = project_bytes(project)
        self._back_up(path, _read(path))
        write_atomically(path, data)
        self._back_up(path, data)
        self.saved.emit(path, token)

    def _keep(self, project: Project, name: str) -> None:
        folder = self._folder / "kept"
        make_folder(folder)
        write_new(folder / f"{name[:80]} {_stamp(time.time())}{SUFFIX}", project_bytes(project))
        for path in _by_age(folder)[:-_KEPT_MAX]:
            path.unlink(missing_ok=True)

    def _back_up(self, path: Path, data: bytes) -> None:
        """A backup that cannot be made must not keep the file itself from being written."""
        folder = self._folder / "backups" / backup_name(path)
        try:
            there = _by_age(folder)
            if not data or (there and _read(there[-1]) == data):
                return
            make_folder(folder)
            write_new(folder / f"{path.stem[:80]} {_stamp(time.time())}{SUFFIX}", data)
            _thin(folder)
        except (SaveError, OSError) as error:
            _log.warning("no backup of %s was made: %s", path.name, error)


def backup_name(path: Path) -> str:
    """The folder of a project's backups: its name, and enough to tell it from others of that name."""
    return f"{path.stem[:60]}-{hashlib.sha256(str(path).encode('utf-8', 'replace')).hexdigest()[:8]}"


def thinned(times: Sequence[float], now: float, count: int = BACKUPS_MAX) -> tuple[float, ...]:
    """Which of the backups made at `times` (seconds) to give up, so that `count` stay.

    The newest stays. Of the others those go that have a neighbour near, measured by their age: the last minutes stay
    close together, and last month has one.
    """
    kept, gone = sorted(times), []
    while len(kept) > max(count, 1):
        ages = [max(now - each, 1e-3) for each in kept]
        crowding = [ages[i] / max(ages[i + 1], 1e-3) for i in range(len(kept) - 1)]
        gone.append(kept.pop(crowding.index(min(crowding))))
    return tuple(gone)


def _thin(folder: Path) -> None:
    paths = {path.stat().st_mtime_ns / 1e9: path for path in _by_age(folder)}
    for when in thinned(tuple(paths), time.time()):
        paths[when].unlink(missing_ok=True)


def _by_age(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)


def _read(path: Path) -> bytes:
    """The file's bytes; empty where there is none or it is too large to be a project."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except OSError:
        return b""
    return data if len(data) <= FILE_LIMIT else b""


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H.%M.%S", time.localtime(seconds))

"""The index file: one SQLite connection for each thread, write-ahead log, and damage noticed at the door."""

import contextlib
import itertools
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.core.errors import InUseError, SaveError, StudioError
from studio.core.files import make_folder
from studio.library.schema import demand_newest, migrate
from studio.library.transaction import transaction

_BUSY_MS = 10_000
"""How long a write waits for another program's; no write of ours takes a hundredth of it."""
_SMALL_PAGES = 4096
"""An index up to this size (16 MiB) is checked whole at every start: that takes some hundredths of a second."""


class DamagedError(Exception):
    """The file is not a sound database. Never leaves the library: it is put aside and rebuilt."""


class Database:
    """An open index. Any thread may use it; each gets its own connection at its first call.

    Attributes:
        was_closed_well: whether the last program that had it open closed it, and none has it open now.
    """

    def __init__(self, path: Path, *, is_read_only: bool = False, is_checked: bool = False) -> None:
        """Open the index at `path`, made if it is missing, brought to the newest tables.

        One that is read only is taken as it is: the studio that may write has made it. `is_checked` says that this
        studio has looked for damage already.

        Raises:
            DamagedError: where the file is not a sound database.
            SaveError: where it cannot be opened or made.
            StudioError: where a newer Latent Studio made it.
        """
        self._path, self._is_read_only = path, is_read_only
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        if not is_read_only:
            make_folder(path.parent)
        if path.is_dir():
            raise DamagedError("a folder lies in its place")
        self.was_closed_well = not _beside(path, "-wal").exists()
        self._is_trusted = is_read_only or is_checked or self.was_closed_well
        with save_errors(path), contextlib.ExitStack() as undo:
            undo.callback(self.close)
            try:
                self._check()
                demand_newest(self.connection) if is_read_only else migrate(self.connection)
            except sqlite3.Error as error:
                if is_damage(error):
                    raise DamagedError(str(error)) from error
                raise
            undo.pop_all()

    @property
    def is_read_only(self) -> bool:
        """Whether nothing may be changed here, for another studio does."""
        return self._is_read_only

    def demand_writing(self) -> None:
        """Refuse where nothing may be changed. Ask before a file is touched.

        Raises:
            InUseError: where another studio has the data directory open.
        """
        if self._is_read_only:
            raise InUseError(self._path.parent)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            connect = _connect_to_read if self._is_read_only else _connect
            found = self._local.connection = connect(self._path)
            self._connections.append(found)
        return found

    def rows(self, query: str, parameters: tuple[object, ...] = ()) -> list[Any]:
        """All rows that `query` gives.

        Raises:
            StudioError: where the database cannot be read.
        """
        try:
            return self.connection.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            self._suspect(error)
            raise StudioError(
                f"{self._path} could not be read: {error}. Start the studio again: "
                "an index that is damaged is made again from the pictures."
            ) from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, kept at the end or undone whole.

        Raises:
            SaveError: where the database cannot be written.
            InUseError: where it may not be.
        """
        self.demand_writing()
        with save_errors(self._path):
            connection = self.connection
            try:
                with transaction(connection):
                    yield connection
            except sqlite3.Error as error:
                self._suspect(error)
                raise

    def close(self) -> None:
        """Close every thread's connection. Call it when no other thread uses the library any more."""
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()

    def _check(self) -> None:
        """Look for damage: everywhere, but in a large index without reason for doubt only where nothing else mends it.

        Damage elsewhere is met when it is read; then the next start looks everywhere.
        """
        is_suspect = _beside(self._path, "-suspect").exists()
        is_large = self.connection.execute("PRAGMA page_count").fetchone()[0] > _SMALL_PAGES
        tables = ("('jobs')", "('seen')") if is_large and self._is_trusted and not is_suspect else ("(1)",)
        for table in tables:
            found = self.connection.execute(f"PRAGMA quick_check{table}").fetchone()[0]
            if found != "ok":
                raise DamagedError(found)
        if is_suspect and not self._is_read_only:
            _beside(self._path, "-suspect").unlink(missing_ok=True)

    def _suspect(self, error: sqlite3.Error) -> None:
        if is_damage(error):
            with contextlib.suppress(OSError):  # then the next start knows nothing of it, and meets it again
                _beside(self._path, "-suspect").touch()


@contextlib.contextmanager
def save_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors, damage excepted, into `SaveError` for `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise SaveError(path, str(error)) from error


def is_damage(error: BaseException) -> bool:
    """Whether `error` says that the file is no sound database; locks, full disks and rights are something else."""
    if isinstance(error, DamagedError):
        return True
    name = getattr(error, "sqlite_errorname", "")  # not there where Python itself raised
    return isinstance(error, sqlite3.Error) and name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def put_aside(path: Path) -> Path:
    """Rename a damaged index and its log to the first free name, so that nothing of it is lost.

    Raises:
        SaveError: where it cannot be renamed.
    """
    numbered = (path.with_name(f"{path.stem}.broken-{number}{path.suffix}") for number in itertools.count(1))
    aside = next(each for each in numbered if not each.exists())
    try:
        for ending in ("-wal", "-shm", "-suspect", ""):
            part = _beside(path, ending)
            if part.exists():
                part.rename(_beside(aside, ending))
    except OSError as error:
        raise SaveError(path, error.strerror or str(error)) from error
    return aside


def _connect(path: Path) -> sqlite3.Connection:
    # Each thread uses only its own; the check is off so that close() may close them all.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a submitted job survives a power cut
        undo.pop_all()
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)

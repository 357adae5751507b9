"""Files are written whole or not at all.

The life of one file: a hidden temporary file beside the target → write → fsync → rename (or link, where nothing may
be overwritten) → fsync of the folder. A crash leaves at most a hidden temporary file, never half a file under a name.
"""

import contextlib
import errno
import itertools
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from studio.core.errors import NoRoomError, SaveError

_TEMPORARY = ".tmp"
_LEFTOVER_SECONDS = 3600.0
"""No write takes an hour: a temporary file older than this belongs to a program that died."""
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems without hard links (exFAT, some network shares) answer to `link`."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`, replacing what is there, or leave everything as it was.

    Raises:
        SaveError: with the system's reason.
    """
    with _save_errors(path), _temporary(path, (data,)) as temporary:
        temporary.replace(path)
        _sync_folder(path.parent)


def write_new(path: Path, data: bytes) -> Path:
    """Write `data` as a file of its own: `write_new_pieces` of one piece."""
    return write_new_pieces(path, (data,))


def write_new_pieces(path: Path, pieces: Iterable[bytes]) -> Path:
    """Write `pieces` in a row to `path`, or to `stem-2`, `stem-3`… where that is taken. Nothing is ever overwritten.

    Safe against other threads and programs writing the same names at the same time.

    Returns:
        The path that was taken.

    Raises:
        SaveError: with the system's reason.
    """
    with _save_errors(path), _temporary(path, pieces) as temporary:
        for candidate in numbered(path):
            if _claim(temporary, candidate):
                return candidate
    raise AssertionError("the names never end")


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents unless they are there.

    Raises:
        SaveError: with the system's reason.
    """
    with _save_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


def check_room(folder: Path, needed_bytes: int) -> None:
    """Refuse now what a write of that size to `folder`, made where it is missing, would be refused for later.

    Raises:
        NoRoomError: where the disk is too full, or the folder may not be written.
    """
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    if not there.is_dir():
        raise NoRoomError(folder, f"{there} is not a folder")
    if not os.access(there, os.W_OK):
        raise NoRoomError(folder, "it may not be written")
    try:
        free = shutil.disk_usage(there).free
    except OSError:  # not known: then the write itself will tell
        return
    if free < needed_bytes:
        raise NoRoomError(folder, f"{free / 1e6:.0f} MB are free, {needed_bytes / 1e6:.0f} MB are needed")


def clear_leftovers(folder: Path) -> None:
    """Remove temporary files that a program left in `folder` when it died. Files that cannot be removed stay."""
    oldest = time.time() - _LEFTOVER_SECONDS
    for path in folder.glob(f".*{_TEMPORARY}"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def numbered(path: Path) -> Iterator[Path]:
    """The names by which a new file goes, each where the ones before are taken."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


@contextlib.contextmanager
def _save_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SaveError(path, error.strerror or str(error)) from error
    except ValueError as error:  # a NUL in the path
        raise SaveError(path, str(error)) from error


@contextlib.contextmanager
def _temporary(path: Path, pieces: Iterable[bytes]) -> Iterator[Path]:
    """A synced temporary file beside `path` holding `pieces`; gone at the end, however that comes."""
    temporary = path.with_name(f".{secrets.token_hex(8)}{_TEMPORARY}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        try:
            for piece in pieces:
                _write_all(descriptor, piece)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # a write may take only a part
        rest = rest[os.write(descriptor, rest) :]


def _claim(temporary: Path, target: Path) -> bool:
    """Give `temporary` the name `target`; False where something bears that name already."""
    try:
        _rename_or_link(temporary, target)
    except FileExistsError:
        return False
    try:
        _sync_folder(target.parent)
    except OSError:
        target.unlink()  # a picture that may not survive a power cut was not saved
        raise
    return True


def _rename_or_link(temporary: Path, target: Path) -> None:
    if os.name == "nt":
        temporary.rename(target)  # never overwrites there
        return
    try:
        target.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename_reserved(temporary, target)


def _rename_reserved(temporary: Path, target: Path) -> None:
    """Rename without overwriting where there are no hard links: a hidden file holds the name against other writers."""
    reservation = target.with_name(f".{target.name}.reserved{_TEMPORARY}")
    os.close(os.open(reservation, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        temporary.rename(target)
    finally:
        with contextlib.suppress(OSError):
            reservation.unlink()


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut. Windows does so by itself; some network shares cannot."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)

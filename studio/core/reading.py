"""Looking into folders and files of others: what cannot be looked at is not there, and nothing is waited for.

`Path.is_file` and its like raise where a folder forbids the look, and `open` waits for ever at the end of a pipe.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def is_file(path: Path) -> bool:
    """Whether `path` is a file that can be looked at."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path | os.DirEntry[str]) -> bool:
    """Whether `path` is a folder that can be looked at."""
    try:
        return path.is_dir()
    except OSError:  # also a link in a circle
        return False


def is_there(path: Path) -> bool:
    """Whether `path` is anything that can be looked at."""
    try:
        return path.exists()
    except OSError:
        return False


def entries_in(folder: Path) -> list[tuple[Path, bool]]:
    """What lies in `folder`, by name, and whether each is a folder; a folder that cannot be listed is empty."""
    try:
        with os.scandir(folder) as entries:
            return sorted((Path(entry.path), is_folder(entry)) for entry in entries)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return []


def matching(folder: Path, pattern: str) -> list[Path]:
    """What matches `pattern` in `folder`, by name; nothing where that cannot be found out."""
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def stat_regular(path: Path) -> os.stat_result:
    """The status of a file from which can be read at once. Raises OSError: for pipes and devices too."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):  # a folder is told by who opens it
        raise OSError(errno.EINVAL, "not an ordinary file", str(path))
    return status


def open_regular(path: Path) -> BinaryIO:
    """`path` for reading. Raises OSError: for pipes and devices too."""
    stat_regular(path)
    return path.open("rb")

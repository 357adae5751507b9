"""What a place that models are downloaded from promises. Nothing is fetched that was not shown before and agreed to."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Protocol, TypeAlias

import msgspec
from msgspec import Meta

from studio.core.errors import OptionError

_NAME = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}", re.ASCII)
_ADDRESS = re.compile(r"https?://[^/]+/")
PARTIAL = ".downloads"
"""The folder, in that of the models, in which downloads grow; whatever begins with a dot is never listed as a model."""


class RemoteFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that may be fetched: its name within the repository, and the checksum that it must have.

    `sha256` is of large files; of small ones `git_sha1` is git's own name for their contents. Both hexadecimal.
    """

    name: str
    size_bytes: Annotated[int, Meta(ge=0)]
    sha256: str = ""
    git_sha1: str = ""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What would be fetched: from which repository, at which commit, which files, under which licence ("" unknown).

    `target` is where it will lie, within the studio's folder of models.
    """

    repository: str
    revision: str
    files: tuple[RemoteFile, ...]
    licence: str
    target: str

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(each.size_bytes for each in self.files)


class Fetched(msgspec.Struct, frozen=True):
    """How far a download is: the file in the making, and the bytes that are there, of how many."""

    name: str
    done_bytes: int
    total_bytes: int


Progress: TypeAlias = Callable[[Fetched], None]
"""Hears how far it is, several times a second. Raises `Cancelled` where the artist pressed Stop."""


class Hub(Protocol):
    """Where models are downloaded from. Only an artist's explicit wish reaches it; one thread uses it at a time."""

    def look_up(self, name: str, revision: str = "") -> Offer:
        """What would be fetched for `name`: a repository (`maker/name`) or a `SharedPart`. Fetches no weights.

        Raises DownloadError, OptionError.
        """
        ...

    def fetch(self, offer: Offer, models: Path, progress: Progress) -> Path:
        """Download into the folder `models`; the path of the finished folder. What came before goes on from there.

        Raises DownloadError, ModelError, and whatever `progress` raises; what came so far is kept for the next time.
        """
        ...

    def interrupt(self) -> None:
        """From another thread: end a read that waits for the network, so that `progress` is asked at once."""
        ...


def repository_of(text: str) -> str:
    """`maker/name` in what an artist typed or pasted, a page's address included. Raises OptionError."""
    found = _ADDRESS.sub("", text.strip(), count=1).strip("/")
    name = "/".join(found.split("/")[:2]) if _ADDRESS.match(text.strip()) else found
    if not _NAME.fullmatch(name):
        raise OptionError(
            "name", f"“{text.strip()[:80]}” is no name of a model. Give its maker and its name, such as maker/name."
        )
    return name


def gigabytes(size_bytes: int) -> str:
    """A size as people say it."""
    if size_bytes >= 10**9:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 10**5 else f"{size_bytes / 1e3:.1f} kB"


def free_disk_bytes(folder: Path) -> int | None:
    """What is free on the disk that `folder` is on, or would be made on; None where the system does not tell."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        return shutil.disk_usage(there).free
    except OSError:
        return None

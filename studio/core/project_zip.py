"""The zip around a project, read as from a stranger: its size, its entries and their names are all limited.

The format: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory) and 4.3.16 (its end).
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import NoReturn

from studio.core.blend import KEYFRAMES_MAX
from studio.core.start import START_BYTES_MAX

JSON_NAME = "project.json"
FILE_LIMIT = 64 << 20
"""Bytes of a project file: above what all its pictures may take."""
JSON_BYTES_MAX = 10 << 20
"""Recipe, canvas and twelve keyframes on each, with the longest prompts, all escaped, are below."""
_ENTRIES_MAX = 1 + 2 * KEYFRAMES_MAX + 2
"""The document, a picture for each keyframe of the recipe's blend and of the canvas, the start's, and its mask."""
_DIRECTORY_LIMIT = 64 << 10
_RATIO_MAX = 200
"""Times that an entry of more than a megabyte may grow: JSON packs to a tenth, pictures not at all."""
_RATIO_COUNTS_FROM = 1 << 20
_PICTURE_NAME = re.compile(r"pictures/[0-9a-f]{64}\.png")
_END_BYTES = 22
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can state: the same project must give the same bytes."""
_ENCRYPTED = 0x1


class ZipError(ValueError):
    """The file is not a project's zip. The text has no full stop."""


def zip_bytes(entries: Mapping[str, bytes]) -> bytes:
    """A zip of `entries`, in the order of their names, not packed: the same on every machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name in sorted(entries, key=lambda name: (name != JSON_NAME, name)):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix, wherever it is written
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, entries[name])
    return buffer.getvalue()


def read_entries(data: bytes) -> dict[str, bytes]:
    """Every file in the zip by its name: the document, and pictures.

    Raises:
        ZipError: for anything else than a project's zip within its limits.
    """
    if len(data) > FILE_LIMIT:
        _refuse(f"it has more than {FILE_LIMIT >> 20} MiB")
    _check_end(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check_infos(infos)
            return {info.filename: _read(archive, info) for info in infos if not _is_pictures_folder(info)}
    except (
        *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError),
        *(NotImplementedError, RuntimeError, OverflowError, UnicodeError),
    ) as error:  # what `zipfile` raises for damaged files: it promises no single class
        raise ZipError("it is cut short or damaged") from error


def _check_end(data: bytes) -> None:
    """Before `zipfile` reads the central directory, which it does whole: a hostile one has a million entries."""
    end = data[-_END_BYTES:]
    if not data.startswith(b"PK"):
        _refuse("it is not a project file")
    if len(end) < _END_BYTES or not end.startswith(b"PK\5\6"):
        _refuse("it is cut short or damaged")
    (count, size) = struct.unpack("<H2xI", end[8:16])
    if size > _DIRECTORY_LIMIT or count > _ENTRIES_MAX + 1 or data[-_END_BYTES - 20 :].startswith(b"PK\6\7"):
        _refuse(f"it has more than {_ENTRIES_MAX} files in it")


def _check_infos(infos: list[zipfile.ZipInfo]) -> None:
    names = [info.filename.casefold() for info in infos]
    if len(set(names)) != len(names):
        _refuse("two files in it bear the same name")
    if JSON_NAME not in names:
        _refuse(f"there is no {JSON_NAME} in it")
    if len(infos) > _ENTRIES_MAX + 1:  # one more for the folder itself, which some programs write
        _refuse(f"it has more than {_ENTRIES_MAX} files in it")
    for info in infos:
        _check_info(info)


def _check_info(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if stat.S_ISLNK(info.external_attr >> 16):
        _refuse("there is a link in it, which could point anywhere")
    if name != JSON_NAME and not _PICTURE_NAME.fullmatch(name) and not _is_pictures_folder(info):
        _refuse(f"there is a file in it that does not belong there ({name[:60]!r})")
    if info.flag_bits & _ENCRYPTED:
        _refuse("it is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        _refuse("it is packed in a way that this studio does not read")
    if info.file_size > _size_max(info):
        _refuse(f"{name} in it has more than {_size_max(info):,} bytes")
    if info.file_size > _RATIO_COUNTS_FROM and info.file_size > _RATIO_MAX * info.compress_size:
        _refuse(f"{name} in it unpacks to more than {_RATIO_MAX} times its size")


def _is_pictures_folder(info: zipfile.ZipInfo) -> bool:
    return info.orig_filename == "pictures/" and info.file_size == 0


def _size_max(info: zipfile.ZipInfo) -> int:
    return JSON_BYTES_MAX if info.filename == JSON_NAME else START_BYTES_MAX  # the largest of the pictures


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """At most what the directory states, whatever the packed data would give."""
    with archive.open(info) as file:
        data = file.read(_size_max(info) + 1)
    if len(data) != info.file_size:
        _refuse("it is cut short or damaged")
    return data


def _refuse(reason: str) -> NoReturn:
    raise ZipError(reason)

"""The texts of a WebP file.

The format: RFC 9649, section 2 (RIFF chunks, the extended header) and sections 3 and 4 (where the sizes stand).
"""

import struct
from typing import BinaryIO

from studio.core.foreign.carried import OUR_KEYWORD, Carried, limit_of
from studio.core.foreign.exif import read_exif, read_xmp
from studio.core.packed import DamageError

_CHUNK_LIMIT = 10_000
_HEAD_BYTES = 10
"""Bytes of a picture chunk in which its size stands."""


def is_webp(head: bytes) -> bool:
    """Whether a file that begins with these 12 bytes is a WebP."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def read_webp(file: BinaryIO, carried: Carried) -> None:
    """Gather size and texts. Raises DamageError where there is not even a size."""
    file.seek(12)
    for _ in range(_CHUNK_LIMIT):
        head = file.read(8)
        if len(head) < 8:
            break
        kind, length = struct.unpack("<4sI", head)
        start = file.tell()
        if kind in (b"EXIF", b"XMP ") and carried.wants(kind.decode()):
            _read_text(file, kind, length, carried)
        elif not carried.width:
            carried.width, carried.height = _size(kind, file.read(min(length, _HEAD_BYTES)))
        file.seek(start + length + length % 2)
    if not carried.width or not carried.height:
        raise DamageError("it is cut short or damaged: it has no size")


def _read_text(file: BinaryIO, kind: bytes, length: int, carried: Carried) -> None:
    name = kind.decode().strip()
    limit = 2 * limit_of(OUR_KEYWORD)  # XMP holds our recipe with its quotes escaped
    if length > limit:
        carried.skip(name, f"it has {length:,} bytes, and at most {limit:,} are read")
        return
    data = file.read(length)
    if len(data) < length:
        carried.skip(name, "it is cut short")
    elif kind == b"EXIF":
        read_exif(data, carried)
    else:
        read_xmp(data, carried)


def _size(kind: bytes, head: bytes) -> tuple[int, int]:
    if kind == b"VP8X" and len(head) >= 10:
        return 1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")
    if kind == b"VP8L" and len(head) >= 5:
        bits = int.from_bytes(head[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and len(head) >= 10:
        return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF
    return 0, 0

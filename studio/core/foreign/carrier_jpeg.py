"""The texts of a JPEG file: the segments before its pixels.

The format: ITU-T T.81 annex B (segments), CIPA DC-008 (EXIF in APP1), ISO 16684-3 (XMP in APP1).
"""

import struct
from typing import BinaryIO

from studio.core.foreign.carried import Carried
from studio.core.foreign.exif import read_exif, read_xmp
from studio.core.packed import DamageError

SIGNATURE = b"\xff\xd8\xff"
_SEGMENT_LIMIT = 2_000
_APP1, _START_OF_SCAN, _END = 0xE1, 0xDA, 0xD9
_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Start-of-frame markers; the three others are tables."""
_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"


def read_jpeg(file: BinaryIO, carried: Carried) -> None:
    """Gather size and texts. Raises DamageError where there is not even a size."""
    file.seek(2)
    try:
        for _ in range(_SEGMENT_LIMIT):
            marker, body = _segment(file)
            if marker in (_START_OF_SCAN, _END):
                break
            _read_segment(marker, body, carried)
    except DamageError as error:
        carried.skip("the rest of the file", str(error))
    if not carried.width or not carried.height:
        raise DamageError("it is cut short or damaged: it has no size")


def _segment(file: BinaryIO) -> tuple[int, bytes]:
    head = file.read(2)
    while head[:1] == b"\xff" and head[1:] == b"\xff":  # fill bytes
        head = b"\xff" + file.read(1)
    if len(head) < 2 or head[0] != 0xFF:
        raise DamageError("it is cut short or damaged")
    marker = head[1]
    if marker in (0x01, _END) or 0xD0 <= marker <= 0xD8:
        return marker, b""
    length = int.from_bytes(file.read(2), "big") - 2
    if length < 0:
        raise DamageError("it is cut short or damaged")
    body = file.read(length)
    if len(body) < length:
        raise DamageError("it is cut short")
    return marker, body


def _read_segment(marker: int, body: bytes, carried: Carried) -> None:
    if marker in _SIZES and len(body) >= 5:
        carried.height, carried.width = struct.unpack(">HH", body[1:5])
    elif marker == _APP1 and body.startswith(_EXIF) and carried.wants("EXIF"):
        read_exif(body, carried)
    elif marker == _APP1 and body.startswith(_XMP) and carried.wants("XMP"):
        read_xmp(body.removeprefix(_XMP), carried)

"""The chunks of a PNG file, walked without decoding the picture: bounded in time and memory whatever the file holds.

The one walk over PNG files of this studio: for our own metadata and for other programs'.
The format: W3C, Portable Network Graphics, third edition, sections 5 (chunks) and 11.3.3 (text).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import msgspec

from studio.core.packed import DamageError, inflate

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT_LIMIT = 5 << 20
"""Bytes of one text chunk, after decompression: more is not metadata."""
TEXT_KINDS = (b"tEXt", b"zTXt", b"iTXt")
_CHUNK_COUNT_LIMIT = 100_000
"""Chunks in a file: a picture of 4096 × 4096 in the smallest chunks any program writes has far fewer."""
_KEYWORD_LIMIT = 79
_HEADER_BYTES = 13


class PngError(DamageError):
    """The file is not a PNG, or is damaged. The text has no full stop."""


class PngSummary(msgspec.Struct, frozen=True):
    """Size in pixels, and the text under the keyword asked for, or None."""

    width: int
    height: int
    text: str | None


class Chunk(NamedTuple):
    """A chunk's type, and where its body of `length` bytes begins."""

    kind: bytes
    start: int
    length: int


def read_summary(file: BinaryIO, keyword: str) -> PngSummary:
    """Size and the first text under `keyword`, from the start of `file` to its end chunk.

    Raises:
        PngError: not a PNG, cut short, or with a text chunk that is damaged or over `TEXT_LIMIT`.
        OSError: from reading.
    """
    if file.read(len(SIGNATURE)) != SIGNATURE:
        raise PngError("it is not a PNG file")
    width = height = 0
    text: str | None = None
    for chunk in walk_chunks(file):
        if chunk.kind == b"IHDR":
            width, height = read_size(file, chunk)
        elif chunk.kind in TEXT_KINDS and text is None and read_keyword(file, chunk) == keyword:
            text = read_text(file, chunk, TEXT_LIMIT, strict=True)
    if not width or not height:
        raise PngError("it has no size")
    return PngSummary(width, height, text)


def walk_chunks(file: BinaryIO) -> Iterator[Chunk]:
    """Each chunk after the signature, with `file` at the start of its body, whatever the caller reads of it.

    Raises:
        PngError: where the file ends before its end chunk, or never seems to.
        OSError: from reading.
    """
    file.seek(len(SIGNATURE))
    for _ in range(_CHUNK_COUNT_LIMIT):
        head = file.read(8)
        if len(head) < 8:
            raise PngError("it is cut short")
        length, kind = struct.unpack(">I4s", head)
        start = file.tell()
        yield Chunk(kind, start, length)
        file.seek(start + length)
        if len(file.read(4)) < 4:  # the checksum: seeking past the end alone would not be noticed
            raise PngError("it is cut short")
        if kind == b"IEND":
            return
    raise PngError("it has too many parts")


def read_size(file: BinaryIO, chunk: Chunk) -> tuple[int, int]:
    """Width and height in pixels, of a header chunk. Raises PngError."""
    if chunk.length != _HEADER_BYTES:
        raise PngError("its header is damaged")
    width, height = struct.unpack(">II", _body(file, chunk, _HEADER_BYTES)[:8])
    return width, height


def read_keyword(file: BinaryIO, chunk: Chunk) -> str:
    """The keyword of a text chunk; reads no further than that."""
    file.seek(chunk.start)
    head = file.read(min(chunk.length, _KEYWORD_LIMIT + 1))
    return head.split(b"\0", 1)[0].decode("latin-1")


def read_text(file: BinaryIO, chunk: Chunk, limit: int, *, strict: bool = False) -> str:
    """The text of a text chunk, of at most `limit` bytes; unless `strict`, what is not UTF-8 becomes U+FFFD.

    Raises:
        PngError: for more, and for a text that is damaged.
    """
    body = _body(file, chunk, limit)
    try:
        return _text(chunk.kind, body, limit, "strict" if strict else "replace")
    except UnicodeDecodeError as error:
        raise PngError("its text is not UTF-8") from error
    except PngError:
        raise
    except DamageError as error:
        raise PngError(f"its text {str(error).removeprefix('it ')}") from error


def _body(file: BinaryIO, chunk: Chunk, limit: int) -> bytes:
    if chunk.length > limit:
        raise PngError(f"its text has {chunk.length:,} bytes, and no recipe has more than {limit:,}")
    file.seek(chunk.start)
    body, checksum = file.read(chunk.length), file.read(4)
    if len(checksum) < 4:
        raise PngError("it is cut short")
    if zlib.crc32(chunk.kind + body) != int.from_bytes(checksum, "big"):
        raise PngError("it is damaged (a checksum does not match)")
    return body


def _text(kind: bytes, body: bytes, limit: int, errors: str) -> str:
    _, mark, content = body.partition(b"\0")
    if not mark:
        raise PngError("it is damaged: a text has no keyword")
    if kind == b"tEXt":
        return content.decode("latin-1")
    if kind == b"zTXt":
        return inflate(content[1:], limit).decode("latin-1")
    rest = content[2:].split(b"\0", 2)  # after two flags: language, translated keyword, text
    if len(rest) < 3:
        raise PngError("its text is damaged")
    return (inflate(rest[2], limit) if content[:1] == b"\1" else rest[2]).decode(errors=errors)

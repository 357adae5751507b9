"""The texts of a PNG file. Unlike where our own metadata is read, a damaged text here does not spoil the rest."""

from typing import BinaryIO

from studio.core.foreign.carried import Carried, limit_of
from studio.core.packed import DamageError
from studio.core.png import (
    SIGNATURE,
    TEXT_KINDS,
    Chunk,
    PngError,
    read_keyword,
    read_size,
    read_text,
    walk_chunks,
)

_PIXEL_KINDS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


def read_png(file: BinaryIO, carried: Carried) -> None:
    """Gather size and texts. A file cut short gives what stands before the cut.

    Raises:
        DamageError: where there is not even a size.
    """
    try:
        for chunk in walk_chunks(file):
            _read_chunk(file, chunk, carried)
    except PngError as error:
        carried.skip("the rest of the file", str(error))
    if not carried.width or not carried.height:
        raise DamageError("it is cut short or damaged: it has no size")


def bare_png(file: BinaryIO, size_limit: int) -> bytes:
    """The file with nothing but its pixels, so that decoding it meets no text, profile or animation.

    Raises:
        DamageError: for a file that is damaged, or whose packed pixels take more than `size_limit` bytes.
    """
    parts, size = [SIGNATURE], 0
    for chunk in walk_chunks(file):
        again = chunk.kind == b"IHDR" and len(parts) > 1  # another size than the one that was checked
        if chunk.kind in _PIXEL_KINDS and not again:
            size += chunk.length
            if size > size_limit:
                raise DamageError(f"its pixels take more than {size_limit:,} bytes")
            file.seek(chunk.start - 8)
            parts.append(file.read(chunk.length + 12))
    return b"".join(parts)


def _read_chunk(file: BinaryIO, chunk: Chunk, carried: Carried) -> None:
    if chunk.kind == b"IHDR" and not carried.width:
        carried.width, carried.height = read_size(file, chunk)
    elif chunk.kind in TEXT_KINDS:
        keyword = read_keyword(file, chunk)
        if carried.wants(keyword):
            _read_text(file, chunk, keyword, carried)


def _read_text(file: BinaryIO, chunk: Chunk, keyword: str, carried: Carried) -> None:
    try:
        carried.add(keyword, read_text(file, chunk, limit_of(keyword)))
    except PngError as error:
        carried.fail(keyword, str(error))

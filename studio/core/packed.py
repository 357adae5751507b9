"""Packed data from strangers, unpacked within a limit."""

import zlib


class DamageError(ValueError):
    """A file is not what its name says, or is damaged. The text has no full stop."""


def inflate(data: bytes, limit: int, *, gzip: bool = False) -> bytes:
    """Unpack at most `limit` bytes: a megabyte of zeros packs to a kilobyte, and so on without end.

    Raises:
        DamageError: for more than that, and for what is cut short or damaged.
    """
    inflater = zlib.decompressobj(wbits=31 if gzip else 15)
    try:
        text = inflater.decompress(data, limit)
    except zlib.error as error:
        raise DamageError("it is damaged") from error
    if not inflater.eof:
        raise DamageError(f"it is cut short, or unpacks to more than {limit:,} bytes")
    return text

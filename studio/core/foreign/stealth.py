"""Metadata hidden in the lowest bits of the pixels, which survives programs that strip the texts of a file.

Pixels are taken column by column; the bits are a signature, a 32-bit big-endian length *in bits*, and the text, as
UTF-8 or packed with gzip. The signature says where they are: in the alpha channel, or in red, green, blue by turns.
"""

import io
from typing import BinaryIO

import numpy as np
from PIL import Image

from studio.core.decoding import PILLOW_ERRORS
from studio.core.foreign.carried import TEXT_LIMIT
from studio.core.foreign.carrier_png import bare_png
from studio.core.packed import DamageError, inflate

PNG_PIXELS_MAX = 4096 * 4096
WEBP_PIXELS_MAX = 2048 * 2048
"""Larger pictures are not decoded to look for hidden text: a second, or (WebP) 200 MB."""
_FILE_LIMIT = 64 << 20
_SIGNATURE_BITS = 15 * 8
_ALPHA = {b"stealth_pnginfo": False, b"stealth_pngcomp": True}
_COLOUR = {b"stealth_rgbinfo": False, b"stealth_rgbcomp": True}
"""Signature → whether the text is packed."""


def stealth_text(file: BinaryIO, width: int, height: int, *, png: bool) -> str:
    """The text hidden in a PNG or WebP of this size, or "".

    Raises:
        DamageError: for pixels or a hidden text that cannot be decoded.
    """
    if not 0 < width * height <= (PNG_PIXELS_MAX if png else WEBP_PIXELS_MAX):
        return ""
    image = _image(file, (width, height), png=png)
    for channels, signatures in (((3,), _ALPHA), ((0, 1, 2), _COLOUR)):
        if image is not None and len(image.getbands()) > max(channels):
            found = _read_bits(image, channels, 0, _SIGNATURE_BITS)
            if found in signatures:
                return _payload(image, channels, packed=signatures[found])
    return ""


def _image(file: BinaryIO, size: tuple[int, int], *, png: bool) -> Image.Image | None:
    """The decoded picture; None where it has no colours of eight bits, or not the size its header states."""
    data = bare_png(file, _FILE_LIMIT) if png else _whole(file)
    try:
        image = Image.open(io.BytesIO(data), formats=["PNG" if png else "WEBP"])
        if image.size != size or image.mode not in ("RGB", "RGBA"):
            return None
        image.load()
    except (*PILLOW_ERRORS, Image.DecompressionBombError) as error:
        raise DamageError("its pixels are cut short or damaged") from error
    return image


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    data = file.read(_FILE_LIMIT + 1)
    if len(data) > _FILE_LIMIT:
        raise DamageError(f"its pixels take more than {_FILE_LIMIT:,} bytes")
    return data


def _payload(image: Image.Image, channels: tuple[int, ...], *, packed: bool) -> str:
    length = int.from_bytes(_read_bits(image, channels, _SIGNATURE_BITS, 32), "big")
    if length > 8 * TEXT_LIMIT or length % 8:
        raise DamageError("the hidden text is damaged or too long")
    data = _read_bits(image, channels, _SIGNATURE_BITS + 32, length)
    if 8 * len(data) < length:
        raise DamageError("the hidden text is cut short")
    return (inflate(data, TEXT_LIMIT, gzip=True) if packed else data).decode(errors="replace")


def _read_bits(image: Image.Image, channels: tuple[int, ...], start: int, count: int) -> bytes:
    """`count` lowest bits from the `start`-th on, column by column; fewer where the picture ends."""
    per_column = image.height * len(channels)
    first, last = start // per_column, min(image.width, -(-(start + count) // per_column))
    if first >= last or not count:
        return b""
    columns = np.asarray(image.crop((first, 0, last, image.height)))[:, :, list(channels)]
    bits = (columns.transpose(1, 0, 2).reshape(-1) & 1)[start - first * per_column :][:count]
    return np.packbits(bits).tobytes()

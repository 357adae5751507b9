"""The few texts of EXIF and XMP that carry recipes.

The formats: CIPA DC-008 (EXIF), TIFF 6.0 section 2; ISO 16684-1 (XMP), of which only our own attribute is looked for.
"""

import html
import struct
from typing import NamedTuple

from studio.core.foreign.carried import OUR_KEYWORD, Carried
from studio.core.packed import DamageError

XMP_NAMESPACE = "https://latent.studio/ns/1.0/"
XMP_ATTRIBUTE = "latentstudio:recipe"
_ENTRY_LIMIT = 512
_EXIF_POINTER, _USER_COMMENT, _MAKER_NOTE = 0x8769, 0x9286, 0x927C
_SOFTWARE, _DESCRIPTION, _MAKE, _MODEL = 0x0131, 0x010E, 0x010F, 0x0110
_UNIT_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 129: 1}
"""Bytes a value of the types that hold text or a pointer; the others are passed over."""
_SCHEMES = ("fooocus", "a1111")


class _Tiff(NamedTuple):
    data: bytes
    order: str
    """`<` or `>`, as `struct` has it."""


def read_exif(data: bytes, carried: Carried) -> None:
    """Gather the texts of an EXIF block, with or without its "Exif" mark; a damaged one is skipped."""
    try:
        _read_tiff(_tiff(data.removeprefix(b"Exif\0\0")), carried)
    except (DamageError, struct.error) as error:
        carried.skip("EXIF", str(error) if isinstance(error, DamageError) else "it is damaged")


def read_xmp(data: bytes, carried: Carried) -> None:
    """Gather our recipe from an XMP packet: an attribute as we write it, or an element as others rewrite it."""
    text = data.decode(errors="replace")
    for opening, closing in ((f'{XMP_ATTRIBUTE}="', '"'), (f"<{XMP_ATTRIBUTE}>", "<"), (f"{XMP_ATTRIBUTE}='", "'")):
        _, found, rest = text.partition(opening)
        value, ended, _ = rest.partition(closing)
        if found and ended:
            carried.add(OUR_KEYWORD, html.unescape(value))
            return


def decode_user_comment(value: bytes) -> str:
    """A UserComment: eight bytes that name its encoding, then the text. UTF-16 comes in either byte order."""
    mark, body = value[:8], value[8:]
    if mark == b"UNICODE\0":
        return _utf16(body)
    if mark in (b"ASCII\0\0\0", b"\0" * 8):
        return body.decode(errors="replace").rstrip("\0")
    if mark == b"JIS\0\0\0\0\0":
        return body.decode("iso2022_jp", errors="replace")
    return value.decode(errors="replace").rstrip("\0")


def _tiff(data: bytes) -> _Tiff:
    orders = {b"II*\0": "<", b"MM\0*": ">"}
    if data[:4] not in orders:
        raise DamageError("it is damaged")
    return _Tiff(data, orders[data[:4]])


def _read_tiff(tiff: _Tiff, carried: Carried) -> None:
    main = _directory(tiff, _number(tiff, 4))
    pointer = main.get(_EXIF_POINTER, b"")
    inner = _directory(tiff, struct.unpack(f"{tiff.order}I", pointer)[0]) if len(pointer) == 4 else {}
    if _USER_COMMENT in inner or _USER_COMMENT in main:
        carried.add("parameters", decode_user_comment(inner.get(_USER_COMMENT) or main.get(_USER_COMMENT, b"")))
    scheme = _plain(inner.get(_MAKER_NOTE) or main.get(_MAKER_NOTE, b""))
    if scheme in _SCHEMES:
        carried.add("fooocus_scheme", scheme)
    if _SOFTWARE in main:
        carried.add("Software", _plain(main[_SOFTWARE]))
    for tag in sorted(tag for tag in main if 0x0100 <= tag <= _MODEL):
        _add_graph(_plain(main[tag]), tag, carried)


def _add_graph(text: str, tag: int, carried: Carried) -> None:
    """ComfyUI counts tags down from 0x0110, each with "key:" before its JSON."""
    key, colon, graph = text.partition(":")
    if colon and key in ("prompt", "workflow") and graph.lstrip().startswith("{"):
        carried.add(key, graph)
    elif tag == _DESCRIPTION and text:
        carried.add("Description", text)


def _directory(tiff: _Tiff, offset: int) -> dict[int, bytes]:
    """The values of one directory by tag. An entry that points outside is left out."""
    (count,) = struct.unpack_from(f"{tiff.order}H", tiff.data, offset)
    found: dict[int, bytes] = {}
    for index in range(min(count, _ENTRY_LIMIT)):
        at = offset + 2 + 12 * index
        tag, kind, number = struct.unpack_from(f"{tiff.order}HHI", tiff.data, at)
        size = number * _UNIT_BYTES.get(kind, 0)
        start = at + 8 if size <= 4 else _number(tiff, at + 8)
        if 0 < size <= len(tiff.data) - start:
            found.setdefault(tag, tiff.data[start : start + size])
    return found


def _number(tiff: _Tiff, offset: int) -> int:
    (number,) = struct.unpack_from(f"{tiff.order}I", tiff.data, offset)
    return int(number)


def _plain(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")


def _utf16(body: bytes) -> str:
    """Texts of recipes are mostly ASCII: the byte order in which more of it is."""
    if body[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return body.decode("utf-16", errors="replace")
    even, odd = body[0::2].count(0), body[1::2].count(0)
    return body.decode("utf-16-le" if odd > even else "utf-16-be", errors="replace").rstrip("\0")

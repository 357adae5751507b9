"""The header of a safetensors file: which tensors it holds, of which shapes. No weight is read.

The layout: eight bytes with the header's length (little-endian), the header (a JSON object: each tensor's dtype, shape
and place), then the tensors' bytes. Nothing in it is believed before it is checked.
"""

import math
import struct
from collections.abc import Mapping
from pathlib import Path

import msgspec

from studio.core.errors import ModelBrokenError
from studio.core.reading import open_regular

HEADER_LIMIT_BYTES = 16 << 20
"""The largest models have headers of less than a megabyte."""
DTYPE_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "U16": 16,
    "I16": 16,
    "F16": 16,
    "BF16": 16,
    "U32": 32,
    "I32": 32,
    "F32": 32,
    "U64": 64,
    "I64": 64,
    "F64": 64,
}
_LENGTH_BYTES = 8
_DIMENSIONS_MAX = 8
_METADATA = "__metadata__"
_WHOLE_NUMBERS = "position_ids"
"""Of text encoders: the only table of them that is no weight."""


class TensorEntry(msgspec.Struct, frozen=True):
    """One tensor: its number format as the file names it, its shape, and the first and last byte after the header."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


class Header(msgspec.Struct, frozen=True):
    """What a safetensors file says of itself. `metadata` is free text that nobody vouches for."""

    tensors: Mapping[str, TensorEntry]
    metadata: Mapping[str, str]

    @property
    def weights_bytes(self) -> int:
        """What the tensors take on disk."""
        return sum(each.data_offsets[1] - each.data_offsets[0] for each in self.tensors.values())


def read_header(path: Path, what: str = "model") -> Header:
    """The header of the safetensors file `path`, checked. Raises ModelBrokenError, which says what is wrong.

    `what` the file is, as artists call it.
    """
    try:
        with open_regular(path) as file:
            size = file.seek(0, 2)
            file.seek(0)
            length = _header_length(file.read(_LENGTH_BYTES), size)
            raw = file.read(length)
        tensors, metadata = _parse(raw)
        _check_places(tensors, size - _LENGTH_BYTES - length)
    except OSError as error:
        raise ModelBrokenError(path, f"it cannot be read ({error.strerror})", what) from error
    except ValueError as error:
        raise ModelBrokenError(path, str(error), what) from error
    return Header(tensors, metadata)


def check_formats(path: Path, header: Header, what: str = "model") -> None:
    """Raise ModelBrokenError for a matrix of whole numbers: converted, they would be weights of no meaning."""
    for name, entry in header.tensors.items():
        is_whole = not entry.dtype.startswith(("F", "BF"))
        if is_whole and len(entry.shape) > 1 and not name.endswith(_WHOLE_NUMBERS):
            reason = f"{_shown(name)} holds whole numbers ({entry.dtype}), as only quantised models do"
            raise ModelBrokenError(path, reason, what)


def _header_length(first: bytes, size: int) -> int:
    if len(first) < _LENGTH_BYTES:
        raise ValueError("it is too short to be a safetensors file")
    length: int = struct.unpack("<Q", first)[0]
    if length > HEADER_LIMIT_BYTES:
        limit = HEADER_LIMIT_BYTES >> 20
        raise ValueError(f"its header claims {length:,} bytes, and more than {limit} MB is no safetensors header")
    if _LENGTH_BYTES + length > size:
        raise ValueError(f"it is truncated: its header alone would need {length:,} bytes")
    return length


def _parse(raw: bytes) -> tuple[dict[str, TensorEntry], dict[str, str]]:
    try:
        found = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        metadata = msgspec.json.decode(found.pop(_METADATA, b"{}"), type=dict[str, str])
        entry = msgspec.json.Decoder(TensorEntry)
        return {name: entry.decode(each) for name, each in found.items()}, metadata
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"its header is not that of a safetensors file ({error})") from error


def _check_places(tensors: dict[str, TensorEntry], room: int) -> None:
    """Every tensor lies inside the file, takes what its shape needs, and shares no byte with another."""
    reached, before = 0, ""
    for name, entry in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        _check_entry(name, entry)
        begin, end = entry.data_offsets
        if end > room:
            raise ValueError(f"it is truncated: {_shown(name)} ends at byte {end:,} of {room:,} that are there")
        if begin < reached:
            raise ValueError(f"the tensors {_shown(before)} and {_shown(name)} overlap")
        reached, before = end, name


def _check_entry(name: str, entry: TensorEntry) -> None:
    begin, end = entry.data_offsets
    if entry.dtype not in DTYPE_BITS:
        raise ValueError(f"{_shown(name)} is of the unknown number format {_shown(entry.dtype)}")
    if len(entry.shape) > _DIMENSIONS_MAX or any(side < 0 for side in entry.shape):
        raise ValueError(f"{_shown(name)} has an impossible shape")
    if not 0 <= begin <= end or (end - begin) * 8 != entry.count * DTYPE_BITS[entry.dtype]:
        raise ValueError(f"the place of {_shown(name)} does not fit its shape")


def _shown(name: str) -> str:
    return f"“{name[:80]}”"

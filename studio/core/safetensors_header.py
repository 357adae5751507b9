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


def read_header(path: Path) -> Header:
    """The header of the safetensors file `path`, checked. Raises ModelBrokenError, which says what is wrong."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            length = _header_length(path, file.read(_LENGTH_BYTES), size)
            raw = file.read(length)
    except OSError as error:
        raise ModelBrokenError(path, f"it cannot be read ({error.strerror})") from error
    tensors, metadata = _parse(path, raw)
    _check_places(path, tensors, size - _LENGTH_BYTES - length)
    return Header(tensors, metadata)


def _header_length(path: Path, first: bytes, size: int) -> int:
    if len(first) < _LENGTH_BYTES:
        raise ModelBrokenError(path, "it is too short to be a safetensors file")
    length: int = struct.unpack("<Q", first)[0]
    if length > HEADER_LIMIT_BYTES:
        limit = HEADER_LIMIT_BYTES >> 20
        raise ModelBrokenError(
            path, f"its header claims {length:,} bytes, and more than {limit} MB is no safetensors header"
        )
    if _LENGTH_BYTES + length > size:
        raise ModelBrokenError(path, f"it is truncated: its header alone would need {length:,} bytes")
    return length


def _parse(path: Path, raw: bytes) -> tuple[dict[str, TensorEntry], dict[str, str]]:
    try:
        found = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        metadata = msgspec.json.decode(found.pop(_METADATA, b"{}"), type=dict[str, str])
        entry = msgspec.json.Decoder(TensorEntry)
        return {name: entry.decode(each) for name, each in found.items()}, metadata
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ModelBrokenError(path, f"its header is not that of a safetensors file ({error})") from error


def _check_places(path: Path, tensors: dict[str, TensorEntry], room: int) -> None:
    """Every tensor lies inside the file, takes what its shape needs, and shares no byte with another."""
    reached, before = 0, ""
    for name, entry in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        _check_entry(path, name, entry)
        begin, end = entry.data_offsets
        if end > room:
            raise ModelBrokenError(
                path, f"it is truncated: {_shown(name)} ends at byte {end:,} of {room:,} that are there"
            )
        if begin < reached:
            raise ModelBrokenError(path, f"the tensors {_shown(before)} and {_shown(name)} overlap")
        reached, before = end, name


def _check_entry(path: Path, name: str, entry: TensorEntry) -> None:
    begin, end = entry.data_offsets
    if entry.dtype not in DTYPE_BITS:
        raise ModelBrokenError(path, f"{_shown(name)} is of the unknown number format {_shown(entry.dtype)}")
    if len(entry.shape) > _DIMENSIONS_MAX or any(side < 0 for side in entry.shape):
        raise ModelBrokenError(path, f"{_shown(name)} has an impossible shape")
    if not 0 <= begin <= end or (end - begin) * 8 != entry.count * DTYPE_BITS[entry.dtype]:
        raise ModelBrokenError(path, f"the place of {_shown(name)} does not fit its shape")


def _shown(name: str) -> str:
    return f"“{name[:80]}”"

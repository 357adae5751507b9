"""Headers of safetensors files: read as data, every lie told."""

import json
import struct

import pytest

from studio.core.errors import ModelBrokenError
from studio.core.safetensors_header import HEADER_LIMIT_BYTES, read_header


def file_of(tmp_path, header, weights=b"", length=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(raw) if length is None else length) + raw + weights)
    return path


def entry(begin, end, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_it_tells_names_shapes_formats_and_metadata(tmp_path):
    header = {"__metadata__": {"format": "pt"}, "a": entry(0, 24, [2, 3]), "b": entry(24, 28, [2], "F16")}
    found = read_header(file_of(tmp_path, header, bytes(28)))
    assert dict(found.metadata) == {"format": "pt"}
    assert [(name, each.shape, each.dtype, each.count) for name, each in found.tensors.items()] == [
        ("a", (2, 3), "F32", 6),
        ("b", (2,), "F16", 2),
    ]
    assert found.weights_bytes == 28


def test_scalars_and_empty_tensors_are_tensors(tmp_path):
    found = read_header(file_of(tmp_path, {"s": entry(0, 4, []), "e": entry(4, 4, [0, 5])}, bytes(4)))
    assert (found.tensors["s"].count, found.tensors["e"].count) == (1, 0)


BAD = {
    "overlapping": ({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, 12, "the tensors “a” and “b” overlap"),
    "one place for two": ({"a": entry(0, 8, [2]), "b": entry(0, 8, [2])}, 8, "overlap"),
    "out of range": ({"a": entry(0, 8, [2])}, 4, "truncated: “a” ends at byte 8 of 4"),
    "far out of range": ({"a": entry(2**60, 2**60 + 8, [2])}, 8, "truncated"),
    "backwards": ({"a": entry(8, 0, [2])}, 8, "the place of “a” does not fit its shape"),
    "negative": ({"a": entry(-8, 0, [2])}, 8, "the place of “a” does not fit its shape"),
    "a wrong size": ({"a": entry(0, 8, [3])}, 8, "the place of “a” does not fit its shape"),
    "an enormous shape": ({"a": entry(0, 8, [2**62, 2**62])}, 8, "does not fit its shape"),
    "a negative shape": ({"a": entry(0, 8, [-1, -2])}, 8, "impossible shape"),
    "too many dimensions": ({"a": entry(0, 4, [1] * 9)}, 4, "impossible shape"),
    "an unknown format": ({"a": entry(0, 8, [2], "PICKLE")}, 8, "unknown number format “PICKLE”"),
    "a format of another width": ({"a": entry(0, 8, [2], "F16")}, 8, "does not fit its shape"),
    "no offsets": ({"a": {"dtype": "F32", "shape": [2]}}, 8, "not that of a safetensors file"),
    "words for numbers": ({"a": entry("0", "8", ["2"])}, 8, "not that of a safetensors file"),
    "metadata of numbers": ({"__metadata__": {"a": 1}}, 0, "not that of a safetensors file"),
    "a list": ([], 0, "not that of a safetensors file"),
    "a web page": (b"<html>Not found</html>", 0, "not that of a safetensors file"),
    "deep nesting": (b'{"a":' * 50_000, 0, "not that of a safetensors file"),
    "no text": (b'{"\xff": 1}', 0, "not that of a safetensors file"),
}


@pytest.mark.parametrize(("header", "size", "sentence"), BAD.values(), ids=BAD)
def test_a_lie_gets_one_sentence(tmp_path, header, size, sentence):
    with pytest.raises(ModelBrokenError, match=sentence) as caught:
        read_header(file_of(tmp_path, header, bytes(size)))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_header_too_large_is_not_read(tmp_path):
    path = file_of(tmp_path, b"{}", length=HEADER_LIMIT_BYTES + 1)
    with pytest.raises(ModelBrokenError, match="more than 16 MB is no safetensors header"):
        read_header(path)
    with pytest.raises(ModelBrokenError, match="18,446,744,073,709,551,615 bytes"):
        read_header(file_of(tmp_path, b"{}", length=2**64 - 1))


@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_file_too_short_for_a_header_is_told(tmp_path, size):
    path = tmp_path / "short.safetensors"
    path.write_bytes(bytes(size))
    with pytest.raises(ModelBrokenError, match="too short"):
        read_header(path)


def test_a_header_longer_than_the_file_is_told(tmp_path):
    with pytest.raises(ModelBrokenError, match="its header alone would need 500 bytes"):
        read_header(file_of(tmp_path, b"{}", length=500))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ModelBrokenError, match="cannot be read"):
        read_header(tmp_path / "gone.safetensors")

"""Which number format is chosen, and that it is chosen alike tomorrow."""

from pathlib import Path

import pytest

from studio.core.precision import LARGE_BYTES, Precision, keep_speedup, on_processor, read_speedup

LARGE = LARGE_BYTES // 4 + 1
"""Weights."""


@pytest.mark.parametrize(
    ("weights", "speedup", "expected"),
    [
        (LARGE, 1.3, Precision.BFLOAT16),
        (LARGE, 1.29, Precision.FLOAT32),
        (LARGE, None, Precision.FLOAT32),
        (LARGE - 1, 9.0, Precision.FLOAT32),
    ],
)
def test_on_a_processor_bfloat16_is_for_large_models_where_it_pays(
    weights: int, speedup: float | None, expected: Precision
) -> None:
    assert on_processor(Precision.AUTOMATIC, weights, speedup) is expected


@pytest.mark.parametrize("wished", [Precision.FLOAT32, Precision.BFLOAT16, Precision.FLOAT16])
def test_a_wish_counts_whatever_was_measured(wished: Precision) -> None:
    assert on_processor(wished, 1, 9.0) is on_processor(wished, LARGE, None) is wished


def test_what_was_measured_is_remembered_for_this_processor_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "measured.json"
    assert read_speedup(path, "A, 4 threads") is None
    assert keep_speedup(path, "A, 4 threads", 2.25)
    assert read_speedup(path, "A, 4 threads") == 2.25
    assert read_speedup(path, "B, 4 threads") is None


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b'{"A": "fast"}', b"\xff", b" " * 70_000, b"[" * 9000])
def test_a_damaged_file_is_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "measured.json"
    path.write_bytes(content)
    assert read_speedup(path, "A") is None


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not keep_speedup(tmp_path / "file" / "measured.json", "A", 2.0)

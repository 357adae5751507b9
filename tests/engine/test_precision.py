"""Formats on this machine: measured once and remembered, wished for, and the same bytes each time."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.core.precision import Precision
from studio.engine import precision
from studio.engine.device import choose_device
from studio.engine.local import LocalEngine
from studio.engine.precision import Precisions, measure_bfloat16
from tests.engine.helpers import Recorder, psnr, small

LARGE = 1 << 30
"""Weights."""


def test_the_processor_is_measured_once_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = iter([2.0, 0.5])
    monkeypatch.setattr(precision, "measure_bfloat16", lambda: next(speeds))
    for _ in range(2):  # the second is another start of the studio
        chosen = Precisions(choose_device("cpu"), tmp_path / "measured.json").device_for(LARGE)
        assert chosen.dtype is torch.bfloat16
    assert next(speeds) == 0.5


def test_what_cannot_be_remembered_is_not_measured_anew_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "measure_bfloat16", lambda: 9.0)
    (tmp_path / "file").touch()
    for measured in (None, tmp_path / "file" / "measured.json"):
        assert Precisions(choose_device("cpu"), measured).device_for(LARGE).dtype is torch.float32


def test_a_graphics_processor_keeps_its_format_unless_another_is_wished_for() -> None:
    device = replace(choose_device("cpu"), torch_device=torch.device("meta"), dtype=torch.float16)
    precisions = Precisions(device, None)
    assert precisions.device_for(LARGE) is device
    precisions.wished = Precision.BFLOAT16
    assert precisions.device_for(1).dtype is torch.bfloat16


def test_the_measure_is_a_ratio_of_two_times() -> None:
    assert 0 < measure_bfloat16() < 1000


def test_a_wish_changes_the_loaded_model_and_back_the_very_bytes(models: Path) -> None:
    mine = LocalEngine((models,), device="cpu")
    plain = mine.generate(small(steps=2), Recorder()).picture
    mine.set_precision(Precision.BFLOAT16)
    half = mine.generate(small(steps=2), Recorder()).picture
    assert mine.device().dtype == "bfloat16"
    assert psnr(half, plain) > 25
    assert half.tobytes() != plain.tobytes()
    mine.set_precision(Precision.BFLOAT16)
    recorder = Recorder()
    assert mine.generate(small(steps=2), recorder).picture.tobytes() == half.tobytes()
    assert not any("loading" in str(event) for event in recorder.events[:1]), "the same wish loads nothing again"
    mine.set_precision(Precision.AUTOMATIC)
    assert mine.generate(small(steps=2), Recorder()).picture.tobytes() == plain.tobytes()
    assert mine.device().dtype == "float32"

"""A model that does not fit is told before a weight is read, with what would fit."""

from pathlib import Path

import pytest

from studio.core.errors import ModelTooLargeError
from studio.core.model_facts import read_facts
from studio.core.models import read_model
from studio.engine import memory
from studio.engine.device import choose_device
from studio.engine.local import LocalEngine
from tests.engine.helpers import Recorder, small


def test_weights_are_counted_part_by_part(models: Path) -> None:
    facts = read_facts(read_model(models / "plain"))
    assert set(facts.counts) == {"text_encoder", "unet", "vae"}
    assert facts.precision == "F32"
    on_disk = sum(
        path.stat().st_size for part in facts.counts for path in (models / "plain" / part).glob("*.safetensors")
    )
    assert facts.size_bytes == on_disk
    assert 0.9 * on_disk < 4 * facts.count < on_disk


def test_the_need_is_that_of_the_format_it_is_loaded_in(models: Path) -> None:
    info = read_model(models / "plain")
    facts = read_facts(info)
    assert 4 * facts.count <= memory.needed_bytes(info, facts, choose_device("cpu")) <= 4.5 * facts.count


def test_the_system_tells_what_is_free() -> None:
    free = memory.free_bytes(choose_device("cpu").torch_device)
    assert free is None or free > 1 << 20


def test_a_model_that_does_not_fit_is_refused_with_what_would(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1000)
    engine = LocalEngine((models,), device="cpu")
    with pytest.raises(ModelTooLargeError, match=r"“plain” needs .* choose a model of at most 0\.0 billion weights"):
        engine.generate(small(), Recorder())
    monkeypatch.setattr(memory, "free_bytes", lambda device: None)
    assert engine.generate(small(steps=1), Recorder()).picture.shape == (64, 64, 3)


def test_half_precision_is_named_where_it_would_fit(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info, device = read_model(models / "plain"), choose_device("cpu")
    needed = memory.needed_bytes(info, read_facts(info), device)
    monkeypatch.setattr(memory, "free_bytes", lambda _: needed - 1)
    with pytest.raises(ModelTooLargeError, match="choose bfloat16 as the precision in the settings: it needs"):
        memory.check_fits(info, device)

"""Recordings of a U-Net: the same results, never stale, and a plain way round them."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from studio.core.errors import Cancelled
from studio.engine import packing, tracing
from studio.engine.attention import keep_keys_and_values
from studio.engine.libraries import UNet2DConditionModel
from studio.engine.local import LocalEngine
from studio.engine.lora import Adapters, Delta, Lora
from studio.engine.tracing import TracedUNet
from tests.engine.helpers import Recorder, small

TO_Q = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
CONVOLUTION = "mid_block.resnets.0.conv1"


def load(models: Path) -> Any:
    unet = UNet2DConditionModel.from_pretrained(models / "plain" / "unet", low_cpu_mem_usage=False)
    keep_keys_and_values(unet)
    return unet.eval().requires_grad_(False)


@pytest.fixture
def unet(models: Path) -> Any:
    return load(models)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record at the second call of a size."""
    monkeypatch.setattr(tracing, "CALLS_BEFORE", 1)


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def inputs(seed: int, batch: int = 2, side: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(batch, 4, side, side, generator=generator).contiguous(memory_format=torch.channels_last)
    return z, torch.tensor(37 * seed % 1000), torch.randn(batch, 77, 32, generator=generator)


def plain(unet: Any, given: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    z, timestep, tokens = given
    prediction: Tensor = unet(z, timestep, encoder_hidden_states=tokens, return_dict=False)[0]
    return prediction


@pytest.mark.usefixtures("at_once")
def test_a_recording_gives_what_the_model_gives(unet: Any, models: Path) -> None:
    traced, other = TracedUNet(unet), load(models)
    for batch, side in ((2, 8), (1, 8), (2, 16)):
        for seed in range(4):
            given = inputs(seed, batch, side)
            torch.testing.assert_close(traced(*given), plain(other, given), rtol=1e-4, atol=1e-4)
    assert traced.recordings == 3


@pytest.mark.usefixtures("at_once")
def test_a_recording_is_told_of_new_words(unet: Any) -> None:
    traced, (z, timestep, tokens) = TracedUNet(unet), inputs(1)
    for _ in range(3):
        first = traced(z, timestep, tokens)
    assert traced.recordings == 1
    assert not torch.allclose(first, traced(z, timestep, inputs(2)[2]), atol=1e-4)


def test_it_is_recorded_before_the_first_picture_where_asked(models: Path) -> None:
    engine = LocalEngine((models,))
    engine.load("plain", Recorder())
    assert engine._loader.loaded is not None
    family: Any = engine._loader.loaded.family
    assert family._traced.recordings == 1
    size = engine._loader.loaded.info.defaults
    engine.generate(small(width=size.width, height=size.height, steps=1), Recorder())
    assert family._traced.recordings == 1


def test_few_calls_are_not_recorded(unet: Any) -> None:
    traced = TracedUNet(unet)
    for seed in range(tracing.CALLS_BEFORE):
        traced(*inputs(seed))
    assert traced.recordings == 0
    traced(*inputs(0))
    assert traced.recordings == 1


@pytest.mark.usefixtures("at_once")
def test_only_the_sizes_used_last_are_kept(unet: Any) -> None:
    traced = TracedUNet(unet)
    for side in (8, 10, 12, 14, 16, 18):
        for seed in range(2):
            traced(*inputs(seed, side=side))
    assert traced.recordings == tracing.RECORDINGS_MAX


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("layer", [TO_Q, CONVOLUTION])
def test_an_adapter_is_in_the_next_call_and_out_of_the_one_after(unet: Any, layer: str) -> None:
    traced, given = TracedUNet(unet), inputs(3)
    before = [traced(*given) for _ in range(3)][-1]
    adapters, weight = Adapters({"unet": unet}), unet.get_parameter(layer + ".weight").flatten(1)
    delta = Delta(down=torch.randn(2, weight.shape[1]), up=torch.randn(weight.shape[0], 2), scale=1.0)
    adapters.use([(Lora({("unet", layer): delta}), 1.0)])
    changed = [traced(*given) for _ in range(3)][-1]
    torch.testing.assert_close(changed, plain(unet, given), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(before, changed, atol=1e-4)
    adapters.use([])
    assert torch.equal([traced(*given) for _ in range(3)][-1], before)


@pytest.mark.usefixtures("at_once")
def test_drop_forgets_every_recording(unet: Any) -> None:
    traced = TracedUNet(unet)
    for seed in range(3):
        traced(*inputs(seed))
    traced.drop()
    assert traced.recordings == 0
    torch.testing.assert_close(traced(*inputs(1)), plain(unet, inputs(1)), rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("at_once")
def test_a_model_with_another_attention_is_called_plainly(models: Path) -> None:
    unet = UNet2DConditionModel.from_pretrained(models / "plain" / "unet", low_cpu_mem_usage=False).eval()
    traced = TracedUNet(unet)
    for seed in range(3):
        assert torch.equal(traced(*inputs(seed)), plain(unet, inputs(seed)))
    assert traced.recordings == 0


@pytest.mark.usefixtures("at_once")
def test_a_large_model_is_called_plainly(unet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "WEIGHT_BYTES_MAX", 1000)
    traced = TracedUNet(unet)
    for seed in range(3):
        traced(*inputs(seed))
    assert traced.recordings == 0


@pytest.mark.usefixtures("at_once")
def test_where_it_cannot_be_recorded_it_is_called_plainly(unet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object, **options: object) -> None:
        raise RuntimeError("no recording on this machine")

    monkeypatch.setattr(torch.jit, "trace", refuse)
    traced = TracedUNet(unet)
    for seed in range(3):
        assert torch.equal(traced(*inputs(seed)), plain(unet, inputs(seed)))
    assert traced.recordings == 0


def test_a_picture_has_the_same_bytes_recorded_or_not(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = LocalEngine((models,), device="cpu")
    first = engine.generate(small(), Recorder()).picture
    monkeypatch.setattr(tracing, "CALLS_BEFORE", 2)
    pictures = [engine.generate(small(), Recorder()).picture for _ in range(2)]
    assert engine._loader.loaded.family._traced.recordings == 1  # type: ignore[union-attr]
    assert all((picture == first).all() for picture in pictures)


def test_recordings_go_with_the_model(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "CALLS_BEFORE", 2)
    engine = LocalEngine((models,), device="cpu")
    engine.generate(small(), Recorder())
    family = engine._loader.loaded.family  # type: ignore[union-attr]
    assert family._traced.recordings == 1  # type: ignore[attr-defined]
    weight = weakref.ref(next(family._unet.parameters()))  # type: ignore[attr-defined]
    del family
    engine.close()
    gc.collect()
    assert weight() is None


@pytest.mark.usefixtures("at_once")
def test_stop_within_one_step_of_a_recording(models: Path) -> None:
    engine = LocalEngine((models,), device="cpu")
    engine.generate(small(), Recorder())
    whole = Recorder()
    expected = engine.generate(small(), whole).picture
    second = 1 + next(i for i, event in enumerate(whole.events) if event is whole.steps[1])
    stopping = Recorder(stop_at=second)
    with pytest.raises(Cancelled):
        engine.generate(small(), stopping)
    assert len(stopping.steps) == 2
    assert (engine.generate(small(), Recorder()).picture == expected).all()

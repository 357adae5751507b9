"""Packed convolutions: the same sums, never stale, and a plain way round them."""

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from studio.engine import packing
from studio.engine.packing import PackedConvolution, pack, packable, unpack

pytestmark = pytest.mark.skipif(not packing._can_pack(), reason="this torch or processor has no oneDNN to pack for")


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def network() -> nn.Sequential:
    torch.manual_seed(5)
    layers = nn.Sequential(
        nn.Conv2d(4, 16, 3, padding=1), nn.Conv2d(16, 16, 3, stride=2, padding=1, bias=False), nn.Conv2d(16, 8, 1)
    )
    return layers.requires_grad_(False).to(memory_format=torch.channels_last)


def shown(side: int = 16, batch: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(side)
    return torch.randn(batch, 4, side, side, generator=generator).contiguous(memory_format=torch.channels_last)


def packed() -> tuple[nn.Sequential, tuple[PackedConvolution, ...]]:
    layers = network()
    convolutions = packable(layers)
    pack(convolutions, lambda: layers(shown()))
    return layers, convolutions


def test_packed_or_not_gives_the_same_at_any_size() -> None:
    layers, convolutions = packed()
    assert len(convolutions) == 3
    assert all(each.packed is not None for each in convolutions)
    for side, batch in ((16, 2), (16, 1), (10, 2), (32, 5)):
        torch.testing.assert_close(layers(shown(side, batch)), network()(shown(side, batch)), rtol=1e-5, atol=1e-5)


def test_changed_weights_count_once_they_are_unpacked() -> None:
    layers, convolutions = packed()
    before = layers(shown())
    layers[1].weight.mul_(2.0)
    unpack(layers[1])
    unpack(nn.Linear(1, 1))
    assert convolutions[1].packed is None
    changed = layers(shown())
    assert not torch.allclose(changed, before, atol=1e-4)
    pack(convolutions, lambda: layers(shown()))
    torch.testing.assert_close(layers(shown()), changed, rtol=1e-5, atol=1e-5)


def test_packed_weights_are_known_by_their_names_and_copied_without() -> None:
    layers, _ = packed()
    assert layers.state_dict().keys() == network().state_dict().keys()
    copied = copy.deepcopy(layers)
    assert [each.packed for each in copied] == [None] * 3
    torch.testing.assert_close(copied(shown()), layers(shown()), rtol=1e-5, atol=1e-5)


def test_half_precision_stays_as_it_is() -> None:
    assert packable(network().to(torch.bfloat16)) == ()


def test_what_is_not_packed_alike_stays_as_it_is() -> None:
    odd = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), nn.Conv2d(1, 1, 3, padding="same"))
    assert packable(odd) == ()
    assert {type(each) for each in odd} == {nn.Conv2d}


def test_a_torch_without_the_operations_packs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: PackedConvolution, size: torch.Size) -> None:
        raise RuntimeError("no such operation")

    monkeypatch.setattr(PackedConvolution, "pack", refuse)
    packing._can_pack.cache_clear()
    assert packable(network()) == ()
    packing._can_pack.cache_clear()

"""Kept keys and values: the same results as diffusers' own processor, and nothing stale."""

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from studio.engine.attention import KeepingAttention, keep_keys_and_values
from studio.engine.libraries import UNet2DConditionModel


def load(models: Path) -> Any:
    return UNet2DConditionModel.from_pretrained(models / "plain" / "unet", low_cpu_mem_usage=False).eval()


@pytest.fixture
def unets(models: Path) -> tuple[Any, Any]:
    """The same U-Net twice: ours, and as diffusers has it."""
    ours = load(models)
    keep_keys_and_values(ours)
    return ours, load(models)


@torch.no_grad()
def test_it_is_diffusers_own_attention_whatever_comes_in_what_order(unets: tuple[Any, Any]) -> None:
    ours, theirs = unets
    generator = torch.Generator().manual_seed(0)
    texts = [torch.randn(2, 77, 32, generator=generator) for _ in range(2)]
    for text in (texts[0], texts[0], texts[1], texts[0], texts[1].clone()):
        z = torch.randn(2, 4, 9, 8, generator=generator)
        expected = theirs(z, 300, text).sample
        torch.testing.assert_close(ours(z, 300, text).sample, expected, rtol=1e-4, atol=1e-5)


def processors(unet: Any) -> list[KeepingAttention]:
    return [each for each in unet.attn_processors.values() if isinstance(each, KeepingAttention)]


@torch.no_grad()
def test_every_attention_has_its_own(unets: tuple[Any, Any]) -> None:
    kept = processors(unets[0])
    assert len(kept) == len(unets[1].attn_processors) == len(set(map(id, kept))) > 0


@torch.no_grad()
def test_keys_are_computed_once_a_text(unets: tuple[Any, Any]) -> None:
    unet = unets[0]
    calls: list[Tensor] = []
    hooks = [
        module.register_forward_hook(lambda module, given, result: calls.append(result))
        for name, module in unet.named_modules()
        if name.endswith("attn2.to_k")
    ]
    text = torch.randn(1, 77, 32)
    for step in range(3):
        unet(torch.randn(1, 4, 8, 8), step, text)
    for hook in hooks:
        hook.remove()
    assert len(calls) == len(hooks) > 0


@torch.no_grad()
def test_nothing_is_kept_longer_than_the_embeddings(unets: tuple[Any, Any]) -> None:
    text = torch.randn(1, 77, 32)
    unets[0](torch.randn(1, 4, 8, 8), 5, text)
    crossing = [each for each in processors(unets[0]) if each._kept is not None]
    keys = weakref.ref(crossing[0]._kept[0])  # type: ignore[index]
    assert keys() is not None
    del text
    gc.collect()
    assert keys() is None
    assert all(each._kept is None for each in processors(unets[0]))

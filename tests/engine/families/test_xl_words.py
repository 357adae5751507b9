"""Weights and BREAK on Stable Diffusion XL's two text encoders."""

from pathlib import Path

import pytest
import torch

from studio.core.errors import PromptTooLongError
from studio.engine.embeddings import Embeddings
from studio.engine.families.base import LatentFamily
from studio.engine.guidance import Conditioner
from studio.engine.local import LocalEngine
from studio.engine.text import EmbeddingCache
from tests.engine.families.test_families_agree import own
from tests.engine.helpers import Recorder, psnr

WIDTH = 32
"""Of each tiny encoder; their tokens lie side by side."""


@pytest.fixture(scope="module")
def family(families: Path) -> LatentFamily:
    from studio.core.models import read_model
    from studio.engine.device import choose_device
    from studio.engine.pipeline_folder import load_pipeline_folder

    return load_pipeline_folder(read_model(families / "sdxl"), choose_device("cpu"), lambda name, part: None).family


def embed(family: LatentFamily, text: str) -> Embeddings:
    return family.encode_prompt("prompt", text)


def test_a_weight_multiplies_its_own_tokens_in_both_encoders_and_each_mean_stays(family: LatentFamily) -> None:
    plain, weighted = embed(family, "a red sailboat"), embed(family, "a (red:1.5) sailboat")
    for encoder in range(2):
        own_width = slice(encoder * WIDTH, (encoder + 1) * WIDTH)
        before, after = plain.tokens[0, :, own_width], weighted.tokens[0, :, own_width]
        rescaled = (after / before)[0, 0]
        torch.testing.assert_close(after[2], before[2] * 1.5 * rescaled, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(after[3:], before[3:] * rescaled, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(after.mean(), before.mean(), rtol=1e-3, atol=1e-5)
    assert plain.pooled is not None and weighted.pooled is not None
    assert torch.equal(weighted.pooled, plain.pooled), "the whole text is not weighted"


def test_brackets_that_weigh_nothing_change_nothing(family: LatentFamily) -> None:
    plain = embed(family, "a red sailboat")
    assert torch.equal(embed(family, "a (red:1.0) sailboat<lora:paint:0.8>").tokens, plain.tokens)


def test_chunks_are_encoded_each_by_itself_and_the_first_is_pooled(family: LatentFamily) -> None:
    both, first, second = (
        embed(family, text) for text in ("a red sailboat BREAK the sea", "a red sailboat", "the sea")
    )
    torch.testing.assert_close(both.tokens, torch.cat([first.tokens, second.tokens], dim=1), rtol=1e-6, atol=1e-6)
    assert torch.equal(both.pooled, first.pooled)


def test_a_long_prompt_goes_on_in_further_chunks(family: LatentFamily) -> None:
    assert family.count_tokens("red " * 60 + "BREAK " + "red " * 70) == 75 + 70
    long, divided = embed(family, "red " * 80), embed(family, "red " * 75 + "BREAK " + "red " * 5)
    assert long.tokens.shape == (1, 154, 2 * WIDTH)
    torch.testing.assert_close(long.tokens, divided.tokens, rtol=1e-6, atol=1e-6)
    with pytest.raises(PromptTooLongError, match="1,201 tokens"):
        embed(family, "red " * 1201)


def test_no_negative_prompt_stays_zeros_beside_a_longer_prompt(family: LatentFamily) -> None:
    conditioner = Conditioner(family, "weights", EmbeddingCache(1 << 20))
    recipe = own("sdxl", prompt="a red sailboat BREAK the sea", negative_prompt="")
    told = conditioner.conditioning(conditioner.prompt(recipe), conditioner.negative_prompt(recipe), 5.0)
    assert told.negative.tokens.shape == told.positive.tokens.shape == (1, 154, 2 * WIDTH)
    assert not told.negative.tokens.any()


def test_weights_and_chunks_change_the_picture(family_engine: LocalEngine) -> None:
    plain, stronger, parted = (
        family_engine.generate(own("sdxl", prompt=text), Recorder()).picture
        for text in ("a red sailboat", "a (red:1.8) sailboat", "a red BREAK sailboat")
    )
    assert psnr(plain, stronger) < 60
    assert psnr(plain, parted) < 60

"""Embeddings: counted, compared with diffusers' own, and kept within a budget."""

from pathlib import Path
from typing import Any

import pytest
import torch

from studio.core.blend import Blend, Keyframe
from studio.core.errors import PromptTooLongError
from studio.core.models import read_model
from studio.core.prompt_grammar import CHUNKS_MAX
from studio.engine.device import choose_device
from studio.engine.embeddings import Embeddings
from studio.engine.guidance import Conditioner
from studio.engine.lexicon import Lexicon
from studio.engine.pipeline_folder import load_pipeline_folder
from studio.engine.stable_diffusion import StableDiffusion
from studio.engine.text import EmbeddingCache, emphasised
from tests.engine.helpers import small
from tests.engine.reference import load_reference


@pytest.fixture(scope="module")
def family(models: Path) -> StableDiffusion:
    return load_pipeline_folder(read_model(models / "plain"), choose_device("cpu"), lambda name, fraction: None).family


@pytest.fixture(scope="module")
def pipe(models: Path) -> Any:
    return load_reference(models / "plain")


@pytest.mark.parametrize("text", ["", "a red sailboat", "A RED   sailboat,\nat: 1.2 sunset — ünïcode 雪", "red " * 75])
def test_embeddings_are_diffusers_own(family: StableDiffusion, pipe: Any, text: str) -> None:
    theirs = pipe.encode_prompt(text, torch.device("cpu"), 1, False)[0]
    ours = family.encode_prompt("prompt", text)
    assert ours.tokens.shape == (1, 77, 32)
    torch.testing.assert_close(ours.tokens, theirs, rtol=1e-5, atol=1e-5)


def test_brackets_that_weigh_nothing_change_nothing(family: StableDiffusion) -> None:
    plain = family.encode_prompt("prompt", "a red sailboat").tokens
    for text in ("a (red:1) sailboat", "a (red:1.0) sailboat<lora:paint:0.8>"):
        assert torch.equal(family.encode_prompt("prompt", text).tokens, plain), text


def test_a_weight_multiplies_its_own_tokens_and_the_mean_stays(family: StableDiffusion) -> None:
    plain = family.encode_prompt("prompt", "a red sailboat").tokens
    weighted = family.encode_prompt("prompt", "a (red:1.5) sailboat").tokens
    ratio = weighted / plain
    rescaled = ratio[0, 0, 0]
    torch.testing.assert_close(ratio[0, 2], (1.5 * rescaled).expand(32), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(weighted[0, 3:], plain[0, 3:] * rescaled, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(weighted.mean(), plain.mean(), rtol=1e-3, atol=1e-5)


def test_tokens_whose_weighted_mean_is_zero_are_left_unscaled() -> None:
    hidden = torch.ones(1, 2, 4)
    assert torch.equal(emphasised(hidden, [1.0, -1.0])[0, :, 0], torch.tensor([1.0, -1.0]))
    assert emphasised(hidden, [1.0, 1.0]) is hidden


def test_chunks_are_encoded_each_by_itself(family: StableDiffusion) -> None:
    both = family.encode_prompt("prompt", "a red sailboat BREAK the sea").tokens
    alone = [family.encode_prompt("prompt", text).tokens for text in ("a red sailboat", "the sea")]
    assert both.shape == (1, 154, 32)
    torch.testing.assert_close(both, torch.cat(alone, dim=1), rtol=1e-6, atol=1e-6)


def test_the_marks_are_not_counted_and_a_chunk_before_the_last_counts_whole(family: StableDiffusion) -> None:
    assert family.count_tokens("a ((red)) [sailboat:1.2]<lora:paint:0.8>") == family.count_tokens("a red sailboat:1.2")
    assert family.count_tokens("red " * 60 + "BREAK " + "red " * 70) == 75 + 70
    assert family.encode_prompt("prompt", "red " * 75 + "BREAK " + "red " * 75).tokens.shape == (1, 154, 32)


def same(family: StableDiffusion, one: str, other: str) -> bool:
    first, second = (family.encode_prompt("prompt", text).tokens for text in (one, other))
    return first.shape == second.shape and bool(torch.allclose(first, second, rtol=1e-6, atol=1e-6))


@pytest.mark.parametrize(
    ("text", "divided"),
    [
        ("red " * 76, "red " * 75 + "BREAK red"),
        ("red " * 50 + ", " + "blue " * 30, "red " * 50 + ", " + "blue " * 24 + "BREAK " + "blue " * 6),
        ("red " * 60 + ", " + "blue " * 30, "red " * 60 + ", BREAK " + "blue " * 30),
        ("red " * 75 + ", blue", "red " * 75 + "BREAK , blue"),
        ("red " * 60 + ", (" + "blue " * 30 + ":1.3)", "red " * 60 + ", BREAK (" + "blue " * 30 + ":1.3)"),
        ("red " * 160, "red " * 75 + "BREAK " + "red " * 75 + "BREAK " + "red " * 10),
        ("a red lake BREAK", "a red lake"),
    ],
    ids=["full", "comma far", "comma near", "comma next", "weighted", "three", "nothing behind"],
)
def test_what_is_longer_than_the_encoder_reads_goes_on_in_the_next_chunk(
    family: StableDiffusion, text: str, divided: str
) -> None:
    """As in A1111: a comma of the last 20 tokens is where it is divided, else the end of the chunk."""
    assert same(family, text, divided)
    assert family.count_tokens(text) == family.count_tokens(divided)


def test_prompts_of_different_lengths_go_together(family: StableDiffusion) -> None:
    conditioner = Conditioner(family, "weights", EmbeddingCache(1 << 20))
    recipe = small(prompt="a red sailboat BREAK the sea", negative_prompt="rain")
    positive, negative = conditioner.prompt(recipe), conditioner.negative_prompt(recipe)
    told = conditioner.conditioning(positive, negative, 5.0)
    assert told.positive is positive
    assert torch.equal(told.negative.tokens[:, :77], negative.tokens)
    assert torch.equal(told.negative.tokens[:, 77:], family.encode_prompt("prompt", "").tokens)
    assert conditioner.conditioning(positive, negative, 1.0).negative is negative


def test_a_blend_of_prompts_of_different_lengths(family: StableDiffusion) -> None:
    conditioner = Conditioner(family, "weights", EmbeddingCache(1 << 20))
    keyframes = tuple(Keyframe(seed=1, prompt=text) for text in ("the sea", "a red sailboat BREAK the sea"))

    def blended(*shares: float) -> torch.Tensor:
        blend = Blend(keyframes=keyframes, noise_shares=shares, prompt_shares=shares)
        return conditioner.prompt(small(blend=blend)).tokens

    assert blended(1.0, 0.0).shape == (1, 77, 32), "on a keyframe, its own"
    lengthened = torch.cat([blended(1.0, 0.0), family.encode_prompt("prompt", "").tokens], dim=1)
    torch.testing.assert_close(blended(0.5, 0.5), (lengthened + blended(0.0, 1.0)) / 2)


def test_words_change_embeddings(family: StableDiffusion) -> None:
    one, other = (family.encode_prompt("prompt", text) for text in ("a red sailboat", "a blue sailboat"))
    assert (one.tokens - other.tokens).abs().max() > 0.1


def test_nothing_is_cut(family: StableDiffusion) -> None:
    most = 75 * CHUNKS_MAX
    assert family.count_tokens("red " * most) == most
    assert family.encode_prompt("prompt", "red " * most).tokens.shape == (1, 77 * CHUNKS_MAX, 32)
    with pytest.raises(PromptTooLongError, match="negative prompt has 1,201 tokens, but the model reads 1,200"):
        family.encode_prompt("negative_prompt", "red " * (most + 1))


def test_the_cache_keeps_to_its_budget_and_forgets_the_oldest() -> None:
    cache = EmbeddingCache(budget_bytes=3 * 400)
    for text in "abc":
        cache.put(("encoder", "prompt", text), Embeddings(torch.zeros(1, 10, 10)))
    assert cache.size_bytes == 1200
    assert cache.get(("encoder", "prompt", "a")) is not None
    cache.put(("encoder", "prompt", "d"), Embeddings(torch.zeros(1, 10, 10)))
    assert cache.size_bytes == 1200
    assert cache.get(("encoder", "prompt", "b")) is None, "the least recently used"
    assert cache.get(("encoder", "prompt", "a")) is not None
    cache.put(("encoder", "prompt", "a"), Embeddings(torch.zeros(1, 10, 10)))
    assert cache.size_bytes == 1200, "the same text is kept once"
    cache.put(("encoder", "prompt", "huge"), Embeddings(torch.zeros(1, 100, 10)))
    assert cache.size_bytes <= 1200
    cache.clear()
    assert cache.size_bytes == 0


def test_the_cache_tells_encoders_apart() -> None:
    cache = EmbeddingCache(budget_bytes=4000)
    cache.put(("one", "prompt", "a"), Embeddings(torch.zeros(1)))
    assert cache.get(("other", "prompt", "a")) is None
    assert cache.get(("one", "negative_prompt", "a")) is None, "a family may read it another way"
    assert cache.get(("one", "prompt", "a")) is not None


def test_a_text_is_encoded_once(family: StableDiffusion, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []
    encode = StableDiffusion.encode_prompt

    def listening(self: StableDiffusion, name: str, text: str, words: Lexicon) -> Embeddings:
        encoded.append(text)
        return encode(self, name, text, words)

    monkeypatch.setattr(StableDiffusion, "encode_prompt", listening)
    conditioner = Conditioner(family, "weights", EmbeddingCache(1 << 20))
    first = conditioner.prompt(small())
    second = conditioner.prompt(small(seed=3))
    conditioner.negative_prompt(small())
    assert encoded == ["a red sailboat", ""]
    assert first is second

"""The tokenizer: the same bytes each time, loads offline as CLIP's, reads back what it wrote, never too long."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
transformers = pytest.importorskip("transformers")

from studio.training.captions import caption, vocabulary  # noqa: E402
from studio.training.scenes import sample_scene  # noqa: E402
from studio.training.tokenizer import END, MAX_LENGTH, START, build_tokenizer, learn_merges  # noqa: E402

SHIPPED = Path(__file__).parents[2] / "resources" / "models" / "horizon" / "tokenizer"
FILES = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")


@pytest.fixture(scope="module")
def tokenizer():
    return transformers.CLIPTokenizer.from_pretrained(SHIPPED, local_files_only=True)


@pytest.fixture(scope="module")
def captions() -> list[str]:
    return [caption(sample_scene(seed, held_out=seed % 10 == 0), seed) for seed in range(10_000)]


def test_building_again_gives_the_shipped_bytes(tmp_path: Path) -> None:
    build_tokenizer(tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes(), name


def test_it_is_a_clip_tokenizer_of_our_size(tokenizer) -> None:
    assert isinstance(tokenizer, transformers.CLIPTokenizer)
    assert 800 <= len(tokenizer) <= 1500
    assert tokenizer.model_max_length == MAX_LENGTH == 77
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == (START, END, END)
    # CLIP's text model pools at the highest id, which must be the end mark.
    assert tokenizer.eos_token_id == len(tokenizer) - 1


def test_padding_as_clip_does(tokenizer) -> None:
    ids = tokenizer("a red sailboat", padding="max_length", truncation=True).input_ids
    assert len(ids) == MAX_LENGTH
    assert ids[0] == tokenizer.bos_token_id
    assert ids[4:] == [tokenizer.eos_token_id] * (MAX_LENGTH - 4)


def test_every_vocabulary_word_is_one_token(tokenizer) -> None:
    assert [word for word in vocabulary() if len(tokenizer(word).input_ids) != 3] == []


def test_no_caption_is_too_long(tokenizer, captions: list[str]) -> None:
    longest = max(len(ids) for ids in tokenizer(captions).input_ids)
    print(f"longest caption: {longest} tokens with both marks")
    assert longest <= MAX_LENGTH


def test_captions_come_back(tokenizer, captions: list[str]) -> None:
    for text in captions[:2000]:
        back = tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True)
        assert "".join(back.split()) == "".join(text.lower().split())


@pytest.mark.parametrize("text", ["naïve café", "夕焼けの海", "a 🚢 at sea", "xyzzy 42 !?", "ÅÄÖ"])
def test_unknown_words_come_back_too(tokenizer, text: str) -> None:
    ids = tokenizer(text).input_ids
    back = tokenizer.decode(ids, skip_special_tokens=True)
    assert "".join(back.split()) == "".join(text.lower().split())


def test_merges_follow_counts_and_break_ties_in_order() -> None:
    assert learn_merges({"aab": 2, "aac": 3}, 1) == [("a", "a")]
    assert learn_merges({"xy": 1, "ab": 1}, 2) == [("a", "b</w>"), ("x", "y</w>")]

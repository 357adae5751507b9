"""Tokenizers that many models share: where they are found, and taken from."""

import errno
import json

import pytest

from studio.core.errors import ModelBrokenError, SaveError
from studio.core.shared_parts import SharedPart, find_shared, take_shared
from tests.faults import Disk

CLIP = SharedPart.CLIP_TOKENIZER


def write_tokenizer(folder, pieces=49_408):
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({str(number): number for number in range(pieces)}))
    for name in ("merges.txt", "model.bin"):
        (folder / name).write_bytes(b"")
    return folder


def test_a_tokenizer_is_found_whole_beside_models_and_in_the_cache(tmp_path):
    first, second, cache = tmp_path / "first", tmp_path / "second", tmp_path / "cache"
    (first / "tokenizers" / "clip").mkdir(parents=True)
    assert find_shared(CLIP, (first, second, cache)) is None, "an empty folder is none"
    there = write_tokenizer(cache / "models--openai--clip-vit-large-patch14" / "snapshots" / "abc")
    assert find_shared(CLIP, (first, second, cache)) == there
    own = write_tokenizer(second / "tokenizers" / "clip")
    assert find_shared(CLIP, (first, second, cache)) == own


def test_a_folder_that_the_artist_points_to_is_taken_without_its_weights(tmp_path):
    models = tmp_path / "models"
    made = take_shared(CLIP, write_tokenizer(tmp_path / "theirs"), models)
    assert made == find_shared(CLIP, (models,))
    assert {path.name for path in made.iterdir()} == {"vocab.json", "merges.txt"}


def test_another_folder_is_refused_and_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    models = tmp_path / "models"
    with pytest.raises(ModelBrokenError, match=r"it is no CLIP tokenizer, which has vocab\.json and merges\.txt, or"):
        take_shared(CLIP, tmp_path, models)
    with pytest.raises(ModelBrokenError, match=r"with a vocabulary of 49,408\."):
        take_shared(CLIP, write_tokenizer(tmp_path / "strange", pieces=40), models)
    theirs = write_tokenizer(tmp_path / "theirs")
    Disk(monkeypatch, models).arm_every("rename", errno.ENOSPC)
    with pytest.raises(SaveError, match="No space left"):
        take_shared(CLIP, theirs, models)
    assert find_shared(CLIP, (models,)) is None


def test_one_of_the_same_vocabulary_is_taken_from_another_model(tmp_path):
    write_tokenizer(tmp_path / "a-model-of-few-words" / "tokenizer", pieces=40)
    assert find_shared(CLIP, (tmp_path,)) is None
    there = write_tokenizer(tmp_path / "models--maker--sd15" / "snapshots" / "abc" / "tokenizer")
    assert find_shared(CLIP, (tmp_path,)) == there
    t5 = tmp_path / "flux" / "tokenizer_2"
    t5.mkdir(parents=True)
    (t5 / "tokenizer.json").write_text(json.dumps({"model": {"vocab": [["x", 0.0]] * 32_100}}))
    assert find_shared(SharedPart.T5_TOKENIZER, (tmp_path,)) == t5
    (t5 / "tokenizer.json").write_text("[")
    assert find_shared(SharedPart.T5_TOKENIZER, (tmp_path,)) is None

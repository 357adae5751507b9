"""Which words a model was taught."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import ModelBrokenError
from studio.core.words import Vocabulary, load_vocabulary, words_of

VOCABULARY = Vocabulary(("sea", "Seaside", "sailboat", "sun", "sunset"), {"sky": ("sun", "sunset")})


def test_unknown_words_are_found_with_their_places():
    text = "a Sailboat, at SUNSET: dragon's sea 12 (sun:1.2)"
    assert [word.text for word in VOCABULARY.unknown(text)] == ["a", "at", "dragon's"]
    assert all(text[word.start : word.end] == word.text for word in VOCABULARY.unknown(text))


def test_the_marks_of_the_grammar_are_no_words():
    text = "<lora:dragon:0.8>(sun:1.2) BREAK [sea] Break<lora:ink> ink"
    assert [word.text for word in VOCABULARY.unknown(text)] == ["Break", "ink"]


def test_the_genitive_of_a_known_word_is_known():
    assert "sun's" in VOCABULARY
    assert "sun’s" in VOCABULARY


@given(st.text())
def test_words_lie_where_they_say(text):
    words = words_of(text)
    assert all(text[word.start : word.end] == word.text for word in words)
    assert all(one.end <= other.start for one, other in itertools.pairwise(words))


def test_endings_are_the_words_that_begin_so():
    assert VOCABULARY.endings("se") == ("sea", "seaside")
    assert VOCABULARY.endings("SUN") == ("sun", "sunset")
    assert VOCABULARY.endings("s", limit=2) == ("sailboat", "sea")
    assert VOCABULARY.endings("") == ()
    assert VOCABULARY.begins("sail")
    assert not VOCABULARY.begins("z")


def test_a_file_is_read(tmp_path):
    path = tmp_path / "vocabulary.json"
    path.write_text(json.dumps({"version": 1, "words": ["sea"], "categories": {"water": ["sea"]}}))
    read = load_vocabulary(path)
    assert len(read) == 1
    assert read.categories == {"water": ("sea",)}


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"version": 2, "words": []}', '{"version": 1, "words": [1]}', "[" * 100_000, '{"version": 1}'],
)
def test_a_broken_file_is_told(tmp_path, content):
    path = tmp_path / "vocabulary.json"
    path.write_text(content)
    with pytest.raises(ModelBrokenError, match=r"vocabulary\.json"):
        load_vocabulary(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ModelBrokenError, match="cannot be read"):
        load_vocabulary(tmp_path / "vocabulary.json")

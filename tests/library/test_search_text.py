import sqlite3

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studio.library.schema import WORDS
from studio.library.search_text import SearchText, clean, indexed, parse
from tests.strategies import ANY_TEXT, AWKWARD

HOSTILE = st.text(st.sampled_from("\"'*-:()^+{}.,;/\\%_? \0\n\t ab1seedtag海é́\ud800NEARORANDT"), max_size=80)


@pytest.fixture(scope="module")
def words():
    """A full-text index like the library's."""
    connection = sqlite3.connect(":memory:")
    connection.execute(WORDS)
    connection.execute("INSERT INTO words (rowid, prompt) VALUES (1, 'a red sailboat and the sea near an island')")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("typed", "match", "without"),
    [
        ("", "", ""),
        ("   ", "", ""),
        ("sail", '"sail" *', ""),
        ("red sail", '"red" * AND "sail" *', ""),
        ('"red sail"', '"red sail"', ""),
        ('"red sai', '"red sai"', ""),
        ("red -blue -green", '"red" *', '"blue" OR "green"'),
        ('-"dark red"', "", '"dark red"'),
        ("tag:sea", 'tags : "sea" *', ""),
        ('Tag:"red sea"', 'tags : "red sea"', ""),
        ("-tag:sea", "", 'tags : "sea"'),
        ("negative:blurry model:horizon", 'negative_prompt : "blurry" * AND model : "horizon" *', ""),
        ("NEAR( * ) OR ^x", '"NEAR(" * AND "OR" * AND "^x" *', ""),
        ("say \"\" ''", '"say" *', ""),
        ("don't", '"don\'t" *', ""),
        ("tag: seed: notes:", "", ""),
        ("- -- *", "", ""),
        ("seed:boat", '"boat" *', ""),
        ("海の船", '" 海  の  船 " *', ""),
    ],
)
def test_what_is_typed_becomes_a_query(typed, match, without):
    assert parse(typed) == SearchText(match, without)


def test_seeds_are_numbers_wanted_and_unwanted():
    assert parse("seed:7 -seed:12 SEED:0") == SearchText("", "", (7, 0), (12,))


@given(ANY_TEXT | AWKWARD | HOSTILE)
@example('"' * 2001)
@example("NEAR(" * 2000)
@example("-" * 10_000)
@example("a b " * 2500)
@example("x" * 10_000)
@example("seed:" + "9" * 9_000)
@example("tag:\0")
@example("\u00b2")
@example("seed:\u0663")
def test_any_text_is_a_query_that_sqlite_takes(words, typed):
    found = parse(typed)
    for query in (found.match, found.without):
        if query:
            words.execute("SELECT rowid FROM words WHERE words MATCH ?", (query,)).fetchall()
    if found.match and found.without:
        words.execute(
            "SELECT rowid FROM words WHERE words MATCH ?", (f"({found.match}) NOT ({found.without})",)
        ).fetchall()


@given(ANY_TEXT | AWKWARD)
def test_any_text_can_be_indexed_and_a_word_of_it_be_found(text):
    connection = sqlite3.connect(":memory:")
    connection.execute(WORDS)
    connection.execute("INSERT INTO words (rowid, prompt) VALUES (1, ?)", (f"{indexed(text)} sailboat",))
    assert connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (parse("sail").match,)).fetchall() == [
        (1,)
    ]
    connection.close()


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("an école by the sea", "ecole"),
        ("an e\u0301cole by the sea", "école"),
        ("夕日の海の上の船", "海の上"),
        ("夕日の海の上の船", "船"),
        ("a ＦＵＬＬ width letter", "full"),
        ("Sea-side, cliffs", '"sea side"'),
    ],
)
def test_words_are_found_however_they_are_written(words, text, typed):
    words.execute("INSERT INTO words (rowid, prompt) VALUES (7, ?)", (indexed(text),))
    found = words.execute("SELECT rowid FROM words WHERE words MATCH ?", (parse(typed).match,)).fetchall()
    words.execute("DELETE FROM words WHERE rowid = 7")
    assert (7,) in found


def test_clean_text_is_unicode_without_nul():
    assert clean("a\0b\ud800\udc00\udfff") == "a b\U00010000\ufffd"

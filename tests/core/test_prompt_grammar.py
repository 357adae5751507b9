"""The prompt's grammar, against AUTOMATIC1111's rules worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.prompt_grammar import (
    Passage,
    escape,
    mark_spans,
    parse_prompt,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a boat", [("a boat", 1.0)]),
        ("a (red) boat", [("a ", 1.0), ("red", 1.1), (" boat", 1.0)]),
        ("((very))", [("very", 1.21)]),
        ("[less]", [("less", 1 / 1.1)]),
        ("(sea:1.5)", [("sea", 1.5)]),
        ("(sea: .5 )", [("sea", 0.5)]),
        ("(a (b:2):0.5)", [("a ", 0.5), ("b", 1.0)]),
        ("(a [b])", [("a ", 1.1), ("b", 1.0)]),
        (r"\(not\) (yes)", [("(not) ", 1.0), ("yes", 1.1)]),
        ("(open", [("open", 1.1)]),
        ("[open", [("open", 1 / 1.1)]),
        ("closed) now]", [("closed) now]", 1.0)]),
        ("ratio 16:9", [("ratio 16:9", 1.0)]),
        ("a:1.2) b", [("a:1.2) b", 1.0)]),
        ("BREAKFAST", [("BREAKFAST", 1.0)]),
        ("", [("", 1.0)]),
    ],
)
def test_weights(text, expected):
    [chunk] = parse_prompt(text).chunks
    assert [passage.text for passage in chunk] == [part for part, _ in expected]
    assert [passage.weight for passage in chunk] == pytest.approx([weight for _, weight in expected])


def test_break_divides_into_chunks_inside_brackets_too():
    parsed = parse_prompt("a sea BREAK (a boat BREAK red)")
    assert [[(p.text.strip(), p.weight) for p in chunk if p.text.strip()] for chunk in parsed.chunks] == [
        [("a sea", 1.0)],
        [("a boat", pytest.approx(1.1))],
        [("red", pytest.approx(1.1))],
    ]


def test_adapters_are_taken_out():
    parsed = parse_prompt("a boat <lora:ink lines:0.8>, sea<lora:other><lora:third:-1:0.5>")
    assert [(each.name, each.strength) for each in parsed.adapters] == [
        ("ink lines", 0.8), ("other", 1.0), ("third", -1.0),
    ]  # fmt: skip
    assert parsed.text == "a boat , sea"


def test_weights_have_bounds():
    [[passage]] = parse_prompt("(a:99999)").chunks
    assert passage.weight == 10.0
    [[passage]] = parse_prompt("(" * 500 + "a").chunks
    assert passage.weight == 10.0


def test_thousands_of_brackets_keep_to_the_bounds():
    (chunk,) = parse_prompt("(a" * 10_000).chunks
    assert (chunk[0].weight, chunk[-1].weight) == (pytest.approx(1.1), 10.0)
    assert sum(len(passage.text) for passage in chunk) == 10_000
    assert parse_prompt("[" * 9_000 + "a" + "]" * 9_000).chunks == ((Passage("a", pytest.approx(0.0)),),)


@given(st.text(max_size=200))
def test_escaped_text_is_read_as_itself(text):
    if "BREAK" in text or "<" in text:
        return
    assert parse_prompt(escape(text)).chunks == ((Passage(text),),)


@given(st.text(alphabet="ab ()[]:1.\\BREAK<lora>{|}", max_size=300))
def test_nothing_fails_and_no_word_is_lost(text):
    parsed = parse_prompt(text)
    assert parsed.chunks
    assert all(-10 <= passage.weight <= 10 for chunk in parsed.chunks for passage in chunk)
    marks = {place for start, end in mark_spans(text) for place in range(start, end)}
    letters = sum(sign == "b" for place, sign in enumerate(text) if place not in marks)
    assert sum(sign == "b" for sign in parsed.text) == letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.wildcards import expand_wildcards, has_wildcards


def test_every_choice_comes_up_and_a_seed_repeats_its_own():
    drawn = {expand_wildcards("a {red|blue|green} boat", seed) for seed in range(60)}
    assert drawn == {"a red boat", "a blue boat", "a green boat"}
    assert expand_wildcards("{a|b} {c|d}", 7) == expand_wildcards("{a|b} {c|d}", 7)


def test_choices_nest_and_may_be_empty():
    drawn = {expand_wildcards("{a|{b|c} d|}", seed) for seed in range(80)}
    assert drawn == {"a", "b d", "c d", ""}


@pytest.mark.parametrize("text", ["{alone}", "{open|never", "a | b", "}", r"\{a|b\}", "", "{"])
def test_what_is_no_choice_is_text(text):
    assert expand_wildcards(text, 3) == text
    assert not has_wildcards(text)


@given(st.text(alphabet="ab{|}\\ ", max_size=120), st.integers(0, 5))
def test_nothing_fails(text, seed):
    assert len(expand_wildcards(text, seed)) <= len(text)

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.core.blend import Blend, Keyframe
from studio.core.canvas_edits import blend_recipe
from studio.core.errors import OptionError
from studio.core.recipe import Recipe
from studio.core.wildcards import check_wildcards, chosen, expand_wildcards, longest_choice

BRACES = st.text(alphabet="ab{|}\\ ", max_size=120)


def test_every_choice_comes_up_and_a_seed_repeats_its_own():
    drawn = {expand_wildcards("a {red|blue|green} boat", seed) for seed in range(60)}
    assert drawn == {"a red boat", "a blue boat", "a green boat"}
    assert expand_wildcards("{a|b} {c|d}", 7) == expand_wildcards("{a|b} {c|d}", 7)


def test_choices_nest_and_may_be_empty():
    drawn = {expand_wildcards("{a|{b|c} d|}", seed) for seed in range(80)}
    assert drawn == {"a", "b d", "c d", ""}
    assert longest_choice("{a|{b|cc} d|} and {|e}") == "cc d and e"


@pytest.mark.parametrize("text", ["{alone}", "{open|never", "a | b", "}", "a | b}", r"\{a|b\}", "", "{", "\\"])
def test_what_is_no_choice_is_text(text):
    assert expand_wildcards(text, 3) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a {red|blue boat on a calm sea at sunset", "Prompt: “{red|blue boat on a calm…” is never closed."),
        ("a {red|{blue|green} boat", "Prompt: “{red|blue boat” is never closed."),
        ("red|blue} boat", "Prompt: a } ends choices that no { began."),
    ],
)
def test_broken_braces_are_told(text, sentence):
    with pytest.raises(OptionError) as caught:
        check_wildcards(text)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("text", ["{a|b}", "{{a|b}|c}", "{alone", ":-}", r"\{a|b", "a | b", "{{masterpiece}}"])
def test_what_is_not_broken_passes(text):
    check_wildcards(text)


def test_a_recipe_says_what_was_chosen():
    recipe = Recipe(prompt="a {red|blue} boat", negative_prompt="{fog|rain}", seed=5)
    made = chosen(recipe)
    assert made.prompt in ("a red boat", "a blue boat")
    assert made.negative_prompt in ("fog", "rain")
    assert chosen(made) == made


@given(BRACES, st.integers(0, 2**32 - 1), st.integers(0, 5))
def test_nothing_fails_and_choosing_again_changes_nothing(text, seed, other):
    once = expand_wildcards(text, seed)
    assert len(once) <= len(text)
    assert expand_wildcards(once, other) == once


@pytest.mark.parametrize("text", ["{" * 20_000, "{a|" * 6_000, "{" * 10_000 + "}" * 10_000])
def test_deep_braces_take_no_time(text):
    assert longest_choice(text)
    assert expand_wildcards(text, 1)


def test_a_keyframe_chooses_by_its_own_seed_and_keeps_its_braces():
    keyframes = tuple(Keyframe(seed=seed, prompt="a {red|blue|green} boat") for seed in range(8))
    shares = (1.0,) + (0.0,) * 7
    blend = Blend(keyframes=keyframes, noise_shares=shares, prompt_shares=shares)
    made = blend_recipe(Recipe(prompt="{a|b}", seed=3), blend)
    expected = [expand_wildcards("a {red|blue|green} boat", seed) for seed in range(8)]
    assert [each.prompt for each in made.blend.keyframes] == expected
    assert len(set(expected)) > 1
    assert made.prompt == expected[0]
    opened = blend_recipe(Recipe(prompt="{a|b}"), replace(blend, keyframes=(Keyframe(seed=1), *keyframes[1:])))
    assert opened.prompt in ("a", "b")

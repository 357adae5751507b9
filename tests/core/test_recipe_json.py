import json
import time

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.blend import Blend, Keyframe
from studio.core.errors import OptionError
from studio.core.metadata import read_recipe, write_png
from studio.core.recipe import PROMPT_MAX, Recipe
from studio.core.recipe_json import SIZE_LIMIT, recipe_from_json, recipe_in_words, recipe_to_json
from studio.core.start import Start
from studio.core.start_picture import start_from_picture
from tests.strategies import joined, recipes


def as_json(prompt):
    """What JSON makes of a recipe's texts: surrogate pairs are one character."""
    changed = {name: joined(getattr(prompt, name)) for name in ("prompt", "negative_prompt")}
    model = msgspec.structs.replace(prompt.model, name=joined(prompt.model.name))
    return msgspec.structs.replace(prompt, model=model, **changed)


@given(recipes())
def test_any_recipe_comes_back(recipe):
    assert recipe_from_json(recipe_to_json(recipe)) == as_json(recipe)


@given(recipes())
def test_the_text_is_ascii_and_the_same_each_time(recipe):
    text = recipe_to_json(recipe)
    assert text.isascii()
    assert "\0" not in text
    assert recipe_to_json(recipe_from_json(text)) == recipe_to_json(as_json(recipe))


def test_a_lone_surrogate_survives_and_a_pair_becomes_its_character():
    assert recipe_from_json(recipe_to_json(Recipe(prompt="a\ud83d"))).prompt == "a\ud83d"
    assert recipe_from_json(recipe_to_json(Recipe(prompt="\ud83d\ude42"))).prompt == "🙂"


def test_the_longest_recipe_is_within_the_limit():
    longest = Recipe(prompt="🙂" * PROMPT_MAX, negative_prompt="🙂" * PROMPT_MAX)
    assert len(recipe_to_json(longest)) < SIZE_LIMIT
    assert recipe_from_json(recipe_to_json(longest)) == longest


def test_missing_fields_have_their_defaults():
    assert recipe_from_json('{"version": 1, "recipe": {"prompt": "sea"}}') == Recipe(prompt="sea")


def test_a_later_version_says_so():
    with pytest.raises(OptionError, match=r"version 2, made by a newer Latent Studio; this one reads up to 1\.$"):
        recipe_from_json('{"version": 2, "recipe": {}}')


def test_an_unknown_field_is_named():
    with pytest.raises(OptionError, match=r"does not know, perhaps of a newer Latent Studio .*`colour`"):
        recipe_from_json('{"version": 1, "recipe": {"colour": "red"}}')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("[]", "not a JSON object with"),
        ("null", "not a JSON object with"),
        ('{"version": 1}', "not a JSON object with"),
        ('{"recipe": {}}', "version is missing"),
        ('{"version": "1", "recipe": {}}', "version is missing or not a number"),
        ('{"version": true, "recipe": {}}', "version is missing or not a number"),
        ('{"version": 0, "recipe": {}}', "version is missing or not a number"),
        ('{"version": 1, "recipe": []}', "a value is not allowed"),
        ('{"version": 1, "recipe": {"seed": -1}}', "a value is not allowed"),
        ('{"version": 1, "recipe": {"seed": 4294967296}}', "a value is not allowed"),
        ('{"version": 1, "recipe": {"steps": 1.5}}', "a value is not allowed"),
        ('{"version": 1, "recipe": {"guidance": 1e999}}', "a value is not allowed"),
        ('{"version": 1, "recipe": {"guidance": NaN}}', "NaN is not a number"),
        ('{"version": 1, "recipe": {"guidance": -Infinity}}', "-Infinity is not a number"),
        ('{"version": 1, "recipe": {"scheduler": "Magic"}}', "a value is not allowed"),
        ('{"version": 1, "recipe": {"seed": 1, "seed": 2}}', "a key appears twice"),
        ('{"version": 1, "recipe": {"seed": ' + "9" * 5000 + "}}", "not JSON"),
        ('{"version": 1, "recipe": ' + "[" * 100_000, "nested too deeply"),
        ('{"version": 1, "recipe": {"prompt": "' + "a" * (PROMPT_MAX + 1) + '"}}', "a value is not allowed"),
        (" " * (SIZE_LIMIT + 1), "no recipe has more than"),
    ],
)
def test_bad_text_gets_one_sentence_within_a_second(text, reason):
    start = time.perf_counter()
    with pytest.raises(OptionError) as caught:
        recipe_from_json(text)
    assert time.perf_counter() - start < 30  # a hang guard, not a measure
    assert reason in str(caught.value)
    assert str(caught.value).startswith("The recipe cannot be read: ")
    assert len(str(caught.value)) < 400
    assert caught.value.name == "recipe"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["version", "recipe", "seed"]), inner),
)


@given(st.text() | JSON.map(json.dumps) | JSON.map(lambda inner: json.dumps({"version": 1, "recipe": inner})))
def test_nothing_but_the_error_tree_comes_out(text):
    try:
        found = recipe_from_json(text)
    except OptionError:
        return
    assert isinstance(found, Recipe)


def test_half_a_character_in_a_pictures_base64_is_refused():
    """Found by the fuzzer: where msgspec wants ASCII it raised another error than for every other wrong value."""
    keyframes = [{"seed": 1, "picture": "\ud800"}, {"seed": 2}]
    blend = {"keyframes": keyframes, "noise_shares": [1, 0], "prompt_shares": [1, 0]}
    with pytest.raises(OptionError, match="half a character"):
        recipe_from_json(json.dumps({"version": 1, "recipe": {"blend": blend}}))


def test_the_largest_start_is_within_the_limit_of_a_recipe_and_of_a_picture_file():
    noise = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
    mask = np.random.default_rng(1).integers(0, 2, (1024, 1024), np.uint8)
    start = start_from_picture(noise, mask=mask * 255)
    longest = Recipe(prompt="🙂" * PROMPT_MAX, negative_prompt="🙂" * PROMPT_MAX, width=1024, height=1024, start=start)
    assert len(recipe_to_json(longest)) < SIZE_LIMIT
    assert read_recipe(write_png(np.zeros((8, 8, 3), np.uint8), longest)) == longest


def test_in_words_there_are_no_pictures():
    start = Start(picture=b"x" * 5000, mask=b"y" * 700)
    blend = Blend(
        keyframes=(Keyframe(seed=1, picture=b"z" * 900), Keyframe(seed=2)),
        noise_shares=(1.0, 0.0),
        prompt_shares=(1.0, 0.0),
    )
    text = recipe_in_words(Recipe(prompt="sea", start=start, blend=blend))
    told = json.loads(text)["recipe"]
    assert len(text) < 3000
    assert told["prompt"] == "sea"
    assert told["start"] == {"picture": "(a PNG picture of 5,000 bytes)", "mask": "(a PNG picture of 700 bytes)"}
    assert told["blend"]["keyframes"][0]["picture"] == "(a PNG picture of 900 bytes)"

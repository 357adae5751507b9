"""Choices in a prompt, on the real window: made for each picture, kept in the prompt."""

from studio.core.metadata import read_recipe
from studio.core.wildcards import expand_wildcards

PROMPT = "a {red|blue|calm} sailboat"


def test_each_picture_of_a_batch_chooses_and_its_file_says_what(shown):
    shown.session.change_recipe(seed=100, negative_prompt="{slow|sea}")
    shown.find("countSpin").setValue(4)
    shown.generate(PROMPT)
    shown.wait(lambda: len(shown.engine.generated) == 4)
    shown.wait_idle()
    made = [recipe.prompt for recipe in shown.engine.generated]
    assert made == [expand_wildcards(PROMPT, seed) for seed in range(100, 104)]
    assert len(set(made)) > 1
    assert all("{" not in recipe.negative_prompt for recipe in shown.engine.generated)
    assert shown.session.recipe.prompt == shown.find("promptEdit").toPlainText() == PROMPT
    assert sorted(read_recipe(path).prompt for path in shown.places.pictures.iterdir()) == sorted(made)


def test_forever_chooses_too(shown):
    shown.session.change_recipe(prompt=PROMPT)
    shown.find("foreverButton").click()
    shown.wait(lambda: len(shown.engine.generated) > 2)
    shown.find("foreverButton").click()
    shown.wait_idle()
    assert all(recipe.prompt == expand_wildcards(PROMPT, recipe.seed) for recipe in shown.engine.generated)


def test_a_broken_brace_is_told_beside_the_prompt_until_it_is_mended(shown):
    line = shown.window.prompt_panel.problems["prompt"]
    shown.generate("a {red|blue sailboat")
    assert "“{red|blue sailboat” is never closed" in line.text()
    assert not shown.jobs.is_busy
    shown.session.change_recipe(prompt="a {red|blue} sailboat")
    assert line.isHidden()


def test_words_in_braces_are_marked_and_the_longest_choice_is_counted(shown):
    shown.session.change_recipe(prompt="a {red|blue ocean liner} {sea|}")
    assert shown.find("unknownWordsNote").text() == "Not known to this model: ocean, liner"
    shown.wait(lambda: shown.find("tokenNote").text() == "5 of 75 tokens")

"""Grids: values as they are typed, the recipes they mean, and how wrong ones are told."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image

from studio.core.errors import OptionError
from studio.core.grid import describe, make_grid
from studio.core.grid_axis import EXAMPLES, PICTURES_MAX, Axis, Field, read_axis
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler
from studio.core.start import Start
from tests.fake_engine import MODEL

RECIPE = Recipe(prompt="a red sailboat", negative_prompt="red fog", schedule=Schedule.KARRAS, seed=5)


@pytest.mark.parametrize(
    ("field", "text", "values"),
    [
        (Field.STEPS, "4, 8,20", (4, 8, 20)),
        (Field.STEPS, " 1, 2, 5-20:5 ", (1, 2, 5, 10, 15, 20)),
        (Field.STEPS, "5-20 (+5)\n4,4", (5, 10, 15, 20, 4)),
        (Field.STEPS, "20-5:5", (20, 15, 10, 5)),
        (Field.STEPS, "1-10 [4]", (1, 4, 7, 10)),
        (Field.SEED, "4294967294-4294967295", (4294967294, 4294967295)),
        (Field.GUIDANCE, "1..6", (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)),
        (Field.GUIDANCE, "1-1.3:0.1, 4.5", (1.0, 1.1, 1.2, 1.3, 4.5)),
        (Field.STRENGTH, "0-1 [3]", (0.0, 0.5, 1.0)),
        (Field.SCHEDULER, "euler, dpm++ 2m", (Scheduler.EULER, Scheduler.DPMPP_2M)),
        (Field.SCHEDULE, "Karras", (Schedule.KARRAS,)),
        (Field.SIZE, "256x384, 512 × 64", ((256, 384), (512, 64))),
        (Field.PROMPT, 'red, "blue, calm", ', ("red", "blue, calm", "")),
    ],
)
def test_values_are_read_as_typed(field, text, values):
    assert read_axis(field, text) == Axis(field, values)


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        (Field.STEPS, "", "Steps: there are no values. Type some, as in 4, 8, 20"),
        (Field.STEPS, "four", "Steps: “four” is not understood. Type 4, 8, 20 or 5-20:5."),
        (Field.STEPS, "4.5", "Steps: 4.5 is not a whole number."),
        (Field.STEPS, "1-100000", "Steps: “1-100000” is over 400 values."),
        (Field.STEPS, "1-5:0", "Steps: “1-5:0” is over 400 values."),
        (Field.STEPS, "1-5 [1]", "Steps: a range of [1] values is none. Ask for 2 to 400."),
        (Field.STEPS, "1-300, 301-600", "Steps: 600 values are too many; at most 400."),
        (Field.STEPS, "9" * 30_000, "Steps: the values are 30,000 characters. Type fewer."),
        (Field.SCHEDULER, "eulr", "Scheduler: “eulr” is not known. Did you mean “Euler”?"),
        (Field.SIZE, "256", "Size: “256” is not understood. Type 256x256, 256x384."),
        (Field.PROMPT, '"red', "Prompt: a quotation mark has no other."),
        (Field.PROMPT, ", blue", "Prompt: there is nothing to look for."),
    ],
)
def test_what_is_no_value_is_told(field, text, sentence):
    with pytest.raises(OptionError) as caught:
        read_axis(field, text)
    assert str(caught.value).startswith(sentence)
    assert caught.value.name == field


@given(st.sampled_from(list(Field)), st.text(alphabet='0123456789.,-:()+[]x×" \nEulernormaKs', max_size=60))
def test_any_text_is_values_or_a_sentence(field, text):
    try:
        axis = read_axis(field, text)
    except OptionError as error:
        assert str(error).endswith(".") or str(error).endswith("?")
    else:
        assert 0 < len(axis.values) <= PICTURES_MAX
        assert len(axis.labels) == len(axis.values)


@given(st.integers(0, 1000), st.integers(0, 300), st.integers(1, 50))
def test_a_range_is_what_python_counts(start, length, step):
    assert read_axis(Field.SEED, f"{start}-{start + length}:{step}").values == tuple(
        range(start, start + length + 1, step)
    )


@pytest.mark.parametrize("field", list(Field))
def test_the_examples_are_read(field):
    for text in EXAMPLES[field]:
        assert len(read_axis(field, text).values) > 1


def test_the_first_axis_varies_fastest():
    axes = [read_axis(Field.STEPS, "4, 8"), read_axis(Field.GUIDANCE, "1, 2"), read_axis(Field.SEED, "7, 9")]
    made = [(each.seed, each.guidance, each.steps) for each in make_grid(RECIPE, axes, MODEL)]
    assert made == [(seed, guidance, steps) for seed in (7, 9) for guidance in (1.0, 2.0) for steps in (4, 8)]
    assert describe(axes) == "across: steps 4, 8; down: guidance 1, 2; block by block: seed 7, 9"


def test_values_are_named_as_they_were_meant():
    assert read_axis(Field.PROMPT, "red, v1.0, , red").labels == ("red", "v1.0", "—")
    assert read_axis(Field.GUIDANCE, "4, 4.25").labels == ("Guidance 4", "Guidance 4.25")
    assert read_axis(Field.SEED, "4294967295").labels == ("Seed 4294967295",)
    assert read_axis(Field.SIZE, "256x384").labels == ("256 × 384",)
    assert read_axis(Field.SCHEDULER, "dpm++ 2m").labels == ("DPM++ 2M",)


def test_words_are_replaced_in_both_prompts_and_choices_are_made_by_each_seed():
    swapped = make_grid(RECIPE, [read_axis(Field.PROMPT, "red, blue,")], None)
    assert [each.prompt for each in swapped] == ["a red sailboat", "a blue sailboat", "a  sailboat"]
    assert [each.negative_prompt for each in swapped] == ["red fog", "blue fog", " fog"]
    wild = make_grid(replace(RECIPE, prompt="{a|b|c} boat"), [read_axis(Field.SEED, "1-20")], None)
    assert {each.prompt for each in wild} == {"a boat", "b boat", "c boat"}
    with pytest.raises(OptionError, match="“whale” is in neither prompt"):
        make_grid(RECIPE, [read_axis(Field.PROMPT, "whale, boat")], None)


def test_a_scheduler_brings_a_schedule_it_takes_unless_the_grid_says_one():
    schedulers = read_axis(Field.SCHEDULER, "Euler, DDIM")
    assert [each.schedule for each in make_grid(RECIPE, [schedulers], MODEL)] == [Schedule.KARRAS, Schedule.NORMAL]
    both = make_grid(RECIPE, [read_axis(Field.SCHEDULE, "Normal, SGM Uniform"), schedulers], MODEL)
    assert [(each.scheduler, each.schedule) for each in both] == [
        (scheduler, schedule)
        for scheduler in (Scheduler.EULER, Scheduler.DDIM)
        for schedule in (Schedule.NORMAL, Schedule.SGM_UNIFORM)
    ]
    assert all(each.schedule in SCHEDULERS[each.scheduler].schedules for each in both)
    with pytest.raises(OptionError, match="DDIM is not offered with Karras"):
        make_grid(RECIPE, [schedulers, read_axis(Field.SCHEDULE, "Karras")], MODEL)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({}, "Nothing varies yet."),
        ({Field.STEPS: "1-30", Field.SEED: "1-30"}, "The grid has 900 pictures, and at most 400"),
        ({Field.STEPS: "0, 4"}, "Steps: 0 is outside 1 to 1,000."),
        ({Field.SIZE: "250x256"}, "Width: 250 px is not a multiple of 16"),
        ({Field.STRENGTH: "0.5"}, "Strength: there is no picture to start from."),
    ],
)
def test_a_grid_that_cannot_be_made_is_told(texts, sentence):
    axes = [read_axis(field, text) for field, text in texts.items()]
    with pytest.raises(OptionError) as caught:
        make_grid(RECIPE, axes, MODEL)
    assert str(caught.value).startswith(sentence)


def test_a_starting_pictures_strength_varies():
    file = io.BytesIO()
    Image.new("RGB", (RECIPE.width, RECIPE.height)).save(file, "PNG")
    recipe = replace(RECIPE, start=Start(picture=file.getvalue()))
    made = make_grid(recipe, [read_axis(Field.STRENGTH, "0.2, 0.8")], MODEL)
    assert [each.start.strength for each in made] == [0.2, 0.8]


@pytest.mark.parametrize(
    ("field", "text", "read"),
    [
        (Field.NEGATIVE_PROMPT, 'fog, "rain, snow", ', lambda made: made.negative_prompt),
        (Field.VAE, "none, sharp", lambda made: made.vae and made.vae.name),
        (Field.LORA, "none, ink, a:b:0.5", lambda made: [(each.name, each.strength) for each in made.adapters]),
        (Field.ETA, "0-1:0.5", lambda made: made.scheduler_settings.eta),
        (Field.MODEL, "Fake, Other", lambda made: made.model.name),
    ],
)
def test_whatever_a_recipe_holds_varies(field, text, read):
    other = replace(MODEL, name="Other")
    recipe = replace(RECIPE, scheduler=Scheduler.DDIM, schedule=Schedule.NORMAL, model=ModelRef(name="Fake"))
    find = {"Fake": MODEL, "Other": other}.get
    made = make_grid(recipe, [read_axis(field, text), read_axis(Field.SEED, "1, 2")], MODEL, find)
    assert len(made) == 2 * len(read_axis(field, text).values)
    expected = {
        Field.NEGATIVE_PROMPT: ["fog", "rain, snow", ""],
        Field.VAE: [None, "sharp"],
        Field.LORA: [[], [("ink", 1.0)], [("a:b", 0.5)]],
        Field.ETA: [0.0, 0.5, 1.0],
        Field.MODEL: ["Fake", "Other"],
    }[field]
    assert [read(each) for each in made[: len(made) // 2]] == expected
    assert [each.seed for each in made] == [1] * len(expected) + [2] * len(expected)


def test_values_of_settings_are_held_to_what_the_scheduler_takes_and_models_to_those_there_are():
    for field, text, sentence in (
        (Field.ETA, "0, 1", "takes no setting “eta”"),
        (Field.CHURN, "0, 10", "takes no setting “s_churn”"),
        (Field.MODEL, "None such", "Model: there is none called “None such”."),
        (Field.LORA, "ink:x", "LoRA: “ink:x” is not understood. Type none, ink:0.5, ink:1 or ink, paper:0.8."),
        (Field.LORA, "ink:9", "The adapter “ink”"),
        (Field.LORA, ":0.5", "LoRA: “:0.5” is not understood."),
        (Field.SOLVER, "middle", "Solver: “middle” is not known."),
    ):
        with pytest.raises(OptionError) as caught:
            make_grid(RECIPE, [read_axis(field, text)], MODEL)
        assert sentence in str(caught.value)


def test_adapters_and_settings_are_labelled():
    assert read_axis(Field.LORA, "none, ink:0.5").labels == ("none", "ink 0.5")
    assert read_axis(Field.ETA, "0, 0.5").labels == ("Eta 0", "Eta 0.5")
    assert (Field.VAE.heading, Field.LORA.heading, Field.NEGATIVE_PROMPT.heading) == ("VAE", "LoRA", "Negative prompt")


def test_one_thing_on_two_axes_is_told():
    with pytest.raises(OptionError, match="varies on two axes"):
        make_grid(RECIPE, [read_axis(Field.STEPS, "4"), read_axis(Field.STEPS, "8")], MODEL)

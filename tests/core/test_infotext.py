import json
import re

import pytest
from hypothesis import given

import studio
from studio.core.adapters import AdapterUse
from studio.core.infotext import infotext
from studio.core.recipe import SEED_MAX, ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings, SolverType
from studio.core.start import Area, Start
from tests.strategies import recipes

# How AUTOMATIC1111 reads its own text (modules/infotext_utils.py, re_param), here as the other side of ours.
PARAMETER = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def read_as_a1111(text):
    """Prompt, negative prompt and parameters as AUTOMATIC1111 reads them."""
    *lines, last = text.strip().split("\n")
    prompt, negative, in_negative = [], [], False
    for line in lines:
        stripped = line.strip()
        if stripped.startswith("Negative prompt:"):
            in_negative, stripped = True, stripped[16:].strip()
        (negative if in_negative else prompt).append(stripped)
    found = {key: json.loads(value) if value.startswith('"') else value for key, value in PARAMETER.findall(last)}
    return "\n".join(prompt), "\n".join(negative), found


def test_a_plain_recipe_word_for_word():
    recipe = Recipe(
        prompt="a red sailboat",
        negative_prompt="fog",
        seed=SEED_MAX,
        guidance=7.5,
        scheduler=Scheduler.DPMPP_2M,
        schedule=Schedule.KARRAS,
        model=ModelRef(name="Horizon", hash="0123456789abcdef"),
    )
    assert infotext(recipe) == (
        "a red sailboat\nNegative prompt: fog\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 4294967295, Size: 256x256, "
        f"Model hash: 0123456789, Model: Horizon, Version: Latent Studio {studio.__version__}"
    )


def test_what_is_not_set_is_left_out():
    text = infotext(Recipe(prompt="sea", model=ModelRef(name="", hash="")))
    assert "Negative prompt" not in text
    assert "Model" not in text
    assert text.startswith("sea\nSteps: 20, ")


def test_adapters_stand_at_the_end_of_the_prompt_unless_they_are_in_it():
    uses = [("ink", 0.8, "ab" * 32), ("oil", -1.0, ""), ("off", 0.0, ""), ("od<d", 1.0, "")]
    adapters = tuple(AdapterUse(name=name, strength=strength, hash=digest) for name, strength, digest in uses)
    text = infotext(Recipe(prompt="sea", negative_prompt="fog", adapters=adapters))
    assert text.startswith("sea <lora:ink:0.8> <lora:oil:-1>\nNegative prompt: fog\nSteps: 20, ")
    assert read_as_a1111(text)[2]["Lora hashes"] == "ink: ababababab"
    written = Recipe(prompt="<lora:INK:0.8> sea", adapters=adapters[:1])
    assert infotext(written).startswith("<lora:INK:0.8> sea\nSteps: 20, ")


def test_an_empty_prompt_leaves_the_parameters_alone():
    assert infotext(Recipe()).startswith("Steps: 20, ")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [({"scheduler": Scheduler.PNDM}, "Sampler: PLMS,"), ({"schedule": Schedule.LINSPACE}, "Schedule type: Uniform,")],
)
def test_names_that_differ_are_translated(ours, theirs):
    assert theirs in infotext(Recipe(**ours))


def test_scheduler_settings_have_their_names():
    settings = SchedulerSettings(eta=0.5, order=2, solver_type=SolverType.BH2, s_churn=3.0, s_noise=1.01)
    assert "Eta: 0.5, Order: 2, Solver: bh2, Sigma churn: 3, Sigma noise: 1.01, " in infotext(
        Recipe(scheduler_settings=settings)
    )


@pytest.mark.parametrize("name", ["a, b", "a: b", 'the "best"', "a\nb", "é海🙂", "plain"])
def test_a_model_name_is_quoted_where_it_must_be(name):
    assert read_as_a1111(infotext(Recipe(model=ModelRef(name=name))))[2]["Model"] == name


@given(recipes())
def test_any_recipe_is_readable_text_with_its_numbers(recipe):
    text = infotext(recipe)
    assert text.encode().decode() == text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    _, _, found = read_as_a1111(text)
    assert found["Steps"] == str(recipe.steps)
    assert found["Seed"] == str(recipe.seed)
    assert found["Size"] == f"{recipe.width}x{recipe.height}"
    assert float(found["CFG scale"]) == recipe.guidance


def test_prompts_come_back_through_their_reader():
    recipe = Recipe(prompt='boats, "red": (big:1.2)\non a sea', negative_prompt="fog,\nrain: heavy")
    prompt, negative, _ = read_as_a1111(infotext(recipe))
    assert (prompt, negative) == (recipe.prompt, recipe.negative_prompt)


def test_a_start_is_told_by_its_strength():
    text = infotext(Recipe(prompt="sea", start=Start(picture=b"x", strength=0.6)))
    assert ", Denoising strength: 0.6, " in text
    assert "Denoising" not in infotext(Recipe(prompt="sea"))
    assert "Inpaint area" not in text


def test_only_the_masked_area_is_told_in_their_words():
    text = infotext(Recipe(start=Start(picture=b"x", mask=b"y", area=Area.MASKED, padding_px=16)))
    assert ", Denoising strength: 0.6, Inpaint area: Only masked, Masked area padding: 16, " in text

import pickle

import msgspec
import pytest
from hypothesis import given

from studio.core.errors import OptionError
from studio.core.recipe import PROMPT_MAX, SEED_MAX, Recipe, check_recipe
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler, SchedulerSettings
from tests.strategies import recipes


@given(recipes())
def test_a_recipe_is_a_value(recipe):
    twin = msgspec.structs.replace(recipe)
    assert twin == recipe
    assert hash(twin) == hash(recipe)
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    with pytest.raises(AttributeError):
        recipe.seed = 3


def test_the_default_recipe_is_one_the_studio_can_make():
    check_recipe(Recipe(), size_multiple=16)
    check_recipe(Recipe(seed=SEED_MAX, prompt="x" * PROMPT_MAX))


@pytest.mark.parametrize(
    ("fields", "name", "sentence"),
    [
        ({"width": 250}, "width", "Width: 250 px is not a multiple of 16, which this model needs. Use 240 or 256."),
        ({"height": 72}, "height", "Height: 72 px is not a multiple of 16, which this model needs. Use 64 or 80."),
        ({"steps": 0}, "steps", "Steps: 0 is outside 1 to 1,000."),
        ({"seed": -1}, "seed", "Seed: -1 is outside 0 to 4,294,967,295."),
        ({"seed": 2**32}, "seed", "Seed: 4294967296 is outside 0 to 4,294,967,295."),
        ({"guidance": 0.0}, "guidance", "Guidance: 0.0 is outside 1.0 to 30.0."),
        ({"prompt": "x" * 100_000}, "prompt", "Prompt: 100,000 characters are too many; at most 20,000 are read."),
        ({"scheduler_settings": SchedulerSettings(order=9)}, "order", "Order: 9 is outside 1 to 4."),
        (
            {"scheduler": Scheduler.LCM, "schedule": Schedule.KARRAS},
            "schedule",
            "LCM is not offered with Karras. Choose one of: Normal.",
        ),
    ],
)
def test_what_no_model_could_make_is_told(fields, name, sentence):
    with pytest.raises(OptionError) as caught:
        check_recipe(Recipe(**fields), size_multiple=16)
    assert (caught.value.name, str(caught.value)) == (name, sentence)


@pytest.mark.parametrize("scheduler", Scheduler)
def test_every_schedule_offered_is_accepted_and_no_other(scheduler):
    for schedule in Schedule:
        recipe = Recipe(scheduler=scheduler, schedule=schedule)
        if schedule in SCHEDULERS[scheduler].schedules:
            check_recipe(recipe)
        else:
            with pytest.raises(OptionError, match=f"{schedule}"):
                check_recipe(recipe)

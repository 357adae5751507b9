import enum
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from msgspec import Meta

from studio.core.errors import OptionError
from studio.core.options import check, option, options_of
from studio.core.recipe import PROMPT_MAX, SEED_MAX, Recipe
from studio.core.schedulers import Scheduler, SchedulerSettings, SolverType
from tests.strategies import recipes


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Paint(msgspec.Struct, frozen=True, kw_only=True):
    colour: Annotated[Colour, Meta(title="Colour", description="Which.")] = Colour.RED
    thickness: Annotated[float, Meta(ge=0.5, le=4.0, description="How much.", extra={"unit": "mm", "step": 0.5})] = 1.0
    layers: Annotated[int, Meta(ge=1, le=9)] | None = None
    name: Annotated[str, Meta(max_length=5)] = ""
    glossy: Annotated[bool, Meta(title="Glossy")] = False
    notes: str = "not an option"
    places: Annotated[tuple[str, ...], Meta(title="Places")] = ()


def test_options_are_walked_in_order_with_all_they_declare():
    names = [each.name for each in options_of(Paint)]
    assert names == ["colour", "thickness", "layers", "name", "glossy", "places"]
    thickness = option(Paint, "thickness")
    assert (thickness.title, thickness.description) == ("Thickness", "How much.")
    assert (thickness.minimum, thickness.maximum, thickness.step, thickness.unit) == (0.5, 4.0, 0.5, "mm")
    assert (thickness.kind, thickness.default, thickness.choices) == (float, 1.0, ())
    assert option(Paint, "colour").choices == ("red", "blue")
    assert option(Paint, "layers").default is None
    assert (option(Paint, "places").kind, option(Paint, "places").choices) == (tuple, ())
    with pytest.raises(KeyError):
        option(Paint, "notes")


def test_values_inside_their_declaration_pass():
    check(Paint(thickness=2, layers=9, name="12345", glossy=True, places=("here",)))
    check(Paint(layers=None))


@pytest.mark.parametrize(
    ("fields", "name", "sentence"),
    [
        ({"thickness": 4.1}, "thickness", "Thickness: 4.1 is outside 0.5 to 4.0 mm."),
        ({"thickness": float("nan")}, "thickness", "Thickness: nan is outside 0.5 to 4.0 mm."),
        ({"thickness": float("inf")}, "thickness", "Thickness: inf is outside 0.5 to 4.0 mm."),
        ({"thickness": "thick"}, "thickness", "Thickness: 'thick' is not a number."),
        ({"layers": 0}, "layers", "Layers: 0 is outside 1 to 9."),
        ({"layers": 1.0}, "layers", "Layers: 1.0 is not a whole number."),
        ({"layers": True}, "layers", "Layers: True is not a whole number."),
        ({"name": "123456"}, "name", "Name: 6 characters are too many; at most 5 are read."),
        ({"name": None}, "name", "Name: None is not a text."),
        ({"glossy": 1}, "glossy", "Glossy: 1 is not yes or no."),
        ({"colour": "green"}, "colour", "Colour: 'green' is not a colour."),
        ({"places": ["here"]}, "places", "Places: ['here'] is not a tuple."),
    ],
)
def test_values_outside_their_declaration_are_told(fields, name, sentence):
    with pytest.raises(OptionError) as caught:
        check(Paint(**fields))
    assert (caught.value.name, str(caught.value)) == (name, sentence)


@given(recipes())
def test_every_recipe_in_range_passes(recipe):
    check(recipe)
    check(recipe.scheduler_settings)


def test_the_declarations_of_the_recipe_themselves_are_sound():
    for struct in (Recipe, SchedulerSettings):
        for each in options_of(struct):
            assert each.title[0].isupper() and each.description.endswith(".")
            if each.kind in (int, float):
                assert each.minimum < each.maximum
                assert each.default is None or each.minimum <= each.default <= each.maximum
    assert option(Recipe, "seed").maximum == SEED_MAX == 2**32 - 1
    assert option(Recipe, "prompt").max_length == PROMPT_MAX
    assert option(Recipe, "scheduler").choices == tuple(Scheduler)
    assert option(SchedulerSettings, "solver_type").choices == tuple(SolverType)

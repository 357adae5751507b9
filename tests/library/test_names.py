from datetime import datetime

import pytest
from hypothesis import given

from studio.core.export_names import slug
from studio.core.recipe import SEED_MAX, Recipe
from studio.library.names import picture_name
from tests.strategies import ANY_TEXT, AWKWARD

NOON = datetime(2026, 11, 21, 14, 25, 1)


def test_a_name_tells_when_what_and_which_seed():
    recipe = Recipe(prompt="A red sailboat, at sunset!", seed=SEED_MAX)
    assert picture_name(recipe, NOON) == "2026-11-21_142501_a-red-sailboat-at-sunset_4294967295.png"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", "untitled"),
        (' ,.;/\\:*?"<>|\0\n', "untitled"),
        ("../../etc/passwd", "etc-passwd"),
        ("snow_white", "snow-white"),
        ("Über den Wolken", "über-den-wolken"),
        ("海の上の船", "海の上の船"),
        ("one two three four five six seven eight nine ten", "one-two-three-four-five-six-seven-eight"),
        ("x" * 100, "x" * 40),
        ("\ud800boat", "boat"),
    ],
)
def test_slugs(prompt, expected):
    assert slug(prompt) == expected


@given(ANY_TEXT | AWKWARD)
def test_any_prompt_gives_a_name_every_file_system_takes(prompt):
    name = picture_name(Recipe(prompt=prompt, seed=SEED_MAX), NOON)
    assert len(name.encode()) <= 255
    assert not set(name) & set('/\\:*?"<>|') and name.isprintable()

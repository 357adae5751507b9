import io

import msgspec
import numpy as np
import pytest
from PIL import Image

from studio.core.contact_sheet import ContactSheet
from studio.core.errors import NoRecipeError
from studio.core.grid import make_grid
from studio.core.grid_axis import Field, read_axis
from studio.core.metadata import read_recipe
from studio.core.recipe import Recipe

RECIPE = Recipe(prompt="a red sailboat", width=96, height=64)


def grid(**texts):
    axes = [read_axis(Field(name), text) for name, text in texts.items()]
    return axes, make_grid(RECIPE, axes, None)


def flat(number, width=96, height=64):
    """A picture of a colour that no other has."""
    return np.broadcast_to(np.array([40 + 8 * number, 255 - 8 * number, 90], np.uint8), (height, width, 3)).copy()


def filled(axes, recipes):
    sheet = ContactSheet(axes, recipes)
    for number, recipe in enumerate(recipes):
        sheet.put(number, flat(number, recipe.width, recipe.height))
    return sheet


def places(sheet, count):
    """Centre of each picture's pixels, as (row, column)."""
    found = []
    for number in range(count):
        rows, columns = np.nonzero((sheet.picture == flat(number)[0, 0]).all(axis=-1))
        assert len(rows) == 96 * 64, "whole, and nothing over it"
        found.append((rows.mean(), columns.mean()))
    return np.array(found)


def test_pictures_stand_in_rows_columns_and_blocks():
    axes, recipes = grid(steps="4, 8, 20", guidance="2, 3", seed="1, 2")
    at = places(filled(axes, recipes), len(recipes)).reshape(2, 2, 3, 2)
    assert (np.ptp(at[..., 0], axis=2) == 0).all(), "a row is level"
    assert (np.ptp(at[..., 1], axis=(0, 1)) == 0).all(), "a column is upright"
    assert (np.diff(at[0, 0, :, 1]) >= 96).all()
    assert (at[0, 1, :, 0] - at[0, 0, :, 0] >= 64).all()
    assert (at[1, 0, :, 0] > at[0, 1, :, 0] + 64).all()


@pytest.mark.parametrize("texts", [{"steps": "4, 8"}, {"steps": "4, 8", "guidance": "2, 3"}])
def test_the_labels_are_written_outside_the_pictures(texts):
    axes, recipes = grid(**texts)
    sheet = filled(axes, recipes)
    places(sheet, len(recipes))
    ink = (sheet.picture.min(axis=-1) > 120).sum(axis=1)  # no picture is that bright in all channels
    assert (ink > 0).sum() >= 8


def test_the_file_says_what_it_is_and_claims_no_recipe():
    axes, recipes = grid(steps="4, 8", prompt="red, blue")
    data = filled(axes, recipes).png()
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        text = image.text
        assert np.array_equal(np.asarray(image), filled(axes, recipes).picture)
    assert text["Title"] == "Contact sheet"
    assert text["Description"] == "Contact sheet of 4 pictures. Across: steps 4, 8; down: prompt red, blue."
    with pytest.raises(NoRecipeError):
        read_recipe(data)


def test_a_smaller_picture_is_centred_where_the_largest_would_stand():
    axes, recipes = grid(size="96x64, 64x64")
    sheet = filled(axes, recipes)
    rows, columns = np.nonzero((sheet.picture == flat(1)[0, 0]).all(axis=-1))
    assert len(rows) == 64 * 64
    assert rows.mean() == places(sheet, 1)[0, 0]
    assert columns.min() >= 96 + 16


def test_long_labels_are_cut_and_many_pictures_made_smaller():
    axes, recipes = grid(prompt="red, " + "supercalifragilistic" * 20 + ", " + "many words " * 60, seed="1-100")
    sheet = ContactSheet(axes, [msgspec.structs.replace(each, width=1024, height=1024) for each in recipes])
    sheet.put(len(recipes) - 1, flat(0, 1024, 1024))
    assert sheet.picture.size < 3 * 60_000_000
    assert max(sheet.picture.shape) < 20_000

"""A grid of variations on the real window: asked for, made as ordinary pictures, and put on a contact sheet."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit, QPushButton

from studio.core.grid_axis import Field
from studio.core.metadata import read_recipe
from tests.fake_engine import scene


@pytest.fixture
def asked(shown):
    """A studio with the dialog open."""
    shown.session.change_recipe(prompt="a red sailboat", seed=3, width=64, height=64)
    shown.press(Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert shown.find("gridDialog", QDialog).isVisible()
    return shown


def choose(studio, number, field, text=None):
    combo = studio.find(f"gridFieldCombo{number}", QComboBox)
    combo.setCurrentIndex(combo.findData(field))
    if text is not None:
        edit = studio.find(f"gridValuesEdit{number}", QLineEdit)
        edit.setText(text)
        edit.textEdited.emit(text)


def summary(studio):
    return studio.find("gridSummary", QLabel).text()


def make(studio):
    studio.find("gridMakeButton", QPushButton).click()


def sheets(studio):
    return sorted(studio.places.pictures.glob("*_grid_*.png"))


def test_a_grid_is_made_picture_by_picture_and_its_sheet_is_shown(asked):
    choose(asked, 0, Field.SEED, "1-3")
    choose(asked, 1, Field.STEPS, "2, 4")
    assert summary(asked).startswith("6 pictures")
    make(asked)
    assert not asked.find("gridDialog", QDialog).isVisible()
    asked.wait(lambda: sheets(asked) and "contact sheet is saved as" in asked.find("bannerSentence").text())
    assert [(each.seed, each.steps) for each in asked.engine.generated] == [
        (seed, steps) for steps in (2, 4) for seed in (1, 2, 3)
    ]
    (sheet,) = sheets(asked)
    with Image.open(sheet) as image:
        assert image.text["Description"].startswith("Contact sheet of 6 pictures. Across: seed 1, 2, 3; down: steps 2")
        pixels = np.asarray(image)
    for seed in (1, 2, 3):
        assert (pixels == scene(64, 64, seed)[0, 0]).all(axis=-1).sum() >= 2, "each picture twice, one below the other"
    shown = asked.find("previewView").image
    assert (shown.width(), shown.height()) == pixels.shape[1::-1]
    made = [path for path in asked.places.pictures.iterdir() if path != sheet]
    assert sorted(read_recipe(path).seed for path in made) == [1, 1, 2, 2, 3, 3]
    assert asked.session.recipe.seed == 3, "what is on the desk stays"


def test_what_cannot_be_made_is_told_beside_its_axis_and_the_button_waits(asked):
    button = asked.find("gridMakeButton", QPushButton)
    assert button.isEnabled()
    choose(asked, 0, Field.STEPS, "four")
    assert "“four” is not understood" in asked.find("gridProblem0", QLabel).text()
    assert not button.isEnabled()
    choose(asked, 0, Field.PROMPT, "red, blue")
    assert asked.find("gridProblem0", QLabel).isHidden()
    assert summary(asked) == "2 pictures"
    asked.session.change_recipe(prompt="a boat")
    assert "“red” is in neither prompt" in summary(asked)
    assert not button.isEnabled()
    choose(asked, 0, None)
    assert "Nothing varies yet" in summary(asked)


def test_stopping_leaves_its_places_empty_and_a_sheet_of_what_there_is(asked):
    asked.window.action("pause").trigger()
    asked.session.change_recipe(prompt="a boat")
    choose(asked, 0, Field.PROMPT, "boat, hang")
    make(asked)
    asked.window.action("pause").trigger()
    asked.wait(lambda: len(asked.engine.generated) == 1)
    asked.wait(lambda: asked.window.queue_panel.model.entries[0].note.startswith("Step"))
    asked.window.action("stopAll").trigger()
    asked.wait(lambda: sheets(asked) and "contact sheet" in asked.find("bannerSentence").text())


def test_the_time_is_estimated_from_pictures_already_made(asked):
    asked.finish("a red sailboat")
    asked.press(Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    choose(asked, 0, Field.STEPS, "2, 4")
    assert "2 pictures · about " in summary(asked)


def test_every_control_of_the_dialog_explains_itself(asked):
    names = ["gridMakeButton", "gridCloseButton"]
    names += [f"{kind}{number}" for kind in ("gridFieldCombo", "gridValuesEdit") for number in range(3)]
    for name in names:
        assert asked.find(name).toolTip(), name
        assert asked.find(name).accessibleName(), name

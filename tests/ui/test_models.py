"""The list of models, in the real window: facts, hashes and pictures."""

import hashlib

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QTreeWidget

from tests.core.test_model_places import SD1, write_file
from tests.ui.conftest import write_fake_model

NAME, KIND, PRECISION, SIZE, HASH = range(5)


@pytest.fixture
def checkpoint(data_dir):
    return write_file(data_dir / "models" / "one.safetensors", SD1)


def opened(studio):
    studio.show()
    studio.window.action("models").trigger()
    return studio.find("modelsDialog", QDialog)


def item(studio, name):
    listed = studio.find("modelsList", QTreeWidget)
    rows = [listed.topLevelItem(row) for row in range(listed.topLevelItemCount())]
    return next((each for each in rows if each.text(NAME) == name), None)


def test_each_model_is_listed_with_family_format_size_and_hash(make_studio, checkpoint):
    studio = make_studio()
    dialog = opened(studio)
    assert not dialog.isModal()
    studio.wait(lambda: item(studio, "one") is not None)
    shown = item(studio, "one")
    assert (shown.text(KIND), shown.text(PRECISION)) == ("Stable Diffusion 1", "F16")
    assert shown.text(SIZE).endswith("kB")
    assert shown.text(HASH) == "", "no weights are read before somebody looks at the model"
    studio.find("modelsList", QTreeWidget).setCurrentItem(shown)
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    studio.wait(lambda: item(studio, "one").text(HASH) == digest[:10])
    assert item(studio, "one").toolTip(HASH) == digest
    assert studio.find("modelsPath", QLabel).text() == str(checkpoint)


def test_a_hash_is_computed_once_for_all_times(make_studio, checkpoint, monkeypatch):
    studio = make_studio()
    opened(studio)
    studio.wait(lambda: item(studio, "one") is not None)
    studio.find("modelsList", QTreeWidget).setCurrentItem(item(studio, "one"))
    studio.wait(lambda: item(studio, "one").text(HASH) not in ("", "100 %"))
    monkeypatch.setattr("studio.core.weight_hash._read", None)
    again = make_studio()
    opened(again)
    again.wait(lambda: item(again, "one") is not None)
    assert len(item(again, "one").text(HASH)) == 10


def test_a_picture_beside_the_model_shows_it_else_the_newest_made_with_it(make_studio, checkpoint):
    Image.fromarray(np.full((40, 60, 3), 200, np.uint8)).save(checkpoint.with_name("one.preview.png"))
    studio = make_studio()
    studio.show()
    studio.finish()
    opened(studio)
    studio.wait(lambda: item(studio, "one") is not None)
    for name in ("one", "Fake"):
        studio.wait(
            lambda name=name: item(studio, name).icon(NAME).pixmap(48, 48).toImage().pixelColor(24, 24).alpha() > 0
        )
    assert item(studio, "one").icon(NAME).pixmap(48, 48).toImage().pixelColor(24, 24).red() == 200


def test_a_model_is_searched_and_used_from_the_list(make_studio, data_dir):
    write_fake_model(data_dir / "models", "Second")
    studio = make_studio()
    opened(studio)
    studio.wait(lambda: item(studio, "Second") is not None)
    studio.find("modelsSearchEdit", QLineEdit).setText("sec diff")
    assert item(studio, "Fake").isHidden()
    studio.find("modelsList", QTreeWidget).setCurrentItem(item(studio, "Second"))
    studio.find("modelsUseButton").click()
    assert studio.session.recipe.model.name == "Second"
    studio.session.undo()
    assert studio.session.recipe.model.name == "Fake"


def test_the_list_follows_the_folders(make_studio, data_dir):
    studio = make_studio()
    opened(studio)
    studio.wait(lambda: item(studio, "Fake") is not None)
    write_fake_model(data_dir / "models", "Late")
    studio.wait(lambda: item(studio, "Late") is not None)


def test_what_cannot_be_used_is_shown_grey_with_the_reason(make_studio, data_dir, checkpoint):
    (data_dir / "models" / "old.ckpt").write_bytes(b"\x80\x04")
    (data_dir / "models" / "cut.safetensors").write_bytes(b"short")
    studio = make_studio()
    opened(studio)
    studio.wait(lambda: item(studio, "old.ckpt") is not None and item(studio, "one") is not None)
    listed, old = studio.find("modelsList", QTreeWidget), item(studio, "old.ckpt")
    assert old.foreground(NAME).color() == listed.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
    listed.setCurrentItem(old)
    said = studio.find("modelsPath", QLabel).text()
    assert str(data_dir / "models" / "old.ckpt") in said
    assert "is a pickle" in said
    assert "Checkpoint Merger" in said
    assert not studio.find("modelsUseButton").isEnabled()
    assert "too short" in item(studio, "cut.safetensors").toolTip(NAME)
    studio.find("modelsSearchEdit", QLineEdit).setText("one")
    assert old.isHidden()
    listed.setCurrentItem(item(studio, "one"))
    assert studio.find("modelsUseButton").isEnabled()
    (data_dir / "models" / "old.ckpt").unlink()
    studio.wait(lambda: item(studio, "old.ckpt") is None)

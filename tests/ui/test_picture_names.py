"""What pictures' files are called is a setting: checked as it is typed, used for new pictures and for exports."""

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog

from studio.core.settings import Settings, load_settings


@pytest.fixture
def line(shown):
    shown.press(Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    return shown.find("settingsDialog", QDialog).findChild(object, "pictureNamesSetting")


def names(studio):
    return sorted(path.name for path in studio.places.pictures.glob("*.png"))


def test_new_pictures_are_called_so_and_never_alike(shown, line):
    line.edit.setText("{prompt words} {width}")
    shown.finish("a red sailboat", count=2)
    assert names(shown) == ["a red sailboat 256-2.png", "a red sailboat 256.png"]
    shown.wait(lambda: load_settings(shown.places.settings)[0] == Settings(picture_names="{prompt words} {width}"))


@pytest.mark.parametrize(
    ("pattern", "sentence"), [("{seed", "a brace stands alone"), ("{n}", "“n”"), ("{color}", "“color”"), (" ", "empty")]
)
def test_a_pattern_that_means_nothing_is_told_and_the_last_good_one_counts(shown, line, pattern, sentence):
    line.edit.setText("good {seed}")
    line.edit.setText(pattern)
    assert sentence in line.problem.text()
    assert line.edit.property("problem")
    shown.session.change_recipe(seed=7)
    shown.session.change(seed_locked=True)
    shown.finish("a")
    assert names(shown) == ["good 7.png"]
    line.edit.setText("{seed}")
    assert line.problem.isHidden()


def test_exports_are_called_as_pictures_are_until_another_name_is_wanted(shown, line, tmp_path):
    line.edit.setText("mine {seed}")
    shown.finish("a")
    shown.window.action("exportPicture").trigger()
    pattern = shown.find("exportPatternEdit")
    assert pattern.text() == "mine {seed}"
    shown.find("exportFolderEdit").setText(str(tmp_path / "out"))
    shown.find("exportButton").click()
    shown.wait(lambda: list((tmp_path / "out").glob("mine *.png")))
    shown.wait(lambda: not shown.find("exportPanel").isVisible())
    line.edit.setText("theirs {seed}")
    shown.window.action("exportPicture").trigger()
    assert pattern.text() == "theirs {seed}"
    pattern.setText("{date}")
    shown.find("exportButton").click()
    shown.wait(lambda: not shown.find("exportPanel").isVisible())
    line.edit.setText("{seed}")
    shown.window.action("exportPicture").trigger()
    assert pattern.text() == "{date}"


def test_a_pattern_written_by_hand_that_means_nothing_is_told_and_put_aside(make_studio, data_dir):
    (data_dir / "settings.toml").write_text('picture_names = "{colour}"')
    studio = make_studio()
    assert re.search("colour.*settings.broken-1.toml", studio.window.banner.sentence.text())
    studio.finish("a")
    assert len(names(studio)) == 1

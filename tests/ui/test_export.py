"""Pictures leave the studio, through the window."""

from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QLabel, QLineEdit, QProgressBar, QPushButton, QSpinBox

from studio.core.errors import NoRecipeError
from studio.core.export_options import ExportOptions, Format
from studio.core.foreign import read_foreign
from studio.core.settings import load_settings
from studio.ui.export_desk import ExportDesk


@pytest.fixture
def made(shown):
    """A studio with three pictures, the last of them on show."""
    shown.finish(count=3)
    return shown


@pytest.fixture
def opened(made, tmp_path):
    """With the export panel open on the picture on show."""
    made.press(Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert made.find("exportPanel", QDialog).isVisible()
    made.find("exportFolderEdit", QLineEdit).setText(str(tmp_path / "out"))
    return made


def export(studio):
    studio.find("exportButton", QPushButton).click()
    studio.wait(lambda: studio.find("exportStopButton").isHidden())


def files(tmp_path):
    return sorted((tmp_path / "out").glob("*"))


def paths(studio):
    return sorted(studio.places.pictures.rglob("*.png"))


def test_there_is_nothing_to_export_without_a_picture(shown):
    assert not shown.window.action("exportPicture").isEnabled()


def test_the_picture_on_show_as_jpeg_with_its_recipe(opened, tmp_path):
    combo = opened.find("exportFormatCombo", QComboBox)
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    export(opened)
    (path,) = files(tmp_path)
    assert path.suffix == ".jpg"
    assert read_foreign(path).recipe == opened.pictures.on_show.recipe
    assert not opened.find("exportPanel", QDialog).isVisible()


def test_quality_is_asked_where_it_counts(opened):
    combo, spin = opened.find("exportFormatCombo", QComboBox), opened.find("exportQualitySpin", QSpinBox)
    assert spin.isHidden()
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    assert not spin.isHidden()


def test_stripped_of_everything(opened, tmp_path):
    opened.find("exportRecipeCheck", QCheckBox).setChecked(False)
    export(opened)
    (path,) = files(tmp_path)
    with pytest.raises(NoRecipeError):
        read_foreign(path)


def test_the_name_is_shown_as_it_is_typed(opened, tmp_path):
    seed = opened.pictures.on_show.recipe.seed
    edit, example = opened.find("exportPatternEdit", QLineEdit), opened.find("exportExample", QLabel)
    edit.setText("sea {seed} {n}")
    assert example.text() == f"For instance sea {seed} 0001.png"
    edit.setText("{sed}")
    assert "Did you mean “seed”" in opened.find("patternProblem", QLabel).text()
    assert not opened.find("exportButton").isEnabled()
    edit.setText("sea {seed}")
    assert opened.find("patternProblem", QLabel).isHidden()
    export(opened)
    assert [path.name for path in files(tmp_path)] == [f"sea {seed}.png"]


def test_a_folder_that_is_none_is_told_beside_it(opened, tmp_path):
    edit = opened.find("exportFolderEdit", QLineEdit)
    edit.setText("somewhere")
    assert "whole path" in opened.find("folderProblem", QLabel).text()
    assert not opened.find("exportButton").isEnabled()
    (tmp_path / "file").write_bytes(b"")
    edit.setText(str(tmp_path / "file" / "in"))
    export(opened)
    assert "could not be saved" in opened.find("folderProblem", QLabel).text()
    assert opened.find("exportPanel", QDialog).isVisible()


def test_several_at_once_and_none_over_another(made, tmp_path):
    desk = made.window.findChild(ExportDesk)
    for _ in range(2):
        desk.export(paths(made))
        made.find("exportFolderEdit", QLineEdit).setText(str(tmp_path / "out"))
        made.find("exportPatternEdit", QLineEdit).setText("boat")
        export(made)
    assert len(files(tmp_path)) == 6
    seeds = [read_foreign(path).recipe.seed for path in files(tmp_path)]
    assert len(set(seeds)) == 3
    assert all(seeds.count(seed) == 2 for seed in seeds)


def test_in_the_library_all_that_are_chosen(made, tmp_path):
    view = made.find("libraryView")
    view.setFocus()
    view.selectAll()
    made.wait(view.hasFocus)
    made.window.action("exportPicture").trigger()
    assert made.find("exportPanel", QDialog).isVisible()
    made.find("exportFolderEdit", QLineEdit).setText(str(tmp_path / "out"))
    export(made)
    assert len(files(tmp_path)) == 3


def test_what_could_not_be_exported_is_told_and_the_rest_is_there(made, tmp_path):
    desk = made.window.findChild(ExportDesk)
    desk.export([*paths(made), tmp_path / "gone.png"])
    made.find("exportFolderEdit", QLineEdit).setText(str(tmp_path / "out"))
    export(made)
    assert len(files(tmp_path)) == 3
    assert "gone.png cannot be read" in made.find("exportReport", QLabel).text()
    assert made.find("exportPanel", QDialog).isVisible()


def test_stop_begins_no_other_picture(made, tmp_path, monkeypatch):
    reached, go_on = Event(), Event()

    def slow(path: Path, data: bytes) -> Path:
        reached.set()
        assert go_on.wait(30)
        path.write_bytes(data)
        return path

    monkeypatch.setattr("studio.core.export_run.write_new", slow)
    made.window.findChild(ExportDesk).export(paths(made))
    made.find("exportFolderEdit", QLineEdit).setText(str(tmp_path / "out"))
    made.find("exportButton", QPushButton).click()
    made.wait(reached.is_set)
    assert made.find("exportProgress", QProgressBar).isVisible()
    assert not made.find("exportFolderEdit").isEnabled()
    made.find("exportStopButton", QPushButton).click()
    go_on.set()
    made.wait(lambda: made.find("exportStopButton").isHidden())
    assert len(files(tmp_path)) == 1


def test_the_choices_are_remembered(opened, tmp_path):
    opened.find("exportRecipeCheck", QCheckBox).setChecked(False)
    opened.find("exportPatternEdit", QLineEdit).setText("{seed}")
    export(opened)
    saved, _ = load_settings(opened.places.settings)
    assert saved.export == ExportOptions(
        format=Format.PNG, with_recipe=False, pattern="{seed}", folder=str(tmp_path / "out")
    )
    opened.window.action("exportPicture").trigger()
    assert opened.find("exportPatternEdit", QLineEdit).text() == "{seed}"
    assert not opened.find("exportRecipeCheck", QCheckBox).isChecked()


def test_closing_the_window_while_files_are_written_ends_well(made, tmp_path):
    made.window.findChild(ExportDesk).export(paths(made) * 20)
    made.find("exportFolderEdit", QLineEdit).setText(str(tmp_path / "out"))
    made.find("exportButton", QPushButton).click()
    made.window.close()
    assert all(read_foreign(path).recipe.prompt for path in files(tmp_path))

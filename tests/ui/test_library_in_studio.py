"""The library in the real window: search, filters, marks, deletion, comparing, lineage, and a folder that changes."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QMenu

from studio.core.blend import Blend, Keyframe
from studio.core.errors import SaveError
from studio.core.events import Finished
from studio.core.places import Places
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Scheduler
from studio.library.library import Facets, Library
from studio.ui.compare_view import CompareMode
from studio.ui.compare_window import CompareWindow
from tests.fake_engine import FakeEngine

NOON = datetime(2026, 11, 20, 12)
PROMPTS = ("a red sailboat", "a red lighthouse", "blue mountains", "a calm sea")


def recipe(prompt, number, **fields):
    values = {"prompt": prompt, "seed": number, "model": ModelRef(name="Fake"), "width": 64, "height": 64}
    return Recipe(**(values | fields))


def picture(number, side=64):
    return np.full((side, side, 3), 40 * number + 20, np.uint8)


@pytest.fixture
def places(data_dir):
    return Places(data_dir)


@pytest.fixture
def keep(places):
    """Puts pictures into the library before the studio is opened."""
    moments = iter(NOON + timedelta(minutes=n) for n in range(1000))

    def keep(*recipes):
        library = Library.open(places, now=lambda: next(moments))
        paths = [
            library.keep(Finished(picture=picture(number, each.width), recipe=each, seconds={}))
            for number, each in enumerate(recipes)
        ]
        library.close()
        return paths

    return keep


@pytest.fixture
def open_studio(make_studio, places, tmp_path):
    def open_():
        studio = make_studio(
            FakeEngine(), open_library=lambda: Library.open(places, trash=lambda path: Path(path).unlink())
        )
        studio.show()
        model = studio.window.library_model
        studio.wait(lambda: model.is_settled and model.facets != Facets())
        return studio

    return open_


@pytest.fixture
def studio(keep, open_studio):
    """With four pictures."""
    fields = ({}, {"scheduler": Scheduler.DDIM}, {}, {"width": 128, "height": 128})
    keep(*(recipe(prompt, number, **more) for number, (prompt, more) in enumerate(zip(PROMPTS, fields, strict=True))))
    return open_studio()


def view_of(studio):
    return studio.find("libraryView")


def prompts(studio):
    model = view_of(studio).model()
    return [model.row(number).recipe.prompt for number in range(model.rowCount())]


def wait_for(studio, *wanted):
    model = view_of(studio).model()
    studio.wait(lambda: model.is_settled and sorted(prompts(studio)) == sorted(wanted), timeout=15_000)


def choose(studio, *numbers):
    view = view_of(studio)
    view.setFocus()
    view.selectionModel().clear()
    flags = QItemSelectionModel.SelectionFlag
    for number in numbers:
        view.selectionModel().setCurrentIndex(view.model().index(number), flags.Select)


def row_of(studio, prompt):
    model = view_of(studio).model()
    return next(model.row(number) for number in range(model.rowCount()) if model.row(number).recipe.prompt == prompt)


def number_of(studio, prompt):
    return prompts(studio).index(prompt)


# Searching.


def test_typing_finds_and_clearing_shows_all_again(studio):
    studio.press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    edit = studio.find("searchEdit")
    assert edit.hasFocus()
    studio.qtbot.keyClicks(edit, "red")
    wait_for(studio, "a red sailboat", "a red lighthouse")
    assert studio.find("libraryCount").text() == "2 pictures"
    studio.qtbot.keyClicks(edit, " -sailboat")
    wait_for(studio, "a red lighthouse")
    assert studio.find("libraryCount").text() == "1 picture"
    studio.press(Qt.Key.Key_Escape, widget=edit)
    wait_for(studio, *PROMPTS)


def test_return_goes_from_the_words_to_the_pictures(studio):
    edit = studio.find("searchEdit")
    studio.qtbot.keyClicks(edit, "mountains")
    wait_for(studio, "blue mountains")
    studio.press(Qt.Key.Key_Return, widget=edit)
    assert view_of(studio).hasFocus()
    assert studio.pictures.on_show.recipe.prompt == "blue mountains"


def test_where_nothing_is_found_it_says_what_to_do(studio):
    studio.qtbot.keyClicks(studio.find("searchEdit"), "zebra")
    wait_for(studio)
    assert studio.find("libraryCount").text() == "0 pictures"
    assert "Take away a word" in view_of(studio)._hint()


def test_a_filter_is_a_chip_that_can_be_taken_away(studio):
    studio.find("libraryFilterButton").click()
    combo = studio.find("filterScheduler")
    texts = [combo.itemText(number) for number in range(combo.count())]
    assert texts[0] == "Any"
    combo.setCurrentIndex(next(n for n in range(combo.count()) if combo.itemData(n) == "DDIM"))
    combo.activated.emit(combo.currentIndex())
    wait_for(studio, "a red lighthouse")
    (chip,) = studio.window.library_panel.chips
    assert chip.text() == "DDIM"
    studio.find("libraryFilter").hide()
    chip.click()
    wait_for(studio, *PROMPTS)
    assert studio.window.library_panel.chips == ()


def test_filters_go_together_and_are_cleared_at_once(studio):
    studio.find("libraryFilterButton").click()
    size = studio.find("filterSize")
    size.setCurrentIndex(next(n for n in range(size.count()) if size.itemData(n) == (64, 64)))
    size.activated.emit(size.currentIndex())
    wait_for(studio, *PROMPTS[:3])
    studio.qtbot.keyClicks(studio.find("filterSeed"), "2")
    wait_for(studio, "blue mountains")
    assert [chip.text() for chip in studio.window.library_panel.chips] == ["64 × 64", "seed 2"]
    studio.qtbot.keyClicks(studio.find("filterSeed"), "x")
    assert studio.find("filterSeed").property("problem")
    wait_for(studio, "blue mountains")
    studio.find("filterReset").click()
    wait_for(studio, *PROMPTS)


def test_the_order_can_be_changed(studio):
    sort = studio.find("librarySort")
    sort.setCurrentIndex(sort.findText("Oldest first"))
    sort.activated.emit(sort.currentIndex())
    studio.wait(lambda: prompts(studio) == list(PROMPTS))


# Marks.


def test_f_gives_a_heart_and_undo_takes_it_away(studio):
    choose(studio, 0, 1)
    studio.press(Qt.Key.Key_F, widget=view_of(studio))
    model = view_of(studio).model()
    assert [model.row(n).favourite for n in range(4)] == [True, True, False, False]
    studio.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, view_of(studio))
    assert [model.row(n).favourite for n in range(4)] == [False] * 4
    studio.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier, view_of(studio))
    assert [model.row(n).favourite for n in range(4)] == [True, True, False, False]


def test_numbers_rate_and_zero_takes_the_stars_away(studio):
    choose(studio, 2)
    view, model = view_of(studio), view_of(studio).model()
    studio.press(Qt.Key.Key_4, widget=view)
    assert model.row(2).rating == 4
    studio.press(Qt.Key.Key_0, widget=view)
    assert model.row(2).rating == 0
    studio.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, view)
    assert model.row(2).rating == 4


def test_a_click_on_the_heart_marks_without_choosing(studio):
    view, model = view_of(studio), view_of(studio).model()
    studio.wait(lambda: model.index(1).data(Qt.ItemDataRole.DecorationRole) is not None)
    choose(studio, 0)
    cell = view.visualRect(model.index(1))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=cell.topRight() + QPoint(-10, 10))
    assert model.row(1).favourite
    assert view.currentIndex().row() == 0


def test_what_no_longer_fits_the_filter_goes(studio):
    choose(studio, number_of(studio, "a calm sea"), number_of(studio, "blue mountains"))
    studio.press(Qt.Key.Key_F, widget=view_of(studio))
    studio.find("libraryFilterButton").click()
    studio.find("filterFavourite").click()
    studio.find("libraryFilter").hide()
    wait_for(studio, "a calm sea", "blue mountains")
    choose(studio, number_of(studio, "a calm sea"))
    studio.press(Qt.Key.Key_F, widget=view_of(studio))
    wait_for(studio, "blue mountains")


def test_tags_and_notes_are_written_found_and_undone(studio):
    choose(studio, number_of(studio, "a calm sea"), number_of(studio, "blue mountains"))
    menu(studio)["Tags and notes…"].trigger()
    studio.find("pictureTagsEdit").setText("best, Print ,best,")
    studio.find("pictureNotesEdit").setPlainText("for the fair")
    studio.find("marksWindow").findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert row_of(studio, "a calm sea").tags == ("best", "Print")
    assert row_of(studio, "blue mountains").notes == "for the fair"
    studio.qtbot.keyClicks(studio.find("searchEdit"), "tag:print fair")
    wait_for(studio, "a calm sea", "blue mountains")
    view_of(studio).setFocus()
    studio.window.action("undo").trigger()  # the notes
    wait_for(studio)
    studio.find("searchEdit").clear()
    wait_for(studio, *PROMPTS)
    assert row_of(studio, "a calm sea").tags == ("best", "Print")


def test_a_collection_is_made_and_filtered_by(studio, monkeypatch):
    monkeypatch.setattr("studio.ui.library_desk.QInputDialog.getText", lambda *_: (" Fair & co ", True))
    choose(studio, number_of(studio, "a calm sea"))
    submenu(studio, "Collections")["New collection…"].trigger()
    assert row_of(studio, "a calm sea").collections == ("Fair & co",)
    choose(studio, number_of(studio, "blue mountains"))
    studio.wait(lambda: studio.window.library_model.facets.collections)
    submenu(studio, "Collections")["Fair && co"].trigger()
    studio.find("libraryFilterButton").click()
    combo = studio.find("filterCollection")
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    studio.find("libraryFilter").hide()
    wait_for(studio, "a calm sea", "blue mountains")
    assert [chip.text() for chip in studio.window.library_panel.chips] == ["in Fair & co"]


def menu(studio):
    for old in studio.window.findChildren(QMenu, "libraryMenu"):
        old.setParent(None)
        old.deleteLater()
    view = view_of(studio)
    view.menuRequested.emit(view.chosen()[0], QPoint(10, 10))
    (found,) = studio.window.findChildren(QMenu, "libraryMenu")
    return {action.text().partition("\t")[0]: action for action in found.actions()}


def submenu(studio, name):
    menu(studio)
    (found,) = studio.window.findChildren(QMenu, f"library{name}Menu")
    return {action.text(): action for action in found.actions()}


# Deleting.


def test_a_picture_that_cannot_be_brought_back_can_be_tried_again(studio, monkeypatch):
    choose(studio, number_of(studio, "a calm sea"))
    studio.press(Qt.Key.Key_Delete, widget=view_of(studio))
    restore = Library.restore

    def full(self, trashed):
        monkeypatch.setattr(Library, "restore", restore)
        raise SaveError(Path("a.png"), "No space left on device")

    monkeypatch.setattr(Library, "restore", full)
    studio.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, view_of(studio))
    assert "a calm sea" not in prompts(studio)
    studio.session.redo()
    studio.session.undo()
    wait_for(studio, *PROMPTS)


def test_delete_and_undo_by_the_banner_and_by_the_keys(studio):
    choose(studio, number_of(studio, "a calm sea"), number_of(studio, "blue mountains"))
    path = row_of(studio, "a calm sea").path
    data = path.read_bytes()
    studio.press(Qt.Key.Key_Delete, widget=view_of(studio))
    assert not path.exists()
    assert sorted(prompts(studio)) == ["a red lighthouse", "a red sailboat"]
    assert studio.find("bannerSentence").text() == "2 pictures are in the trash."
    studio.window.banner.buttons[0].click()
    wait_for(studio, *PROMPTS)
    assert path.read_bytes() == data
    history = studio.session.history
    assert history.place == len(history) - 1  # the list says so too
    studio.session.redo()
    assert not path.exists()
    studio.session.change(notes="written meanwhile")
    studio.window.banner.buttons[0].click()
    wait_for(studio, *PROMPTS)
    assert (history.names[-1], history.place) == ("Move 2 pictures to the trash", len(history) - 1)
    assert studio.session.state.notes == "written meanwhile"
    choose(studio, number_of(studio, "a calm sea"))
    studio.press(Qt.Key.Key_Delete, widget=view_of(studio))
    assert "a calm sea" not in prompts(studio)
    studio.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, view_of(studio))
    wait_for(studio, *PROMPTS)


def test_where_nothing_is_on_show_a_picture_brought_back_is(studio):
    view_of(studio).selectAll()
    studio.press(Qt.Key.Key_Delete, widget=view_of(studio))
    assert prompts(studio) == []
    assert studio.find("previewView").image.isNull()
    studio.window.banner.buttons[0].click()
    wait_for(studio, *PROMPTS)
    studio.wait(lambda: studio.pictures.on_show is not None and studio.pictures.on_show.is_whole)
    assert [row.path for row in view_of(studio).chosen()] == [studio.pictures.on_show.path]


def test_a_marked_picture_comes_back_with_its_marks(studio):
    choose(studio, 0)
    studio.press(Qt.Key.Key_5, widget=view_of(studio))
    prompt = prompts(studio)[0]
    studio.press(Qt.Key.Key_Delete, widget=view_of(studio))
    studio.window.banner.buttons[0].click()
    wait_for(studio, *PROMPTS)
    assert row_of(studio, prompt).rating == 5


# Comparing, lineage, duplicates.


def test_two_are_compared_by_keys(studio):
    choose(studio, number_of(studio, "a red lighthouse"), number_of(studio, "a red sailboat"))
    studio.press(Qt.Key.Key_C, widget=view_of(studio))
    studio.wait(lambda: studio.window.findChild(CompareWindow))
    window = studio.find("compareWindow")
    words = studio.find("compareWords").text()
    assert "DDIM" in words
    assert "lighthouse" in words
    assert studio.find("compareView").mode is CompareMode.SIDE_BY_SIDE
    studio.find("compareSlider").click()
    assert studio.find("compareView").mode is CompareMode.SLIDER
    studio.find("compareDifference").click()
    shown = studio.find("compareView").difference
    assert shown.pixelColor(3, 3).red() == 40
    studio.find("compareAmplify").click()
    assert studio.find("compareView").difference.pixelColor(3, 3).red() == 160
    studio.wait(window.isActiveWindow)
    studio.press(Qt.Key.Key_Escape, widget=window)
    assert not window.isVisible()


def test_comparing_needs_two(studio):
    choose(studio, 0)
    studio.press(Qt.Key.Key_C, widget=view_of(studio))
    assert "Choose two pictures" in studio.find("bannerSentence").text()


def test_the_lineage_is_shown_and_a_click_goes_there(keep, open_studio):
    blend = Blend(
        keyframes=(Keyframe(seed=1, prompt="a red sailboat"), Keyframe(seed=2, prompt="a calm sea")),
        noise_shares=(0.5, 0.5),
        prompt_shares=(0.5, 0.5),
    )
    keep(recipe("a red sailboat", 1), recipe("a calm sea", 2), recipe("", 3, blend=blend))
    studio = open_studio()
    choose(studio, 0)
    menu(studio)["Show lineage"].trigger()
    made_from, _, led_to = studio.find("lineageWindow").strips
    assert len(made_from.buttons) == 2
    assert not led_to.buttons
    next(iter(made_from.buttons.values())).click()
    assert studio.pictures.on_show.recipe.prompt == "a red sailboat"
    studio.press(Qt.Key.Key_Escape, widget=studio.find("lineageWindow"))


def test_of_duplicates_all_but_the_first_can_go(keep, open_studio):
    first, second, _ = keep(recipe("a", 1), recipe("a", 1), recipe("b", 2))
    studio = open_studio()
    choose(studio, 0)
    menu(studio)["Show duplicates"].trigger()
    window = studio.find("duplicatesWindow")
    (strip,) = window.strips
    assert list(strip.buttons) == [first, second]
    next(b for b in window.findChildren(type(studio.find("filterReset"))) if "Keep" in b.text()).click()
    assert first.exists()
    assert not second.exists()
    window.close()


# The folder.


def test_files_that_come_and_go_by_hand_are_seen_and_the_choice_stays(studio, places, tmp_path):
    choose(studio, number_of(studio, "blue mountains"))
    away = row_of(studio, "a calm sea").path
    shutil.move(away, tmp_path / "away.png")
    wait_for(studio, *PROMPTS[:3])
    assert prompts(studio)[view_of(studio).currentIndex().row()] == "blue mountains"
    shutil.move(tmp_path / "away.png", places.pictures / "back.png")
    wait_for(studio, *PROMPTS)
    assert prompts(studio)[view_of(studio).currentIndex().row()] == "blue mountains"
    assert row_of(studio, "a calm sea").path.name == "back.png"


def test_a_folder_that_is_made_later_is_watched(open_studio, places, tmp_path, keep):
    (path,) = keep(recipe("a calm sea", 1))
    shutil.move(path, tmp_path / "kept.png")
    path.parent.rename(tmp_path / "old")
    studio = open_studio()
    assert prompts(studio) == ["a calm sea"]  # a folder that is away may be a disk that is not plugged in
    places.pictures.mkdir()
    shutil.copy(tmp_path / "kept.png", places.pictures / "new.png")
    wait_for(studio, "a calm sea")


def test_a_picture_made_while_a_filter_is_on_comes_only_if_it_fits(studio):
    studio.qtbot.keyClicks(studio.find("searchEdit"), "red")
    wait_for(studio, "a red sailboat", "a red lighthouse")
    studio.finish("blue")
    wait_for(studio, "a red sailboat", "a red lighthouse")
    studio.finish("red sails")
    wait_for(studio, "a red sailboat", "a red lighthouse", "red sails")


def test_a_high_dock_is_a_grid(studio):
    view = view_of(studio)
    assert view.grid.is_strip
    studio.window.resize(1000, 1000)
    studio.window.resizeDocks([studio.window.docks["libraryDock"]], [420], Qt.Orientation.Vertical)
    studio.wait(lambda: not view.grid.is_strip)
    choose(studio, 0)
    studio.press(Qt.Key.Key_End, widget=view)
    assert view.currentIndex().row() == 3


def test_export_is_asked_for_what_is_chosen(studio, monkeypatch):
    asked = []
    desk = next(each for each in studio.window.children() if type(each).__name__ == "LibraryDesk")
    desk.exportRequested.disconnect()
    desk.exportRequested.connect(asked.append)
    choose(studio, 0, 1)
    menu(studio)["Export…"].trigger()
    assert [path.name for path in asked[0]] == [view_of(studio).model().row(n).path.name for n in (0, 1)]

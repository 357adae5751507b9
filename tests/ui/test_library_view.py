"""The film strip: show, bring a recipe back, drag out, throw away."""

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from studio.core.errors import StudioError
from studio.ui.thumbnails import THUMBNAIL_PX
from tests.fake_engine import FakeEngine


@pytest.fixture
def strip(shown):
    shown.finish("a red sailboat")
    shown.session.change_recipe(steps=3)
    shown.finish("a calm sea")
    return shown


def click(studio, row, *, double=False):
    view = studio.find("libraryView")
    place = view.visualRect(view.model().index(row)).center()
    click = QTest.mouseDClick if double else QTest.mouseClick
    click(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)


def test_the_newest_is_first_and_chosen(strip):
    view = strip.find("libraryView")
    prompts = [view.model().index(row).data() for row in range(2)]
    assert prompts == ["a calm sea", "a red sailboat"]
    assert view.currentIndex().row() == 0


def test_a_click_shows_the_picture(strip):
    click(strip, 1)
    assert strip.pictures.on_show.recipe.prompt == "a red sailboat"
    assert strip.session.recipe.prompt == "a calm sea"


def test_looking_at_another_picture_is_not_disturbed_by_the_one_in_the_making(strip):
    strip.generate("slow")
    strip.wait(lambda: strip.pictures.on_show is None)
    click(strip, 1)
    path = strip.pictures.on_show.path
    strip.wait_idle()
    assert strip.pictures.on_show.path == path


def test_a_double_click_brings_the_recipe_back_and_undo_takes_it_away(strip):
    before = strip.session.state
    click(strip, 1)
    click(strip, 1, double=True)
    assert strip.session.recipe.prompt == "a red sailboat"
    assert strip.session.recipe.steps == 6
    assert strip.session.state.seed_locked
    assert strip.find("promptEdit").toPlainText() == "a red sailboat"
    strip.window.action("undo").trigger()
    assert strip.session.state == before


def test_a_recipe_brought_back_makes_the_same_picture(strip):
    first = strip.engine.generated[0]
    click(strip, 1)
    click(strip, 1, double=True)
    strip.find("generateButton").click()
    strip.wait_idle()
    again = strip.engine.generated[-1]
    assert (again.seed, again.prompt, again.steps) == (first.seed, first.prompt, first.steps)


def test_what_is_dragged_out_is_the_file(strip):
    model = strip.find("libraryView").model()
    mime = model.mimeData([model.index(0)])
    assert [url.toLocalFile() for url in mime.urls()] == [str(model.row_at(model.index(0)).path)]
    assert model.flags(model.index(0)) & Qt.ItemFlag.ItemIsDragEnabled
    assert model.supportedDragActions() == Qt.DropAction.CopyAction


def test_delete_moves_to_the_trash(make_studio, tmp_path):
    from studio.core.places import Places
    from studio.library.library import Library

    bin_, places = [], Places(tmp_path / "data")

    def trash(path):
        bin_.append(path)
        __import__("pathlib").Path(path).unlink()

    studio = make_studio(FakeEngine(), open_library=lambda: Library.open(places, trash=trash))
    studio.show()
    studio.finish("a", count=2)
    view = studio.find("libraryView")
    view.setFocus()
    gone = studio.pictures.on_show.path
    studio.press(Qt.Key.Key_Delete, widget=view)
    assert bin_ == [str(gone)]
    assert view.model().rowCount() == 1
    assert studio.pictures.on_show.path != gone
    studio.press(Qt.Key.Key_Delete, widget=view)
    assert view.model().rowCount() == 0
    assert studio.pictures.on_show is None
    assert studio.find("previewView").image.isNull()


def test_a_trash_that_refuses_is_told_and_the_picture_stays(strip, monkeypatch):
    def refuse(path):
        raise StudioError("The trash is full.")

    monkeypatch.setattr(strip.pictures._library, "trash", refuse)
    strip.window.action("trash").trigger()
    assert strip.find("bannerSentence").text() == "The trash is full."
    assert strip.find("libraryView").model().rowCount() == 2


def test_the_context_menu_offers_what_can_be_done(strip):
    view = strip.find("libraryView")
    view.menuRequested.emit(view.model().row_at(view.model().index(1)), QPoint(10, 10))
    menu = strip.find("libraryMenu", QMenu)
    texts = {action.text().partition("\t")[0]: action for action in menu.actions() if action.text()}
    assert list(texts) == [
        "Show", "Use this recipe", "Use as start", "Send to canvas", "Compare", "Show lineage", "Show duplicates",
        "Favourite", "Rating", "Tags and notes…", "Collections",
        "Copy picture", "Copy recipe", "Export…", "Show in folder", "Move to trash",
    ]  # fmt: skip
    assert not texts["Compare"].isEnabled()
    texts["Copy recipe"].trigger()
    assert QGuiApplication.clipboard().text().startswith("a red sailboat")
    texts["Copy picture"].trigger()
    strip.wait(lambda: QGuiApplication.clipboard().image().size() == QSize(256, 256))
    menu.close()


def test_a_file_that_is_gone_is_told(strip):
    path = strip.find("libraryView").model().row_at(strip.find("libraryView").model().index(1)).path
    path.unlink()
    click(strip, 1)
    strip.wait(lambda: "cannot be read" in strip.find("bannerSentence").text())
    assert strip.pictures.on_show is None
    assert strip.find("previewView").image.isNull()


def test_thumbnails_are_made(strip):
    view = strip.find("libraryView")
    index = view.model().index(0)
    strip.wait(lambda: index.data(Qt.ItemDataRole.DecorationRole) is not None)
    image = index.data(Qt.ItemDataRole.DecorationRole)
    assert max(image.width(), image.height()) == THUMBNAIL_PX


def test_a_picture_dropped_on_the_window_brings_its_recipe(strip):
    path = strip.find("libraryView").model().row_at(strip.find("libraryView").model().index(1)).path
    drop(strip, path)
    assert strip.session.recipe.prompt == "a red sailboat"


def drop(studio, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(600, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    studio.window.dropEvent(event)


def test_save_as_writes_a_copy_with_its_recipe(strip, tmp_path, monkeypatch):
    target = tmp_path / "copy"
    monkeypatch.setattr("studio.ui.picture_desk.QFileDialog.getSaveFileName", lambda *_: (str(target), ""))
    strip.window.action("savePicture").trigger()
    assert target.with_suffix(".png").read_bytes() == strip.pictures.on_show.path.read_bytes()


def test_a_save_that_fails_is_told(strip, monkeypatch):
    monkeypatch.setattr("studio.ui.picture_desk.QFileDialog.getSaveFileName", lambda *_: ("/nowhere/at/all.png", ""))
    strip.window.action("savePicture").trigger()
    assert "could not be saved" in strip.find("bannerSentence").text()

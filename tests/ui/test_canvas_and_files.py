"""The canvas with pictures of the library and from elsewhere, and what a session keeps of it."""

import msgspec
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QMenu

from studio.core.blend import Keyframe
from studio.core.canvas import Canvas, Material, Placed, blend_of, shares_of
from studio.library.library import JobState
from studio.ui.document import Remembered
from studio.ui.session_file import SessionFile
from tests.fake_engine import FakeEngine
from tests.ui.canvas_hand import ALT, CONTROL, LEFT, NONE, Hand
from tests.ui.conftest import write_fake_model


@pytest.fixture
def hand(shown):
    made = Hand(shown)
    made.open()
    shown.wait(lambda: shown.engine.loaded)
    return made


def test_a_picture_of_the_strip_is_sent_to_the_canvas_from_its_menu(shown):
    shown.finish("a calm sea")
    hand, (row,) = Hand(shown), shown.window.library_model.rows_between(0, 0)
    choose(hand, 0, "Send to canvas")
    assert hand.panel.isVisible()
    (placed,) = hand.canvas.placed
    assert (placed.keyframe.prompt, placed.keyframe.seed) == ("a calm sea", row.recipe.seed)
    shown.find("addKeyframeButton").click()
    assert len({each.keyframe.seed for each in hand.canvas.placed}) == 2


def choose(hand, row, text: str) -> None:
    """Open the context menu of a picture of the strip with the right button, and click an entry."""
    view = hand.studio.window.library_view
    middle = view.visualRect(view.model().index(row, 0)).center()
    whole = view.viewport().mapToGlobal(middle)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, middle, whole)
    QApplication.sendEvent(view.viewport(), event)
    (menu,) = [each for each in hand.studio.window.findChildren(QMenu) if each.isVisible()]
    action = next(each for each in menu.actions() if each.text() == text)
    hand.studio.qtbot.mouseClick(menu, LEFT, NONE, menu.actionGeometry(action).center())


def drop(hand, mime: QMimeData, at: QPoint) -> bool:
    """Carry `mime` over the canvas and let it fall; whether it was welcome."""
    copy = Qt.DropAction.CopyAction
    enter = QDragEnterEvent(at, copy, mime, LEFT, NONE)
    enter.ignore()
    QApplication.sendEvent(hand.view, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(hand.view, QDragMoveEvent(at, copy, mime, LEFT, NONE))
    fall = QDropEvent(QPointF(at), copy, mime, LEFT, NONE)
    QApplication.sendEvent(hand.view, fall)
    return fall.isAccepted()


def test_a_kept_picture_opens_as_the_canvas_it_was_or_becomes_a_keyframe(hand):
    hand.add(3)
    hand.drag((0.1, -0.2))
    hand.wait_full()
    blend = blend_of(hand.canvas)
    hand.studio.press(Qt.Key.Key_Return, widget=hand.view)
    hand.studio.wait(lambda: hand.studio.pictures.on_show is not None)
    hand.studio.find("canvasFileButton").menu().actions()[-1].trigger()
    choose(hand, 0, "Open as canvas")
    assert blend_of(hand.canvas) == blend
    choose(hand, 0, "Send to canvas")
    hand.studio.wait(lambda: len(hand.canvas.placed) == 4)
    assert hand.canvas.placed[3].keyframe.picture
    hand.session.undo()
    assert blend_of(hand.canvas) == blend


def test_a_picture_is_dropped_from_the_strip_and_from_a_file_manager(hand, tmp_path):
    hand.studio.finish("a calm sea")
    model = hand.studio.window.library_model
    strip = model.mimeData([model.index(0, 0)])
    at = hand.at(0.4, 0.3)
    assert drop(hand, strip, at)
    hand.studio.wait(lambda: len(hand.canvas.placed) == 1)
    (placed,) = hand.canvas.placed
    assert (placed.keyframe.prompt, placed.keyframe.seed) == ("a calm sea", model.row_at(model.index(0, 0)).recipe.seed)
    QImage(40, 30, QImage.Format.Format_RGB32).save(str(tmp_path / "photo.png"))
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(tmp_path / "photo.png"))])
    assert drop(hand, files, hand.at(-0.4, 0.3))
    hand.studio.wait(lambda: len(hand.canvas.placed) == 2)
    assert hand.canvas.placed[1].keyframe.picture
    assert hand.session.recipe.prompt == "a calm sea"  # the window behind did not take the drop for itself
    text = QMimeData()
    text.setText("not a file")
    assert not drop(hand, text, at)
    hand.session.undo()
    assert len(hand.canvas.placed) == 1


def test_the_picture_on_show_is_varied_by_key(hand):
    hand.studio.finish("a calm sea")
    recipe = hand.studio.pictures.on_show.recipe
    hand.session.change_recipe(prompt="something else")
    hand.studio.press(Qt.Key.Key_J, CONTROL | ALT)
    popover = hand.panel.variation
    assert popover.isVisible()
    hand.studio.qtbot.keyClick(popover.variation_edit, Qt.Key.Key_Return)
    start, end = (each.keyframe for each in hand.canvas.placed)
    assert (start.seed, start.prompt, end.prompt) == (recipe.seed, "a calm sea", "a calm sea")
    assert end.seed != start.seed
    hand.wait_full()
    hand.session.undo()
    assert not hand.canvas.placed


def test_after_a_restart_the_lens_shows_the_picture_where_the_puck_lies(make_studio):
    first = make_studio()
    first.show()
    hand = Hand(first)
    hand.open()
    hand.add(2)
    first.window.close()
    second = make_studio()
    second.show()
    again = Hand(second)
    second.wait(lambda: again.view.frame is not None)
    assert second.pictures.on_show is None
    assert second.find("previewView").image.isNull()  # the main preview is not taken over


def test_another_model_empties_the_cards_and_the_plane(make_studio, data_dir):
    write_fake_model(data_dir / "models", "Other")
    studio = make_studio()
    studio.show()
    hand = Hand(studio)
    hand.open()
    hand.add(2)
    studio.wait(lambda: hand.view.tile_count and all(hand.view.thumbnails))
    other = next(key for key in studio.controller.recipes._models if key != studio.session.recipe.model.name)
    studio.controller.recipes._on_model_chosen(other)
    assert not any(hand.view.thumbnails)
    assert hand.view.tile_count == 0
    studio.wait(lambda: hand.view.tile_count and all(hand.view.thumbnails))
    assert hand.engine.drafts[-1].model.name == other


def test_the_session_brings_the_canvas_back(make_studio):
    first = make_studio()
    first.show()
    hand = Hand(first)
    hand.open()
    hand.add(3)
    hand.drag((0.2, 0.1))
    first.window.split.setSizes([350, 430])
    sizes, layout = first.window.split.sizes(), first.window.present_layout()
    first.window.close()
    second = make_studio()
    second.show()
    assert second.session.state == first.session.state
    again = Hand(second)
    assert SessionFile(second.places.session).load()[1].split == layout.split
    assert again.panel.isVisible()
    second.window.resize(1280, 800)  # the offscreen screen is smaller than that, and so is what Qt restores on it
    second.window.restore_layout(msgspec.structs.replace(layout, geometry=b""))
    second.wait(lambda: second.window.split.sizes() == sizes)
    assert shares_of(again.canvas, Material.NOISE) == shares_of(hand.canvas, Material.NOISE)


def test_a_canvas_that_cannot_be_read_does_not_cost_the_recipe(make_studio, data_dir):
    first = make_studio()
    first.show()
    hand = Hand(first)
    hand.open()
    hand.add(2)
    first.window.close()
    path = first.places.session
    path.write_bytes(path.read_bytes().replace(b'"canvas":{"version":1', b'"canvas":{"version":9'))
    file = SessionFile(path)
    state, layout, _ = file.load()
    file.close()
    assert state.recipe == first.session.recipe
    assert state.canvas == Canvas()
    assert layout.has_canvas
    assert b'"version":9' in path.with_suffix(".unread.json").read_bytes()


def test_lone_surrogates_in_a_keyframe_do_not_cost_the_session(studio_):
    placed = tuple(Placed(keyframe=Keyframe(seed=seed, prompt="a \ud800 sea")) for seed in (1, 2))
    studio_.session.change(canvas=Canvas(placed=placed))
    file = SessionFile(studio_.places.session)
    file.save(studio_.session.state, studio_.window.present_layout(), Remembered())
    file.close()
    state, _, _ = SessionFile(studio_.places.session).load()
    assert [each.keyframe.prompt for each in state.canvas.placed] == ["a \ufffd sea"] * 2


def test_a_job_closed_over_waits_and_the_canvas_asks_nothing_more(make_studio, data_dir):
    studio = make_studio(FakeEngine(step_ms=20))
    studio.show()
    hand = Hand(studio)
    hand.open()
    hand.add(2)
    studio.generate("hang a sea")
    studio.wait(lambda: studio.find("progressBar").value())
    hand.press(*hand.canvas.puck)
    hand.move(0.4, 0.0)
    assert studio.window.close()
    again = make_studio()
    (job,) = again.controller._library.waiting()
    assert job.state is JobState.QUEUED
    assert again.session.state.canvas == hand.canvas

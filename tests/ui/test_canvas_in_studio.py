"""The latent canvas in the real window, on the scripted engine: what an artist's hand does there."""

import time

import msgspec
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu

from studio.core.blend import Keyframe
from studio.core.canvas import Canvas, Material, Placed, blend_of, shares_of
from studio.core.canvas_edits import blend_recipe
from studio.core.metadata import read_recipe
from studio.library.library import JobState
from studio.ui.document import Remembered
from studio.ui.session_file import SessionFile
from tests.fake_engine import FakeEngine
from tests.ui.conftest import write_fake_model

LEFT, NONE, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
PROMPTS = ("a red sailboat", "a blue sea", "a sunset")


class Hand:
    """A studio whose canvas is open, with a hand on it."""

    def __init__(self, studio) -> None:
        self.studio, self.engine, self.session = studio, studio.engine, studio.session
        self.panel = studio.window.canvas_panel
        self.view = self.panel.view
        self.drawn = []
        studio.controller.canvas.canvas.pictureShown.connect(self._on_shown)

    def _on_shown(self, image, recipe, is_full) -> None:
        self.drawn.append((recipe, is_full))

    @property
    def canvas(self) -> Canvas:
        return self.session.state.canvas

    @property
    def pictures(self):
        return self.studio.controller.canvas.canvas.pictures

    def open(self) -> None:
        if not self.panel.isVisible():
            self.studio.press(Qt.Key.Key_J, CONTROL)
        assert self.panel.isVisible()

    def add(self, count: int) -> None:
        for prompt in PROMPTS[:count]:
            self.session.change_recipe(prompt=prompt)
            self.studio.find("addKeyframeButton").click()
        self.wait_rest()

    def at(self, x: float, y: float) -> QPoint:
        return self.view.place_on_screen((x, y)).toPoint()

    def press(self, x: float, y: float) -> None:
        self.studio.qtbot.mousePress(self.view, LEFT, NONE, self.at(x, y))

    def move(self, x: float, y: float) -> None:
        at = self.at(x, y)
        whole = QPointF(self.view.mapToGlobal(at))
        event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), whole, Qt.MouseButton.NoButton, LEFT, NONE)
        QApplication.sendEvent(self.view, event)

    def release(self, x: float, y: float) -> None:
        self.studio.qtbot.mouseRelease(self.view, LEFT, NONE, self.at(x, y))

    def drag(self, *path: tuple[float, float]) -> None:
        self.press(*self.canvas.puck)
        for place in path:
            self.move(*place)
        self.release(*path[-1])

    def here(self):
        """The recipe of the point under the puck."""
        return blend_recipe(self.session.recipe, blend_of(self.canvas))

    def is_full(self) -> bool:
        return bool(self.drawn) and self.drawn[-1] == (self.here(), True)

    def wait_full(self) -> None:
        self.studio.wait(self.is_full)

    def wait_rest(self) -> None:
        desk = self.studio.controller.canvas
        self.studio.wait(lambda: not desk.is_busy and not self.pictures._live.is_busy)


@pytest.fixture
def hand(shown):
    made = Hand(shown)
    made.open()
    shown.wait(lambda: shown.engine.loaded)
    return made


def test_the_canvas_opens_beside_the_picture_by_key_menu_and_button(shown):
    hand = Hand(shown)
    assert not hand.panel.isVisible()
    hand.open()
    assert hand.view.hasFocus()
    assert shown.find("previewView").isVisible()
    shown.find("latentCanvasActionButton").click()
    assert not hand.panel.isVisible()
    shown.window.action("latentCanvas").trigger()
    assert hand.panel.isVisible()
    shown.window.reset_layout()
    assert not hand.panel.isVisible()


def test_a_drag_shows_drafts_in_the_lens_and_the_preview_and_then_the_picture(hand):
    hand.add(2)
    hand.drawn.clear()
    hand.press(*hand.canvas.puck)
    for x in (0.1, 0.3, 0.5):
        hand.move(x, 0.0)
        hand.studio.wait(lambda: hand.drawn and hand.drawn[-1][0] == hand.here())
        assert not hand.drawn[-1][1]
        assert hand.studio.find("previewView").image == hand.view.frame
    assert hand.studio.pictures.on_show is None
    hand.release(0.5, 0.0)
    hand.wait_full()
    assert hand.studio.find("previewView").image.width() == 256
    assert len(hand.engine.thread_names) == 1
    assert hand.studio.window.library_model.rowCount() == 0  # nothing was kept


def test_drafts_that_the_hand_has_overtaken_are_not_made(hand):
    hand.add(2)
    hand.engine.draft_step_ms = 400  # slow beside any machine's moves
    hand.drawn.clear()
    hand.press(*hand.canvas.puck)
    for number in range(60):
        hand.move(number / 100, 0.0)
        hand.studio.qtbot.wait(2)
    hand.studio.wait(lambda: hand.drawn and hand.drawn[-1][0] == hand.here())
    hand.release(0.59, 0.0)
    assert len(hand.drawn) < 30  # each takes most of a second; all 60 would be drawn if none were dropped
    hand.wait_full()


def test_a_render_gives_way_to_the_hand_within_a_step(hand):
    hand.add(2)
    hand.session.change_recipe(steps=400)
    hand.engine.step_ms = 20
    hand.drag((0.2, 0.0))
    desk = hand.studio.controller.canvas
    hand.studio.wait(lambda: "step" in hand.studio.window.status.activity.text())
    cancelled, began = hand.engine.cancelled, time.monotonic()
    hand.press(0.2, 0.0)
    hand.move(0.4, 0.0)
    hand.studio.wait(lambda: hand.drawn[-1][0] == hand.here())
    assert hand.engine.cancelled == cancelled + 1
    assert time.monotonic() - began < 30  # a hang guard, not a measure
    assert not desk.is_busy
    hand.release(0.4, 0.0)


def test_escape_stops_a_render_and_the_draft_is_shown_again(hand):
    hand.add(2)
    hand.session.change_recipe(steps=400)
    hand.engine.step_ms = 20
    hand.drag((0.2, 0.0))
    hand.studio.wait(lambda: "step" in hand.studio.window.status.activity.text())
    assert hand.studio.find("stopButton").isEnabled()
    hand.studio.press(Qt.Key.Key_Escape)
    hand.studio.wait(lambda: hand.engine.cancelled)
    assert not hand.studio.find("stopButton").isEnabled()
    assert hand.studio.find("progressBar").value() == 0
    assert hand.studio.find("previewView").image.width() == 32
    hand.studio.qtbot.wait(100)
    assert not hand.studio.controller.canvas.is_busy


def test_a_drag_during_a_running_picture_leaves_it_alone(hand):
    hand.add(2)
    hand.engine.step_ms = 30
    hand.session.change_recipe(prompt="a calm sea", steps=40)
    steps, finished = [], []
    hand.studio.jobs.stepTaken.connect(lambda recipe, number: steps.append(number))
    hand.studio.jobs.finished.connect(lambda done, image: finished.append(done))
    hand.studio.find("generateButton").click()
    hand.studio.wait(lambda: steps)
    before = len(hand.engine.drafts)
    hand.press(*hand.canvas.puck)
    for x in (0.1, 0.2, 0.3):
        hand.move(x, 0.0)
        hand.studio.wait(lambda: hand.drawn[-1][0] == hand.here())
    assert hand.studio.jobs.is_busy  # the drafts came in between
    assert len(hand.engine.drafts) >= before + 3
    assert hand.studio.find("previewView").image == hand.view.frame
    hand.release(0.3, 0.0)
    hand.studio.wait(lambda: finished)
    assert steps == sorted(set(steps))
    assert finished[0].recipe.prompt == "a calm sea"
    assert hand.engine.cancelled == 0
    hand.wait_full()  # after the picture, which was more urgent


def test_return_keeps_the_point_and_its_file_makes_the_canvas_again(hand):
    hand.add(3)
    hand.drag((0.1, -0.2), (0.2, -0.1))
    hand.wait_full()
    recipe, made = hand.here(), len(hand.engine.generated)
    hand.view.setFocus()
    hand.studio.press(Qt.Key.Key_Return, widget=hand.view)
    hand.studio.wait(lambda: hand.studio.pictures.on_show is not None)
    shown = hand.studio.pictures.on_show
    assert len(hand.engine.generated) == made  # the very picture was there already
    kept = read_recipe(shown.path)
    assert msgspec.structs.replace(kept, model=recipe.model) == recipe
    assert hand.studio.window.library_model.rowCount() == 1
    hand.studio.find("canvasFileButton").menu().actions()[-1].trigger()
    assert not hand.canvas.placed
    first = hand.studio.window.library_model.index(0, 0)
    hand.studio.press(Qt.Key.Key_O, CONTROL | SHIFT)
    assert blend_of(hand.canvas) == recipe.blend
    hand.session.undo()
    assert not hand.canvas.placed
    hand.studio.pictures._on_picture_chosen(hand.studio.window.library_model.row_at(first))
    assert not hand.studio.window.action("varyPicture").isEnabled()  # it has no seed of its own
    hand.studio.press(Qt.Key.Key_J, CONTROL | SHIFT)
    hand.studio.wait(lambda: hand.canvas.placed)
    (placed,) = hand.canvas.placed
    assert placed.keyframe.picture.startswith(b"\x89PNG")


def test_keeping_while_the_picture_is_rendered_makes_it_once_and_shows_it(hand):
    hand.add(2)
    hand.engine.step_ms = 30
    hand.drag((0.2, 0.0))
    hand.studio.wait(lambda: "step" in hand.studio.window.status.activity.text())
    hand.studio.press(Qt.Key.Key_Return, widget=hand.view)
    hand.studio.wait(lambda: hand.studio.pictures.on_show is not None)
    hand.wait_rest()
    assert sum(each == hand.here() for each in hand.engine.generated) == 1


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


def test_looking_at_another_picture_ends_the_canvass_lead(hand):
    hand.studio.finish("a calm sea")
    hand.add(2)
    hand.engine.step_ms = 20
    hand.drag((0.2, 0.0))
    hand.studio.wait(lambda: hand.studio.controller.canvas.is_busy)
    hand.studio.pictures._on_picture_chosen(hand.studio.window.library_model.rows_between(0, 0)[0])
    on_show = hand.studio.pictures.on_show
    hand.wait_rest()
    assert hand.studio.pictures.on_show is on_show
    assert hand.view.frame.width() == 256  # in the lens it is there


def test_undo_and_redo_walk_through_the_one_session(hand):
    hand.add(2)
    before = hand.canvas.puck
    hand.drag((0.2, 0.0), (0.5, 0.1))
    after = hand.canvas.puck
    hand.session.change_recipe(prompt="something else")
    hand.studio.window.action("undo").trigger()
    assert (hand.session.recipe.prompt, hand.canvas.puck) == (PROMPTS[1], after)
    hand.studio.window.action("undo").trigger()
    assert hand.canvas.puck == before
    hand.studio.window.action("redo").trigger()
    assert hand.canvas.puck == after
    hand.wait_full()


def test_the_plane_fills_while_the_studio_is_idle_and_closing_then_is_quick(hand):
    hand.add(3)
    hand.engine.draft_step_ms = 10
    hand.studio.wait(lambda: hand.view.tile_count >= 2)
    assert all(hand.view.thumbnails)
    began = time.monotonic()
    assert hand.studio.window.close()
    assert time.monotonic() - began < 30  # a hang guard, not a measure
    assert hand.engine.closed


def test_the_atlas_makes_room_for_a_picture_within_a_step(hand):
    hand.add(3)
    hand.engine.draft_step_ms = 30
    hand.studio.wait(lambda: hand.view.tile_count >= 1)
    tiles = len(hand.engine.drafts)
    hand.studio.generate("a calm sea")
    hand.studio.wait_idle()
    assert len(hand.engine.drafts) <= tiles + 1
    count = hand.view.tile_count
    hand.studio.wait(lambda: hand.view.tile_count > count)  # and goes on


def test_a_draft_that_fails_is_told_and_the_thread_goes_on(hand, caplog):
    hand.add(2)
    hand.session.change_recipe(prompt="a calm sea", steps=30)
    hand.engine.step_ms = 30
    hand.studio.find("generateButton").click()
    hand.studio.wait(lambda: hand.studio.find("progressBar").value())
    broken = Keyframe(seed=1, prompt="nodraft")
    hand.session.change(canvas=msgspec.structs.replace(hand.canvas, placed=(Placed(keyframe=broken, x=-0.8),) * 2))
    hand.studio.wait(lambda: not hand.studio.window.banner.isHidden())
    assert "unforeseen" in hand.studio.window.banner.sentence.text()
    hand.studio.wait_idle()
    assert hand.studio.window.library_model.rowCount() == 1
    hand.session.undo()
    hand.drag((0.3, 0.0))
    hand.wait_full()


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

"""The latent canvas in the real window, on the scripted engine: what an artist's hand does there."""

import time

import msgspec
import pytest
from PySide6.QtCore import Qt

from studio.core.blend import Keyframe
from studio.core.canvas import Placed, blend_of
from studio.core.metadata import read_recipe
from tests.ui.canvas_hand import CONTROL, PROMPTS, SHIFT, Hand


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
    assert shown.find("previewView").hasFocus()
    shown.press(Qt.Key.Key_J, CONTROL)
    shown.find("promptEdit").setFocus()
    shown.press(Qt.Key.Key_J, CONTROL)
    assert not hand.panel.isVisible()
    assert shown.find("promptEdit").hasFocus()
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
    assert hand.studio.find("activityLabel").text() == "Canvas · stopped"
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


def test_looking_at_another_picture_ends_the_canvass_lead(hand):
    hand.studio.finish("a calm sea")
    hand.add(2)
    hand.engine.step_ms = 20
    hand.drag((0.2, 0.0))
    hand.studio.wait(lambda: hand.studio.controller.canvas.is_busy)
    hand.studio.pictures._on_picture_chosen(hand.studio.window.library_model.rows_between(0, 0)[0])
    path = hand.studio.pictures.on_show.path
    hand.wait_rest()
    assert hand.studio.pictures.on_show.path == path
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


def test_once_the_canvas_is_emptied_what_was_on_show_comes_back(hand):
    hand.studio.finish("a calm sea")
    before = hand.studio.pictures.on_show
    hand.add(2)
    hand.drag((0.2, 0.0))
    hand.wait_full()
    assert hand.studio.pictures.on_show is None
    for _ in range(2):
        hand.view.select(0)
        hand.studio.press(Qt.Key.Key_Delete, widget=hand.view)
        assert hand.studio.pictures.on_show is before
    assert not hand.canvas.placed
    assert hand.studio.find("previewView").image == before.image
    assert hand.studio.window.action("copyPicture").isEnabled()
    hand.wait_rest()
    hand.session.undo()
    hand.session.undo()
    hand.studio.wait(lambda: hand.studio.find("previewView").image == hand.view.frame)  # and it leads again


def test_emptying_the_canvas_leaves_another_picture_on_show(hand):
    hand.add(2)
    hand.drag((0.2, 0.0))
    hand.wait_full()
    hand.studio.finish("a calm sea")
    shown = hand.studio.pictures.on_show
    hand.studio.find("canvasFileButton").menu().actions()[-1].trigger()
    assert not hand.canvas.placed
    assert hand.studio.pictures.on_show is shown


def test_where_nothing_was_on_show_an_emptied_canvas_leaves_nothing(hand):
    hand.add(2)
    hand.drag((0.2, 0.0))
    hand.wait_full()
    hand.studio.find("canvasFileButton").menu().actions()[-1].trigger()
    assert hand.studio.find("previewView").image.isNull()
    hand.wait_rest()
    assert hand.studio.find("previewView").image.isNull()
    hand.studio.finish("a calm sea")
    assert hand.studio.pictures.on_show is not None  # what is made is shown again

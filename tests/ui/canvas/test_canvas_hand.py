"""The hand on the plane and beneath it: real events on the real widgets."""

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QContextMenuEvent, QDropEvent, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QSlider

from studio.core.blend import KEYFRAMES_MAX, Keyframe, Law
from studio.core.canvas import Material, blend_of, puck_of, shares_of
from studio.core.canvas_edits import Arrangement
from studio.ui.canvas.keyframe_menu import Deed
from tests.ui.start.conftest import drag_onto

LEFT, ALT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier
SQUARE = Arrangement.SQUARE
CONTROLS = (
    "addKeyframeButton", "arrangeButton", "snapButton", "fitCanvasButton", "atlasButton", "linkButton", "heatButton",
    "noiseButton", "promptButton", "variationButton", "canvasFileButton", "keepButton",
    "crossfadeSlider", "evenStepsButton",
    "lawCombo", "sharpnessSpin", "budgetSlider", "keyframeList", "weightSlider0", "weightSlider1", "heatStrip",
    "normGauge",
)  # fmt: skip


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_has_a_name_and_a_tooltip(hand, name):
    hand.add(2)
    assert hand.find(name).accessibleName()
    assert hand.find(name).toolTip()
    assert hand.find("latentCanvas").accessibleName()


def test_the_button_adds_the_prompt_and_seed_of_now(hand):
    hand.add(1)
    (placed,) = hand.canvas.placed
    assert (placed.keyframe.seed, placed.keyframe.prompt) == (7, "a lighthouse at dusk")
    hand.find("addKeyframeButton").click()
    assert hand.canvas.placed[1].keyframe.seed != 7  # twice the same would blend to nothing


def test_n_and_a_double_click_add_and_the_puck_stays(hand):
    hand.add(2)
    before = hand.canvas.puck
    at = hand.at(0.4, -0.6)
    hand.qtbot.mouseClick(hand.view, LEFT, pos=at)
    hand.qtbot.mouseDClick(hand.view, LEFT, pos=at)
    hand.release(at)
    assert len(hand.canvas.placed) == 3
    assert (hand.canvas.placed[2].x, hand.canvas.placed[2].y) == pytest.approx((0.4, -0.6), abs=0.02)
    assert hand.canvas.puck == before
    hand.session.undo()
    assert (len(hand.canvas.placed), hand.canvas.puck) == (2, before)  # all of it was one step
    hand.key(Qt.Key.Key_N)
    assert len(hand.canvas.placed) == 3


def test_deeds_in_quick_succession_are_undone_one_by_one(hand):
    hand.add(2)
    for _ in range(3):
        hand.find("addKeyframeButton").click()
    for left in (4, 3, 2):
        hand.session.undo()
        assert len(hand.canvas.placed) == left


def test_there_is_room_for_twelve(hand):
    for _ in range(KEYFRAMES_MAX):
        hand.find("addKeyframeButton").click()
    assert not hand.failures
    full = hand.canvas
    hand.find("addKeyframeButton").click()
    assert "at most 12" in hand.failures[-1]
    assert hand.canvas is full


def test_a_drag_of_the_puck_is_one_undo_step(hand):
    hand.add(4, SQUARE)
    before, steps = hand.canvas, hand.undo_steps()
    hand.drag(hand.at(*before.puck), hand.at(0.1, 0.1), hand.at(0.3, 0.2), hand.at(0.4, -0.4))
    assert hand.canvas.puck == pytest.approx((0.4, -0.4), abs=0.01)
    assert hand.undo_steps() == steps + 1
    hand.session.undo()
    assert hand.canvas == before
    hand.session.redo()
    hand.drag(hand.at(*hand.canvas.puck), hand.at(-0.3, 0.0))
    assert hand.undo_steps() == steps + 2


def test_a_click_on_the_plane_brings_the_puck(hand):
    hand.add(4, SQUARE)
    hand.qtbot.mouseClick(hand.view, LEFT, pos=hand.at(-0.3, 0.35))
    assert hand.canvas.puck == pytest.approx((-0.3, 0.35), abs=0.01)


def test_near_a_keyframe_the_puck_is_exactly_on_it(hand):
    hand.add(4, SQUARE)
    place = hand.canvas.placed[2]
    hand.drag(hand.at(*hand.canvas.puck), hand.at(place.x, place.y) - QPoint(5, 3))
    assert shares_of(hand.canvas, Material.NOISE) == (0.0, 0.0, 1.0, 0.0)


def test_a_drag_of_a_card_is_one_undo_step_and_a_click_none(hand):
    hand.add(4, SQUARE)
    before, steps = hand.canvas, hand.undo_steps()
    corner = hand.view.card_rect(0).center().toPoint()
    hand.qtbot.mouseClick(hand.view, LEFT, pos=corner)
    assert hand.view.selected == 0
    assert hand.canvas is before
    hand.drag(corner, corner + QPoint(20, 10), corner + QPoint(60, 40))
    assert hand.undo_steps() == steps + 1
    moved = hand.view.place_on_screen((hand.canvas.placed[0].x, hand.canvas.placed[0].y)).toPoint()
    assert (moved - corner - QPoint(60, 40)).manhattanLength() <= 2
    hand.session.undo()
    assert hand.canvas == before


def test_snap_keeps_to_the_grid_and_alt_does_the_opposite(hand):
    hand.add(4, SQUARE)
    hand.find("snapButton").click()
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.234, -0.171))
    assert hand.canvas.puck == (0.2, -0.2)
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.334, -0.131), modifier=ALT)
    assert hand.canvas.puck == pytest.approx((0.334, -0.131), abs=0.01)
    assert hand.canvas.puck != (0.3, -0.1)


def test_the_weight_sliders_set_their_own_and_share_out_the_rest(hand):
    hand.add(3)
    slider = hand.find("weightSlider1", QSlider)
    slider.setValue(500)
    shares = shares_of(hand.canvas, Material.NOISE)
    assert shares[1] == pytest.approx(0.5)
    assert sum(shares) == pytest.approx(1.0)
    assert [hand.find(f"weightSlider{i}").value() for i in range(3)] == [round(1000 * share) for share in shares]
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.0, -0.1))
    assert hand.canvas.noise_shares == ()  # the puck sets them again


def test_a_drag_of_a_slider_is_one_undo_step(hand):
    hand.add(3)
    steps, slider = hand.undo_steps(), hand.find("weightSlider2", QSlider)
    slider.sliderPressed.emit()
    for value in (100, 300, 700):
        slider.setValue(value)
    slider.sliderReleased.emit()
    assert hand.undo_steps() == steps + 1
    assert shares_of(hand.canvas, Material.NOISE)[2] == pytest.approx(0.7)


def test_a_press_beside_the_handle_brings_it_and_is_one_undo_step(hand):
    hand.add(2)
    slider, before, steps = hand.find("crossfadeSlider", QSlider), hand.canvas, hand.undo_steps()
    start, end = QPoint(slider.width() // 4, slider.height() // 2), QPoint(slider.width() // 2, slider.height() // 2)
    hand.qtbot.mousePress(slider, LEFT, pos=start)
    assert shares_of(hand.canvas, Material.NOISE)[1] == pytest.approx(0.25, abs=0.01)
    hand.qtbot.mouseMove(slider, end)
    hand.qtbot.mouseRelease(slider, LEFT, pos=end)
    assert shares_of(hand.canvas, Material.NOISE)[1] == pytest.approx(0.5, abs=0.01)
    assert hand.undo_steps() == steps + 1
    hand.session.undo()
    assert hand.canvas == before


def test_the_wheel_over_the_list_changes_no_weight(hand):
    hand.add(3)
    before, slider = hand.canvas, hand.find("weightSlider1", QSlider)
    middle = QPointF(slider.rect().center())
    event = QWheelEvent(
        middle, slider.mapToGlobal(middle), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(slider, event)
    assert hand.canvas is before


def test_with_two_there_is_a_crossfade(hand):
    hand.add(1)
    slider = hand.find("crossfadeSlider", QSlider)
    assert not slider.isVisible()
    hand.add(1)
    assert slider.isVisible()
    slider.setFocus()
    slider.setValue(250)
    assert shares_of(hand.canvas, Material.NOISE) == pytest.approx((0.75, 0.25))
    assert hand.canvas.noise_shares == ()
    hand.qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert shares_of(hand.canvas, Material.NOISE)[1] == pytest.approx(0.26)
    hand.add(1)
    assert not slider.isVisible()


def test_linked_there_is_one_puck_apart_there_are_two(hand):
    hand.add(4, SQUARE)
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.4, 0.0))
    before = blend_of(hand.canvas)
    hand.find("linkButton").click()
    assert blend_of(hand.canvas) == before  # parting changes nothing
    puck = hand.view.place_on_screen(hand.canvas.prompt_puck).toPoint()
    hand.drag(puck, puck + QPoint(-40, 40))  # the diamond lies on top
    blend = blend_of(hand.canvas)
    assert blend.noise_shares == before.noise_shares
    assert blend.prompt_shares != before.prompt_shares
    assert hand.panel.material is Material.PROMPT
    hand.find("noiseButton").click()
    hand.find("weightSlider0", QSlider).setValue(900)
    assert blend_of(hand.canvas).prompt_shares == blend.prompt_shares
    hand.find("linkButton").click()
    assert blend_of(hand.canvas).prompt_shares == blend_of(hand.canvas).noise_shares
    for _ in range(4):  # link, slider, diamond, part
        hand.session.undo()
    assert blend_of(hand.canvas) == before
    assert hand.canvas.linked


def test_keys_nudge_select_duplicate_reseed_and_delete(hand):
    hand.add(3)
    x, y = hand.canvas.puck
    hand.view.setFocus()
    hand.key(Qt.Key.Key_Right)
    hand.key(Qt.Key.Key_Up, SHIFT)
    assert puck_of(hand.canvas, Material.NOISE) == pytest.approx((x + 0.05, y - 0.01))
    hand.key(Qt.Key.Key_Tab)
    hand.key(Qt.Key.Key_Tab)
    assert hand.view.selected == 1
    assert hand.find("keyframeList").currentRow() == 1
    seed = hand.canvas.placed[1].keyframe.seed
    hand.key(Qt.Key.Key_R)
    assert hand.canvas.placed[1].keyframe.seed != seed
    hand.key(Qt.Key.Key_D)
    assert hand.canvas.placed[3].keyframe == hand.canvas.placed[1].keyframe
    hand.key(Qt.Key.Key_Delete)
    assert len(hand.canvas.placed) == 3


def test_tab_leaves_after_the_last_keyframe(hand):
    hand.add(2)
    hand.view.setFocus()
    for _ in range(2):
        hand.key(Qt.Key.Key_Tab)
    assert hand.view.hasFocus()
    hand.key(Qt.Key.Key_Tab)
    assert not hand.view.hasFocus()


def test_the_wheel_zooms_at_the_cursor_and_fit_brings_back(hand):
    hand.add(4, SQUARE)
    at = QPointF(hand.at(0.5, 0.5))
    point, corner = hand.view.point_under(at), hand.at(0.8, 0.8)
    event = QWheelEvent(
        at, hand.view.mapToGlobal(at), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(hand.view, event)
    assert hand.view.point_under(at) == pytest.approx(point, abs=0.01)
    assert hand.at(0.8, 0.8) != corner
    hand.press(QPoint(300, 300), Qt.MouseButton.MiddleButton)
    hand.move(QPoint(340, 280))
    hand.release(QPoint(340, 280), Qt.MouseButton.MiddleButton)
    assert hand.canvas.puck == hand.canvas.prompt_puck
    hand.find("fitCanvasButton").click()
    assert hand.at(0.8, 0.8) == corner


def test_arrange_lays_out(hand):
    hand.add(4)
    for action in hand.find("arrangeButton").menu().actions():
        action.trigger()
        assert action.text() in [str(figure) for figure in Arrangement]
    xs = [each.x for each in hand.canvas.placed]
    assert xs == pytest.approx([0.0, 0.8, 0.0, -0.8], abs=1e-9)  # the circle was last


def test_the_menu_of_a_card(hand):
    hand.add(3)
    at = hand.view.card_rect(1).center().toPoint()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, hand.view.mapToGlobal(at))
    QApplication.sendEvent(hand.view, event)
    menu = hand.panel.menu
    assert menu.isVisible()
    assert not menu.closeness_slider.isVisible()  # it is no picture
    texts = {action.text(): action for action in menu.actions() if action.text()}
    texts["Put the puck here"].trigger()
    assert shares_of(hand.canvas, Material.NOISE) == (0.0, 1.0, 0.0)
    texts["Use its prompt"].trigger()
    assert hand.session.recipe.prompt == "snowy mountains"
    texts["Delete"].trigger()
    assert len(hand.canvas.placed) == 2
    menu.close()


def test_a_card_is_edited_in_place(hand):
    hand.add(2)
    at = hand.view.card_rect(1).center().toPoint() + QPoint(0, -30)
    hand.qtbot.mouseClick(hand.view, LEFT, pos=at)
    hand.qtbot.mouseDClick(hand.view, LEFT, pos=at)
    hand.release(at)
    popover, steps = hand.panel.popover, hand.undo_steps()
    assert popover.isVisible()
    popover.name_edit.setText("Peaks")
    popover.prompt_edit.setPlainText("high peaks")
    popover.seed_edit.setText("4294967295")
    popover.close()
    keyframe = hand.canvas.placed[1].keyframe
    assert (keyframe.name, keyframe.prompt, keyframe.seed) == ("Peaks", "high peaks", 2**32 - 1)
    assert hand.undo_steps() == steps + 1
    assert "Peaks" in hand.find("keyframeList").item(1).text()


def test_escape_and_a_seed_that_is_none_change_nothing(hand):
    hand.add(2)
    before, popover = hand.canvas, hand.panel.popover
    hand.view.deedWanted.emit(0, Deed.EDIT)
    hand.qtbot.keyClicks(popover.seed_edit, "x")
    assert popover.seed_problem.isVisible()
    popover.close()
    assert hand.canvas == before
    hand.view.deedWanted.emit(0, Deed.EDIT)
    popover.name_edit.setText("nothing")
    hand.qtbot.keyClick(popover, Qt.Key.Key_Escape)
    assert hand.canvas == before


def drop(hand, path, at):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    none = Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(at), Qt.DropAction.CopyAction, mime, LEFT, none)
    hand.view.dropEvent(event)


def test_a_dropped_picture_becomes_a_keyframe(hand, tmp_path):
    path = tmp_path / "sea.png"
    QImage(40, 20, QImage.Format.Format_RGB32).save(str(path))
    drop(hand, path, hand.at(0.3, 0.2))
    hand.qtbot.waitUntil(lambda: len(hand.canvas.placed) == 1)
    (placed,) = hand.canvas.placed
    assert placed.keyframe.picture.startswith(b"\x89PNG")
    assert (placed.x, placed.y) == pytest.approx((0.3, 0.2), abs=0.02)
    assert hand.view.thumbnails[0].width() == hand.session.recipe.width
    hand.panel.menu.show_for(0, placed.keyframe)
    assert not hand.panel.menu.closeness_slider.parentWidget().isHidden()
    hand.panel.menu.closeness_slider.setValue(40)
    assert hand.canvas.placed[0].keyframe.closeness == pytest.approx(0.4)


def test_only_pictures_are_welcome(hand, tmp_path):
    for name in ("notes.txt", "a.lstudio", "a.safetensors", "folder"):
        assert not drag_onto(hand.view, tmp_path / name)
        drop(hand, tmp_path / name, hand.at(0, 0))
        assert "Drop" not in hand.view._message()
    assert drag_onto(hand.view, tmp_path / "gone.JPG")
    hand.qtbot.waitUntil(lambda: bool(hand.failures))
    assert len(hand.failures) == 1


@pytest.mark.parametrize(("name", "content"), [("gone.png", None), ("not.png", b"not a picture")])
def test_a_dropped_file_that_is_no_picture_is_a_sentence(hand, tmp_path, name, content):
    hand.add(2)
    before = hand.canvas
    if content is not None:
        (tmp_path / name).write_bytes(content)
    drop(hand, tmp_path / name, hand.at(0, 0))
    hand.qtbot.waitUntil(lambda: bool(hand.failures))
    assert name in hand.failures[0]
    assert hand.canvas is before


def test_a_canvas_is_saved_and_opened(hand, tmp_path):
    hand.add(3)
    path, before = tmp_path / "a.canvas.json", hand.canvas
    hand.controller.save_canvas(path)
    hand.find("canvasFileButton").menu().actions()[2].trigger()
    assert hand.canvas.placed == ()
    hand.controller.open_canvas(path)
    assert hand.canvas == before
    assert not hand.failures


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "cannot be read"), (b'{"version": 9, "x": 1}', "newer studio"), (b'{"version": 1, "pla', "cannot be read")],
)
def test_a_canvas_file_that_is_none_is_a_sentence(hand, tmp_path, content, sentence):
    hand.add(2)
    before, path = hand.canvas, tmp_path / "b.canvas.json"
    if content is not None:
        path.write_bytes(content)
    hand.controller.open_canvas(path)
    assert sentence in hand.failures[0]
    assert hand.canvas is before


def test_what_makes_no_blend_is_said_in_place(hand):
    hand.add(1)
    line = hand.find("canvasAdvice")
    assert "another keyframe" in hand.view._message()
    hand.controller.keep()
    assert "at least two" in hand.failures[-1]
    hand.add(2)
    hand.panel.lawChosen.emit(Law.SLERP)
    assert "exactly 2" in line.text()
    assert not hand.find("keepButton").isEnabled()
    hand.controller.pictures.on_idle(True)
    hand.drafter.answer_tiles()
    assert hand.drafter.asked_tiles == len(hand.canvas.placed)  # the keyframes' own pictures, no map
    hand.key(Qt.Key.Key_Return)
    assert "exactly 2" in hand.failures[-1]
    assert not hand.drafter.submitted
    hand.panel.lawChosen.emit(Law.GRAM)
    assert line.text() == ""
    assert hand.find("keepButton").isEnabled()


def test_weights_that_mean_nothing_are_refused_and_the_canvas_stays(hand):
    hand.add(3)
    before = hand.canvas
    hand.panel.weights.shareEdited.emit(0, float("nan"))
    hand.panel.weights.shareEdited.emit(0, -1.0)
    hand.view.puckMoved.emit(Material.NOISE, (float("nan"), 0.0))
    assert len(hand.failures) == 3
    assert hand.canvas is before


def test_a_picture_of_the_library_comes_back_as_it_was(hand):
    hand.add(3)
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.1, 0.3))
    recipe = hand.controller.recipe()
    hand.controller.add_recipe(recipe)
    assert blend_of(hand.canvas).keyframes == recipe.blend.keyframes
    assert blend_of(hand.canvas).noise_shares == pytest.approx(recipe.blend.noise_shares)
    hand.controller.add_recipe(hand.session.recipe)
    assert hand.canvas.placed[-1].keyframe == Keyframe(seed=7, prompt="a desert at night", negative_prompt="")

"""The mask through the window: painted with the mouse and with a pen, undone, filled, inverted, cleared, left."""

from itertools import pairwise

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QPointingDevice, QTabletEvent
from PySide6.QtWidgets import QApplication

from studio.core.start_picture import decode_mask
from studio.ui.images import to_picture

MIDDLE, RIGHT = Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton


def test_what_is_painted_goes_into_the_recipe_that_is_made(painting):
    painting.stroke((60, 100), (90, 100), (120, 100))
    mask = painting.mask
    assert mask.shape == (256, 256)
    assert (mask[90:110, 60:120] == 255).all()
    assert not mask[150:].any()
    assert not mask[:, 160:].any()
    painting.studio.wait(lambda: "% is made anew" in painting.studio.find("startShare").text())
    painting.studio.finish()
    made = painting.studio.engine.generated[-1]
    assert (decode_mask(made.start) == mask).all()
    assert painting.layer.isHidden()  # what is being made is to be seen


def test_the_mask_is_shown_over_the_picture(painting):
    def colors():
        shot = painting.window.preview_view.grab().toImage()
        return [shot.pixelColor(painting.at(*place)) for place in ((60, 100), (200, 200))]

    (before, elsewhere), _ = colors(), painting.stroke((60, 100), (120, 100))
    after, still = colors()
    assert after.red() - after.blue() > before.red() - before.blue()
    assert still == elsewhere


def test_its_edge_is_black_and_white_so_that_it_is_seen_on_a_red_picture_too(painting):
    def edges():
        shot = to_picture(painting.window.preview_view.grab().toImage()).astype(int).sum(axis=2)
        line = shot[:, painting.at(100, 100).x()]
        beside = list(pairwise(line.tolist()))
        return beside.count((0, 765)), beside.count((765, 0))

    painting.layer.leaveEvent(QEvent(QEvent.Type.Leave))  # the brush's ring is black and white as well
    nothing = edges()
    painting.stroke((60, 100), (140, 100))
    painting.layer.leaveEvent(QEvent(QEvent.Type.Leave))
    assert edges() == (nothing[0] + 1, nothing[1] + 1)
    painting.studio.find("maskFillButton").click()
    painting.studio.wait(lambda: painting.mask.min() == 255)
    assert edges() == nothing


def test_each_stroke_is_undone_and_done_again(painting):
    painting.stroke((60, 60), (80, 60))
    first = painting.mask
    painting.stroke((60, 200), (80, 200))
    both = painting.mask
    assert (both != first).any()
    painting.undo()
    assert (painting.mask == first).all()
    painting.studio.wait(lambda: np.array_equal(painting.layer.painted, first))
    painting.undo()
    assert painting.start.mask == b""
    painting.studio.wait(lambda: not painting.layer.painted.any())
    painting.window.action("redo").trigger()
    painting.window.action("redo").trigger()
    painting.studio.wait(lambda: np.array_equal(painting.layer.painted, both))
    assert (painting.mask == both).all()


def test_the_right_button_and_x_erase(painting):
    painting.stroke((60, 100), (200, 100))
    painting.stroke((100, 100), button=RIGHT)
    assert painting.mask[100, 100] == 0
    assert painting.mask[100, 160] == 255
    painting.studio.press(Qt.Key.Key_X, widget=painting.layer)
    assert painting.studio.find("maskEraserButton").isChecked()
    painting.stroke((160, 100))
    assert painting.mask[100, 160] == 0


def test_fill_invert_clear(painting):
    painting.stroke((100, 100))
    painted = painting.mask
    painting.studio.find("maskInvertButton").click()
    painting.studio.wait(lambda: np.array_equal(painting.mask, 255 - painted))
    painting.studio.find("maskFillButton").click()
    painting.studio.wait(lambda: painting.mask.min() == 255)
    painting.studio.find("maskClearButton").click()
    painting.studio.wait(lambda: painting.start.mask == b"")
    for _ in range(3):
        painting.undo()
    assert (painting.mask == painted).all()


def test_size_and_softness(painting):
    press, layer = painting.studio.press, painting.layer
    press(Qt.Key.Key_BracketRight, widget=layer)
    assert layer.brush.size_px == pytest.approx(48.0)
    press(Qt.Key.Key_BracketLeft, widget=layer)
    press(Qt.Key.Key_BraceRight, widget=layer)
    assert (layer.brush.size_px, layer.brush.softness) == (pytest.approx(40.0), 0.125)
    painting.studio.find("maskSoftnessSlider").setValue(100)
    painting.stroke((128, 128))
    soft = painting.mask
    assert soft[128, 128] > 240
    assert 20 < soft[128, 138] < 230
    painting.studio.find("maskSizeSlider").setValue(100)
    assert layer.brush.size_px == pytest.approx(512.0)


def test_a_pens_pressure_is_the_brushs_size_and_its_other_end_erases(painting):
    def pen(kind, at, pressure, *, end=QPointingDevice.PointerType.Pen):
        device = QPointingDevice("pen", 1, QPointingDevice.DeviceType.Stylus, end, CAPABILITIES, 1, 1)
        place = QPointF(painting.at(*at))
        button = Qt.MouseButton.LeftButton
        event = QTabletEvent(
            kind, device, place, painting.layer.mapToGlobal(place), pressure, 0, 0, 0, 0, 0,
            Qt.KeyboardModifier.NoModifier, button, button,
        )  # fmt: skip
        QApplication.sendEvent(painting.layer, event)
        assert event.isAccepted()

    def line(y, pressure, **end):
        before = painting.start
        pen(QEvent.Type.TabletPress, (80, y), pressure, **end)
        pen(QEvent.Type.TabletMove, (160, y), pressure, **end)
        pen(QEvent.Type.TabletRelease, (160, y), 0.0, **end)
        painting.studio.wait(lambda: painting.start is not before)

    CAPABILITIES = QPointingDevice.Capability.Pressure | QPointingDevice.Capability.Position
    line(60, 1.0)
    line(160, 0.25)
    mask = painting.mask
    assert 38 <= np.count_nonzero(mask[:110, 120]) <= 42
    assert 8 <= np.count_nonzero(mask[110:, 120]) <= 12
    line(60, 1.0, end=QPointingDevice.PointerType.Eraser)
    assert not painting.mask[45:75, 120].any()  # the faint rim of a hard edge stays


def test_the_middle_button_space_and_the_wheel_are_still_the_previews(painting, qtbot):
    view, layer = painting.window.preview_view, painting.layer
    view.zoom_by(3.0)
    before = view.target().topLeft()
    place = layer.rect().center()
    for button, space in ((MIDDLE, False), (Qt.MouseButton.LeftButton, True)):
        if space:
            qtbot.keyPress(layer, Qt.Key.Key_Space)
        qtbot.mousePress(layer, button, pos=place)
        qtbot.mouseMove(layer, place + place / 8)
        qtbot.mouseRelease(layer, button, pos=place + place / 8)
        moved, before = view.target().topLeft() - before, view.target().topLeft()
        assert moved.x() == pytest.approx(place.x() / 8, abs=1)
    qtbot.keyRelease(layer, Qt.Key.Key_Space)
    assert not layer.painted.any()
    painting.stroke((100, 100))  # in the zoom that is now
    assert painting.mask[100, 100] == 255


def test_escape_leaves_and_shows_what_was_on_show(hand):
    hand.studio.finish()
    on_show = hand.studio.pictures.on_show
    hand.take_start()
    hand.paint()
    assert hand.studio.pictures.on_show is None
    hand.studio.press(Qt.Key.Key_Escape, widget=hand.layer)
    assert hand.layer.isHidden()
    assert hand.studio.find("maskBar").isHidden()
    assert not hand.studio.find("paintMaskButton").isChecked()
    assert hand.studio.pictures.on_show is on_show


def test_escape_leaves_before_it_stops_anything(painting):
    painting.studio.controller.submit(replace(painting.session.recipe, prompt="hang"))
    painting.studio.wait(lambda: painting.studio.jobs.running)
    painting.layer.setFocus()
    painting.studio.press(Qt.Key.Key_Escape, widget=painting.layer)
    assert painting.layer.isHidden()
    assert painting.studio.jobs.is_busy
    painting.studio.press(Qt.Key.Key_Escape)
    painting.studio.wait_idle()


def test_without_a_start_there_is_nothing_to_paint(started):
    assert started.window.action("paintMask").isEnabled()
    started.paint()
    started.studio.find("removeStartButton").click()
    assert started.layer.isHidden()
    assert not started.window.action("paintMask").isEnabled()


def test_another_size_is_painted_at_that_size(painting):
    painting.stroke((128, 128), (140, 128))
    painting.studio.find("widthSpin").setValue(384)
    painting.studio.wait(lambda: painting.layer.painted.shape == (256, 384))
    assert painting.mask.shape == (256, 384)
    painting.stroke((350, 30))
    assert painting.mask[30, 350] == 255
    assert painting.mask.shape == (256, 384)

"""Extending the starting picture through the window: by numbers, and by the edges of its frame."""

import pytest
from PySide6.QtCore import Qt

from studio.core.outpaint import STRENGTH

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def frame(started):
    """The frame's layer, with its bar above it."""
    layer = started.studio.find("frameLayer")
    started.studio.find("extendButton").click()
    started.studio.wait(layer.isVisible)
    return layer


def drag(hand, layer, begin, end):
    """Drag with the mouse from one pixel of the picture to another, which may lie outside of it."""
    hand.studio.qtbot.mousePress(layer, LEFT, pos=hand.at(*begin))
    hand.studio.qtbot.mouseMove(layer, hand.at(*end))
    hand.studio.qtbot.mouseRelease(layer, LEFT, pos=hand.at(*end))


def test_by_numbers_it_is_one_step_of_undo(painting):
    painting.stroke((20, 128))
    before, pixels, mask = painting.session.recipe, painting.pixels, painting.mask
    find = painting.studio.find
    find("extendButton").click()
    assert painting.layer.isHidden()
    find("extendRightSpin").setValue(100)
    find("extendTopSpin").setValue(64)
    assert find("extendOutcome").text() == "368 × 320 px"  # multiples of what the model needs
    painting.studio.press(Qt.Key.Key_Return, widget=find("extendTopSpin"))
    painting.studio.wait(lambda: painting.session.recipe.width == 368)
    recipe = painting.session.recipe
    assert (recipe.height, recipe.start.strength) == (320, STRENGTH)
    assert (painting.pixels[64:, :256] == pixels).all()
    assert (painting.mask[:64] == 255).all()
    assert (painting.mask[:, 256:] == 255).all()
    assert (painting.mask[80:, :240] == mask[16:, :240]).all()
    assert find("extendBar").isHidden()
    painting.window.action("undo").trigger()
    assert painting.session.recipe == before


def test_the_frames_edges_and_corners_are_dragged(started, frame):
    find = started.studio.find
    drag(started, frame, (255, 128), (300, 128))
    assert find("extendRightSpin").value() == pytest.approx(45, abs=2)
    assert find("extendOutcome").text() == "304 × 256 px"
    drag(started, frame, (0, 0), (-29, -13))
    assert find("extendLeftSpin").value() == pytest.approx(29, abs=2)
    assert find("extendTopSpin").value() == pytest.approx(13, abs=2)
    drag(started, frame, (303, 128), (100, 128))  # not into the picture
    assert find("extendRightSpin").value() == 0
    find("extendNowButton").click()
    started.studio.wait(lambda: started.session.recipe.width == 288)
    assert started.session.recipe.height == 272


def test_away_from_the_edges_the_picture_is_moved(started, frame):
    view = started.window.preview_view
    before = view.target().topLeft()
    drag(started, frame, (128, 128), (100, 128))
    assert view.target().topLeft().x() < before.x()
    assert started.studio.find("extendRightSpin").value() == 0


def test_escape_drops_it(started, frame):
    before = started.session.state
    started.studio.find("extendLeftSpin").setValue(64)
    started.studio.press(Qt.Key.Key_Escape, widget=started.studio.find("extendLeftSpin"))
    assert frame.isHidden()
    assert started.studio.find("extendBar").isHidden()
    assert started.session.state == before


def test_it_does_not_go_beyond_the_largest_size(started, frame):
    for side in ("Left", "Right"):
        started.studio.find(f"extend{side}Spin").setValue(2048)
    assert "at most" in started.studio.find("extendOutcome").text()
    assert not started.studio.find("extendNowButton").isEnabled()


def test_another_picture_on_show_ends_it(hand):
    hand.studio.finish()
    hand.take_start()
    hand.window.action("extend").trigger()
    hand.studio.wait(hand.studio.find("frameLayer").isVisible)
    view = hand.studio.find("libraryView")
    view.pictureChosen.emit(view.model().row_at(view.model().index(0)))
    hand.studio.wait(hand.studio.find("frameLayer").isHidden)
    assert not hand.window.action("extend").isChecked()


def test_the_frame_stays_in_sight_by_number_and_in_a_smaller_window(started, frame):
    view = started.window.preview_view
    for side in ("Left", "Bottom"):
        started.studio.find(f"extend{side}Spin").setValue(512)
        assert frame.rect().toRectF().contains(frame.frame())
    zoom, before = view.zoom, frame.size()
    started.window.resize(started.window.minimumSizeHint())
    started.studio.wait(lambda: frame.size() != before)
    assert frame.rect().toRectF().contains(frame.frame())
    assert view.zoom < zoom
    zoom = view.zoom
    started.studio.find("extendLeftSpin").setValue(0)
    assert view.zoom == zoom


def test_under_the_hand_the_picture_keeps_its_size(started, frame):
    view, qtbot = started.window.preview_view, started.studio.qtbot
    zoom = view.zoom
    qtbot.mousePress(frame, LEFT, pos=started.at(255, 128))
    qtbot.mouseMove(frame, started.at(1000, 128))
    assert started.studio.find("extendRightSpin").value() > 700
    assert view.zoom == zoom
    qtbot.mouseRelease(frame, LEFT, pos=started.at(1000, 128))
    assert frame.rect().toRectF().contains(frame.frame())


def test_the_numbers_are_the_ones_that_are_used(started, frame):
    spin = started.studio.find("extendRightSpin")
    spin.selectAll()
    started.studio.qtbot.keyClicks(spin, "100")
    assert spin.value() == 100  # while it is typed it is the hand's
    started.studio.press(Qt.Key.Key_Tab, widget=spin)
    assert spin.value() == 112
    assert started.studio.find("extendOutcome").text() == "368 × 256 px"

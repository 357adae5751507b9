"""The window where there is little room: nothing is cut off, nothing lies on top of another."""

import numpy as np
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QScrollArea

from studio.core.blend import Keyframe, Law
from studio.core.canvas import Canvas
from studio.core.canvas_edits import add_keyframe
from studio.ui.canvas.canvas_panel import CanvasPanel
from studio.ui.canvas.canvas_view import LatentCanvas
from studio.ui.images import to_picture


def test_the_prompts_panel_is_whole_beside_the_canvas(shown):
    shown.window.action("latentCanvas").trigger()
    shown.window.resize(shown.window.minimumSizeHint())
    (area,) = shown.window.prompt_panel.findChildren(QScrollArea)
    shown.wait(area.isVisible)
    assert area.viewport().width() >= area.widget().minimumSizeHint().width()
    assert shown.window.minimumSizeHint().width() <= 1024


def test_a_long_word_of_what_goes_on_does_not_widen_the_window(shown):
    before = shown.window.minimumSizeHint().width()
    shown.window.status.show_activity("Saved as " + "a very long name " * 40)
    assert shown.window.minimumSizeHint().width() == before
    assert shown.find("activityLabel").toolTip() == shown.find("activityLabel").text()
    shown.window.status.show_activity("")
    assert shown.find("activityLabel").toolTip()


def test_the_two_lines_of_an_empty_canvas_are_apart_however_narrow_it_is(qtbot):
    view = LatentCanvas()
    qtbot.addWidget(view)
    palette = view.palette()
    for role, color in {
        QPalette.ColorRole.Dark: "black",
        QPalette.ColorRole.WindowText: "red",
        QPalette.ColorRole.PlaceholderText: "blue",
    }.items():
        palette.setColor(role, QColor(color))
    view.setPalette(palette)
    for width in (280, 340, 700):
        view.resize(width, 400)
        seen = to_picture(view.grab().toImage())
        first, second = (np.flatnonzero((seen[..., channel] > 200).any(axis=1)) for channel in (0, 2))
        assert first.size
        assert second.size
        assert first.max() < second.min()


def four_keyframes(law=Law.GRAM):
    made = Canvas(law=law)
    for number in range(4):
        made = add_keyframe(made, Keyframe(seed=number, prompt="a lighthouse above the sea at dawn"))
    return made


def test_four_keyframes_lie_apart_on_a_narrow_plane(qtbot):
    view = LatentCanvas()
    qtbot.addWidget(view)
    view.resize(336, 356)
    view.show_canvas(four_keyframes())
    with qtbot.waitExposed(view):
        view.show()
    cards = [view.card_rect(index) for index in range(4)]
    assert all(view.rect().toRectF().contains(card) for card in cards)
    assert not any(a.intersects(b) for a in cards for b in cards if a is not b)


def test_what_stands_beneath_the_plane_has_its_room(qtbot):
    panel = CanvasPanel()
    qtbot.addWidget(panel)
    panel.show_canvas(four_keyframes(Law.LERP))
    with qtbot.waitExposed(panel):
        panel.show()
    panel.show_norm(0.7)
    panel.resize(336, 600)
    button = panel.fold.button
    qtbot.waitUntil(lambda: button.width() >= button.sizeHint().width())
    assert panel.gauge.words in panel.gauge.accessibleName()
    name = panel.weights._rows[0].name
    cut = name.text()
    panel.resize(550, 600)
    qtbot.waitUntil(lambda: len(name.text()) > len(cut))

"""Two pictures compared: linked zoom and pan, the divider, the difference and what it says in words."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from studio.core.recipe import Recipe
from studio.library.library import PictureRow
from studio.ui.compare_pixels import GAIN, difference_of, mean_difference
from studio.ui.compare_view import CompareMode, CompareView
from studio.ui.compare_window import CompareWindow
from studio.ui.images import to_picture, to_qimage

RED, BLUE = QColor(200, 0, 0), QColor(0, 0, 200)


def plain(color, width=100, height=100):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(color)
    return image


@pytest.fixture
def view(qtbot):
    view = CompareView()
    qtbot.addWidget(view)
    view.resize(801, 400)
    view.show_pictures(plain(RED), plain(BLUE), ("A", "B"))
    with qtbot.waitExposed(view):
        view.show()
    return view


def seen(view, x, y):
    return view.grab().toImage().pixelColor(x, y)


def test_the_difference_is_that_of_numpy():
    random = np.random.default_rng(1)
    first, second = (random.integers(0, 256, (9, 7, 3), np.uint8) for _ in range(2))
    wanted = np.abs(first.astype(int) - second.astype(int))
    found = to_picture(difference_of(to_qimage(first), to_qimage(second)))
    assert (found == wanted).all()
    strong = to_picture(difference_of(to_qimage(first), to_qimage(second), GAIN))
    assert (strong == np.minimum(wanted * GAIN, 255)).all()
    assert mean_difference(to_qimage(first), to_qimage(second)) == pytest.approx(wanted.mean() / 255)


def test_pictures_of_two_sizes_can_be_compared():
    assert mean_difference(plain(RED), plain(RED, 37, 50)) == 0.0
    assert difference_of(plain(RED), plain(RED, 37, 50)).size() == plain(RED).size()


def test_side_by_side_they_lie_at_the_same_place(view):
    assert seen(view, 200, 200) == RED
    assert seen(view, 601, 200) == BLUE


def test_the_wheel_zooms_both_at_the_cursor(view):
    before = view.zoom
    for x in (200.0, 601.0):
        event = QWheelEvent(
            QPointF(x, 300), view.mapToGlobal(QPointF(x, 300)), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        view.wheelEvent(event)
    assert view.zoom == pytest.approx(before * 1.25**2)
    first, second = view._panes()
    assert view._target(first).translated(second.left(), 0) == view._target(second)


def test_a_drag_pans_both(view):
    view.zoom_by(4)
    before = view._target(view._panes()[0]).topLeft()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(600, 200))
    QTest.mouseMove(view, QPoint(630, 210))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(630, 210))
    moved = view._target(view._panes()[0]).topLeft() - before
    assert (moved.x(), moved.y()) == (pytest.approx(30), pytest.approx(10))


def test_the_divider_is_dragged_and_moved_by_keys(view):
    view.set_mode(CompareMode.SLIDER)
    assert seen(view, 300, 100) == RED
    assert seen(view, 500, 100) == BLUE
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(400, 200))
    QTest.mouseMove(view, QPoint(520, 200))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(520, 200))
    assert view.divider == pytest.approx((520 - 208.5) / 384, abs=0.02)
    assert seen(view, 500, 100) == RED
    before = view.divider
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.divider == pytest.approx(before - 0.02)
    view.set_divider(7.0)
    assert view.divider == 1.0


def test_the_difference_is_shown_and_amplified(view):
    view.set_mode(CompareMode.DIFFERENCE)
    assert seen(view, 400, 200) == QColor(200, 0, 200)
    view.show_pictures(plain(QColor(20, 0, 0)), plain(QColor(50, 0, 0)), ("A", "B"))
    assert seen(view, 400, 200).red() == 30
    view.set_amplified(True)
    assert seen(view, 400, 200).red() == 30 * GAIN


def test_a_picture_of_other_proportions_is_not_stretched(view):
    view.show_pictures(plain(RED), plain(BLUE, 50, 100), ("A", "B"))
    assert seen(view, 601, 200) == BLUE
    assert seen(view, 601 - 150, 200) != BLUE


def test_a_name_is_written_whole_where_there_is_room(view):
    def end_of(name):
        """The last column that it is written in."""
        shots = []
        for each in (name, ""):
            view.show_pictures(plain(RED), plain(RED), (each, ""))
            shots.append(to_picture(view.grab().toImage()))
        return int(np.flatnonzero((shots[0] != shots[1]).any(axis=(0, 2))).max())

    metrics, half = view.fontMetrics(), view.width() // 2
    name = "m" * (300 // metrics.horizontalAdvance("m"))
    assert end_of(name) > metrics.horizontalAdvance(name)
    assert end_of(3 * name) < half  # not into the other pane
    view.set_mode(CompareMode.SLIDER)
    assert end_of(3 * name) < half  # nor onto the other name


def test_the_window_says_what_differs(qtbot):
    def row(name, **fields):
        return PictureRow(path=Path(name), recipe=Recipe(**fields), created=datetime.now(), width=100, height=100)

    window = CompareWindow(None)
    qtbot.addWidget(window)
    window.compare((row("a.png", steps=20), row("b.png", steps=30, seed=4)), (plain(RED), plain(BLUE)))
    assert window.words.text().splitlines() == ["Steps 20 → 30", "Seed 0 → 4"]
    assert "52.29\u00a0%" in window.figures.text()
    window.compare((row("a.png"), row("b.png")), (plain(RED), plain(RED, 50, 50)))
    assert window.words.text() == "The recipes are the same."
    assert "shown at the size of A" in window.figures.text()
    with qtbot.waitSignal(window.recipeWanted) as chosen:
        window.findChild(QPushButton, "compareUseB").click()
    assert chosen.args[0].path == Path("b.png")

"""The picture: fitted, one to one, zoomed at the cursor, panned."""

import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from studio.ui.images import to_picture, to_qimage
from studio.ui.preview_view import PreviewView
from tests.fake_engine import scene


@pytest.fixture
def view(qtbot):
    made = PreviewView()
    qtbot.addWidget(made)
    made.resize(424, 324)
    with qtbot.waitExposed(made):
        made.show()
    made.show_image(to_qimage(scene(100, 100, 1)))
    return made


def wheel(view, place, notches):
    event = QWheelEvent(
        QPointF(place), QPointF(view.mapToGlobal(place)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def under(view, place):
    """The point of the picture, in its pixels, under a place of the view."""
    target = view.target()
    return (QPointF(place) - target.topLeft()) / view.zoom


def test_it_is_fitted_and_stays_so(view):
    assert view.zoom == pytest.approx(3.0)
    view.resize(224, 324)
    assert view.zoom == pytest.approx(2.0 * 108 / 100, rel=0.1)


def test_a_small_preview_is_shown_at_the_size_of_the_picture(view):
    view.show_image(to_qimage(scene(16, 16, 1)), QSize(100, 100))
    assert view.zoom == pytest.approx(3.0)
    assert view.target().width() == pytest.approx(300)


@pytest.mark.parametrize("place", [QPoint(212, 162), QPoint(120, 60), QPoint(300, 280)])
def test_the_wheel_zooms_at_the_cursor(view, place):
    before = under(view, place)
    wheel(view, place, 3)
    assert view.zoom == pytest.approx(3.0 * 1.25**3)
    after = under(view, place)
    assert (after.x(), after.y()) == (pytest.approx(before.x()), pytest.approx(before.y()))


def test_the_keys(view, qtbot):
    qtbot.keyClick(view, Qt.Key.Key_1)
    assert view.zoom == 1 / view.devicePixelRatioF()
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.zoom == pytest.approx(1.25)
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert view.zoom == pytest.approx(3.0)
    center = view._center
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view._center.x() < center.x()
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view._center == center


def test_dragging_pans(view, qtbot):
    before = under(view, QPoint(200, 150))
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    qtbot.mouseMove(view, QPoint(230, 170))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(230, 170))
    after = under(view, QPoint(230, 170))
    assert (after.x(), after.y()) == (pytest.approx(before.x()), pytest.approx(before.y()))


def test_a_double_click_goes_to_one_to_one_and_back(view, qtbot):
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    assert view.zoom == 1 / view.devicePixelRatioF()
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    assert view.zoom == pytest.approx(3.0)


def test_zooming_in_shows_pixels_as_squares(view):
    view._set_zoom(20.0, QPointF(view.rect().center()))
    shot = to_picture(view.grab().toImage())
    middle = shot[shot.shape[0] // 2]
    changes = (middle[1:] != middle[:-1]).any(axis=1).sum()
    assert changes <= 424 / 20 + 2


def test_the_whole_range_of_zoom_paints(view):
    for zoom in (1e-9, 0.1, 0.5, 1.0, 7.3, 1e9):
        view._set_zoom(zoom, QPointF(10, 10))
        view.grab()
    assert 0 < view.zoom <= 64


def test_without_a_picture_it_says_what_to_do(view):
    view.clear()
    view.show_hint("Describe a picture.")
    assert view.image.isNull()
    empty = view.grab().toImage()
    view.show_hint("")
    assert empty != view.grab().toImage()
    view.zoom_by(2.0)
    wheel(view, QPoint(10, 10), 1)


def test_a_picture_survives_the_way_to_qt_and_back():
    picture = scene(37, 21, 3)  # lines that are no multiple of four bytes
    image = to_qimage(picture)
    assert (image.width(), image.height()) == (37, 21)
    assert (to_picture(image) == picture).all()
    assert (to_picture(to_qimage(picture[:, ::-1])) == picture[:, ::-1]).all()
    assert QImage(image) == image

"""An artist with a picture to go on from, and a brush."""

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from studio.core.start_picture import decode_mask, decode_start
from tests.fake_engine import scene

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def drag_onto(widget, path, x=5, y=5):
    """Drag a file from elsewhere onto a place of a widget and let go; whether it was taken."""
    at = QPoint(x, y)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    copy = Qt.DropAction.CopyAction
    enter = QDragEnterEvent(at, copy, mime, LEFT, NONE)
    enter.setAccepted(False)
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(widget, QDragMoveEvent(at, copy, mime, LEFT, NONE))
    QApplication.sendEvent(widget, QDropEvent(QPointF(at), copy, mime, LEFT, NONE))
    return True


class Hand:
    """Starts, paints, undoes."""

    def __init__(self, studio, path):
        self.studio, self.path = studio, path
        self.session, self.window = studio.session, studio.window
        self.panel, self.layer = studio.find("startPanel"), studio.find("maskLayer")

    @property
    def start(self):
        return self.session.recipe.start

    @property
    def mask(self):
        """What the recipe holds, as pixels."""
        return decode_mask(self.start)

    @property
    def pixels(self):
        return decode_start(self.start)

    def take_start(self):
        drag_onto(self.panel, self.path)
        self.studio.wait(lambda: self.start is not None and not self.thumbnail.isNull())

    @property
    def thumbnail(self):
        return self.panel.picture.pixmap()

    def paint(self):
        """Into the mode that paints."""
        self.studio.find("paintMaskButton").click()
        self.studio.wait(self.layer.isVisible)

    def at(self, x, y):
        """Where a pixel of the picture is on the layer."""
        view = self.window.preview_view
        return (view.target().topLeft() + QPointF(x + 0.5, y + 0.5) * view.zoom).toPoint()

    def stroke(self, *places, button=LEFT):
        """One stroke through these pixels, until the recipe has it."""
        before = self.start
        qtbot = self.studio.qtbot
        qtbot.mousePress(self.layer, button, pos=self.at(*places[0]))
        for place in places[1:]:
            qtbot.mouseMove(self.layer, self.at(*place))
        qtbot.mouseRelease(self.layer, button, pos=self.at(*places[-1]))
        self.studio.wait(lambda: self.start is not before)

    def undo(self):
        self.studio.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


@pytest.fixture
def picture(tmp_path):
    """A file from elsewhere, wider than the recipe's 256 × 256 px."""
    path = tmp_path / "holiday.jpg"
    Image.fromarray(scene(400, 300, 5)).save(path, quality=95)
    return path


@pytest.fixture
def hand(shown, picture):
    return Hand(shown, picture)


@pytest.fixture
def started(hand):
    """With a starting picture."""
    hand.take_start()
    return hand


@pytest.fixture
def painting(started):
    """With the mask's brush in hand, hard and 40 px wide."""
    started.paint()
    started.layer.set_brush(type(started.layer.brush)(size_px=40.0, softness=0.0))
    return started

"""The real panel on a real session, and a drafter that answers when it is told to."""

import itertools

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QWidget

from studio.core.canvas_edits import arrange
from studio.core.recipe import Recipe
from studio.core.session import Session, State
from studio.ui.canvas.canvas_controller import CanvasController
from studio.ui.canvas.canvas_panel import CanvasPanel
from tests.ui.canvas.fake_drafter import FakeDrafter

NONE = Qt.KeyboardModifier.NoModifier
PROMPTS = ("a lighthouse at dusk", "snowy mountains", "a desert at night", "green hills", "a lake")


class Hand:
    """The canvas with an artist's hand on it."""

    def __init__(self, qtbot) -> None:
        self.qtbot = qtbot
        self.session = Session(
            State(recipe=Recipe(seed=7, prompt=PROMPTS[0])), itertools.count(step=10).__next__
        )  # no two changes merge by time
        self.panel, self.drafter = CanvasPanel(), FakeDrafter()
        qtbot.addWidget(self.panel)
        self.controller = CanvasController(self.session, self.panel, self.drafter)
        self.drafter.controller = self.controller
        self.failures, self.shown = [], []
        self.controller.failed.connect(self.failures.append)
        self.controller.pictureShown.connect(lambda image, recipe, is_full: self.shown.append((image, recipe, is_full)))
        self.panel.resize(760, 720)
        with qtbot.waitExposed(self.panel):
            self.panel.show()

    @property
    def canvas(self):
        return self.session.state.canvas

    @property
    def view(self):
        return self.panel.view

    def find(self, name: str, kind: type = QWidget):
        found = self.panel.findChild(kind, name)
        assert found is not None, f"there is no {kind.__name__} named {name}"
        return found

    def add(self, count: int, figure=None) -> None:
        """So many keyframes by the button, with a prompt each."""
        for prompt in PROMPTS[:count]:
            self.session.change_recipe(prompt=prompt)
            self.find("addKeyframeButton").click()
        if figure is not None:
            self.session.change(canvas=arrange(self.canvas, figure))
        self.rest()

    def rest(self) -> None:
        """Everything answered, nothing waiting."""
        self.process()
        self.drafter.answer_drafts()
        self.controller._on_hand_rested()
        if self.drafter.renders:
            self.drafter.answer_render()
        self.session.release()

    def process(self) -> None:
        """Let zero timers fire."""
        self.qtbot.wait(1)

    def at(self, x: float, y: float) -> QPoint:
        return self.view.place_on_screen((x, y)).toPoint()

    def press(self, at: QPoint, button=Qt.MouseButton.LeftButton, modifier=NONE) -> None:
        self.qtbot.mousePress(self.view, button, modifier, at)

    def move(self, at: QPoint, modifier=NONE) -> None:
        from PySide6.QtCore import QEvent
        from PySide6.QtGui import QMouseEvent
        from PySide6.QtWidgets import QApplication

        place, left = QPointF(at), Qt.MouseButton.LeftButton
        whole = QPointF(self.view.mapToGlobal(at))
        event = QMouseEvent(QEvent.Type.MouseMove, place, whole, Qt.MouseButton.NoButton, left, modifier)
        QApplication.sendEvent(self.view, event)

    def release(self, at: QPoint, button=Qt.MouseButton.LeftButton) -> None:
        self.qtbot.mouseRelease(self.view, button, NONE, at)

    def drag(self, *path: QPoint, modifier=NONE) -> None:
        self.press(path[0], modifier=modifier)
        for at in path[1:]:
            self.move(at, modifier)
        self.release(path[-1])

    def key(self, key, modifier=NONE) -> None:
        self.qtbot.keyClick(self.view, key, modifier)

    def undo_steps(self) -> int:
        return self.session.history.place


@pytest.fixture
def hand(qtbot):
    made = Hand(qtbot)
    yield made
    made.controller.close()

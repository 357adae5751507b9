"""A hand on the canvas of the real window."""

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from studio.core.canvas import Canvas, blend_of
from studio.core.canvas_edits import blend_recipe

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

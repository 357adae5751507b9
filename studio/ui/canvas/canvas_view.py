"""The plane under the hand: mouse, keys and dropped files become wishes."""

import enum
import math
from pathlib import Path

import msgspec
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)

from studio.core.canvas import Material, Point, puck_of
from studio.core.canvas_edits import snap
from studio.ui.canvas.keyframe_menu import Deed
from studio.ui.canvas.plane_view import PlaneView
from studio.ui.images import is_picture

_NOTCH = 1.2
_MAGNET_PX = 9.0
_CLICK_PX = 3.0
_NUDGE, _FINE_NUDGE = 0.05, 0.01
_NUDGES = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
_DEEDS = {
    Qt.Key.Key_Delete: Deed.DELETE, Qt.Key.Key_Backspace: Deed.DELETE, Qt.Key.Key_D: Deed.DUPLICATE,
    Qt.Key.Key_R: Deed.RESEED, Qt.Key.Key_F2: Deed.EDIT, Qt.Key.Key_E: Deed.EDIT,
}  # fmt: skip


class _What(enum.Enum):
    PUCK = enum.auto()
    CARD = enum.auto()
    VIEW = enum.auto()


class _Hold(msgspec.Struct):
    """What the hand holds. `grip` is from the cursor to the thing's own place, in pixels.

    A card that was pressed but did not move was only selected; `is_told` once its move has begun.
    """

    what: _What
    pressed_at: QPointF
    grip: QPointF
    index: int = -1
    material: Material = Material.NOISE
    has_moved: bool = False
    is_told: bool = False


class LatentCanvas(PlaneView):
    """The plane under the hand. Asks; what a wish means for the canvas is decided elsewhere.

    Signals:
        puckPressed, puckReleased: the material whose puck the hand took or let go.
        puckMoved: the material and the point wanted. Also without a press, by key.
        clickTakenBack: the click that let the puck jump was the first of two, and not meant so.
        keyframePressed, keyframeReleased: the index of the card that is about to move, or has moved.
        keyframeMoved: its index and the point wanted.
        keyframeSelected: an index, or −1.
        addRequested: where a keyframe is wanted, or None for anywhere.
        pictureDropped: the file and the point.
        deedWanted: the index of a keyframe, and the Deed.
        menuRequested: the index of a card or −1, the point of the plane, and where on the screen.
        keepRequested: the point is to become a picture.
        variationRequested: a variation of the selected keyframe is to be asked for, or of the picture being edited.
    """

    puckPressed = Signal(object)  # noqa: N815 Qt's style
    puckMoved = Signal(object, object)  # noqa: N815
    puckReleased = Signal(object)  # noqa: N815
    clickTakenBack = Signal()  # noqa: N815
    keyframePressed = Signal(int)  # noqa: N815
    keyframeMoved = Signal(int, object)  # noqa: N815
    keyframeReleased = Signal(int)  # noqa: N815
    keyframeSelected = Signal(int)  # noqa: N815
    addRequested = Signal(object)  # noqa: N815
    pictureDropped = Signal(object, object)  # noqa: N815
    deedWanted = Signal(int, object)  # noqa: N815
    menuRequested = Signal(int, object, QPoint)  # noqa: N815
    keepRequested = Signal()  # noqa: N815
    variationRequested = Signal()  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("latentCanvas")
        self.setAccessibleName(self.tr("Latent canvas"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self._hold: _Hold | None = None
        self._puck_jumped = False
        self._space_held = False

    # What the artist does with the mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Take hold of a puck, a card or the view; on the plane the puck jumps to the hand."""
        at, button = event.position(), event.button()
        if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and self._space_held):
            self._hold = _Hold(_What.VIEW, at, QPointF())
            self._show_cursor()
        elif button == Qt.MouseButton.LeftButton:
            self._press(at, event.modifiers())

    def _press(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        material, index = self._scene.puck_at(at, self._view), self._scene.card_at(at, self._view)
        if material is not None:
            self._take_puck(material, at, self._view.to_screen(puck_of(self._canvas, material)) - at)
        elif index >= 0:
            place = self._canvas.placed[index]
            self._hold = _Hold(_What.CARD, at, self._view.to_screen((place.x, place.y)) - at, index=index)
            self._choose(index)
        elif self._canvas.placed:
            self._choose(-1)
            self._take_puck(self.material, at, QPointF())
            self._puck_jumped = True
            self._move_held(at, modifiers)
        self._show_cursor()

    def _take_puck(self, material: Material, at: QPointF, grip: QPointF) -> None:
        self._material = material
        self._puck_jumped = False
        self._hold = _Hold(_What.PUCK, at, grip, material=material)
        self._scene.lively = material
        self.puckPressed.emit(material)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Move what is held; otherwise show what could be."""
        at = event.position()
        if self._hold is None:
            self._hover(at)
            return
        away = at - self._hold.pressed_at
        self._hold.has_moved |= math.hypot(away.x(), away.y()) >= _CLICK_PX
        if self._hold.what is _What.VIEW:
            self._look(self._view.panned(away))
            self._hold.pressed_at = at
        elif self._hold.has_moved:
            self._move_held(at, event.modifiers())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        hold, self._hold, self._scene.lively, self._is_held = self._hold, None, None, False
        if hold is not None and hold.what is _What.PUCK:
            self.puckReleased.emit(hold.material)
        elif hold is not None and hold.what is _What.CARD and hold.has_moved:
            self.keyframeReleased.emit(hold.index)
        self._show_cursor()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """On a card: edit it. On the plane: a new keyframe, and the puck back from where the click brought it."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        index = self._scene.card_at(event.position(), self._view)
        if index >= 0 and not self._puck_jumped:
            self.deedWanted.emit(index, Deed.EDIT)
            return
        if self._puck_jumped:
            self._puck_jumped = False
            self.clickTakenBack.emit()
        self.addRequested.emit(self._snapped(self._view.to_plane(event.position()), event.modifiers()))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom at the cursor."""
        notches = event.angleDelta().y() / 120
        if notches:
            self._look(self._view.zoomed(_NOTCH**notches, event.position()))
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """What can be done with the card under the cursor, with the selected one by key, or with the plane."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        if by_key and self._selected >= 0:
            at = self.card_rect(self._selected).center()
        else:
            at = QPointF(self.rect().center()) if by_key else QPointF(event.pos())
        index = self._selected if by_key else self._scene.card_at(at, self._view)
        if index >= 0:
            self._choose(index)
        self.menuRequested.emit(index, self._view.to_plane(at), self.mapToGlobal(at.toPoint()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Nothing is under the cursor any more."""
        self._scene.hovered = -1
        self.update()

    # With the keyboard.

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrows nudge the puck; N, V, D, R, Delete and F2 do things to keyframes; Return keeps; F fits."""
        held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier
        if not event.modifiers() & held and (self._press_puck_key(event) or self._press_key(event)):
            event.accept()
        else:
            super().keyPressEvent(event)

    def _press_puck_key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if key in _NUDGES and self._canvas.placed:
            step = _FINE_NUDGE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _NUDGE
            x, y = puck_of(self._canvas, self.material)
            dx, dy = _NUDGES[key]
            self.puckMoved.emit(self.material, (round(x + step * dx, 6), round(y + step * dy, 6)))
        elif key in _DEEDS and self._selected >= 0:
            self.deedWanted.emit(self._selected, _DEEDS[key])
        else:
            return False
        return True

    def _press_key(self, event: QKeyEvent) -> bool:
        zooms = {Qt.Key.Key_Plus: _NOTCH, Qt.Key.Key_Equal: _NOTCH, Qt.Key.Key_Minus: 1 / _NOTCH}
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.keepRequested.emit()
        elif event.key() == Qt.Key.Key_N:
            self.addRequested.emit(None)
        elif event.key() == Qt.Key.Key_V:
            self.variationRequested.emit()
        elif event.key() in (Qt.Key.Key_F, Qt.Key.Key_0):
            self.fit()
        elif event.key() in zooms:
            self.zoom_by(zooms[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Space:
            self._space_held = True
            self._show_cursor()
        else:
            return False
        return True

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space let go."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space_held = False
            self._show_cursor()
        super().keyReleaseEvent(event)

    def focusNextPrevChild(self, is_next: bool) -> bool:  # noqa: N802
        """Tab goes from keyframe to keyframe, and after the last one on to the next control."""
        following = self._selected + (1 if is_next else -1)
        if 0 <= following < len(self._canvas.placed):
            self._choose(following)
            return True
        self._choose(-1)
        return super().focusNextPrevChild(is_next)

    # Files from the film strip or a file manager.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Welcome pictures. Projects, weights and all else are left to the window."""
        self._drop_hovers = bool(_pictures_in(event.mimeData()))
        if self._drop_hovers:
            event.acceptProposedAction()
        else:
            event.ignore()
        self.update()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802
        """Still welcome."""
        if self._drop_hovers:
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        """They went away."""
        self._drop_hovers = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """One keyframe a picture, in a row from where they fell."""
        self._drop_hovers = False
        for number, path in enumerate(_pictures_in(event.mimeData())):
            at = event.position() + QPointF(number * (self._scene.card_side(self._view) + 16), 0)
            self.pictureDropped.emit(path, self._snapped(self._view.to_plane(at), event.modifiers()))
        event.acceptProposedAction()
        self.update()

    # Small helpers.

    def _move_held(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        hold = self._hold
        if hold is None:
            return
        point = self._view.to_plane(at + hold.grip)
        self._is_held = True
        if hold.what is _What.PUCK:
            self.puckMoved.emit(hold.material, self._attracted(point, modifiers))
        else:
            if not hold.is_told:
                hold.is_told = True
                self.keyframePressed.emit(hold.index)
            self.keyframeMoved.emit(hold.index, self._snapped(point, modifiers))

    def _attracted(self, point: Point, modifiers: Qt.KeyboardModifier) -> Point:
        """A keyframe close by pulls the puck onto itself, where its share is exactly 1."""
        at = self._view.to_screen(point)
        for each in self._canvas.placed:
            away = self._view.to_screen((each.x, each.y)) - at
            if math.hypot(away.x(), away.y()) < _MAGNET_PX:
                return (each.x, each.y)
        return self._snapped(point, modifiers)

    def _snapped(self, point: Point, modifiers: Qt.KeyboardModifier) -> Point:
        inverted = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        return snap(point) if self._snaps != inverted else point

    def _choose(self, index: int) -> None:
        if index != self._selected:
            self._selected = index
            self.keyframeSelected.emit(index)
            self.update()

    def _hover(self, at: QPointF) -> None:
        is_on_puck = self._scene.puck_at(at, self._view) is not None
        hovered = -1 if is_on_puck else self._scene.card_at(at, self._view)
        if hovered != self._scene.hovered:
            self._scene.hovered = hovered
            self.setToolTip(self._tip(hovered))
            self.update()
        self._show_cursor(over_something=is_on_puck or hovered >= 0)

    def _show_cursor(self, *, over_something: bool = False) -> None:
        shape = Qt.CursorShape
        if self._hold is not None:
            self.setCursor(shape.ClosedHandCursor)
        elif self._space_held or over_something:
            self.setCursor(shape.OpenHandCursor)
        else:
            self.setCursor(shape.CrossCursor if self._canvas.placed else shape.ArrowCursor)


def _pictures_in(mime: QMimeData) -> list[Path]:
    files = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    return [path for path in files if is_picture(path)]

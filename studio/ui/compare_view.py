"""Two pictures on one ground: side by side, one wiped over the other, or their difference. They move as one."""

import enum

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)  # fmt: skip
from PySide6.QtWidgets import QWidget

from studio.ui.compare_pixels import GAIN, difference_of

_NOTCH, _SMALLEST, _LARGEST = 1.25, 1 / 32, 64.0
_MARGIN_PX, _GRIP_PX, _PAN_PX = 8, 8, 48
_CRISP = 2.0
_STEP = 0.02
_SHADE = QColor(0, 0, 0, 140)
_NAME_EDGES_PX = 40


class CompareMode(enum.StrEnum):
    """How two pictures are compared."""

    SIDE_BY_SIDE = "side by side"
    SLIDER = "slider"
    DIFFERENCE = "difference"


class CompareView(QWidget):
    """Shows two pictures. The second is shown at the size of the first, so that the same place lies at the same place.

    Signals:
        dividerMoved: where the divider of the slider is, from 0 (left) to 1.
    """

    dividerMoved = Signal(float)  # noqa: N815 Qt's style

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("compareView")
        self.setAccessibleName(self.tr("Two pictures"))
        self.setToolTip(self.tr("The wheel zooms, a drag moves both; F fits them."))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 240)
        self.setMouseTracking(True)
        self._images = (QImage(), QImage())
        self._names = ("", "")
        self._mode, self._is_amplified, self._divider = CompareMode.SIDE_BY_SIDE, False, 0.5
        self._apart: QImage | None = None
        self._zoom, self._center, self._is_fitted = 1.0, QPointF(), True
        self._drag_from: QPointF | None = None
        self._moves_divider = False

    @property
    def mode(self) -> CompareMode:
        """How they are compared."""
        return self._mode

    @property
    def divider(self) -> float:
        """Where the slider's divider is, in parts of the picture's width."""
        return self._divider

    @property
    def zoom(self) -> float:
        """Screen pixels for one pixel of the first picture."""
        return self._zoom

    @property
    def difference(self) -> QImage:
        """The difference, as it is shown."""
        if self._apart is None:
            self._apart = difference_of(*self._images, GAIN if self._is_amplified else 1)
        return self._apart

    def show_pictures(self, first: QImage, second: QImage, names: tuple[str, str]) -> None:
        """Compare these; `names` are written on them."""
        self._images, self._names, self._apart = (first, second), names, None
        self.fit()

    def set_mode(self, mode: CompareMode) -> None:
        """Compare in this way. Place and zoom stay, unless the picture was fitted."""
        self._mode = mode
        if self._is_fitted:
            self._fit()
        self.update()

    def set_amplified(self, is_amplified: bool) -> None:
        """Show differences stronger than they are."""
        self._is_amplified, self._apart = is_amplified, None
        self.update()

    def set_divider(self, place: float) -> None:
        """Move the slider's divider; 0 is left, 1 right."""
        self._divider = min(max(place, 0.0), 1.0)
        self.dividerMoved.emit(self._divider)
        self.update()

    def fit(self) -> None:
        """Show the pictures whole."""
        self._fit()
        self.update()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom at a point of the view, by default the middle of the first picture's pane."""
        at = self._in_pane(at) if at is not None else self._panes()[0].center()
        middle = self._panes()[0].center()
        fixed = self._center + (at - middle) / self._zoom
        self._zoom = min(max(self._zoom * factor, _SMALLEST), _LARGEST)
        self._center = fixed - (at - middle) / self._zoom
        self._is_fitted = False
        self._keep_in_sight()

    # What the artist does.

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 Qt's name
        """Zoom at the cursor, in both."""
        self.zoom_by(_NOTCH ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold of the divider, or of the pictures."""
        self._drag_from = event.position()
        self._moves_divider = self._is_on_divider(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drag what is held."""
        at = event.position()
        if self._drag_from is None:
            self.setCursor(Qt.CursorShape.SplitHCursor if self._is_on_divider(at) else Qt.CursorShape.ArrowCursor)
        elif self._moves_divider:
            target = self._target(self._panes()[0])
            self.set_divider((at.x() - target.left()) / max(target.width(), 1.0))
        else:
            self._pan(at - self._drag_from)
            self._drag_from = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self._drag_from, self._moves_divider = None, False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Between fitted and one to one."""
        if self._is_fitted:
            self.zoom_by(1 / (self._zoom * self.devicePixelRatioF()), event.position())
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """F or 0 fits, + and − zoom; arrows pan, and move the divider of the slider."""
        key = Qt.Key
        pans = {
            key.Key_Left: QPointF(_PAN_PX, 0), key.Key_Right: QPointF(-_PAN_PX, 0),
            key.Key_Up: QPointF(0, _PAN_PX), key.Key_Down: QPointF(0, -_PAN_PX),
        }  # fmt: skip
        if event.key() in (key.Key_F, key.Key_0):
            self.fit()
        elif event.key() in (key.Key_Plus, key.Key_Equal, key.Key_Minus):
            self.zoom_by(1 / _NOTCH if event.key() == key.Key_Minus else _NOTCH)
        elif self._mode is CompareMode.SLIDER and event.key() in (key.Key_Left, key.Key_Right):
            self.set_divider(self._divider + (_STEP if event.key() == key.Key_Right else -_STEP))
        elif event.key() in pans:
            self._pan(pans[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep fitted."""
        super().resizeEvent(event)
        if self._is_fitted:
            self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The ground, and on it what is compared."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Dark))
        if not any(image.isNull() for image in self._images):
            paint = {
                CompareMode.SIDE_BY_SIDE: self._paint_sides,
                CompareMode.SLIDER: self._paint_slider,
                CompareMode.DIFFERENCE: self._paint_difference,
            }
            paint[self._mode](painter)
        painter.end()

    # Painting.

    def _paint_sides(self, painter: QPainter) -> None:
        for pane, image, name in zip(self._panes(), self._images, self._names, strict=True):
            self._draw(painter, image, pane, _inside(self._target(pane), image))
            _write(painter, name, pane, pane.width() - _NAME_EDGES_PX)

    def _paint_slider(self, painter: QPainter) -> None:
        (pane,) = self._panes()
        target = self._target(pane)
        x = target.left() + target.width() * self._divider
        self._draw(painter, self._images[0], QRectF(pane.left(), pane.top(), x - pane.left(), pane.height()), target)
        right = QRectF(x, pane.top(), pane.right() - x, pane.height())
        self._draw(painter, self._images[1], right, _inside(target, self._images[1]))
        painter.setPen(QPen(QColor("#000000"), 3))
        painter.drawLine(QPointF(x, pane.top()), QPointF(x, pane.bottom()))
        painter.setPen(QPen(QColor("#ffffff"), 1))
        painter.drawLine(QPointF(x, pane.top()), QPointF(x, pane.bottom()))
        painter.setBrush(QColor("#ffffff"))
        painter.drawEllipse(QPointF(x, pane.center().y()), _GRIP_PX / 2, _GRIP_PX / 2)
        room = pane.width() / 2 - _NAME_EDGES_PX
        _write(painter, self._names[0], pane, room)
        _write(painter, self._names[1], pane, room, is_right=True)

    def _paint_difference(self, painter: QPainter) -> None:
        (pane,) = self._panes()
        self._draw(painter, self.difference, pane, self._target(pane))

    def _draw(self, painter: QPainter, image: QImage, pane: QRectF, target: QRectF) -> None:
        painter.save()
        painter.setClipRect(pane)
        is_crisp = not self._is_fitted and self._zoom * self.devicePixelRatioF() >= _CRISP
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not is_crisp)
        painter.drawImage(target, image)
        painter.restore()

    # Where things are: `_center` is the point of the first picture, in its pixels, in the middle of each pane.

    def _panes(self) -> tuple[QRectF, ...]:
        whole = QRectF(self.rect())
        if self._mode is not CompareMode.SIDE_BY_SIDE:
            return (whole,)
        width = (whole.width() - 1) / 2
        return QRectF(0, 0, width, whole.height()), QRectF(width + 1, 0, width, whole.height())

    def _in_pane(self, at: QPointF) -> QPointF:
        """A point of the second pane, as one of the first."""
        panes = self._panes()
        return at - QPointF(panes[-1].left(), 0) if at.x() >= panes[-1].left() else at

    def _target(self, pane: QRectF) -> QRectF:
        corner = pane.center() - self._center * self._zoom
        size = self._images[0].size()
        return QRectF(corner.x(), corner.y(), size.width() * self._zoom, size.height() * self._zoom)

    def _is_on_divider(self, at: QPointF) -> bool:
        target = self._target(self._panes()[0])
        place = target.left() + target.width() * self._divider
        return self._mode is CompareMode.SLIDER and abs(at.x() - place) <= _GRIP_PX

    def _fit(self) -> None:
        size, pane = self._images[0].size(), self._panes()[0]
        self._is_fitted = True
        if not size.isEmpty():
            across = (pane.width() - 2 * _MARGIN_PX) / size.width()
            down = (pane.height() - 2 * _MARGIN_PX) / size.height()
            self._zoom = min(max(min(across, down), _SMALLEST), _LARGEST)
            self._center = QPointF(size.width() / 2, size.height() / 2)

    def _pan(self, by: QPointF) -> None:
        self._center = self._center - by / self._zoom
        self._is_fitted = False
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        size = self._images[0].size()
        self._center = QPointF(
            min(max(self._center.x(), 0.0), float(size.width())), min(max(self._center.y(), 0.0), float(size.height()))
        )
        self.update()


def _inside(target: QRectF, image: QImage) -> QRectF:
    """`target`, or as much of it as a picture of other proportions fills."""
    room = QRectF(QPointF(), QSizeF(image.size()).scaled(target.size(), Qt.AspectRatioMode.KeepAspectRatio))
    room.moveCenter(target.center())
    return room


def _write(painter: QPainter, name: str, pane: QRectF, room_px: float, *, is_right: bool = False) -> None:
    """A picture's name in the lower corner of its pane, cut where it is longer than `room_px`."""
    metrics = QFontMetrics(painter.font())
    text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(room_px))
    width = metrics.horizontalAdvance(text) + 12
    left = pane.right() - width - 8 if is_right else pane.left() + 8
    box = QRectF(left, pane.bottom() - metrics.height() - 14, width, metrics.height() + 6)
    painter.fillRect(box, _SHADE)
    painter.setPen(QColor("#f0f0f0"))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)

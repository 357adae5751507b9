"""The picture, streamed as it comes out of the noise: zoom at the cursor, pan, fit, one to one."""

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from studio.ui.controls import column

_LARGEST, _SMALLEST = 64.0, 1 / 32
"""Screen pixels for one pixel of the picture."""
_CRISP = 2.0
"""From this zoom on, pixels are shown as squares."""
_NOTCH = 1.25
_PAN_PX = 48
_MARGIN_PX = 12


class PreviewView(QWidget):
    """Shows one picture. A preview smaller than the picture is shown at the picture's size.

    Signals:
        zoomChanged: screen pixels for one pixel of the picture, and whether the picture is fitted.
        changed: another picture is on show, or none.
        menuRequested: where a context menu is wanted, on the screen.
    """

    zoomChanged = Signal(float, bool)  # noqa: N815 Qt's style
    changed = Signal()
    menuRequested = Signal(QPoint)  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("previewView")
        self.setAccessibleName(self.tr("Picture"))
        self.setToolTip(self.tr("The wheel zooms, a drag moves; F fits the picture, 1 shows it at 100 %."))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(200, 200)
        self._image = QImage()
        self._size = QSize()
        self._scaled = QImage()
        self._hint = ""
        self._zoom, self._center, self._fitted = 1.0, QPointF(), True
        self._drag_from: QPointF | None = None
        self._space_held = False
        self._layers = column(self, gap=0)

    @property
    def image(self) -> QImage:
        """What is on show; null where nothing is."""
        return self._image

    @property
    def zoom(self) -> float:
        """Screen pixels (device-independent) for one pixel of the picture."""
        return self._zoom

    def show_image(self, image: QImage, size: QSize | None = None) -> None:
        """Show `image` as a picture of `size` pixels (its own where none is given). The zoom stays."""
        size = size or image.size()
        is_new_size = size != self._size
        self._image, self._size, self._scaled = image, size, QImage()
        if is_new_size or self._fitted:
            self._fit()
        self.changed.emit()
        self.update()

    def show_hint(self, text: str) -> None:
        """What to say while there is no picture."""
        self._hint = text
        self.update()

    def clear(self) -> None:
        """Show no picture."""
        self._image, self._scaled = QImage(), QImage()
        self.changed.emit()
        self.update()

    def add_layer(self, layer: QWidget) -> None:
        """Let `layer` lie over the picture, as large as the view. One at a time may be visible."""
        self._layers.addWidget(layer)

    def fit(self) -> None:
        """Show the whole picture, and keep doing so while the window changes."""
        self._fitted = True
        self._fit()
        self.update()

    def show_actual_size(self) -> None:
        """One pixel of the picture for one pixel of the screen."""
        self._set_zoom(1 / self.devicePixelRatioF(), QPointF(self.rect().center()))

    def zoom_by(self, factor: float) -> None:
        """Zoom at the middle of the view."""
        self._set_zoom(self._zoom * factor, QPointF(self.rect().center()))

    # What the artist does.

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 Qt's name
        """Zoom at the cursor."""
        notches = event.angleDelta().y() / 120
        if notches and not self._image.isNull():
            self._set_zoom(self._zoom * _NOTCH**notches, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold of the picture."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton) and not self._image.isNull():
            self._drag_from = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drag the picture."""
        if self._drag_from is not None:
            self._pan(event.position() - self._drag_from)
            self._drag_from = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self._drag_from = None
        self._set_idle_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Between fitted and one to one."""
        if self._fitted and not self._image.isNull():
            self._set_zoom(1 / self.devicePixelRatioF(), event.position())
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """F or 0 fits, 1 is one to one, + and − zoom, arrows pan, Space shows the hand."""
        key = Qt.Key
        pans = {
            key.Key_Left: QPointF(_PAN_PX, 0),
            key.Key_Right: QPointF(-_PAN_PX, 0),
            key.Key_Up: QPointF(0, _PAN_PX),
            key.Key_Down: QPointF(0, -_PAN_PX),
        }
        zooms = {key.Key_Plus: _NOTCH, key.Key_Equal: _NOTCH, key.Key_Minus: 1 / _NOTCH}
        if event.key() in (key.Key_F, key.Key_0):
            self.fit()
        elif event.key() == key.Key_1:
            self.show_actual_size()
        elif event.key() in zooms:
            self.zoom_by(zooms[event.key()])
        elif event.key() in pans:
            self._pan(pans[event.key()])
        elif event.key() == key.Key_Space:
            self._space_held = True
            self._set_idle_cursor()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space let go."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space_held = False
            self._set_idle_cursor()
        super().keyReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """What can be done with the picture."""
        if not self._image.isNull():
            self.menuRequested.emit(event.globalPos())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep fitted."""
        super().resizeEvent(event)
        if self._fitted:
            self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The ground, and on it the picture or the hint."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Dark))
        if self._image.isNull():
            self._paint_hint(painter)
        else:
            self._paint_picture(painter)
        painter.end()

    def _paint_picture(self, painter: QPainter) -> None:
        target = self.target()
        ratio = self.devicePixelRatioF()
        whole = (target.size() * ratio).toSize()
        shrinks = whole.width() < self._image.width()
        if shrinks and self._scaled.size() != whole:
            smooth = Qt.TransformationMode.SmoothTransformation
            self._scaled = self._image.scaled(whole, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        is_whole_picture = self._image.size() == self._size
        is_crisp = is_whole_picture and not self._fitted and self._zoom * ratio >= _CRISP
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not is_crisp)
        painter.drawImage(target, self._scaled if shrinks else self._image)

    def _paint_hint(self, painter: QPainter) -> None:
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        room = QRectF(self.rect()).adjusted(32, 32, -32, -32)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap), self._hint)

    # Where the picture lies: `_center` is the point of the picture, in its pixels, in the middle of the view.

    def target(self) -> QRectF:
        """Where the picture lies in the view."""
        middle = QPointF(self.width() / 2, self.height() / 2)
        corner = middle - self._center * self._zoom
        return QRectF(corner.x(), corner.y(), self._size.width() * self._zoom, self._size.height() * self._zoom)

    def _fit(self) -> None:
        if self._size.isEmpty():
            return
        across = (self.width() - 2 * _MARGIN_PX) / self._size.width()
        down = (self.height() - 2 * _MARGIN_PX) / self._size.height()
        self._zoom = min(max(min(across, down), _SMALLEST), _LARGEST)
        self._center = QPointF(self._size.width() / 2, self._size.height() / 2)
        self._fitted = True
        self.zoomChanged.emit(self._zoom, True)

    def _set_zoom(self, zoom: float, at: QPointF) -> None:
        """Zoom so that the point of the picture under `at`, in the view, stays there."""
        if self._image.isNull():
            return
        middle = QPointF(self.width() / 2, self.height() / 2)
        fixed = self._center + (at - middle) / self._zoom
        self._zoom = min(max(zoom, _SMALLEST), _LARGEST)
        self._center = fixed - (at - middle) / self._zoom
        self._fitted = False
        self._keep_in_sight()
        self.zoomChanged.emit(self._zoom, False)
        self.update()

    def _pan(self, by: QPointF) -> None:
        if self._image.isNull():
            return
        self._center = self._center - by / self._zoom
        self._fitted = False
        self._keep_in_sight()
        self.zoomChanged.emit(self._zoom, False)
        self.update()

    def _keep_in_sight(self) -> None:
        self._center = QPointF(
            min(max(self._center.x(), 0.0), float(self._size.width())),
            min(max(self._center.y(), 0.0), float(self._size.height())),
        )

    def _set_idle_cursor(self) -> None:
        if self._space_held:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self.unsetCursor()

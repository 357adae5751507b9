"""Paints the library's cells: the picture, whole, with its marks and a frame around what is chosen."""

from collections import OrderedDict

import msgspec
import qtawesome
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPalette, QPen, QPixmap

from studio.library.library import PictureRow

GAP_PX = 4
HEART_PX = 22
_MARK_PX, _STAR_PX = 12, 9
_SCALED_MAX = 400
_SHADE = QColor(0, 0, 0, 120)


class Look(msgspec.Struct, frozen=True):
    """How a cell is at the moment, and in which colours."""

    palette: QPalette
    is_chosen: bool = False
    is_hovered: bool = False


class Cells:
    """Paints one cell after another; keeps the pictures scaled to the cell."""

    def __init__(self) -> None:
        self._scaled: OrderedDict[tuple[int, int, int], QImage] = OrderedDict()
        self._icons: dict[tuple[str, int], QPixmap] = {}

    def paint(self, painter: QPainter, cell: QRect, row: PictureRow | None, image: QImage | None, look: Look) -> None:
        """Paint the picture of `row` into `cell`; a grey place where there is none yet."""
        room = cell.adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)
        target = room
        if image is None or image.isNull():
            painter.fillRect(room, look.palette.color(QPalette.ColorRole.Dark))
            if image is not None:
                self._icon(painter, "mdi6.image-broken-variant", room.center() - QPoint(8, 8), 16)
        else:
            scaled = self._fitted(image, room.size(), painter.device().devicePixelRatioF())
            target = QRect(QPoint(0, 0), scaled.deviceIndependentSize().toSize())
            target.moveCenter(room.center())
            painter.drawImage(target.topLeft(), scaled)
        if row is not None:
            self._paint_marks(painter, target, row, look)
        if look.is_chosen:
            _frame(painter, target, look.palette.color(QPalette.ColorRole.Accent))
        elif look.is_hovered:
            _frame(painter, target, look.palette.color(QPalette.ColorRole.PlaceholderText))

    def _fitted(self, image: QImage, room: QSize, ratio: float) -> QImage:
        """`image` at the size at which it is shown: scaled once, not at every paint."""
        whole = QSize(round(room.width() * ratio), round(room.height() * ratio))
        key = (image.cacheKey(), whole.width(), whole.height())
        found = self._scaled.get(key)
        if found is None:
            smooth = Qt.TransformationMode.SmoothTransformation
            found = image.scaled(whole, Qt.AspectRatioMode.KeepAspectRatio, smooth)
            found.setDevicePixelRatio(ratio)
            self._scaled[key] = found
            if len(self._scaled) > _SCALED_MAX:
                self._scaled.popitem(last=False)
        return found

    def _paint_marks(self, painter: QPainter, target: QRect, row: PictureRow, look: Look) -> None:
        if row.favourite or look.is_hovered:
            spot = heart_of(target)
            painter.fillRect(spot, _SHADE)
            name = "mdi6.heart" if row.favourite else "mdi6.heart-outline"
            self._icon(painter, name, spot.center() - QPoint(_MARK_PX // 2, _MARK_PX // 2), _MARK_PX)
        if row.rating:
            line = QRect(target.left(), target.bottom() - _STAR_PX - 3, row.rating * _STAR_PX + 4, _STAR_PX + 4)
            painter.fillRect(line, _SHADE)
            for number in range(row.rating):
                self._icon(painter, "mdi6.star", line.topLeft() + QPoint(2 + number * _STAR_PX, 2), _STAR_PX)

    def _icon(self, painter: QPainter, name: str, place: QPoint, side: int) -> None:
        pixmap = self._icons.get((name, side))
        if pixmap is None:
            pixmap = self._icons[name, side] = qtawesome.icon(name, color="#f0f0f0").pixmap(side, side)
        painter.drawPixmap(place, pixmap)


def heart_of(target: QRect) -> QRect:
    """Where the heart is, of a picture painted into `target`."""
    side = HEART_PX - 4
    return QRect(target.right() - side + 1, target.top(), side, side)


def _frame(painter: QPainter, around: QRect, color: QColor) -> None:
    painter.setPen(QPen(color, 2))
    painter.drawRect(around.adjusted(-1, -1, 1, 1))

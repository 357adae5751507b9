"""Keyframe cards: a picture, a name, and how much of it there is now."""

from collections.abc import Callable

import msgspec
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPixmap

from studio.ui.canvas.colors import CanvasColors

_RADIUS = 6.0
_EDGE = 4.0
"""Room around the picture for its frame."""
_BAR = 4.0
_LABEL = 20.0
_LABEL_ROOM = 120.0
_KEPT = 96
"""Pixmaps kept: three for each of twelve cards, while their pictures change."""


class Card(msgspec.Struct, frozen=True, eq=False):
    """A keyframe as it is shown. `shares`: one where the materials are linked, noise and prompt where apart."""

    name: str
    image: QImage | None
    shares: tuple[float, ...]
    is_selected: bool = False
    is_hovered: bool = False


class CardPainter:
    """Paints cards around their points. What does not change while the puck moves is painted once and kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], QPixmap] = {}

    def rect(self, at: QPointF, side: float) -> QRectF:
        """The picture's place for a card at `at`."""
        return QRectF(at.x() - side / 2, at.y() - side / 2, side, side)

    def paint(self, painter: QPainter, card: Card, at: QPointF, side: float, colors: CanvasColors) -> None:
        """Paint one card; its picture is `side` pixels wide."""
        face = self.rect(at, side)
        painter.drawPixmap(face.topLeft() - QPointF(_EDGE, _EDGE), self._face(painter, card, side, colors))
        self._paint_bars(painter, card, face, colors)
        self._paint_label(painter, card, face, colors)

    def _face(self, painter: QPainter, card: Card, side: float, colors: CanvasColors) -> QPixmap:
        image = card.image if card.image is not None and not card.image.isNull() else None
        key = (
            "face",
            image.cacheKey() if image else 0,
            side,
            card.is_selected,
            card.is_hovered,
            _look(painter, colors),
        )
        whole = side + 2 * _EDGE
        return self._keep(key, painter, whole, whole, lambda inside: _paint_face(inside, card, image, side, colors))

    def _paint_bars(self, painter: QPainter, card: Card, face: QRectF, colors: CanvasColors) -> None:
        hues = (colors.accent,) if len(card.shares) == 1 else (colors.noise, colors.prompt)
        left, width = face.left() + 7, face.width() - 14
        top = face.bottom() - 6 - _BAR * len(hues) - 2 * (len(hues) - 1)
        for share, hue in zip(card.shares, hues, strict=False):
            painter.fillRect(QRectF(left - 1, top - 1, width + 2, _BAR + 2), QColor(0, 0, 0, 130))
            painter.fillRect(QRectF(left, top, width * share, _BAR), hue)
            top += _BAR + 2

    def _paint_label(self, painter: QPainter, card: Card, face: QRectF, colors: CanvasColors) -> None:
        metrics = QFontMetricsF(painter.font())
        figure = metrics.horizontalAdvance("100 %") + 10
        figures = figure * len(card.shares)
        room = painter.window().width()
        most = min(_LABEL_ROOM, room / 2 - figures - 24)  # two side by side
        name = metrics.elidedText(card.name, Qt.TextElideMode.ElideRight, most)
        width = metrics.horizontalAdvance(name) + figures + 16
        plate = QRectF(face.center().x() - width / 2, face.bottom() + 5, width, _LABEL)
        if face.right() > 0 and face.left() < room:  # the name stays in sight as long as the card does
            plate.moveLeft(max(4.0, min(plate.left(), room - width - 4)))
        key = ("label", name, len(card.shares), painter.font().key(), _look(painter, colors))
        kept = self._keep(key, painter, width, _LABEL, lambda inside: _paint_plate(inside, name, width, colors))
        painter.drawPixmap(plate.topLeft(), kept)
        hues = (colors.text,) if len(card.shares) == 1 else (colors.noise, colors.prompt)
        right = plate.right() - 8 - figures
        for share, hue in zip(card.shares, hues, strict=False):
            painter.setPen(hue if share >= 0.005 else colors.faint)
            place = QRectF(right, plate.top(), figure, _LABEL)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{100 * share:.0f} %")
            right += figure

    def _keep(
        self, key: tuple[object, ...], painter: QPainter, width: float, height: float, paint: Callable[[QPainter], None]
    ) -> QPixmap:
        """The pixmap for `key`, painted by `paint` where it is not there yet."""
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            found = self._kept[key] = _painted(
                width, height, painter.device().devicePixelRatioF(), painter.font(), paint
            )
        return found


def _look(painter: QPainter, colors: CanvasColors) -> tuple[object, ...]:
    return (painter.device().devicePixelRatioF(), colors.ground.rgba(), colors.accent.rgba())


def _painted(width: float, height: float, ratio: float, font: QFont, paint: Callable[[QPainter], None]) -> QPixmap:
    made = QPixmap(max(1, round(width * ratio)), max(1, round(height * ratio)))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setFont(font)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    paint(painter)
    painter.end()
    return made


def _paint_face(painter: QPainter, card: Card, image: QImage | None, side: float, colors: CanvasColors) -> None:
    face = QRectF(_EDGE, _EDGE, side, side)
    outline = QPainterPath()
    outline.addRoundedRect(face, _RADIUS, _RADIUS)
    painter.fillPath(outline, colors.card)
    if image is None:
        painter.setPen(colors.faint)
        painter.drawText(face, Qt.AlignmentFlag.AlignCenter, "…")
    else:
        painter.save()
        painter.setClipPath(outline)
        paint_cropped(painter, image, face)
        painter.restore()
    painter.setPen(QPen(colors.halo, 1))
    painter.drawRoundedRect(face.adjusted(-2.5, -2.5, 2.5, 2.5), _RADIUS + 2, _RADIUS + 2)
    edge = QColor(colors.accent if card.is_selected else colors.ring)
    edge.setAlpha(255 if card.is_selected or card.is_hovered else 185)
    painter.setPen(QPen(edge, 3 if card.is_selected else 2))
    painter.drawRoundedRect(face.adjusted(-1, -1, 1, 1), _RADIUS + 1, _RADIUS + 1)


def _paint_plate(painter: QPainter, name: str, width: float, colors: CanvasColors) -> None:
    ground = QColor(colors.ground)
    ground.setAlpha(228)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(QRectF(0, 0, width, _LABEL), _LABEL / 2, _LABEL / 2)
    painter.setPen(colors.text)
    inside = QRectF(8, 0, width - 16, _LABEL)
    painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)


def paint_cropped(painter: QPainter, image: QImage, target: QRectF) -> None:
    """Fill `target` with the middle of `image`, smoothly, without stretching it."""
    ratio = painter.device().devicePixelRatioF()
    whole = (target.size() * ratio).toSize()
    smooth = Qt.TransformationMode.SmoothTransformation
    scaled = image.scaled(whole, Qt.AspectRatioMode.KeepAspectRatioByExpanding, smooth)
    left, top = (scaled.width() - whole.width()) / 2, (scaled.height() - whole.height()) / 2
    painter.drawImage(target, scaled, QRectF(left, top, whole.width(), whole.height()))

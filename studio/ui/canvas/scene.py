"""Everything that lies on the plane, painted in order, and found again under the cursor."""

from PySide6.QtCore import QCoreApplication, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from studio.core.blend import Keyframe
from studio.core.canvas import Canvas, Material, puck_of, shares_of
from studio.ui.canvas.card_painter import Card, CardPainter
from studio.ui.canvas.colors import CanvasColors
from studio.ui.canvas.puck_painter import PuckPainter
from studio.ui.canvas.viewport import Viewport

_SIDE_MAX, _SIDE_MIN = 96.0, 52.0
_LINES_APART_PX = 8


class Scene:
    """Cards, threads and pucks of one canvas, with its shares computed once."""

    def __init__(self) -> None:
        self.images: tuple[QImage | None, ...] = ()
        self.frame: QImage | None = None
        self.hovered = -1
        self.lively: Material | None = None
        self._canvas = Canvas()
        self._noise: tuple[float, ...] = ()
        self._prompt: tuple[float, ...] = ()
        self._cards, self._pucks = CardPainter(), PuckPainter()

    def show_canvas(self, canvas: Canvas) -> None:
        """Take another canvas."""
        self._canvas = canvas
        self._noise = shares_of(canvas, Material.NOISE)
        self._prompt = shares_of(canvas, Material.PROMPT)

    def card_side(self, view: Viewport) -> float:
        """The width of a card's picture in pixels: smaller in a small view, and where there are many."""
        many = max(0, len(self._canvas.placed) - 4)
        return max(_SIDE_MIN, min(_SIDE_MAX - 5 * many, min(view.width, view.height) / 5))

    def card_rect(self, index: int, view: Viewport) -> QRectF:
        """Where a card's picture is."""
        placed = self._canvas.placed[index]
        return self._cards.rect(view.to_screen((placed.x, placed.y)), self.card_side(view))

    def card_at(self, at: QPointF, view: Viewport) -> int:
        """The index of the topmost card under `at`, or −1."""
        for index in reversed(range(len(self._canvas.placed))):
            if self.card_rect(index, view).contains(at):
                return index
        return -1

    def puck_at(self, at: QPointF, view: Viewport) -> Material | None:
        """Whose puck is under `at`; the prompt's lies on top."""
        if not self._canvas.placed:
            return None
        has_image = self.frame is not None
        for material in self._materials()[::-1]:
            if self._pucks.hits(material, view.to_screen(puck_of(self._canvas, material)), at, has_image=has_image):
                return material
        return None

    def paint(self, painter: QPainter, view: Viewport, colors: CanvasColors, selected: int) -> None:
        """Threads under cards under pucks."""
        if not self._canvas.placed:
            return
        if len(self._canvas.placed) > 1:
            self._paint_threads(painter, view, colors)
        side = self.card_side(view)
        for index, placed in enumerate(self._canvas.placed):
            card = self._card(index, selected)
            self._cards.paint(painter, card, view.to_screen((placed.x, placed.y)), side, colors)
        if len(self._canvas.placed) > 1:
            self._paint_pucks(painter, view, colors)

    def _materials(self) -> tuple[Material, ...]:
        return (Material.NOISE,) if self._canvas.linked else (Material.NOISE, Material.PROMPT)

    def _paint_threads(self, painter: QPainter, view: Viewport, colors: CanvasColors) -> None:
        places = [view.to_screen((each.x, each.y)) for each in self._canvas.placed]
        for material in self._materials():
            ends = list(zip(places, self._shares(material), strict=True))
            puck = view.to_screen(puck_of(self._canvas, material))
            hue = colors.of(material, linked=self._canvas.linked)
            self._pucks.paint_threads(painter, puck, ends, hue, colors)

    def _paint_pucks(self, painter: QPainter, view: Viewport, colors: CanvasColors) -> None:
        for material in self._materials():
            at, lively = view.to_screen(puck_of(self._canvas, material)), self.lively is material
            if material is Material.NOISE:
                hue = colors.of(material, linked=self._canvas.linked)
                self._pucks.paint_lens(painter, at, self.frame, hue, colors, lively=lively)
            else:
                self._pucks.paint_diamond(painter, at, colors, lively=lively)

    def _shares(self, material: Material) -> tuple[float, ...]:
        return self._noise if material is Material.NOISE else self._prompt

    def _card(self, index: int, selected: int) -> Card:
        shares = tuple(self._shares(material)[index] for material in self._materials())
        return Card(
            name=name_of(self._canvas.placed[index].keyframe, index),
            image=self.images[index] if index < len(self.images) else None,
            shares=shares,
            is_selected=index == selected,
            is_hovered=index == self.hovered,
        )


def name_of(keyframe: Keyframe, index: int) -> str:
    """What a keyframe is called: its number, and its name, its prompt's beginning, or its seed."""
    seed = QCoreApplication.translate("Scene", "Seed {seed}").format(seed=keyframe.seed)
    text = keyframe.name.strip() or " ".join((keyframe.prompt or "").split())[:60] or seed
    return f"{index + 1} · {text}"


def paint_message(painter: QPainter, room: QRect, colors: CanvasColors, text: str, *, is_alone: bool) -> None:
    """What to do here: in the middle of an empty plane, its first line larger, or on a plate at the plane's foot."""
    flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
    inside = QRectF(room).adjusted(24, 24, -24, -24)
    if is_alone:
        first, _, rest = text.partition("\n")
        plain, large = painter.font(), QFont(painter.font())
        large.setPointSizeF(large.pointSizeF() * 1.35)
        below = painter.boundingRect(inside, flags, rest)
        painter.setFont(large)
        above = painter.boundingRect(inside, flags, first)
        apart = _LINES_APART_PX if rest else 0
        painter.setPen(colors.text)
        painter.drawText(above.translated(0, -(below.height() + apart) / 2), flags, first)
        painter.setFont(plain)
        painter.setPen(colors.faint)
        painter.drawText(below.translated(0, (above.height() + apart) / 2), flags, rest)
        return
    needed = painter.boundingRect(inside, flags, text).size()
    left, top = room.center().x() - needed.width() / 2, room.bottom() - 20 - needed.height()
    inside = QRectF(left, top, needed.width(), needed.height())
    plate = QColor(colors.ground)
    plate.setAlpha(220)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(plate)
    painter.drawRoundedRect(inside.adjusted(-12, -6, 12, 6), 8, 8)
    painter.setPen(colors.text)
    painter.drawText(inside, flags, text)

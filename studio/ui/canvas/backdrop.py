"""What lies behind the keyframes: the ground, the atlas fading out around their hull, the grid. Painted once, kept.

The life of the kept picture: a tile comes, the view moves or the keyframes do → the next paint makes it anew → every
paint after that is one blit.
"""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QPolygonF

from studio.core.atlas import FADE, Cell, Region, distances, hull
from studio.core.canvas import GRID, Point
from studio.core.heat import Speeds
from studio.ui.canvas.colors import CanvasColors
from studio.ui.canvas.heat_image import heat_image
from studio.ui.canvas.viewport import Viewport

_MASK = 96
"""Points a side at which the fading is computed; between them it is smooth."""
_STRONGEST = 205
_GRID_PX_MIN = 9.0
TILE_PX = 96
"""Tiles are kept no larger."""


class Backdrop:
    """The atlas's tiles and the picture made of them."""

    def __init__(self) -> None:
        self._tiles: dict[Cell, QImage] = {}
        self._region: Region | None = None
        self._around: tuple[Point, ...] = ()
        self._kept = QPixmap()
        self._kept_for: tuple[object, ...] = ()
        self._mask = QImage()
        self._speeds: Speeds | None = None
        self._version = 0

    @property
    def tile_count(self) -> int:
        """How many tiles there are."""
        return len(self._tiles)

    def set_region(self, region: Region, points: list[Point]) -> None:
        """Begin anew over `region`, with the keyframes at `points`."""
        self._tiles.clear()
        self._region, self._around, self._speeds = region, hull(points), None
        self._mask = _fading(region, self._around)
        self._version += 1

    def clear(self) -> None:
        """No atlas."""
        self._tiles.clear()
        self._version += 1

    def add_tile(self, cell: Cell, image: QImage) -> None:
        """One more small picture."""
        small = Qt.TransformationMode.SmoothTransformation
        if max(image.width(), image.height()) > TILE_PX:
            image = image.scaled(TILE_PX, TILE_PX, Qt.AspectRatioMode.KeepAspectRatioByExpanding, small)
        self._tiles[cell] = image
        self._version += 1

    def show_heat(self, speeds: Speeds | None) -> None:
        """Where the picture changes, over the atlas's region; None shows nothing of it."""
        self._speeds = speeds
        self._version += 1

    @property
    def has_heat(self) -> bool:
        """Whether the overlay is on show."""
        return self._speeds is not None

    def paint(self, painter: QPainter, view: Viewport, colors: CanvasColors, *, grid: bool) -> None:
        """Fill the whole view."""
        ratio = painter.device().devicePixelRatioF()
        key = (view, colors, grid, ratio, self._version)
        if key != self._kept_for:
            self._kept = self._make(view, colors, grid, ratio)
            self._kept_for = key
        painter.drawPixmap(0, 0, self._kept)

    def _make(self, view: Viewport, colors: CanvasColors, grid: bool, ratio: float) -> QPixmap:
        made = _blank(view, ratio)
        made.fill(colors.ground)
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._tiles and self._region is not None:
            painter.drawPixmap(0, 0, self._faded(view, ratio, self._paint_tiles))
        if self._speeds is not None:
            heat = heat_image(self._speeds, colors)
            painter.drawPixmap(0, 0, self._faded(view, ratio, lambda inside, *where: _paint_heat(inside, *where, heat)))
        if grid:
            _paint_grid(painter, view, colors)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_hull(painter, view, self._around, colors)
        painter.end()
        return made

    def _faded(self, view: Viewport, ratio: float, paint: Callable[[QPainter, Viewport, Region], None]) -> QPixmap:
        """What `paint` makes of the region, fading out around the keyframes' hull."""
        region = self._region
        made = _blank(view, ratio)
        made.fill(Qt.GlobalColor.transparent)
        if region is None:
            return made
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        paint(painter, view, region)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        # A little larger than the region: at its edges, nothing may be left of tiles that end within a pixel.
        painter.drawImage(view.rect(region.left, region.top, region.side).adjusted(-2, -2, 2, 2), self._mask)
        painter.end()
        return made

    def _paint_tiles(self, painter: QPainter, view: Viewport, region: Region) -> None:
        for cell in sorted(self._tiles, key=lambda cell: cell.level):
            self._paint_tile(painter, view, region, cell)

    def _paint_tile(self, painter: QPainter, view: Viewport, region: Region, cell: Cell) -> None:
        width = region.side / cell.level
        exact = view.rect(region.left + cell.column * width, region.top + cell.row * width, width)
        target = QRectF(exact.toAlignedRect())  # neighbours meet without a seam
        if not target.intersects(QRectF(0, 0, view.width, view.height)):
            return
        image = self._tiles[cell]
        side = min(image.width(), image.height())
        source = QRectF((image.width() - side) / 2, (image.height() - side) / 2, side, side)
        painter.drawImage(target, image, source)


def _paint_heat(painter: QPainter, view: Viewport, region: Region, heat: QImage) -> None:
    painter.drawImage(view.rect(region.left, region.top, region.side), heat)


def _blank(view: Viewport, ratio: float) -> QPixmap:
    made = QPixmap(QSize(max(1, round(view.width * ratio)), max(1, round(view.height * ratio))))
    made.setDevicePixelRatio(ratio)
    return made


def _fading(region: Region, around: tuple[Point, ...]) -> QImage:
    """How strongly the atlas shows over `region`: fully inside the hull, then less and less."""
    steps = (np.arange(_MASK) + 0.5) / _MASK * region.side
    xs, ys = np.meshgrid(region.left + steps, region.top + steps)
    away = distances(around, np.stack([xs, ys], axis=-1)) / FADE
    strength = np.clip(1.0 - away, 0.0, 1.0)
    alpha = (_STRONGEST * strength * strength * (3 - 2 * strength)).astype(np.uint8)
    mask = np.zeros((_MASK, _MASK, 4), np.uint8)
    mask[..., 3] = alpha
    return QImage(mask.tobytes(), _MASK, _MASK, 4 * _MASK, QImage.Format.Format_ARGB32_Premultiplied).copy()


def _paint_grid(painter: QPainter, view: Viewport, colors: CanvasColors) -> None:
    step = GRID
    while step * view.scale < _GRID_PX_MIN:
        step *= 5
    left, top = view.to_plane(QPointF(0, 0))
    right, bottom = view.to_plane(QPointF(view.width, view.height))
    columns = range(int(left // step), int(right // step) + 2)
    rows = range(int(top // step), int(bottom // step) + 2)
    painter.setPen(QPen(colors.grid, 2))
    painter.drawPoints(QPolygonF([view.to_screen((column * step, row * step)) for column in columns for row in rows]))


def _paint_hull(painter: QPainter, view: Viewport, around: tuple[Point, ...], colors: CanvasColors) -> None:
    if len(around) < 3:
        return
    line = QColor(colors.ring)
    line.setAlpha(70)
    painter.setPen(QPen(line, 1, Qt.PenStyle.DashLine))
    painter.drawPolygon(QPolygonF([view.to_screen(point) for point in around]))

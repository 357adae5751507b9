"""The plane as it looks: the map, the threads, the cards, the pucks. What the hand does to it is `LatentCanvas`'s."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from studio.core.atlas import Cell, region_of
from studio.core.canvas import Canvas, Material, Point
from studio.core.heat import Speeds
from studio.ui.canvas.backdrop import Backdrop
from studio.ui.canvas.colors import colors_of
from studio.ui.canvas.scene import Scene, name_of, paint_message
from studio.ui.canvas.viewport import Viewport

_FIT_MARGIN_X_PX, _FIT_MARGIN_Y_PX = 108.0, 80.0
"""Room for the cards and their names; in a small view that much of it at most:"""
_FIT_MARGIN_SHARE = 0.2


class PlaneView(QWidget):
    """Shows a `Canvas`. Setting is silent."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(280, 220)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._canvas = Canvas()
        self._scene, self._backdrop = Scene(), Backdrop()
        self._view = Viewport()
        self._selected = -1
        self._material = Material.NOISE
        self._is_fitted, self._is_held = True, False
        self._snaps = self._drop_hovers = False

    @property
    def selected(self) -> int:
        """The index of the selected keyframe, or −1."""
        return self._selected

    @property
    def material(self) -> Material:
        """Whose puck the arrow keys and clicks on the plane move."""
        return Material.NOISE if self._canvas.linked else self._material

    @property
    def tile_count(self) -> int:
        """How many pictures the atlas has."""
        return self._backdrop.tile_count

    @property
    def has_heat(self) -> bool:
        """Whether it shows where the picture changes."""
        return self._backdrop.has_heat

    @property
    def frame(self) -> QImage | None:
        """The picture in the puck's lens."""
        return self._scene.frame

    @property
    def thumbnails(self) -> tuple[QImage | None, ...]:
        """The pictures of the cards."""
        return self._scene.images

    def sizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """Room for a map."""
        return QSize(640, 480)

    def show_canvas(self, canvas: Canvas) -> None:
        """Show everything on it. Keyframes that moved, came or went leave the atlas empty."""
        points = [(each.x, each.y) for each in canvas.placed]
        has_moved = points != [(each.x, each.y) for each in self._canvas.placed]
        is_renamed = canvas.placed is not self._canvas.placed
        self._canvas = canvas
        self._selected = min(self._selected, len(points) - 1)
        self._scene.show_canvas(canvas)
        if has_moved:
            self._backdrop.set_region(region_of(canvas), points)
            if self._is_fitted and not self._is_held:
                self._fit()
        if is_renamed:
            self.setAccessibleDescription(self._description())
        self.update()

    def show_thumbnails(self, images: Sequence[QImage | None]) -> None:
        """One picture a keyframe, or None where there is none yet."""
        self._scene.images = tuple(images)
        self.update()

    def show_frame(self, image: QImage | None) -> None:
        """The picture at the puck, in its lens."""
        self._scene.frame = image
        self.update()

    def add_tile(self, cell: Cell, image: QImage) -> None:
        """One more picture of the atlas."""
        self._backdrop.add_tile(cell, image)
        self.update()

    def clear_atlas(self) -> None:
        """No atlas."""
        self._backdrop.clear()
        self.update()

    def show_heat(self, speeds: Speeds | None) -> None:
        """Where the picture changes, softly over the map; None for nothing."""
        self._backdrop.show_heat(speeds)
        self.update()

    def set_snap(self, snaps: bool) -> None:
        """Whether keyframes and pucks keep to the grid; Alt does the opposite."""
        self._snaps = snaps
        self.update()

    def set_material(self, material: Material) -> None:
        """Whose puck the keys move while the two are apart."""
        self._material = material
        self.update()

    def select(self, index: int) -> None:
        """Select a keyframe, or none with −1."""
        self._selected = index if 0 <= index < len(self._canvas.placed) else -1
        self.update()

    # Where things are.

    def fit(self) -> None:
        """Bring all keyframes into sight, and keep them there while the window changes."""
        self._fit()
        self._is_fitted = True
        self.update()

    def zoom_by(self, factor: float) -> None:
        """Zoom at the middle."""
        self._look(self._view.zoomed(factor, QPointF(self.rect().center())))

    def place_on_screen(self, point: Point) -> QPointF:
        """Where a point of the plane is in the widget."""
        return self._view.to_screen(point)

    def point_under(self, at: QPointF) -> Point:
        """The point of the plane under a place in the widget."""
        return self._view.to_plane(at)

    def card_rect(self, index: int) -> QRectF:
        """Where a keyframe's card is in the widget."""
        return self._scene.card_rect(index, self._view)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep everything in sight."""
        self._view = self._view.resized(self.width(), self.height())
        if self._is_fitted:
            self._fit()
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The map, the threads, the cards, the pucks."""
        painter = QPainter(self)
        colors = colors_of(self.palette())
        self._backdrop.paint(painter, self._view, colors, grid=self._snaps)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._scene.paint(painter, self._view, colors, self._selected)
        text = self._message()
        if text:
            paint_message(painter, self.rect(), colors, text, is_alone=not self._canvas.placed)
        if self._drop_hovers or self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(colors.accent)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _look(self, view: Viewport) -> None:
        self._view, self._is_fitted = view, False
        self.update()

    def _fit(self) -> None:
        points = [(each.x, each.y) for each in self._canvas.placed]
        margin_x = min(_FIT_MARGIN_X_PX, self.width() * _FIT_MARGIN_SHARE)
        margin_y = min(_FIT_MARGIN_Y_PX, self.height() * _FIT_MARGIN_SHARE)
        self._view = self._view.fitted(points, margin_x, margin_y)

    def _message(self) -> str:
        if self._drop_hovers:
            return self.tr("Drop to make a keyframe of the picture")
        if not self._canvas.placed:
            return self.tr(
                "Put pictures on the plane and drag between them\n"
                "Double-click here, press N, or drop pictures from the library"
            )
        return self.tr("Add another keyframe, then drag between the two") if len(self._canvas.placed) == 1 else ""

    def _tip(self, index: int) -> str:
        if index < 0:
            return ""
        keyframe = self._canvas.placed[index].keyframe
        facts = self.tr("Picture") if keyframe.picture else self.tr("Seed {seed}").format(seed=keyframe.seed)
        return "\n".join(filter(None, (name_of(keyframe, index), keyframe.prompt or "", facts)))

    def _description(self) -> str:
        names = ", ".join(name_of(each.keyframe, i) for i, each in enumerate(self._canvas.placed))
        return self.tr("Keyframes: {names}").format(names=names) if names else self._message()

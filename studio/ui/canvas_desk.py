"""The canvas in the window: what it shows goes to the preview, and pictures are sent to it from there."""

from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from studio.core.abilities import Ability
from studio.core.recipe import Recipe
from studio.core.session import Session
from studio.ui.ability_gate import allow, refuses
from studio.ui.canvas.canvas_controller import CanvasController
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import PictureDesk
from studio.ui.sketch_desk import SketchDesk


class CanvasDesk(QObject):
    """Joins the canvas with the rest of the window.

    Signals:
        busyChanged: whether there is a render to stop.
    """

    busyChanged = Signal(bool)  # noqa: N815 Qt's style

    def __init__(self, window: MainWindow, session: Session, sketches: SketchDesk, pictures: PictureDesk) -> None:
        super().__init__(window)
        self._window, self._sketches, self._pictures = window, sketches, pictures
        self._drawn, self._before = QImage(), pictures.on_show
        self.canvas = CanvasController(session, window.canvas_panel, sketches)
        self.canvas.setParent(self)
        sketches.answer_to(self.canvas.pictures)
        sketches.renderingChanged.connect(self.busyChanged)
        self.canvas.failed.connect(window.banner.tell)
        self.canvas.pictureShown.connect(self._on_picture_shown)
        self.canvas.pictureEnded.connect(self._on_picture_ended)
        self.canvas.kept.connect(self._on_kept)
        pictures.canvasWanted.connect(self.send)
        pictures.reopenWanted.connect(self.open)
        pictures.canvasLeft.connect(self.canvas.stop_leading)
        pictures.showingChanged.connect(self._on_showing_changed)
        window.action("latentCanvas").toggled.connect(self._on_canvas_toggled)
        window.action("openAsCanvas").triggered.connect(self._on_open_as_canvas_triggered)
        window.action("varyPicture").triggered.connect(self._on_vary_picture_triggered)
        self._on_showing_changed(False)

    @property
    def is_busy(self) -> bool:
        """Whether there is a render to stop."""
        return self._sketches.is_rendering

    def send(self, recipe: Recipe, path: Path | None) -> None:
        """Make the picture of `recipe` a keyframe: by its seed, or by its file where no single seed makes it."""
        if refuses(self._window, Ability.BLENDS):
            return
        self._window.action("latentCanvas").setChecked(True)
        if recipe.blend is None or path is None:
            self.canvas.add_recipe(recipe)
        else:
            self.canvas.add_file(path)

    def open(self, recipe: Recipe) -> None:
        """Bring back the canvas that the picture of `recipe` was kept from."""
        if refuses(self._window, Ability.BLENDS):
            return
        self._window.action("latentCanvas").setChecked(True)
        self.canvas.add_recipe(recipe)

    def stop(self) -> None:
        """Give up the render that goes on, and show the draft again."""
        if self.is_busy:
            self.canvas.pictures.stop_render()
            self._sketches.tell_stopped()

    def close(self) -> None:
        """Ask the engine for nothing any more."""
        self.canvas.close()

    def _on_picture_shown(self, image: QImage, recipe: Recipe, is_full: bool) -> None:
        if not self._is_leading():
            self._before = self._pictures.on_show
        self._drawn = image
        self._pictures.show_sketch(image, QSize(recipe.width, recipe.height))

    def _on_picture_ended(self) -> None:
        if self._is_leading():
            self._pictures.show_again(self._before)

    def _is_leading(self) -> bool:
        """Whether the preview shows what the canvas drew."""
        return not self._drawn.isNull() and self._window.preview_view.image.cacheKey() == self._drawn.cacheKey()

    def _on_kept(self, recipe: Recipe) -> None:
        self._pictures.follow()

    def _on_showing_changed(self, is_showing: bool) -> None:
        """Offer what fits the picture on show: one kept from a canvas has no seed of its own to vary."""
        shown = self._pictures.on_show
        is_blend = shown is not None and shown.recipe.blend is not None
        allow(self._window.action("openAsCanvas"), is_blend)
        allow(self._window.action("varyPicture"), is_showing and not is_blend)

    def _on_open_as_canvas_triggered(self) -> None:
        if self._pictures.on_show is not None:
            self.open(self._pictures.on_show.recipe)

    def _on_vary_picture_triggered(self) -> None:
        if self._pictures.on_show is not None:
            self._window.action("latentCanvas").setChecked(True)
            self.canvas.ask_variation(self._pictures.on_show.recipe)

    def _on_canvas_toggled(self, is_shown: bool) -> None:
        focus = self._window.focusWidget()
        had_focus = focus is not None and self._window.canvas_panel.isAncestorOf(focus)
        self._window.show_canvas(is_shown)
        if had_focus and not is_shown:
            self._window.preview_view.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if is_shown:
            self._window.canvas_panel.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

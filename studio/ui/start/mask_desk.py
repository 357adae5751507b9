"""Painting the mask in the preview: into the mode, out of it, and every stroke one step of undo."""

from functools import partial

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QObject

from studio.core.session import Session
from studio.core.start_picture import Mask, encode_mask
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import OnShow, PictureDesk
from studio.ui.start.mask_layer import MaskLayer
from studio.ui.start.pictures import Shown
from studio.ui.start.start_desk import StartDesk


class MaskDesk(QObject):
    """Shows the starting picture with its mask to paint on, as long as nothing else comes to be shown there.

    The life of a stroke: the layer has painted it → the background writes the mask as a PNG → `_take` puts it into the
    recipe → the desk of the starting picture decodes it → `_on_shown` sees the mask it has already. After an undo it
    sees another one, and paints on from that.
    """

    def __init__(self, window: MainWindow, session: Session, pictures: PictureDesk, starts: StartDesk) -> None:
        super().__init__(window)
        self._window, self._session, self._pictures, self._starts = window, session, pictures, starts
        self._action, self._bar = window.action("paintMask"), window.mask_bar
        self._layer = MaskLayer(window.preview_view)
        self._shown: Shown | None = None
        self._before: OnShow | None = None
        self._written: bytes | None = None
        self._is_showing = False
        self._connect()
        self._on_shown(None)

    @property
    def is_painting(self) -> bool:
        """Whether the mask can be painted now."""
        return not self._layer.isHidden()

    def _enter(self, shown: Shown) -> None:
        self._before = self._pictures.on_show
        self._show(shown)
        self._bar.show()
        self._layer.show()
        self._layer.setFocus()

    def _leave(self) -> None:
        self._layer.hide()
        self._bar.hide()
        self._action.setChecked(False)

    def _show(self, shown: Shown) -> None:
        self._is_showing = True
        self._pictures.show_sketch(shown.image, shown.image.size())
        self._is_showing = False
        self._written = shown.start.mask
        self._layer.set_mask(_mask_of(shown))

    def _connect(self) -> None:
        layer, bar = self._layer, self._bar
        self._action.toggled.connect(self._on_paint_toggled)
        self._window.prompt_panel.start_panel.paintWanted.connect(self._action.setChecked)
        self._window.preview_view.changed.connect(self._on_preview_changed)
        self._starts.shown.connect(self._on_shown)
        self._starts.background.failed.connect(self._on_failed)
        layer.strokeEnded.connect(self._on_stroke_ended)
        layer.brushChanged.connect(bar.show_brush)
        layer.leaveWanted.connect(self._on_leave_wanted)
        bar.brushWanted.connect(layer.set_brush)
        bar.fillWanted.connect(layer.fill)
        bar.invertWanted.connect(layer.invert)
        bar.clearWanted.connect(layer.clear)
        bar.leaveWanted.connect(self._on_leave_wanted)

    def _on_paint_toggled(self, is_wanted: bool) -> None:
        self._window.prompt_panel.start_panel.set_painting(is_wanted)
        if is_wanted and self._shown is not None:
            self._enter(self._shown)
        elif self.is_painting:
            self._leave()
            self._pictures.show_again(self._before)

    def _on_leave_wanted(self) -> None:
        self._action.setChecked(False)

    def _on_preview_changed(self) -> None:
        """Another picture is shown: it is not what the mask is for."""
        if self.is_painting and not self._is_showing:
            self._leave()

    def _on_shown(self, shown: Shown | None) -> None:
        before, self._shown = self._shown, shown
        self._action.setEnabled(shown is not None)
        if shown is None:
            self._action.setChecked(False)
        elif self.is_painting and before is not None and shown.start.picture != before.start.picture:
            self._show(shown)
        elif self.is_painting and shown.start.mask != self._written:
            self._written = shown.start.mask
            self._layer.set_mask(_mask_of(shown))

    def _on_stroke_ended(self) -> None:
        start = self._session.recipe.start
        if start is not None:
            write = partial(_written, self._layer.painted.copy())
            self._starts.background.run(write, lambda data: self._take(data, start.picture))

    def _take(self, data: bytes, picture: bytes) -> None:
        start = self._session.recipe.start
        if start is not None and start.picture == picture:
            self._written = data
            self._starts.put(replace(start, mask=data))

    def _on_failed(self) -> None:
        """A mask that cannot be kept is not left on the screen."""
        if self.is_painting and self._shown is not None:
            self._layer.set_mask(_mask_of(self._shown))


def _mask_of(shown: Shown) -> Mask:
    return np.zeros((shown.image.height(), shown.image.width()), np.uint8) if shown.mask is None else shown.mask


def _written(mask: Mask) -> bytes:
    """The mask as the recipe keeps it. One that is empty is none: nobody wants a picture to be made as it is."""
    return encode_mask(mask) if mask.any() else b""

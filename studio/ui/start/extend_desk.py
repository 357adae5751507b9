"""Extending the starting picture: by numbers or by its frame's edges, with the preview showing what it becomes."""

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QObject, QRectF

from studio.core.models import ModelInfo
from studio.core.session import Session
from studio.core.start import png_size
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import OnShow, PictureDesk
from studio.ui.start.extending import Margins, extended
from studio.ui.start.frame_layer import FrameLayer
from studio.ui.start.pictures import Shown
from studio.ui.start.start_desk import StartDesk

_ROOM = 0.6
"""Of the fitted zoom: room to drag the edges into."""
_EDGE_PX = 12
"""Between the frame and the edge of the view."""


class ExtendDesk(QObject):
    """Shows the frame as long as nothing else comes to be shown. What is extended is one step of undo."""

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        pictures: PictureDesk,
        starts: StartDesk,
        models: Mapping[str, ModelInfo],
    ) -> None:
        """`models` by how the engine finds them."""
        super().__init__(window)
        self._window, self._session, self._pictures, self._starts = window, session, pictures, starts
        self._models, self._view = models, window.preview_view
        self._action, self._bar, self._layer = window.action("extend"), window.extend_bar, FrameLayer(self._view)
        self._shown: Shown | None = None
        self._before: OnShow | None = None
        self._is_showing = False
        self._connect()
        self._on_shown(None)

    def _connect(self) -> None:
        bar = self._bar
        self._action.toggled.connect(self._on_toggled)
        self._window.prompt_panel.start_panel.extendWanted.connect(self._action.toggle)
        self._view.changed.connect(self._on_preview_changed)
        self._starts.shown.connect(self._on_shown)
        self._layer.dragged.connect(bar.set_margins)
        bar.marginsChanged.connect(self._on_margins_changed)
        self._layer.settled.connect(self._bring_into_sight)
        bar.wanted.connect(self._extend)
        bar.leaveWanted.connect(self._on_leave_wanted)

    def _enter(self, shown: Shown) -> None:
        self._before = self._pictures.on_show
        self._is_showing = True
        self._pictures.show_sketch(shown.image, shown.image.size())
        self._is_showing = False
        self._bar.show()
        self._layer.show()
        self._view.fit()
        self._view.zoom_by(_ROOM)
        model = self._models.get(self._session.recipe.model.name)
        self._bar.ask(shown.image.size(), model.size_multiple if model is not None else 8)

    def _leave(self) -> None:
        self._layer.hide()
        self._bar.hide()
        self._view.fit()
        self._action.setChecked(False)

    def _extend(self, margins: Margins) -> None:
        recipe = self._session.recipe
        self._action.setChecked(False)
        if recipe.start is not None:
            width, height = margins.size(*(png_size(recipe.start.picture) or (recipe.width, recipe.height)))
            make = partial(extended, recipe.start, margins)
            self._starts.background.run(make, lambda start: self._starts.put(start, width=width, height=height))

    def _on_toggled(self, is_wanted: bool) -> None:
        if is_wanted and self._shown is not None:
            self._enter(self._shown)
        elif not self._layer.isHidden():
            self._leave()
            self._pictures.show_again(self._before)

    def _on_margins_changed(self, margins: Margins) -> None:
        self._layer.show_margins(margins)
        if not self._layer.is_held:
            self._bring_into_sight()

    def _bring_into_sight(self) -> None:
        """Zoom out as far as the frame needs; never in, which would run away from the hand."""
        if self._layer.isHidden():
            return
        frame, room = self._layer.frame(), QRectF(self._view.rect())
        middle = room.center()
        across = max(middle.x() - frame.left(), frame.right() - middle.x(), 1.0)
        down = max(middle.y() - frame.top(), frame.bottom() - middle.y(), 1.0)
        factor = min((room.width() / 2 - _EDGE_PX) / across, (room.height() / 2 - _EDGE_PX) / down)
        if factor < 1:
            self._view.zoom_by(factor)

    def _on_leave_wanted(self) -> None:
        self._action.setChecked(False)

    def _on_preview_changed(self) -> None:
        if not self._layer.isHidden() and not self._is_showing:
            self._leave()

    def _on_shown(self, shown: Shown | None) -> None:
        """Another start, or another mask: what was asked was about the one before."""
        self._shown = shown
        self._action.setEnabled(shown is not None)
        self._action.setChecked(False)

"""Joins the settings of the latent canvas with its own controls: one value, shown in two places."""

from msgspec.structs import replace
from PySide6.QtCore import QObject

from studio.core.settings import Settings
from studio.ui.canvas_desk import CanvasDesk
from studio.ui.main_window import MainWindow
from studio.ui.preferences import Preferences


class CanvasSettings(QObject):
    """Draft time and atlas, as the artist left them."""

    def __init__(self, window: MainWindow, canvas: CanvasDesk, preferences: Preferences) -> None:
        super().__init__(window)
        self._panel, self._pictures = window.canvas_panel, canvas.canvas.pictures
        self._apply(preferences.settings)
        self._panel.budgetEdited.connect(lambda budget_ms: preferences.change_soon(draft_budget_ms=budget_ms))
        self._panel.toolbar.atlasToggled.connect(lambda is_wanted: preferences.change(atlas=is_wanted))
        preferences.changed.connect(self._apply)

    def _apply(self, settings: Settings) -> None:
        wanted = replace(self._pictures.settings, budget_ms=settings.draft_budget_ms)
        if wanted != self._pictures.settings:
            self._pictures.set_settings(wanted)
        self._panel.show_settings(wanted)
        self._panel.toolbar.atlas_button.setChecked(settings.atlas)

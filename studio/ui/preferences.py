"""The artist's preferences at work. The dialog, the menus and the canvas show the same values, and change them here."""

from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QColor
from PySide6.QtWidgets import QApplication

from studio.core.errors import SaveError
from studio.core.events import PreviewTier
from studio.core.places import Places
from studio.core.settings import Appearance, Settings, model_folders, save_settings
from studio.ui.commands import SetModelFolders, SetModelMemory, SetNames, SetPrecision, SetPreview, SetTogether
from studio.ui.engine_thread import EngineThread
from studio.ui.main_window import MainWindow
from studio.ui.settings_dialog import SettingsDialog
from studio.ui.shelf import Shelf
from studio.ui.theme import apply_theme, theme_for

_APPEARANCES = {
    "appearanceSystem": Appearance.SYSTEM,
    "appearanceLight": Appearance.LIGHT,
    "appearanceDark": Appearance.DARK,
}
_TIERS = {
    "previewLinear": PreviewTier.LINEAR,
    "previewTiny": PreviewTier.TINY,
    "previewFull": PreviewTier.FULL,
}


class Preferences(QObject):
    """Applies the settings and saves what the artist changes of them.

    Signals:
        changed: the Settings that are in force now.
        foldersChanged: where models are looked for now, a tuple of Paths.
    """

    changed = Signal(object)
    foldersChanged = Signal(object)  # noqa: N815 Qt's style

    def __init__(
        self,
        app: QApplication,
        window: MainWindow,
        thread: EngineThread,
        library: Shelf,
        *,
        settings: Settings,
        places: Places,
    ) -> None:
        """`settings` are those of the file in `places`."""
        super().__init__(window)
        self._library = library
        self._app, self._window, self._thread, self._settings, self._places = app, window, thread, settings, places
        for name in _APPEARANCES:
            window.action(name).triggered.connect(self._on_appearance_chosen)
        for name in _TIERS:
            window.action(name).triggered.connect(self._on_tier_chosen)
        app.styleHints().colorSchemeChanged.connect(self._on_system_scheme_changed)
        window.action("settings").triggered.connect(self._on_settings_wanted)
        self._dialog: SettingsDialog | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(500)
        self._soon.timeout.connect(self._save)
        window.closeRequested.connect(self._on_close_requested)
        self._show()
        thread.send(SetPreview(settings.preview))
        thread.send(SetModelMemory(settings.model_memory_gb))
        thread.send(SetPrecision(settings.precision))
        thread.send(SetTogether(settings.together))
        self._name_pictures()

    @property
    def settings(self) -> Settings:
        """What is in force."""
        return self._settings

    @property
    def model_folders(self) -> tuple[Path, ...]:
        """Where models are looked for."""
        return model_folders(self._places, self._settings)

    def _show(self) -> None:
        theme = theme_for(self._settings.appearance)
        apply_theme(self._app, theme)
        self._window.prompt_panel.set_mark_colors(QColor(theme.warning), QColor(theme.active))
        for name, appearance in _APPEARANCES.items():
            self._window.action(name).setChecked(appearance is self._settings.appearance)
        for name, tier in _TIERS.items():
            self._window.action(name).setChecked(tier is self._settings.preview)

    def change(self, **fields: object) -> None:
        """Replace these settings, apply them and save them."""
        if self._apply(**fields):
            self._soon.stop()
            self._save()

    def change_soon(self, **fields: object) -> None:
        """The same for what a hand is dragging: it is saved once the hand rests."""
        if self._apply(**fields):
            self._soon.start()

    def _apply(self, **fields: object) -> bool:
        old, self._settings = self._settings, msgspec.structs.replace(self._settings, **fields)
        if old == self._settings:
            return False
        self._show()
        if old.preview is not self._settings.preview:
            self._thread.send(SetPreview(self._settings.preview))
        if old.model_folders != self._settings.model_folders:
            self._thread.send(SetModelFolders(self.model_folders))
            self.foldersChanged.emit(self.model_folders)
        if old.model_memory_gb != self._settings.model_memory_gb:
            self._thread.send(SetModelMemory(self._settings.model_memory_gb))
        if old.precision is not self._settings.precision:
            self._thread.send(SetPrecision(self._settings.precision))
        if old.together is not self._settings.together:
            self._thread.send(SetTogether(self._settings.together))
        if old.picture_names != self._settings.picture_names:
            self._name_pictures()
        if self._dialog is not None:
            self._dialog.show_settings(self._settings)
        self.changed.emit(self._settings)
        return True

    def _name_pictures(self) -> None:
        """Here too: pictures that could not be saved at first are saved by the window."""
        self._library.name_pattern = self._settings.picture_names
        self._thread.send(SetNames(self._settings.picture_names))

    def _save(self) -> None:
        try:
            save_settings(self._places.settings, self._settings)
        except SaveError as error:
            self._window.banner.tell(str(error))

    def _on_settings_wanted(self) -> None:
        if self._dialog is None:
            self._dialog = SettingsDialog(self._window, self._settings)
            self._dialog.settingEdited.connect(lambda name, value: self.change_soon(**{name: value}))
            self._dialog.finished.connect(self._on_dialog_closed)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def _on_dialog_closed(self) -> None:
        self._dialog = None

    def _on_close_requested(self, event: QCloseEvent) -> None:
        if self._soon.isActive():
            self._soon.stop()
            self._save()

    def _on_appearance_chosen(self) -> None:
        chosen = next(each for name, each in _APPEARANCES.items() if self._window.action(name).isChecked())
        self.change(appearance=chosen)

    def _on_tier_chosen(self) -> None:
        chosen = next(tier for name, tier in _TIERS.items() if self._window.action(name).isChecked())
        self.change(preview=chosen)

    def _on_system_scheme_changed(self) -> None:
        if self._settings.appearance is Appearance.SYSTEM:
            self._show()

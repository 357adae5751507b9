"""Connects the menus' simple actions. What belongs to one desk is connected by that desk."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from studio.ui.help import show_about, show_shortcuts
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import copy_recipe

if TYPE_CHECKING:
    from studio.ui.controller import Controller


class WindowActions(QObject):
    """What the menus and keys set off."""

    def __init__(self, window: MainWindow, controller: "Controller") -> None:
        super().__init__(window)
        self._window, self._controller = window, controller
        for name, slot in self._slots().items():
            window.action(name).triggered.connect(lambda _=False, slot=slot: slot())
        window.action("pause").toggled.connect(controller.jobs.set_paused)
        window.action("fullScreen").triggered.connect(self._on_full_screen_triggered)

    def _slots(self) -> dict[str, Callable[[], object]]:
        view, window, controller = self._window.preview_view, self._window, self._controller
        return {
            "quit": window.close,
            "undo": controller.session.undo,
            "redo": controller.session.redo,
            "copyRecipe": self._copy_recipe,
            "focusPrompt": lambda: window.focus_field("prompt"),
            "generate": controller.generate,
            "stop": controller.stop,
            "stopAll": controller.stop_all,
            "randomSeed": controller.recipes.roll_dice,
            "fit": view.fit,
            "actualSize": view.show_actual_size,
            "zoomIn": lambda: view.zoom_by(1.25),
            "zoomOut": lambda: view.zoom_by(0.8),
            "shortcuts": lambda: show_shortcuts(window),
            "about": lambda: show_about(window),
        }

    def _copy_recipe(self) -> None:
        shown = self._controller.pictures.on_show
        copy_recipe(shown.recipe if shown else self._controller.session.recipe)

    def _on_full_screen_triggered(self, is_wanted: bool) -> None:
        self._window.showFullScreen() if is_wanted else self._window.showNormal()

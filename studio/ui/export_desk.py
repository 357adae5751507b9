"""Exports the picture on show, or those chosen in the library."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject
from PySide6.QtGui import QCloseEvent

from studio.core.errors import OptionError, PictureError, StudioError
from studio.core.export_names import file_stem
from studio.core.export_options import ExportOptions
from studio.core.export_run import Exported, ExportReport, folder_of, recipe_of
from studio.core.recipe import Recipe
from studio.ui.export_panel import ExportPanel
from studio.ui.export_worker import ExportWorker
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import OnShow, PictureDesk
from studio.ui.preferences import Preferences

_REFUSED_SHOWN = 3


class ExportDesk(QObject):
    """Asks how, has it done, and tells what became of it."""

    def __init__(self, window: MainWindow, pictures: PictureDesk, preferences: Preferences) -> None:
        """The choices of the last export are in the preferences."""
        super().__init__(window)
        self._window, self._pictures, self._preferences = window, pictures, preferences
        self._worker, self._items = ExportWorker(self), tuple[Exported, ...]()
        self._panel: ExportPanel | None = None
        self._is_running = False
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        window.action("exportPicture").triggered.connect(lambda _=False: self.export_shown())
        pictures.showingChanged.connect(self._on_showing_changed)
        window.closeRequested.connect(self._on_close_requested)
        self._on_showing_changed(pictures.on_show is not None)

    def export_shown(self) -> None:
        """Export the picture on show; while the artist is in the library, all that are chosen there."""
        library, shown = self._window.library_view, self._pictures.on_show
        chosen = library.chosen() if library.hasFocus() else ()
        if len(chosen) > 1:
            self._ask(tuple(Exported(path=row.path, recipe=row.recipe) for row in chosen))
        elif shown is not None:
            self._ask((_item(shown),))

    def export(self, paths: Sequence[Path]) -> None:
        """Export these pictures of the library."""
        if paths:
            self._ask(tuple(Exported(path=path) for path in paths))

    def _ask(self, items: tuple[Exported, ...]) -> None:
        if self._is_running and self._panel is not None:
            self._panel.activateWindow()
            return
        self._items = items
        if self._panel is None:
            self._panel = ExportPanel(self._window)
            self._panel.exportWanted.connect(self._on_export_wanted)
            self._panel.stopWanted.connect(self._worker.stop)
            self._worker.progressed.connect(self._panel.show_progress)
        now, recipe = datetime.now(), self._first_recipe()
        self._panel.show_export(
            len(items),
            self._options(),
            lambda options: file_stem(options.pattern, recipe, now) + options.format.suffix,
        )

    def _options(self) -> ExportOptions:
        """As pictures were exported last; called as new pictures are, until the artist wants another name."""
        settings = self._preferences.settings
        return msgspec.structs.replace(settings.export, pattern=settings.export.pattern or settings.picture_names)

    def _first_recipe(self) -> Recipe:
        try:
            return recipe_of(self._items[0])
        except PictureError:  # told when it is its turn
            return Recipe()

    def _on_export_wanted(self, options: ExportOptions) -> None:
        assert self._panel is not None
        is_usual = options.pattern == self._preferences.settings.picture_names
        self._preferences.change(export=msgspec.structs.replace(options, pattern="") if is_usual else options)
        self._is_running = True
        self._panel.set_running(True)
        self._worker.start(self._items, options, datetime.now())

    def _on_done(self, report: ExportReport) -> None:
        assert self._panel is not None
        self._is_running = False
        self._panel.set_running(False)
        self._window.status.show_activity(self._summary(report))
        if report.refused:
            self._panel.show_report(self._complaint(report))
        else:
            self._panel.accept()

    def _on_failed(self, error: StudioError) -> None:
        assert self._panel is not None
        self._is_running = False
        self._panel.set_running(False)
        self._panel.show_problem(error.name if isinstance(error, OptionError) else "folder", str(error))

    def _on_showing_changed(self, is_showing: bool) -> None:
        self._window.action("exportPicture").setEnabled(is_showing)

    def _on_close_requested(self, event: QCloseEvent) -> None:
        if event.isAccepted():
            self._worker.close()

    def _summary(self, report: ExportReport) -> str:
        count = len(report.written)
        if count == 1:
            return self.tr("Exported as {path}").format(path=report.written[0])
        return self.tr("{n} of {total} pictures exported to {folder}").format(
            n=count, total=len(self._items), folder=folder_of(self._preferences.settings.export)
        )

    def _complaint(self, report: ExportReport) -> str:
        more = len(report.refused) - _REFUSED_SHOWN
        rest = [self.tr("And {n} more.").format(n=more)] if more > 0 else []
        return "\n".join((*report.refused[:_REFUSED_SHOWN], *rest))


def _item(shown: OnShow) -> Exported:
    """The picture on show; of one that was never saved, the pixels."""
    if shown.path is None and shown.finished is not None:
        return Exported(picture=shown.finished.picture, recipe=shown.recipe)
    return Exported(path=shown.path, recipe=shown.recipe)

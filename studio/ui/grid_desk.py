"""Grids of variations from the artist's side.

The life of one: the dialog → all its recipes go into the queue, as ordinary jobs → what becomes of each is noted → when
none is left, the pictures there are go onto a contact sheet, off this thread → it is shown.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QCloseEvent, QImage

from studio.core.errors import OptionError
from studio.core.events import Event, Failed, Finished, Picture, Stopped
from studio.core.grid import make_grid
from studio.core.grid_axis import Axis, Field, read_axis
from studio.core.models import ModelInfo
from studio.core.recipe import Recipe
from studio.core.session import Session
from studio.library.library import Job
from studio.library.names import sheet_name
from studio.ui.grid_dialog import GridDialog
from studio.ui.job_desk import JobDesk
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import PictureDesk
from studio.ui.sheet_worker import SheetOrder, SheetWorker
from studio.ui.status_line import duration


class _Grid:
    """A grid in the making."""

    def __init__(self, axes: tuple[Axis, ...], recipes: tuple[Recipe, ...], jobs: list[Job]) -> None:
        self.axes, self.recipes = axes, recipes
        self.places = {job.id: number for number, job in enumerate(jobs)}
        self.made: list[Path | Picture | None] = [None] * len(recipes)

    def note(self, job_id: int, event: Event) -> bool:
        """Take in what became of a job; True when it was the last one."""
        if job_id not in self.places or not isinstance(event, Finished | Stopped | Failed):
            return False
        number = self.places.pop(job_id)
        if isinstance(event, Finished):
            self.made[number] = Path(event.path) if event.path else event.picture
        return not self.places


class GridDesk(QObject):
    """Asks, queues, and puts the sheet together."""

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        jobs: JobDesk,
        pictures: PictureDesk,
        *,
        models: Mapping[str, ModelInfo],
        folder: Path,
        is_ready: Callable[[], bool],
        submit: Callable[..., bool],
    ) -> None:
        """`models` by how the engine finds them; sheets go into `folder`.

        `is_ready` says beside the control what is wrong with the recipe; `submit` takes recipes, and is false where
        one was refused.
        """
        super().__init__(window)
        self._window, self._session, self._jobs, self._pictures = window, session, jobs, pictures
        self._models, self._folder, self._is_ready, self._submit = models, folder, is_ready, submit
        self._dialog: GridDialog | None = None
        self._grids: list[_Grid] = []
        self._worker = SheetWorker(self)
        self._worker.done.connect(self._on_sheet_done)
        self._worker.failed.connect(self._on_sheet_failed)
        window.action("variationGrid").triggered.connect(self.ask)
        window.closeRequested.connect(self._on_close_requested)
        session.listen(self._on_session_changed)
        jobs.told.connect(self._on_job_told)

    def ask(self) -> None:
        """Open the dialog."""
        if self._dialog is None:
            self._dialog = GridDialog(self._window)
            self._dialog.edited.connect(self._show)
            self._dialog.gridWanted.connect(self.make)
        self._dialog.show()
        self._dialog.activateWindow()
        self._show()

    def make(self) -> None:
        """Queue the grid that the dialog shows."""
        axes, recipes = self._read()
        if not recipes or not self._is_ready():
            return
        taken: list[Job] = []
        connection = self._jobs.submitted.connect(taken.append)
        self._pictures.follow()
        is_taken = self._submit(*recipes)
        self._jobs.submitted.disconnect(connection)
        if is_taken and self._dialog is not None:
            self._grids.append(_Grid(axes, recipes, taken))
            self._dialog.accept()

    def _read(self) -> tuple[tuple[Axis, ...], tuple[Recipe, ...]]:
        """The axes and recipes of what the dialog says, which tells what is wrong with it; no recipes where it is."""
        assert self._dialog is not None
        axes: list[Axis] = []
        recipes: list[Recipe] = []

        def take(field: Field, text: str) -> None:
            axes.append(read_axis(field, text))

        problems = [self._attempt(partial(take, *each)) for each in self._dialog.choices]
        whole = "" if any(problems) else self._attempt(lambda: recipes.extend(self._recipes(axes)))
        self._dialog.show_grid(problems, whole or self._summary(recipes), can_make=bool(recipes))
        return tuple(axes), tuple(recipes)

    def _recipes(self, axes: list[Axis]) -> tuple[Recipe, ...]:
        recipe = self._session.recipe
        return make_grid(recipe, axes, self._models.get(recipe.model.name), self._models.get)

    def _attempt(self, work: Callable[[], object]) -> str:
        try:
            work()
        except OptionError as error:
            return str(error)
        return ""

    def _summary(self, recipes: list[Recipe]) -> str:
        if not recipes:
            return ""
        seconds = self._jobs.seconds_for(recipes)
        text = self.tr("One picture") if len(recipes) == 1 else self.tr("{n} pictures").format(n=len(recipes))
        return text if seconds is None else text + self.tr(" · about {time}").format(time=duration(seconds))

    def _show(self) -> None:
        self._read()

    # Slots.

    def _on_session_changed(self, names: frozenset[str]) -> None:
        if self._dialog is not None and self._dialog.isVisible():
            self._show()

    def _on_job_told(self, job_id: int, event: Event, image: QImage | None) -> None:
        for grid in tuple(self._grids):
            if grid.note(job_id, event):
                self._grids.remove(grid)
                self._finish(grid)

    def _finish(self, grid: _Grid) -> None:
        if any(made is not None for made in grid.made):
            path = self._folder / sheet_name(grid.recipes[0], datetime.now())
            self._worker.start(SheetOrder(grid.axes, grid.recipes, grid.made), path)

    def _on_sheet_done(self, path: Path, image: QImage) -> None:
        self._pictures.show_sketch(image, image.size())
        sentence = self.tr("The contact sheet is saved as {path}.").format(path=path)
        self._window.banner.tell(sentence, {self.tr("Show in folder"): lambda: self._pictures.reveal(path)})

    def _on_sheet_failed(self, sentence: str) -> None:
        self._window.banner.tell(sentence)

    def _on_close_requested(self, event: QCloseEvent) -> None:
        if event.isAccepted():
            self._worker.close()

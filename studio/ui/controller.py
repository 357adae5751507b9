"""Joins the session, the engine's thread and the views. Decisions are made here, and shown there."""

from PySide6.QtCore import QObject
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMessageBox

from studio.core.engine import DeviceInfo
from studio.core.errors import StudioError
from studio.core.events import Failed
from studio.core.models import ModelInfo
from studio.core.recipe import Recipe
from studio.core.session import Session
from studio.core.wildcards import chosen
from studio.ui.autosave import Autosave
from studio.ui.canvas_desk import CanvasDesk
from studio.ui.commands import NO_JOB, Preload
from studio.ui.engine_thread import EngineThread
from studio.ui.job_desk import JobDesk
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import PictureDesk
from studio.ui.project_desk import ProjectDesk
from studio.ui.questions import Questions, same_levels
from studio.ui.recipe_desk import RecipeDesk, drop_hash
from studio.ui.shelf import Shelf
from studio.ui.window_actions import WindowActions
from studio.ui.wishes import new_seed, series


class Controller(QObject):
    """The studio's wiring on the window's side. Lives as long as the window."""

    def __init__(
        self,
        *,
        window: MainWindow,
        session: Session,
        thread: EngineThread,
        library: Shelf,
        models: dict[str, ModelInfo],
        projects: ProjectDesk,
        autosave: Autosave,
        jobs: JobDesk,
        pictures: PictureDesk,
        canvas: CanvasDesk,
        questions: Questions,
    ) -> None:
        """`models` by how the engine finds them: a name, or a folder."""
        super().__init__(window)
        self._window, self._session, self._thread, self._library = window, session, thread, library
        self.projects, self.autosave = projects, autosave
        self.jobs, self.pictures, self.canvas, self._questions = jobs, pictures, canvas, questions
        self._used_seed = -1
        self.recipes = RecipeDesk(window, session, thread, questions, models)
        self.use_recipe, self.is_ready = self.recipes.use_recipe, self.recipes.is_ready
        self._connect()
        WindowActions(window, self)
        self._show_hint(bool(models))
        self._on_busy_changed()

    @property
    def session(self) -> Session:
        """What the artist is making."""
        return self._session

    def generate(self) -> None:
        """Put the recipe into the queue, as many times as wanted. Refuses, beside the control, what cannot work."""
        if not self.is_ready():
            return
        if self._session.recipe.seed == self._used_seed and not self._session.state.seed_locked:
            self._session.change_recipe(seed=new_seed())
        self._used_seed = self._session.recipe.seed
        self._window.banner.clear_told()
        self.pictures.follow()
        self.submit(*series(self._session.recipe, self._session.state.count))

    def keep(self, recipe: Recipe) -> None:
        """Put the picture of a point on the canvas into the queue."""
        self._window.banner.clear_told()
        self.submit(recipe)

    def stop(self) -> None:
        """Stop the picture in the making, the canvas's too."""
        self.jobs.stop()
        self.canvas.stop()

    def stop_all(self) -> None:
        """Stop, and forget the pictures that wait."""
        self.jobs.stop_all()
        self.canvas.stop()

    # Wiring.

    def _connect(self) -> None:
        self._window.prompt_panel.generateRequested.connect(self.generate)
        self._window.prompt_panel.stopRequested.connect(self.stop)
        self._window.preview_view.zoomChanged.connect(self._window.status.show_zoom)
        self.jobs.started.connect(self._on_job_started)
        self.jobs.previewReady.connect(self.pictures.show_preview)
        self.jobs.stepTaken.connect(self._on_step_taken)
        self.jobs.finished.connect(self.pictures.take_finished)
        self.jobs.failed.connect(self._on_failed)
        self.jobs.told.connect(self._on_told)
        self.jobs.busyChanged.connect(self._on_busy_changed)
        self.canvas.busyChanged.connect(self._on_busy_changed)
        self.pictures.recipeChosen.connect(self.recipes.use_recipe)
        self.projects.selected.connect(self.pictures.fill)
        self._thread.modelLoaded.connect(self._on_model_loaded)
        self._thread.deviceMeasured.connect(self._on_device_measured)
        self._window.shown.connect(self._on_window_shown)
        self._window.closeRequested.connect(self._on_close_requested)

    def _show_hint(self, has_models: bool) -> None:
        hint = self.tr("Describe a picture on the left, then press Generate (Ctrl+Return).")
        if not has_models:
            hint = self.tr("There is no model yet. Get one (File › Get a model…), or put one into the models folder.")
        self._window.preview_view.show_hint(hint)

    # Jobs.

    def submit(self, *recipes: Recipe) -> bool:
        """Put these into the queue, with the choices in their prompts made; where it refuses, the reason is told."""
        try:
            jobs = self._library.submit_all([chosen(recipe) for recipe in recipes])
        except StudioError as error:
            self._window.banner.tell(str(error))
            return False
        self.jobs.submit(*jobs)
        return True

    def _on_job_started(self, recipe: Recipe) -> None:
        self._window.sampling_panel.sigma_plot.mark_step(0)

    def _on_step_taken(self, recipe: Recipe, number: int) -> None:
        shows_same = same_levels(recipe, self._session.recipe)
        self._window.sampling_panel.sigma_plot.mark_step(number if shows_same else 0)

    def _on_failed(self, failed: Failed) -> None:
        if self.pictures.unsaved and failed.kind == "SaveError":
            self.pictures.offer_unsaved(failed.sentence)
        elif failed.kind in ("ModelChangedError", "AdapterChangedError"):
            self._window.banner.tell(failed.sentence, {self.tr("Use these weights"): lambda: drop_hash(self._session)})
        elif failed.option:
            self.recipes.refuse(failed.option, failed.sentence)
        else:
            self._window.banner.tell(failed.sentence)

    def _on_told(self) -> None:
        if self.jobs.running == NO_JOB:
            self._window.sampling_panel.sigma_plot.mark_step(0)
        if self.jobs.is_at_rest:
            self.pictures.end_preview()

    def _on_busy_changed(self) -> None:
        can_stop = self.jobs.is_loading or self.canvas.is_busy or not self.jobs.is_at_rest
        self._window.prompt_panel.set_busy(can_stop)
        self._window.action("stop").setEnabled(can_stop)
        self._window.action("stopAll").setEnabled(can_stop or self.jobs.is_busy)

    def _on_model_loaded(self, info: ModelInfo) -> None:
        if not self.jobs.is_busy:
            self._window.status.show_activity(self.tr("Ready · {name}").format(name=info.name))
            self._window.progress.show_idle()

    def _on_device_measured(self, info: DeviceInfo) -> None:
        self._window.status.show_device(info)

    # The window.

    def _on_window_shown(self) -> None:
        if self.recipes.wanted_model and not self._library.is_read_only:
            self._thread.send(Preload(self.recipes.wanted_model))

    def _on_close_requested(self, event: QCloseEvent) -> None:
        if self.pictures.unsaved and not self._may_lose(len(self.pictures.unsaved)):
            event.ignore()
            return
        self._questions.close()
        self.canvas.close()
        self.autosave.write(is_clean=True)
        self._window.hide()
        self._thread.shut_down()
        self.autosave.close()
        self._window.library_model.close()
        self._library.close()

    def _may_lose(self, count: int) -> bool:
        text = self.tr("{n} pictures could not be saved and are only in memory. Close and lose them?").format(n=count)
        buttons = QMessageBox.StandardButton
        asked = QMessageBox.question(self._window, self.tr("Unsaved pictures"), text, buttons.Close | buttons.Cancel)
        return asked == buttons.Close

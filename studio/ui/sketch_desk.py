"""The canvas's pictures from the window's side: its questions go to the engine's thread, the answers come back.

What the thread does with them is told in `sketch_server`.
"""

from PySide6.QtCore import QObject, Signal

from studio.core.events import Finished
from studio.core.recipe import Recipe
from studio.ui.canvas.canvas_pictures import CanvasPictures
from studio.ui.commands import AskDraft, AskRender, AskTile, Withdraw
from studio.ui.engine_thread import EngineThread
from studio.ui.job_desk import JobDesk
from studio.ui.sketch_server import SketchStep
from studio.ui.status_line import ProgressLine, StatusLine, duration


class SketchDesk(QObject):
    """A `Drafter`: makes the canvas's pictures on the engine's thread, and shows how its renders come along.

    Signals:
        pictureWanted: the recipe of an ordinary picture, to be queued.
        renderingChanged: whether a render is asked for and not yet there.
    """

    pictureWanted = Signal(object)  # noqa: N815 Qt's style
    renderingChanged = Signal(bool)  # noqa: N815

    def __init__(
        self, thread: EngineThread, jobs: JobDesk, status: StatusLine, progress: ProgressLine, parent: QObject
    ) -> None:
        """Answers nobody until `answer_to`."""
        super().__init__(parent)
        self._thread, self._jobs, self._status, self._progress = thread, jobs, status, progress
        self._pictures: CanvasPictures | None = None
        self._rendering: int | None = None
        self._held_model = ""

    @property
    def is_rendering(self) -> bool:
        """Whether a render is asked for and not yet there."""
        return self._rendering is not None

    def answer_to(self, pictures: CanvasPictures) -> None:
        """Answers go to `pictures` from now on."""
        self._pictures = pictures
        sketches = self._thread.sketches
        sketches.drafted.connect(pictures.on_drafted)
        sketches.failed.connect(self._on_failed)
        sketches.renderStepped.connect(self._on_render_stepped)
        sketches.rendered.connect(self._on_rendered)
        self._thread.modelHeld.connect(self._on_model_held)
        self._jobs.busyChanged.connect(self._tell_idle)

    # What the canvas asks.

    def ask_draft(self, generation: int, recipe: Recipe, depth: int) -> None:
        """A draft for a hand that is waiting."""
        self._thread.send(AskDraft(generation, recipe, depth))

    def ask_tile(self, generation: int, recipe: Recipe) -> None:
        """A draft that nobody waits for."""
        self._thread.send(AskTile(generation, recipe))

    def render(self, generation: int, recipe: Recipe) -> None:
        """The picture in full, not kept."""
        self._thread.send(AskRender(generation, recipe))
        self._set_rendering(generation)

    def withdraw(self, generation: int) -> None:
        """The answer is no longer wanted."""
        self._thread.send(Withdraw(generation))
        if generation == self._rendering:
            self._end_render("")

    def tell_stopped(self) -> None:
        """Say that the render was given up because the artist wanted so."""
        self._show_idle(self.tr("Canvas · stopped"))

    def submit(self, recipe: Recipe) -> None:
        """An ordinary picture."""
        self.pictureWanted.emit(recipe)

    # What the thread answers.

    def _on_render_stepped(self, generation: int, taken: SketchStep) -> None:
        if generation != self._rendering or self._pictures is None:
            return
        step = taken.step
        self._progress.show_fraction(step.number / step.count)
        text = self.tr("Canvas · step {number} of {count}").format(number=step.number, count=step.count)
        self._status.show_activity(text)
        if taken.image is not None:
            self._pictures.on_previewed(generation, taken.image)

    def _on_rendered(self, generation: int, finished: Finished) -> None:
        if generation == self._rendering:
            time = duration(sum(finished.seconds.values()))
            self._end_render(self.tr("Canvas · finished in {time}").format(time=time))
        if self._pictures is not None:
            self._pictures.on_rendered(generation, finished)

    def _on_failed(self, generation: int, sentence: str) -> None:
        if generation == self._rendering:
            self._set_rendering(None)
        self._show_idle("")
        if self._pictures is not None:
            self._pictures.on_draft_failed(generation, sentence)

    def _on_model_held(self, model: str) -> None:
        self._held_model = model
        self._tell_idle()

    def _tell_idle(self) -> None:
        if self._pictures is not None:
            self._pictures.on_idle(bool(self._held_model) and not self._jobs.is_busy)

    def _end_render(self, text: str) -> None:
        self._set_rendering(None)
        self._show_idle(text)

    def _show_idle(self, text: str) -> None:
        if not self._jobs.is_busy:
            self._progress.show_idle()
            self._status.show_activity(text)

    def _set_rendering(self, generation: int | None) -> None:
        was_rendering, self._rendering = self.is_rendering, generation
        if was_rendering != self.is_rendering:
            self.renderingChanged.emit(self.is_rendering)

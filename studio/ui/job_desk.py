"""The jobs from the window's side: what runs, what waits, how far it is. Pure bookkeeping over the thread's events."""

import logging
from collections.abc import Sequence

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QImage

from studio.core.estimate import Estimator
from studio.core.events import Event, Failed, Finished, Stage, Staged, Step, Stopped
from studio.core.recipe import Recipe
from studio.core.tiled import grid_of
from studio.library.library import Job
from studio.ui.commands import NO_JOB, Arrange, CancelAll, CancelLoad, CancelOne, Pause, Resume, Submit, SubmitAll
from studio.ui.engine_thread import EngineThread
from studio.ui.status_line import ProgressLine, StatusLine, duration

_log = logging.getLogger(__name__)


class JobDesk(QObject):
    """Hands jobs to the thread and shows how they come along.

    Signals:
        submitted: the Job handed to the thread.
        started: the recipe of the job that begins.
        previewReady: a QImage, and the size in pixels of the picture it stands for.
        stepTaken: the recipe and the number of the step.
        finished: the Finished and its QImage.
        failed: the Failed.
        told: job id, event and picture as the thread tells them, once all of the above is done. Who follows jobs
            listens here: a second connection to the thread would be a second delivery, some time after this one.
        busyChanged: whether a job runs or waits; what can be stopped may be other than before.
    """

    submitted = Signal(object)
    started = Signal(object)
    previewReady = Signal(object, object)  # noqa: N815 Qt's style
    stepTaken = Signal(object, int)  # noqa: N815
    finished = Signal(object, object)
    failed = Signal(object)
    told = Signal(object, object, object)
    busyChanged = Signal(bool)  # noqa: N815

    def __init__(self, thread: EngineThread, status: StatusLine, progress: ProgressLine, parent: QObject) -> None:
        super().__init__(parent)
        self._thread, self._status, self._progress = thread, status, progress
        self._estimator = Estimator()
        self._jobs: dict[int, Recipe] = {}
        self._running, self._is_paused, self._is_loading = NO_JOB, False, False
        self._last_step: Step | None = None
        self._last_event: Event | None = None
        thread.happened.connect(self._on_event_happened)
        thread.stepped.connect(self._on_step_taken)
        thread.modelHeld.connect(self._on_model_held)

    @property
    def is_busy(self) -> bool:
        """Whether a job runs or waits."""
        return bool(self._jobs)

    @property
    def is_at_rest(self) -> bool:
        """Whether no job runs, and none will until the artist says."""
        return self._running == NO_JOB and (self._is_paused or not self._jobs)

    @property
    def is_loading(self) -> bool:
        """Whether a model is being loaded that no job asked for."""
        return self._is_loading

    @property
    def waiting(self) -> tuple[Recipe, ...]:
        """The recipes that wait behind the running one."""
        return tuple(recipe for job_id, recipe in self._jobs.items() if job_id != self._running)

    @property
    def _behind(self) -> tuple[Recipe, ...]:
        """The recipes that wait and are not made together with the running one."""
        return self.waiting[0 if self._last_step is None else self._last_step.together - 1 :]

    @property
    def running(self) -> int:
        """The number of the job that runs, else `NO_JOB`."""
        return self._running

    @property
    def count(self) -> int:
        """How many run or wait."""
        return len(self._jobs)

    def seconds_left(self) -> tuple[float | None, float | None]:
        """Of the picture in the making, and of all; None where nothing was measured."""
        if self._last_event is None:
            return None, None
        return self._estimator.left(self._last_event), self._estimator.left(self._last_event, self._behind)

    def seconds_for(self, recipes: Sequence[Recipe]) -> float | None:
        """What these will take, one after another; None where nothing was measured."""
        seconds = [self._estimator.whole(recipe) for recipe in recipes]
        return None if None in seconds else sum(each for each in seconds if each is not None)

    def submit(self, *jobs: Job) -> None:
        """Hand over jobs that are in the queue on disk."""
        self._jobs |= {job.id: job.recipe for job in jobs}
        self._thread.send(SubmitAll(tuple(Submit(job.id, job.recipe) for job in jobs)))
        for job in jobs:
            self.submitted.emit(job)
        self.busyChanged.emit(True)
        if self._running == NO_JOB:
            self._status.show_activity(self._waiting_text())

    def arrange(self, job_ids: tuple[int, ...]) -> None:
        """Run those that wait in this order."""
        order = [job_id for job_id in job_ids if job_id in self._jobs and job_id != self._running]
        self._jobs |= {job_id: self._jobs.pop(job_id) for job_id in order}
        self._thread.send(Arrange(tuple(order)))

    def cancel(self, job_ids: tuple[int, ...]) -> None:
        """Stop these, whether they run or wait."""
        for job_id in job_ids:
            self._thread.send(CancelOne(job_id))

    def stop(self) -> None:
        """Stop the job that runs; where none does, the one that is next, or the model that is loaded ahead."""
        job_id = NO_JOB if self.is_at_rest else self._running or next(iter(self._jobs))
        if job_id != NO_JOB or self._is_loading:
            self._thread.send(CancelOne(job_id) if job_id else CancelLoad())
            self._status.show_activity(self.tr("Stopping…"))

    def stop_all(self) -> None:
        """Stop the job that runs and the model that is loaded ahead, and forget the jobs that wait."""
        if self._jobs:
            self._thread.send(CancelAll())
        if self._is_loading:
            self._thread.send(CancelLoad())
        if self._jobs or self._is_loading:
            self._status.show_activity(self.tr("Stopping…"))

    def set_paused(self, is_paused: bool) -> None:
        """Start no further job, or start jobs again."""
        self._is_paused = is_paused
        self._thread.send(Pause() if is_paused else Resume())
        self.busyChanged.emit(self.is_busy)

    def _on_model_held(self, model: str) -> None:
        if model:
            self._set_loading(False)

    def _set_loading(self, is_loading: bool) -> None:
        if is_loading != self._is_loading:
            self._is_loading = is_loading
            self.busyChanged.emit(bool(self._jobs))

    def _on_event_happened(self, job_id: int, event: Event, image: QImage | None) -> None:
        is_load = job_id == NO_JOB and isinstance(event, Staged) and event.stage is Stage.LOADING
        self._set_loading(is_load and event.fraction < 1.0)
        if isinstance(event, (Staged, Finished)):  # a job that waits can be stopped without ever having begun
            self._begin(job_id)
        match event:
            case Staged():
                self._show_stage(event)
            case Finished() if image is not None:
                self._estimator.observe(event)
                self._end(job_id, self._finished_text(event))
                self.finished.emit(event, image)
            case Stopped():
                self._end(job_id, self._stopped_text(job_id))
            case Failed():
                self.failed.emit(event)  # first: whoever feeds the queue must know before there is room in it
                self._end(job_id, self.tr("Failed") if job_id != NO_JOB else "")
            case _:
                _log.warning("an event nobody awaits: %r", event)
        self.told.emit(job_id, event, image)

    def _on_step_taken(self) -> None:
        shown = self._thread.take_step()
        if shown is None:
            return
        self._begin(shown.job_id)
        recipe, step = self._jobs.get(shown.job_id), shown.step
        self._last_event = step
        self._estimator.observe(step)
        self._last_step = step
        self._progress.show_fraction(step.number / step.count)
        text = self.tr("Sampling · step {number} of {count}").format(number=step.number, count=step.count)
        if step.together > 1:
            text = self.tr("{n} pictures at once").format(n=step.together) + f" · {text}"
        self._status.show_activity(text + self._left(step))
        self._status.show_pace(self._estimator.seconds_per_step)
        if recipe is not None:
            self.stepTaken.emit(recipe, step.number)
            if shown.image is not None:
                width, height = recipe.picture_size
                across, down = grid_of(step.together)
                self.previewReady.emit(shown.image, QSize(across * width, down * height))

    def _begin(self, job_id: int) -> None:
        if job_id in self._jobs and job_id != self._running:
            self._running, self._last_step, self._last_event = job_id, None, None
            self._estimator.begin(self._jobs[job_id])
            self.started.emit(self._jobs[job_id])

    def _end(self, job_id: int, text: str) -> None:
        self._jobs.pop(job_id, None)
        if self._running in (job_id, NO_JOB):  # one that only waited leaves the line to the one that runs
            self._running, self._last_event = NO_JOB, None
            self._status.show_activity(text)
            self._progress.show_idle()
        self.busyChanged.emit(bool(self._jobs))

    def _show_stage(self, event: Staged) -> None:
        self._last_event = event
        text = event.stage.value.capitalize()
        detail = f" · {event.detail}" if event.detail else ""
        percent = f" · {event.fraction:.0%}".replace("%", " %") if event.fraction else ""
        is_over = event.stage is Stage.LOADING and event.fraction >= 1.0 and self._running == NO_JOB
        if is_over:
            self._status.show_activity(self._waiting_text() if self._jobs else self.tr("Ready"))
            self._progress.show_idle()
            return
        self._status.show_activity(f"{text}…{detail}{percent}{self._left(event)}")
        is_nearly_done = event.stage in (Stage.DECODING, Stage.SAVING)
        self._progress.show_fraction(1.0 if is_nearly_done else event.fraction)

    def _waiting_text(self) -> str:
        if self._is_paused:
            return self.tr("The queue is paused. Resume it with Ctrl+P.")
        return self.tr("Waiting for the engine…")

    def _left(self, event: Event) -> str:
        own, queue = self._estimator.left(event), self._behind
        if own is None:
            return ""
        text = self.tr(" · {time} left").format(time=duration(own))
        total = self._estimator.left(event, queue) if queue else None
        if queue:
            text += self.tr(" · {n} waiting").format(n=len(queue))
        return text + (self.tr(" ({time} in all)").format(time=duration(total)) if total is not None else "")

    def _finished_text(self, event: Finished) -> str:
        total = duration(sum(event.seconds.values()))
        return self.tr("Finished in {time} · seed {seed}").format(time=total, seed=event.recipe.seed)

    def _stopped_text(self, job_id: int) -> str:
        if job_id == NO_JOB:
            return self.tr("Loading stopped. The next picture loads the model.")
        step = self._last_step
        if job_id == self._running and step is not None:
            return self.tr("Stopped at step {number} of {count}").format(number=step.number, count=step.count)
        return self.tr("Stopped")

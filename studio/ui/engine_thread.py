"""The engine's thread: the only one that touches the engine, and so the only one that imports torch.

The life of one job: the window puts `Submit` into the queue → the thread takes it and calls `engine.generate(recipe,
report)` → every `report` tells the window what happened, then drains the queue: Stop raises `Cancelled` right there,
and questions are answered between two steps, the canvas's drafts too → the picture is kept → `Finished`. What becomes
of jobs is told in `job_server`, the canvas's pictures in `sketch_server`.
"""

import contextlib
import enum
import queue
import time
from collections import deque
from collections.abc import Callable

import msgspec
from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtGui import QImage

from studio.core.engine import Engine
from studio.core.errors import Cancelled
from studio.core.events import Event, Failed, Finished, Stage, Staged, Step, Stopped
from studio.core.recipe import Recipe
from studio.ui.commands import (
    NO_JOB,
    Arrange,
    AskDraft,
    AskNoiseLevels,
    AskRender,
    AskTile,
    AskTokenCount,
    CancelAll,
    CancelLoad,
    CancelOne,
    Command,
    Pause,
    Preload,
    Quit,
    Resume,
    SetModelFolders,
    SetModelMemory,
    SetNames,
    SetPrecision,
    SetPreview,
    SetTogether,
    Sketch,
    Submit,
    SubmitAll,
    Withdraw,
)
from studio.ui.failures import failure
from studio.ui.images import to_qimage
from studio.ui.job_server import JobServer
from studio.ui.made_ahead import MadeAhead
from studio.ui.shelf import Keeper
from studio.ui.sketch_server import SketchServer

_DEVICE_SECONDS = 1.0
"""How often memory is measured while sampling."""
_STACK_BYTES = 16 << 20
"""Secondary threads get half a megabyte on macOS; BLAS needs more."""


class _Due(enum.IntEnum):
    """What there may be to do, the most urgent first."""

    QUESTION = 0
    DRAFT = 1
    JOB = 2
    LOAD = 3
    RENDER = 4
    TILE = 5
    NOTHING = 6


class Shown(msgspec.Struct, frozen=True, eq=False):
    """A step on its way to the screen. `image` is its preview, already in the screen's format."""

    job_id: int
    step: Step
    image: QImage | None


class EngineThread(QThread):
    """Runs jobs one after another and answers questions between their steps.

    Signals, all emitted on this thread and received on the window's:
        happened: job id (`NO_JOB` for what belongs to none), the event, and the finished picture as a QImage or None.
        stepped: a step may be taken with `take_step`. Latest wins: one that the window was too slow for is gone.
        modelLoaded: the ModelInfo.
        modelHeld: how the model in memory is found, each time it is another; empty while there is none.
        deviceMeasured: the DeviceInfo.
        noiseLevelsReady: the recipe and its NoiseLevels.
        tokensCounted: the field, the text and its number of tokens.
    Answers to the canvas are `sketches`' own signals.
    """

    happened = Signal(object, object, object)
    stepped = Signal()
    modelLoaded = Signal(object)  # noqa: N815 Qt's style
    modelHeld = Signal(str)  # noqa: N815
    deviceMeasured = Signal(object)  # noqa: N815
    noiseLevelsReady = Signal(object, object)  # noqa: N815
    tokensCounted = Signal(object, object, object)  # noqa: N815

    def __init__(
        self, make_engine: Callable[[], Engine], open_library: Callable[[], Keeper], parent: QObject | None = None
    ) -> None:
        """`make_engine` and `open_library` are called on the thread, when first needed."""
        super().__init__(parent)
        self.setObjectName("engineThread")
        self.setStackSize(_STACK_BYTES)
        self._make_engine = make_engine
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._latest: deque[Shown] = deque(maxlen=1)
        self.sketches = SketchServer(self, self)
        # Everything below belongs to the thread.
        self._engine: Engine | None = None
        self._jobs = JobServer(self, open_library)
        self._ahead = MadeAhead()
        self._counts: dict[str, str] = {}
        self._levels: Recipe | None = None
        self._preload: str | None = None
        self._wishes: dict[type[Command], SetModelFolders | SetModelMemory | SetPrecision | SetPreview] = {}
        self._held = ""
        self._preloading = self._stopping = self._quitting = False
        self._measured_at = 0.0

    # Called by the window.

    def send(self, command: Command) -> None:
        """Put `command` into the thread's queue."""
        self._commands.put(command)

    def take_step(self) -> Shown | None:
        """The newest step not yet taken."""
        with contextlib.suppress(IndexError):
            return self._latest.popleft()
        return None

    def shut_down(self, timeout_ms: int = 120_000) -> bool:
        """Stop what runs, free everything, wait for the end. False where it did not end in time.

        Only a first import of torch, on a busy machine, takes longer than a moment: it cannot be interrupted.
        """
        self.send(Quit())
        return self.wait(timeout_ms)

    # Everything below runs on the thread; what has no underscore is for the jobs and the sketches.

    def run(self) -> None:
        """Take commands and work until `Quit`."""
        while not self._quitting:
            self._drain()
            if not self._quitting and not self._work():
                self._obey(self._commands.get())
        for close in (self._close_engine, self._jobs.close):
            self.attempt(close)

    def _work(self) -> bool:
        """Do the most urgent thing; False where there is nothing to do."""
        match self._due():
            case _Due.QUESTION:
                self._answer()
            case _Due.DRAFT:
                self.sketches.make(AskDraft)
            case _Due.JOB:
                self._run_job()
            case _Due.LOAD:
                self._load_ahead()
            case _Due.RENDER:
                self.sketches.make(AskRender)
            case _Due.TILE:
                self.sketches.make(AskTile)
            case _:
                return False
        return True

    def _due(self) -> _Due:
        has_job = self._jobs.has_next
        draft, render, tile = (self.sketches.asked(kind) for kind in (AskDraft, AskRender, AskTile))
        if self._held and (self._counts or self._levels):
            return _Due.QUESTION
        if draft is not None and (not has_job or self._is_held_for(draft)):  # no model is loaded between two jobs
            return _Due.DRAFT
        if has_job:
            return _Due.JOB
        if self._preload is not None:
            return _Due.LOAD
        if render is not None:
            return _Due.RENDER
        return _Due.TILE if tile is not None and self._is_held_for(tile) else _Due.NOTHING

    def _drain(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._obey(self._commands.get_nowait())

    def _obey(self, command: Command) -> None:
        match command:
            case Submit() | SubmitAll() | Arrange() | Pause() | Resume() | SetNames():
                self._tell_jobs(command)
            case CancelOne(job_id):
                made_with_it = self._jobs.ids_of(self._ahead.making) if job_id == self._jobs.current else ()
                self._stopping |= self._jobs.cancel({job_id, *made_with_it})
            case CancelAll():
                self._stopping |= self._jobs.cancel(None)
                self._ahead.forget()
            case CancelLoad():
                self._preload = None
                self._stopping |= self._preloading
            case Preload(model):
                self._preload = model
                self._stopping |= self._preloading
            case AskNoiseLevels(recipe):
                self._levels = recipe
            case AskTokenCount(field, text):
                self._counts[field] = text
            case AskDraft() | AskRender() | AskTile():
                self.sketches.take(command)
            case Withdraw(generation):
                self.sketches.withdraw(generation)
            case SetModelFolders() | SetModelMemory() | SetPrecision() | SetPreview():
                self._wishes[type(command)] = command
                self._ahead.forget()
            case SetTogether(is_wanted):
                self._ahead.is_wanted = is_wanted
            case Quit():
                self._quitting = True
                self._jobs.begin_closing()

    def _tell_jobs(self, command: Submit | SubmitAll | Arrange | Pause | Resume | SetNames) -> None:
        match command:
            case Submit():
                self._jobs.take(command)
            case SubmitAll(jobs):
                for job in jobs:
                    self._jobs.take(job)
            case Arrange(job_ids):
                self._jobs.arrange(job_ids)
            case SetNames(pattern):
                self._jobs.set_names(pattern)
            case _:
                self._jobs.set_paused(isinstance(command, Pause))

    def _run_job(self) -> None:
        self._stopping = False
        self._jobs.run_next()
        self._stopping = False
        self.attempt(self._measure)

    def make_picture(self, recipe: Recipe) -> Finished:
        """The picture of a job, made now, or before: as a render, or together with another. Raises Cancelled."""
        made = self.sketches.made_before(recipe)
        if made is not None:
            return made
        finished = self._ahead.make(self.ready_engine(), recipe, self._jobs.waiting, self._report)
        self._hold(recipe.model.name)
        self.sketches.answer_with(recipe, finished)
        if self._preload == recipe.model.name:
            self._preload = None  # the job has loaded it
        return finished

    def _load_ahead(self) -> None:
        model, self._preload = self._preload or "", None
        self._preloading, self._stopping = True, False
        outcome = self.attempt(lambda: self._load(model))
        self._preloading = self._stopping = False
        if isinstance(outcome, Failed) or (outcome is not None and self._preload is None):  # not for another model
            self.tell(NO_JOB, outcome)

    def _load(self, model: str) -> None:
        self._hold("")
        info = self.ready_engine().load(model, self._report)
        self._hold(model)
        self.modelLoaded.emit(info)
        self._measure()

    def _report(self, event: Event) -> None:
        """What the engine calls at every stage and step. Raises Cancelled once Stop was pressed."""
        if isinstance(event, Step):
            image = None if event.preview is None else to_qimage(event.preview)
            self._latest.append(Shown(self._jobs.current, event, image))
            self.stepped.emit()
        else:
            self.tell(self._jobs.current, event)
        self._read_commands()
        if isinstance(event, Step):
            self._between_steps()

    def _read_commands(self) -> None:
        self._drain()
        if self._stopping or self._quitting:
            raise Cancelled

    def _between_steps(self) -> None:
        if self._jobs.recipe is not None:
            self._hold(self._jobs.recipe.model.name)
        self.ready_engine()  # a preview tier chosen meanwhile
        self._answer()
        self._draft_in_between()
        if time.monotonic() - self._measured_at > _DEVICE_SECONDS:
            self._measure()

    def _draft_in_between(self) -> None:
        """One draft between two steps of something else: both get on. The model must be the same."""
        draft = self.sketches.asked(AskDraft)
        if draft is not None and self._is_held_for(draft):
            self.sketches.make(AskDraft)
            self._read_commands()

    def follow_sketch(self, sketch: Sketch, event: Event) -> None:
        """What is noted between two steps of the canvas's pictures. Raises Cancelled once all work is to stop."""
        if isinstance(event, Step):
            self._hold(sketch.recipe.model.name)
        elif isinstance(event, Staged) and event.stage is Stage.LOADING and self._jobs.recipe is None:
            self.tell(NO_JOB, event)
        self._read_commands()
        if isinstance(event, Step):
            self._answer()
            if isinstance(sketch, AskRender):
                self._draft_in_between()

    def must_yield(self, sketch: Sketch) -> bool:
        """Whether a render or a tile has to make room."""
        own = {AskDraft: _Due.DRAFT, AskRender: _Due.RENDER, AskTile: _Due.TILE}[type(sketch)]
        return _Due.QUESTION < self._due() < own

    def _is_held_for(self, sketch: Sketch) -> bool:
        return sketch.recipe.model.name == self._held

    def _hold(self, model: str) -> None:
        if model != self._held:
            self._held = model
            self.modelHeld.emit(model)

    def _answer(self) -> None:
        """Answer the newest question of each kind. One without an answer is dropped: its cause is shown already."""
        counts, self._counts = self._counts, {}
        levels, self._levels = self._levels, None
        for field, text in counts.items():
            self.attempt(lambda f=field, t=text: self._count(f, t))
        if levels is not None:
            self.attempt(lambda: self.noiseLevelsReady.emit(levels, self.ready_engine().noise_levels(levels)))

    def _count(self, field: str, text: str) -> None:
        self.tokensCounted.emit(field, text, self.ready_engine().count_tokens(text))

    def _measure(self) -> None:
        self._measured_at = time.monotonic()
        if self._engine is not None:
            self.deviceMeasured.emit(self._engine.device())

    def ready_engine(self) -> Engine:
        """The engine, made where there is none yet, with the settings wanted now."""
        if self._engine is None:
            self.tell(self._jobs.current, Staged(stage=Stage.STARTING))
            self._engine = self._make_engine()
        for wish in self._wishes.values():
            match wish:
                case SetPreview(tier):
                    self._engine.set_preview(tier)
                case SetPrecision(precision):
                    self._engine.set_precision(precision)
                case SetModelFolders(folders):
                    self._engine.set_model_folders(folders)
                case SetModelMemory(memory_gb):
                    self._engine.set_model_memory(memory_gb)
        self._wishes.clear()
        return self._engine

    def _close_engine(self) -> None:
        if self._engine is not None:
            self._engine.close()

    def tell(self, job_id: int, event: Event, image: QImage | None = None) -> None:
        """Let the window know what happened."""
        self.happened.emit(job_id, event, image)

    def attempt(self, work: Callable[[], object]) -> Stopped | Failed | None:
        """Do `work`; what came of it where it did not succeed."""
        try:
            work()
        except Cancelled:
            return Stopped()
        except Exception as error:  # noqa: BLE001 the one broad except of the program: no job may end the thread
            return failure(error)
        return None

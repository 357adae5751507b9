"""The jobs on the engine's thread: those that wait, in their order, and the one that runs.

The life of one: `take` → the thread, when it is the most urgent thing to do, calls `run_next` → its row says running →
is there room for the picture? → `engine.generate` → the picture is kept (file, then index row) → its row says finished
→ `Finished` is told. A job that fails tells `Failed`, one that was stopped `Stopped`; then the next one runs. Where a
picture cannot be saved, the queue pauses: no machine works for hours on what is lost.
"""

import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from PySide6.QtGui import QImage

from studio.core.events import Event, Failed, Finished, Stage, Staged, Stopped
from studio.core.export_names import PICTURE_PATTERN
from studio.core.recipe import Recipe
from studio.library.library import JobState
from studio.ui.commands import NO_JOB, Submit
from studio.ui.images import to_qimage
from studio.ui.shelf import Keeper

SAVE_FAILURES = frozenset({"SaveError", "NoRoomError"})
"""Kinds of `Failed` that the next job would meet too."""
_NEXT_MAX = 16
"""More than are made at once."""


class JobHost(Protocol):
    """What the server needs of the thread it works on."""

    def attempt(self, work: Callable[[], object]) -> Stopped | Failed | None:
        """Do `work`; what came of it where it did not succeed."""
        ...

    def make_picture(self, recipe: Recipe) -> Finished:
        """The picture of `recipe`, made now or just before. Raises Cancelled."""
        ...

    def tell(self, job_id: int, event: Event, image: QImage | None = None) -> None:
        """Let the window know."""
        ...


class JobServer:
    """Bookkeeping, and the way of one job from its row to its picture. Used on the engine's thread alone."""

    def __init__(self, host: JobHost, open_library: Callable[[], Keeper]) -> None:
        """`open_library` is called when first needed."""
        self._host, self._open_library = host, open_library
        self._library: Keeper | None = None
        self._waiting: deque[Submit] = deque()
        self._running: Submit | None = None
        self._is_paused = self._is_closing = False
        self._name_pattern = PICTURE_PATTERN

    @property
    def current(self) -> int:
        """The number of the job that runs, else `NO_JOB`."""
        return NO_JOB if self._running is None else self._running.job_id

    @property
    def recipe(self) -> Recipe | None:
        """The recipe of the job that runs."""
        return None if self._running is None else self._running.recipe

    @property
    def waiting(self) -> list[Recipe]:
        """The recipes that run next, none while the queue is paused."""
        return [] if self._is_paused else [job.recipe for job in itertools.islice(self._waiting, _NEXT_MAX)]

    @property
    def has_next(self) -> bool:
        """Whether there is one to be run now."""
        return bool(self._waiting) and not self._is_paused

    def ids_of(self, recipes: Sequence[Recipe]) -> tuple[int, ...]:
        """The numbers of the jobs that wait and have one of these recipes."""
        return tuple(job.job_id for job in self._waiting if job.recipe in recipes)

    def take(self, job: Submit) -> None:
        """Let it wait behind the others."""
        self._waiting.append(job)

    def arrange(self, job_ids: Sequence[int]) -> None:
        """Let those that wait run in this order; what is not named keeps behind."""
        rank = {job_id: number for number, job_id in enumerate(job_ids)}
        self._waiting = deque(sorted(self._waiting, key=lambda job: rank.get(job.job_id, len(rank))))

    def set_paused(self, is_paused: bool) -> None:
        """Start no further job, or start jobs again."""
        self._is_paused = is_paused

    def set_names(self, pattern: str) -> None:
        """Call new pictures' files so from now on."""
        self._name_pattern = pattern

    def begin_closing(self) -> None:
        """From now on, a job that is stopped waits for the next start: closing the window loses nothing."""
        self._is_closing = True

    def cancel(self, job_ids: set[int] | None) -> bool:
        """Forget those of `job_ids`, else all, that wait. True where the one that runs is to stop too."""
        stopped = [job for job in self._waiting if job_ids is None or job.job_id in job_ids]
        self._waiting = deque(job for job in self._waiting if job not in stopped)
        for job in stopped:
            self._end(job.job_id, Stopped())
        return self._running is not None and (job_ids is None or self.current in job_ids)

    def run_next(self) -> None:
        """Run the first that waits, to its end."""
        job = self._running = self._waiting.popleft()
        outcome = self._host.attempt(lambda: self._make(job))
        self._running = None
        if outcome is not None:
            self._end(job.job_id, outcome)

    def close(self) -> None:
        """Close the library."""
        if self._library is not None:
            self._library.close()

    def _make(self, job: Submit) -> None:
        self._record(job.job_id, JobState.RUNNING)
        self._ready_library().check_room(job.recipe)
        self._save(job.job_id, self._host.make_picture(job.recipe))

    def _save(self, job_id: int, finished: Finished) -> None:
        """Keep the picture; where that fails, the window gets it all the same, without a path, and then the failure."""
        self._host.tell(job_id, Staged(stage=Stage.SAVING))
        began, paths = time.perf_counter(), [""]
        failed = self._host.attempt(lambda: paths.append(str(self._ready_library().keep(finished))))
        seconds = {**finished.seconds, Stage.SAVING: time.perf_counter() - began}
        kept = msgspec.structs.replace(finished, path=paths[-1], seconds=seconds)
        if failed is None:
            self._record(job_id, JobState.FINISHED)
        self._host.tell(job_id, kept, to_qimage(kept.picture))
        if failed is not None:
            self._end(job_id, failed)

    def _end(self, job_id: int, outcome: Stopped | Failed) -> None:
        if isinstance(outcome, Failed):
            self._is_paused |= outcome.kind in SAVE_FAILURES and bool(self._waiting)
            self._record(job_id, JobState.FAILED, outcome.sentence)
        else:
            self._record(job_id, JobState.QUEUED if self._is_closing else JobState.CANCELLED)
        self._host.tell(job_id, outcome)

    def _record(self, job_id: int, state: JobState, sentence: str = "") -> None:
        """Write the job's state down. A queue that cannot be written must not cost the picture."""
        self._host.attempt(lambda: self._ready_library().set_job_state(job_id, state, sentence))

    def _ready_library(self) -> Keeper:
        if self._library is None:
            self._library = self._open_library()
        self._library.name_pattern = self._name_pattern
        return self._library

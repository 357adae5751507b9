"""The real studio, doing random work until it is killed. What it prints is what an artist was told.

python -m tests.kill.driver DATA_DIR SEED [--horizon]

Lines: `ready`; `submitted ID`; `running ID`; `kept NAME`; `trash NAME` and `remove ID` before either is done;
`edit NUMBER SECONDS`; `asked ID` before an interrupted or set-aside job is started by hand; `resume`.
"""

import random
import sys
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

import studio.app
from studio.core.events import Finished, Staged
from studio.core.places import Places
from studio.library.library import JobState
from tests.fake_engine import FakeEngine

_EVERY_MS = 25
_QUEUE_MAX = 12


class Artist:
    """Somebody who does something every few milliseconds."""

    def __init__(self, window, seed: int) -> None:
        self._window, self._random = window, random.Random(seed)
        self._controller, self._jobs = window.controller, window.controller.jobs
        self._queue = window.findChild(studio.app.QueueDesk)
        self._edits = seed * 1_000_000
        self._running = 0
        self._jobs.submitted.connect(lambda job: tell("submitted", job.id))
        self._jobs.finished.connect(lambda finished, image: tell("kept", Path(finished.path).name))
        self._controller._thread.happened.connect(self._on_event)
        self._controller.session.listen(self._on_session_changed)
        self._timer = QTimer(window)
        self._timer.timeout.connect(self._act)
        self._timer.start(_EVERY_MS)

    def _on_event(self, job_id, event, image) -> None:
        if job_id and isinstance(event, (Staged, Finished)) and job_id != self._running:
            self._running = job_id
            tell("running", job_id)

    def _on_session_changed(self, names) -> None:
        """Undo and redo are edits too."""
        words = self._controller.session.recipe.prompt.split()
        if "prompt" in names:  # back to the first prompt is edit 0
            tell("edit", words[1] if words[:1] == ["edit"] else 0, f"{time.monotonic():.3f}")

    def _act(self) -> None:
        acts = (
            (10, self._edit),
            (6, self._generate),
            (2, self._trash),
            (2, self._remove),
            (3, self._reorder),
            (1, self._resume),
            (1, self._start_by_hand),
            (1, self._pause),
            (1, self._stop),
            (1, self._undo),
        )
        weights, actions = zip(*acts, strict=True)
        self._random.choices(actions, weights)[0]()

    def _edit(self) -> None:
        self._edits += 1
        self._controller.session.change_recipe(prompt=f"edit {self._edits}")

    def _generate(self) -> None:
        if self._jobs.count < _QUEUE_MAX:
            self._controller.generate()

    def _trash(self) -> None:
        shown = self._controller.pictures.on_show
        if shown is not None and shown.path is not None:
            tell("trash", shown.path.name)
            self._window.action("trash").trigger()

    def _remove(self) -> None:
        entries = [each for each in self._entries() if each.state is not JobState.RUNNING]
        if entries:
            entry = self._random.choice(entries)
            tell("remove", entry.id)
            self._queue.remove([entry])

    def _reorder(self) -> None:
        order = [each.id for each in self._entries() if each.state is JobState.QUEUED]
        self._random.shuffle(order)
        self._queue.arrange(tuple(order))

    def _resume(self) -> None:
        tell("resume")
        self._queue.resume()

    def _start_by_hand(self) -> None:
        wanted = [each for each in self._entries() if each.state in (JobState.INTERRUPTED, JobState.SET_ASIDE)]
        for entry in wanted[:1]:
            tell("asked", entry.id)
            self._queue.run_again([entry])

    def _pause(self) -> None:
        self._window.action("pause").trigger()

    def _stop(self) -> None:
        self._window.action("stop").trigger()

    def _undo(self) -> None:
        self._window.action("undo").trigger()

    def _entries(self):
        return self._window.queue_panel.model.entries


def tell(*words: object) -> None:
    """One line, at once. A pipe takes a short line whole."""
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Build the studio, show it, work until killed."""
    places, seed = Places(Path(sys.argv[1])), int(sys.argv[2])
    app = QApplication(sys.argv[:1])
    if "--horizon" in sys.argv:
        window = studio.app.build(places.data_dir)
        window.controller.session.change_recipe(width=64, height=64, steps=3)
    else:
        from studio.core.models import read_model

        engine = FakeEngine(step_ms=4.0, models=(read_model(places.models / "Fake"),))
        window = studio.app.assemble(places, make_engine=lambda folders: engine, model="Fake")
        window.controller.session.change_recipe(width=64, height=64, steps=6)
    window.show()
    artist = Artist(window, seed)
    tell("ready")
    code = app.exec()
    del artist
    return code


if __name__ == "__main__":
    sys.exit(main())

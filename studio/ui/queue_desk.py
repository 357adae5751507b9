"""The queue from the artist's side: what is listed, and what becomes of each wish."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMenu

from studio.core.errors import StudioError
from studio.core.events import Event, Failed, Finished, Staged, Stopped
from studio.core.history import Record
from studio.core.recipe import Recipe
from studio.core.start import steps_taken
from studio.library.library import Job, JobState
from studio.ui.banner import Message
from studio.ui.commands import NO_JOB
from studio.ui.job_desk import JobDesk
from studio.ui.job_server import SAVE_FAILURES
from studio.ui.main_window import MainWindow
from studio.ui.queue_model import Entry, moved, shifted
from studio.ui.queue_view import THUMB_PX
from studio.ui.queue_words import summary
from studio.ui.shelf import Shelf
from studio.ui.status_line import duration

_IMAGE_PX = 2 * THUMB_PX
_AGAIN = (JobState.FINISHED, JobState.CANCELLED)


class QueueDesk(QObject):
    """Keeps the list true, and does what is asked with the jobs in it.

    Signals:
        recipeChosen: a recipe to go on from, and what it came from.
    """

    recipeChosen = Signal(object, str)  # noqa: N815 Qt's style

    def __init__(self, window: MainWindow, jobs: JobDesk, library: Shelf, record: Record) -> None:
        """`record` keeps a step of undo."""
        super().__init__(window)
        self._window, self._jobs, self._library, self._record = window, jobs, library, record
        self._panel = window.queue_panel
        self._model, self._view = self._panel.model, self._panel.view
        self._offer: Message | None = None
        self._connect()

    @property
    def held(self) -> tuple[Entry, ...]:
        """What was left waiting when the studio was closed, and waits until the artist says."""
        return tuple(entry for entry in self._model.queued if entry.is_held)

    def load(self) -> None:
        """List what the last studio left, and offer to go on with it."""
        left = tuple(self._library.queue.unfinished())
        self._model.add(Entry(job=job, is_held=job.state is JobState.QUEUED) for job in left)
        self._refresh()
        crashed = [job for job in left if job.id in self._library.queue.interrupted]
        sentence = self._left_words(len(self.held), crashed)
        actions: dict[str, Callable[[], object]] = {}
        if self.held:
            actions = {self.tr("Resume"): self.resume, self.tr("Discard"): self._discard_held}
        if sentence and not self._library.is_read_only:
            actions[self.tr("Show the queue")] = self.show_dock
            told = self._window.banner.tell(sentence, actions, is_decision=bool(self.held))
            self._offer = told if self.held else None

    def resume(self) -> None:
        """Go on with all that waits."""
        held = self.held
        for entry in held:
            self._model.change(entry.id, is_held=False)
        if held:
            self._jobs.submit(*(entry.job for entry in held))
            self._jobs.arrange(self._order())
        self._window.action("pause").setChecked(False)
        self._refresh()

    def show_dock(self) -> None:
        """Bring the queue into sight."""
        dock = self._window.docks["queueDock"]
        dock.show()
        dock.raise_()
        self._view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def remove(self, entries: Sequence[Entry]) -> None:
        """List these no more; the one that runs is stopped instead. Can be undone."""
        gone = [entry for entry in entries if entry.state is not JobState.RUNNING]
        self._jobs.cancel(tuple(entry.id for entry in entries if entry.state in (JobState.RUNNING, JobState.QUEUED)))
        if gone and self._forget(gone):
            text = self.tr("Remove {n} from the queue").format(n=len(gone))
            self._record_removal(text, gone)

    def arrange(self, order: tuple[int, ...]) -> None:
        """Run those that wait in this order. Can be undone."""
        before = self._order()
        if order != before and self._arrange(order):
            self._record(self.tr("Reorder the queue"), lambda: self._arrange(before), lambda: self._arrange(order))

    def run_again(self, entries: Sequence[Entry]) -> None:
        """Make these once more: the only way in which one that was interrupted or set aside is started."""
        for entry in entries:
            if entry.state in (JobState.RUNNING, JobState.QUEUED):
                continue
            self._guard(lambda entry=entry: self._run_again(entry))

    def clear_done(self) -> None:
        """List finished and stopped jobs no more. Can be undone; the pictures stay anyway."""
        done = [entry for entry in self._model.entries if entry.is_done]
        if done and self._forget(done):
            self._record_removal(self.tr("Clear what is done"), done)

    # Doing it.

    def _run_again(self, entry: Entry) -> None:
        job = None if entry.state in _AGAIN else self._library.queue.requeue(entry.id)
        if job is None:
            job = self._library.submit(entry.recipe)
        else:
            self._model.remove([entry.id])
        self._jobs.submit(job)

    def _forget(self, entries: Sequence[Entry]) -> bool:
        job_ids = [entry.id for entry in entries]
        if not self._guard(lambda: self._library.queue.remove(job_ids)):
            return False
        self._model.remove(job_ids)
        self._refresh()
        return True

    def _record_removal(self, text: str, entries: Sequence[Entry]) -> None:
        """Jobs come back under new numbers: what the thread still says of the old ones then concerns nobody."""
        present = list(entries)

        def undo() -> None:
            present[:] = self._restore(present)

        def redo() -> None:
            self._jobs.cancel(tuple(entry.id for entry in present if entry.state is JobState.QUEUED))
            self._forget(present)

        self._record(text, undo, redo)

    def _restore(self, entries: Sequence[Entry]) -> list[Entry]:
        jobs: list[Job] = []
        self._guard(lambda: jobs.extend(self._library.queue.restore([entry.job for entry in entries])))
        restored = [msgspec.structs.replace(entry, job=job) for entry, job in zip(entries, jobs, strict=False)]
        self._model.add(restored)
        for entry in restored:
            if entry.state is JobState.QUEUED and not entry.is_held:
                self._jobs.submit(entry.job)
        self._jobs.arrange(self._order())
        self._refresh()
        return restored

    def _arrange(self, order: tuple[int, ...]) -> bool:
        known = set(self._order())
        kept = tuple(job_id for job_id in order if job_id in known)  # since then some may have run
        if not self._guard(lambda: self._library.queue.arrange(kept)):
            return False
        self._model.arrange(kept)
        self._jobs.arrange(self._order())
        return True

    def _discard_held(self) -> None:
        self.remove(self.held)

    def _order(self) -> tuple[int, ...]:
        return tuple(entry.id for entry in self._model.queued)

    def _guard(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except StudioError as error:
            self._window.banner.tell(str(error))
            return False
        return True

    # Showing it.

    def _refresh(self) -> None:
        entries = self._model.entries
        if not self.held:
            self._window.banner.withdraw(self._offer)
        is_paused = self._window.action("pause").isChecked()
        self._panel.set_held_up(is_paused or bool(self.held))
        self._panel.show_summary(summary(entries, self._jobs.seconds_left()[1], is_paused))
        self._panel.clear_button.setEnabled(any(entry.is_done for entry in entries))
        waiting = len(self._model.queued)
        text = self.tr("Queue · {n}").format(n=waiting) if waiting else self.tr("Queue")
        self._window.docks["queueDock"].toggleViewAction().setText(text)

    def _left_words(self, held: int, crashed: Sequence[Job]) -> str:
        words = []
        if held:
            one = self.tr("One picture was waiting when the studio was closed.")
            many = self.tr("{n} pictures were waiting when the studio was closed.").format(n=held)
            words.append(one if held == 1 else many)
        if any(job.state is JobState.SET_ASIDE for job in crashed):
            words.append(self.tr("The picture in the making is set aside: the studio ended over it more than once."))
        elif crashed:
            words.append(self.tr("The picture in the making was interrupted and is not started by itself."))
        return " ".join(words)

    def _menu(self, chosen: Sequence[Entry]) -> QMenu:
        menu = QMenu(self._view)
        menu.setObjectName("queueMenu")
        waiting = [entry for entry in chosen if entry.state is JobState.QUEUED]
        again = [entry for entry in chosen if entry.state not in (JobState.QUEUED, JobState.RUNNING)]
        first = next((entry.id for entry in self._model.queued), None)
        ids = [entry.id for entry in waiting]
        top = moved(self._model.queued, ids, first if first not in ids else self._after(ids))
        entries: tuple[tuple[str, bool, Callable[[], object]], ...] = (
            (self.tr("Run again"), bool(again), lambda: self.run_again(again)),
            (self.tr("Move to the top"), bool(waiting), lambda: self.arrange(top)),
            (self.tr("Use this recipe"), len(chosen) == 1, lambda: self._on_recipe_wanted(chosen[0])),
            (self.tr("Remove"), True, lambda: self.remove(chosen)),
        )
        for text, is_possible, work in entries:
            action = menu.addAction(text)
            action.setEnabled(is_possible)
            action.triggered.connect(lambda _=False, work=work: work())
        return menu

    def _after(self, job_ids: Sequence[int]) -> int | None:
        return next((entry.id for entry in self._model.queued if entry.id not in job_ids), None)

    # Slots.

    def _connect(self) -> None:
        self._jobs.told.connect(self._on_event_happened)
        self._jobs.submitted.connect(self._on_job_submitted)
        self._jobs.stepTaken.connect(self._on_step_taken)
        self._jobs.previewReady.connect(self._on_preview_ready)
        self._jobs.busyChanged.connect(self._refresh)
        self._model.moveWanted.connect(self._on_move_wanted)
        self._view.removeWanted.connect(lambda: self.remove(self._view.chosen()))
        self._view.shiftWanted.connect(self._on_shift_wanted)
        self._view.recipeWanted.connect(self._on_recipe_wanted)
        self._view.menuRequested.connect(self._on_menu_requested)
        self._panel.clearWanted.connect(self.clear_done)
        self._panel.pauseWanted.connect(self._on_pause_wanted)
        self._window.action("pause").toggled.connect(self._on_pause_toggled)

    def _on_job_submitted(self, job: Job) -> None:
        if self._model.entry(job.id) is None:
            self._model.add([Entry(job=job)])

    def _on_event_happened(self, job_id: int, event: Event, image: QImage | None) -> None:
        if job_id == NO_JOB:
            return
        match event:
            case Staged():
                self._model.change(job_id, state=JobState.RUNNING, note=f"{event.stage.value.capitalize()}…")
            case Finished() if image is not None:
                path = Path(event.path) if event.path else None
                self._model.change(job_id, state=JobState.FINISHED, note="", image=_small(image), path=path)
            case Stopped():
                self._model.change(job_id, state=JobState.CANCELLED, note="")
            case Failed():
                self._model.change(job_id, state=JobState.FAILED, sentence=event.sentence, note="")
                if event.kind in SAVE_FAILURES and self._jobs.is_busy:
                    self._window.action("pause").setChecked(True)
        self._refresh()

    def _on_step_taken(self, recipe: Recipe, number: int) -> None:
        own, _ = self._jobs.seconds_left()
        count = steps_taken(recipe.start, recipe.steps)
        text = self.tr("Step {number} of {count}").format(number=number, count=count)
        if own is not None:
            text += self.tr(" · {time} left").format(time=duration(own))
        state = {"state": JobState.RUNNING} if self._is_listed_as_waiting(self._jobs.running) else {}
        self._model.change(self._jobs.running, fraction=number / count, note=text, **state)
        self._refresh()

    def _is_listed_as_waiting(self, job_id: int) -> bool:
        entry = self._model.entry(job_id)
        return entry is not None and entry.state is JobState.QUEUED

    def _on_preview_ready(self, image: QImage, size: QSize) -> None:
        self._model.change(self._jobs.running, image=_small(image))

    def _on_move_wanted(self, job_ids: list[int], row: int) -> None:
        below = self._model.entries[row:]
        before = next((each.id for each in below if each.state is JobState.QUEUED and each.id not in job_ids), None)
        is_above_all = any(each.state is JobState.RUNNING for each in below)
        self.arrange(moved(self._model.queued, job_ids, self._after(job_ids) if is_above_all else before))

    def _on_shift_wanted(self, step: int) -> None:
        chosen = [entry.id for entry in self._view.chosen() if entry.state is JobState.QUEUED]
        self.arrange(shifted(self._model.queued, chosen, step))
        self._view.scrollTo(self._view.currentIndex())

    def _on_recipe_wanted(self, entry: Entry) -> None:
        self.recipeChosen.emit(entry.recipe, self.tr("the queue"))

    def _on_menu_requested(self, place: QPoint) -> None:
        menu = self._menu(self._view.chosen())
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def _on_pause_wanted(self, is_wanted: bool) -> None:
        if is_wanted:
            self._window.action("pause").setChecked(True)
        else:
            self.resume()

    def _on_pause_toggled(self, is_paused: bool) -> None:
        if not is_paused and self.held:
            self.resume()
        self._refresh()


def _small(image: QImage) -> QImage:
    """Small enough to be kept for every job. Two steps: the smooth one looks at every pixel."""
    room = QSize(_IMAGE_PX, _IMAGE_PX)
    rough = image.scaled(4 * room, Qt.AspectRatioMode.KeepAspectRatio) if image.width() > 4 * _IMAGE_PX else image
    return rough.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)

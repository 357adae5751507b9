"""What the artist does to pictures of the library: marks and deletions, each of which can be undone."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.core.history import Record
from studio.library.marks import Marks
from studio.library.undo_trash import Trashed
from studio.ui.library_model import LibraryModel
from studio.ui.library_words import depends_on_marks
from studio.ui.shelf import Shelf

Change: TypeAlias = Callable[[], tuple[Marks, ...]]
"""Changes marks, and gives them as they were before."""


class LibraryEdits(QObject):
    """Changes the library and what the model shows of it.

    Signals:
        failed: a sentence: nothing was changed.
        trashed: the pictures that are gone, and what takes that step back.
        restored: the pictures that are back.
        marked: marks have changed.
    """

    failed = Signal(str)
    trashed = Signal(object, object)
    restored = Signal(object)
    marked = Signal()

    def __init__(self, library: Shelf, model: LibraryModel, record: Record, parent: QObject) -> None:
        """`record` keeps a step of undo."""
        super().__init__(parent)
        self._library, self._model, self._record = library, model, record

    def set_favourite(self, paths: Sequence[Path], is_favourite: bool) -> None:
        """Give these a heart, or take it away."""
        text = self.tr("Favourite") if is_favourite else self.tr("No favourite")
        self._mark(text, paths, lambda: self._library.mark(paths, favourite=is_favourite))

    def rate(self, paths: Sequence[Path], rating: int) -> None:
        """Give these so many stars."""
        self._mark(self.tr("Rating {n}").format(n=rating), paths, lambda: self._library.mark(paths, rating=rating))

    def annotate(self, paths: Sequence[Path], notes: str) -> None:
        """Write this beside each."""
        self._mark(self.tr("Notes"), paths, lambda: self._library.mark(paths, notes=notes))

    def tag(self, paths: Sequence[Path], add: Sequence[str], remove: Sequence[str]) -> None:
        """Add tags and take others away."""
        if add or remove:
            self._mark(self.tr("Tags"), paths, lambda: self._library.tag(paths, add, remove))

    def collect(self, paths: Sequence[Path], add: str = "", remove: str = "") -> None:
        """Put these into a collection, or take them out of one."""
        text = self.tr("Add to {name}").format(name=add) if add else self.tr("Remove from {name}").format(name=remove)
        self._mark(text, paths, lambda: self._library.collect(paths, add, remove))

    def trash(self, paths: Sequence[Path]) -> None:
        """Move these to the system's trash. Stops at the first that the system refuses."""
        if not paths:
            return
        one = self.tr("Move {name} to the trash").format(name=paths[0].name)
        step = _Deletion(tuple(paths))
        if self._trash(step):
            text = one if len(step.paths) == 1 else self.tr("Move {n} pictures to the trash").format(n=len(step.paths))
            step.undo = self._record(text, lambda: self._restore(step), lambda: self._trash_again(step))
            self.trashed.emit(step.paths, step.undo)

    # Doing it.

    def _mark(self, text: str, paths: Sequence[Path], change: Change) -> None:
        before = self._change(change)
        after = self._library.marks_of(paths) if before else ()
        if before and before != after:
            self._record(text, lambda: self._give(before), lambda: self._give(after))

    def _give(self, marks: tuple[Marks, ...]) -> None:
        self._change(lambda: self._library.restore_marks(marks))

    def _change(self, change: Change) -> tuple[Marks, ...]:
        try:
            before = change()
            self._model.show_marks(self._library.marks_of([each.path for each in before]))
        except StudioError as error:
            self.failed.emit(str(error))
            return ()
        self.marked.emit()
        if depends_on_marks(self._model.query):
            self._model.refresh()
        return before

    def _trash(self, step: "_Deletion") -> bool:
        """Move the step's pictures away; whether any is gone. Nothing where they are gone already."""
        if step.gone:
            return False
        for path in step.paths:
            try:
                step.gone += (self._library.trash(path),)
            except StudioError as error:
                self.failed.emit(str(error))
                break
            self._model.remove(path)
        step.paths = tuple(each.path for each in step.gone)
        return bool(step.gone)

    def _trash_again(self, step: "_Deletion") -> None:
        if self._trash(step):
            self.trashed.emit(step.paths, step.undo)

    def _restore(self, step: "_Deletion") -> None:
        """Bring the step's pictures back, under new names where theirs were taken. Nothing where they are back.

        One that cannot be brought back now stays in the step, for another try.
        """
        gone, step.gone, back = step.gone, (), []
        for each in gone:
            try:
                back.append(self._library.restore(each))
            except StudioError as error:
                step.gone += (each,)
                self.failed.emit(str(error))
        if back:
            step.paths = tuple(back)
            self._model.refresh()
            self.restored.emit(step.paths)


class _Deletion:
    """One step of deleting. `undo` takes it back in the list of undo, and so everywhere."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        self.gone: tuple[Trashed, ...] = ()
        self.undo: Callable[[], object] = lambda: None

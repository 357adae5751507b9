"""A list of steps that can be undone, and the place in it. Plain bookkeeping: what a step does, it does itself."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

Record: TypeAlias = Callable[[str, Callable[[], object], Callable[[], object]], Callable[[], object]]
"""`record(text, undo, redo)`: tell the list of a step that has just been taken. Gives what takes it back by itself."""


class Step(msgspec.Struct, frozen=True, eq=False):
    """One step. `name` is asked for only when the list is shown."""

    name: Callable[[], str]
    undo: Callable[[], object]
    redo: Callable[[], object]


class History:
    """Steps in the order they were taken. Those before `place` stand; those after it were undone."""

    def __init__(self, depth: int) -> None:
        """`depth`: the most steps that are kept; the oldest are forgotten."""
        self._depth = depth
        self._steps: list[Step] = []
        self._place = 0
        self._listeners: list[Callable[[], None]] = []

    @property
    def place(self) -> int:
        """How many steps stand."""
        return self._place

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each step, the undone ones included."""
        return tuple(step.name() for step in self._steps)

    def __len__(self) -> int:
        """All steps, the undone ones included."""
        return len(self._steps)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change of the list or of the place in it."""
        self._listeners.append(listener)

    def add(self, step: Step) -> None:
        """Append a step that was taken; what had been undone is forgotten."""
        self._steps = [*self._steps[: self._place], step][-self._depth :]
        self._place = len(self._steps)
        self._tell()

    def replace_last(self, step: Step) -> None:
        """The last step went on. Raises IndexError where none stands."""
        if not self._place:
            raise IndexError("no step stands")
        self._steps = [*self._steps[: self._place - 1], step]
        self._tell()

    def undo(self) -> None:
        """Take the last step back; nothing where none stands."""
        if self._place:
            self._place -= 1
            self._steps[self._place].undo()
            self._tell()

    def redo(self) -> None:
        """Take the next step again; nothing where there is none."""
        if self._place < len(self._steps):
            self._place += 1
            self._steps[self._place - 1].redo()
            self._tell()

    def take_back(self, step: Step) -> None:
        """Undo one step that stands, not the later ones, which must not depend on it; `redo` takes it again first."""
        if step in self._steps[: self._place]:
            self._steps.remove(step)
            self._place -= 1
            self._steps.insert(self._place, step)
            step.undo()
            self._tell()

    def go_to(self, place: int) -> None:
        """Undo or redo until `place` steps stand, as far as there are steps."""
        wanted = min(max(place, 0), len(self._steps))
        while self._place > wanted:
            self.undo()
        while self._place < wanted:
            self.redo()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

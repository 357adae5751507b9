"""Drafts, renders and tiles for the canvas, on the engine's thread: pictures that no file is made of.

The life of one: the canvas asks → `take` puts it into the slot of its kind, over an older one → the thread, when it is
the most urgent thing to do, or between two steps of a job with the same model, calls `make` → the engine reports →
each report lets the thread read its commands: what was withdrawn or superseded meanwhile has left its slot and is
given up right there; a render or tile that something more urgent came upon is given up too, but stays in its slot and
begins again later → the answer, with the number of the question.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from studio.core.engine import Engine
from studio.core.errors import Cancelled
from studio.core.events import Event, Failed, Finished, Step, Stopped
from studio.core.recipe import Recipe
from studio.ui.commands import AskDraft, AskRender, AskTile, Sketch
from studio.ui.images import to_qimage

Kind: TypeAlias = type[AskDraft] | type[AskRender] | type[AskTile]
KINDS: tuple[Kind, ...] = (AskDraft, AskRender, AskTile)


class Host(Protocol):
    """What the server needs of the thread it works on."""

    def ready_engine(self) -> Engine:
        """The engine, made where there is none yet."""
        ...

    def attempt(self, work: Callable[[], object]) -> Stopped | Failed | None:
        """Do `work`; what came of it where it did not succeed."""
        ...

    def follow_sketch(self, sketch: Sketch, event: Event) -> None:
        """Note what the engine did and read commands. Raises Cancelled where all work is to stop."""
        ...

    def must_yield(self, sketch: Sketch) -> bool:
        """Whether there is something more urgent to do that cannot be done in between."""
        ...


class SketchStep(msgspec.Struct, frozen=True, eq=False):
    """A step of a render. `image` is its preview, already in the screen's format."""

    step: Step
    image: QImage | None


class SketchServer(QObject):
    """Holds the newest question of each kind, and answers it.

    Signals, all emitted on the engine's thread, each with the number of the question first:
        drafted: the Drafted of a draft or a tile.
        renderStepped: the SketchStep.
        rendered: the Finished.
        failed: the sentence.
    """

    drafted = Signal(object, object)
    renderStepped = Signal(object, object)  # noqa: N815 Qt's style
    rendered = Signal(object, object)
    failed = Signal(object, object)

    def __init__(self, host: Host, parent: QObject) -> None:
        """Everything but this is called on the engine's thread."""
        super().__init__(parent)
        self._host = host
        self._asked: dict[Kind, Sketch] = {}
        self._last: tuple[Recipe, Finished] | None = None

    def take(self, sketch: Sketch) -> None:
        """Answer this as soon as may be, instead of an older one of its kind."""
        self._asked[type(sketch)] = sketch

    def withdraw(self, generation: int) -> None:
        """Owe no answer to that number any more."""
        self._asked = {kind: each for kind, each in self._asked.items() if each.generation != generation}

    def asked(self, kind: Kind) -> Sketch | None:
        """The question of that kind that awaits its answer."""
        return self._asked.get(kind)

    def make(self, kind: Kind) -> None:
        """Make what was asked for and answer; or leave it for later."""
        sketch = self._asked[kind]
        outcome = self._host.attempt(lambda: self._make(sketch))
        if isinstance(outcome, Failed) and self._settle(sketch):
            self.failed.emit(sketch.generation, outcome.sentence)

    def made_before(self, recipe: Recipe) -> Finished | None:
        """The last render, where it was of `recipe`: to keep it needs no second sampling."""
        return self._last[1] if self._last is not None and self._last[0] == recipe else None

    def answer_with(self, recipe: Recipe, finished: Finished) -> None:
        """A job made the very picture that a render was asked for."""
        sketch = self._asked.get(AskRender)
        if sketch is not None and sketch.recipe == recipe and self._settle(sketch):
            self.rendered.emit(sketch.generation, finished)

    def _make(self, sketch: Sketch) -> None:
        engine = self._host.ready_engine()
        if isinstance(sketch, AskRender):
            finished = engine.generate(sketch.recipe, lambda event: self._report(sketch, event))
            self._last = (sketch.recipe, finished)
            if self._settle(sketch):
                self.rendered.emit(sketch.generation, finished)
            return
        depth = sketch.depth if isinstance(sketch, AskDraft) else 0
        drafted = engine.draft(sketch.recipe, lambda event: self._report(sketch, event), depth)
        if self._settle(sketch):
            self.drafted.emit(sketch.generation, drafted)

    def _report(self, sketch: Sketch, event: Event) -> None:
        """What the engine calls at every stage and step. Raises Cancelled where the answer is not wanted now."""
        if isinstance(sketch, AskRender) and isinstance(event, Step):
            image = None if event.preview is None else to_qimage(event.preview)
            self.renderStepped.emit(sketch.generation, SketchStep(event, image))
        self._host.follow_sketch(sketch, event)
        if not self._is_wanted(sketch) or self._host.must_yield(sketch):
            raise Cancelled

    def _is_wanted(self, sketch: Sketch) -> bool:
        return self._asked.get(type(sketch)) is sketch

    def _settle(self, sketch: Sketch) -> bool:
        """Take `sketch` out of its slot. False where it is no longer in there: nobody awaits its answer."""
        if not self._is_wanted(sketch):
            return False
        del self._asked[type(sketch)]
        return True

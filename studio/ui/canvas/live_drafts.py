"""Drafts while the hand moves: the newest wish wins, and no wish is left waiting behind one that is made.

The life of one: `want(recipe)` → a frame that is known is shown at once → else, when nothing is being drafted and the
debounce has passed, `Drafter.ask_draft` → meanwhile newer wishes replace one another → `on_drafted` shows the frame,
unless a newer one is on show already, and asks for the newest wish.

A draft that was overtaken is cut within a step, and the newest wish asked for once the hand rests, where finishing it
would take long. One that is soon finished is not: while frames are quick, every move would cut them all, and a moving
hand would see nothing. For the same reason a hand that has seen nothing for a frame's time gets to see the next frame.
"""

import time
from collections.abc import Callable

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal

from studio.core.events import Drafted
from studio.core.planner import DraftPlanner, DraftSettings, Plan
from studio.core.recipe import Recipe
from studio.ui.canvas.drafter import Drafter
from studio.ui.canvas.frame_cache import Frame, FrameCache
from studio.ui.canvas.generations import Generations
from studio.ui.images import to_qimage

_PATIENCE_SECONDS = 0.3
"""A moving hand is never blind for the sake of newer frames for longer than this, or than a frame takes."""


class _Asked(msgspec.Struct, frozen=True):
    generation: int
    recipe: Recipe
    plan: Plan
    at_seconds: float


class LiveDrafts(QObject):
    """Asks for drafts, one at a time.

    Signals:
        frameReady: the full recipe and its Frame, to be shown now.
        failed: the sentence.
        settled: nothing is asked for any more.
    """

    frameReady = Signal(object, object)  # noqa: N815 Qt's style
    failed = Signal(str)
    settled = Signal()

    def __init__(
        self,
        drafter: Drafter,
        cache: FrameCache,
        generations: Generations,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`cache` takes every draft that comes; `clock` gives seconds."""
        super().__init__()
        self._clock, self._blind_since = clock, -1e9
        self._drafter, self._cache, self._generations = drafter, cache, generations
        self.planner, self.settings = DraftPlanner(), DraftSettings()
        self._asked: _Asked | None = None
        self._wanted: Recipe | None = None
        self._shown_ahead = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_debounce_passed)

    @property
    def is_busy(self) -> bool:
        """Whether a draft is being made or waited for."""
        return self._asked is not None or self._wanted is not None

    def want(self, recipe: Recipe) -> None:
        """Show a draft of the full `recipe` as soon as there is one."""
        known = self._cache.get(recipe)
        if known is not None:
            self._wanted, self._shown_ahead = None, True
            self._timer.stop()
            self._blind_since = self._clock()
            self.frameReady.emit(recipe, known)
            return
        if not self.is_busy:
            self._blind_since = self._clock()
        self._wanted, self._shown_ahead = recipe, False
        if self._must_cut():
            self._withdraw()
        if self._asked is None and not (self._timer.isActive() and self._is_impatient()):
            self._timer.start(self.planner.debounce_ms(self.settings))

    def stop(self) -> None:
        """Want nothing any more."""
        self._wanted = None
        self._timer.stop()
        self._withdraw()

    def on_drafted(self, generation: int, drafted: Drafted) -> bool:
        """Take an answer. False where it is not to a question of ours, or to one that was withdrawn."""
        asked = self._asked
        if asked is None or asked.generation != generation:
            return False
        self._asked = None
        steps = asked.plan.steps
        taken, student_steps = steps - drafted.depth, drafted.student_steps
        self.planner.learn(taken, drafted.sampling_seconds, drafted.rest_seconds, student_steps)
        self.planner.follow(student_steps)
        frame = frame_of(drafted, steps)
        self._cache.put(asked.recipe, frame)
        if asked.recipe == self._wanted:
            self._wanted = None
        if not self._shown_ahead:
            self._blind_since = self._clock()
            self.frameReady.emit(asked.recipe, frame)
        self._go_on()
        return True

    def on_failed(self, generation: int, sentence: str) -> bool:
        """Take a refusal, as `on_drafted`. The wish that caused it is not repeated."""
        asked = self._asked
        if asked is None or asked.generation != generation:
            return False
        self._asked = None
        if asked.recipe == self._wanted:
            self._wanted = None
        self.failed.emit(sentence)
        self._go_on()
        return True

    def _must_cut(self) -> bool:
        """Whether the draft in the making is not wanted any more and not worth its end."""
        asked = self._asked
        if asked is None or asked.recipe == self._wanted:
            return False
        spent, whole = self._clock() - asked.at_seconds, self.planner.seconds(asked.plan.taken)
        left = spent if whole is None else abs(whole - spent)  # unknown or overdue: it may take as long again
        return left > 2 * self.settings.budget_ms / 1000 and not self._is_impatient()

    def _is_impatient(self) -> bool:
        """Whether the hand has seen nothing for so long that the next frame is to be finished wherever it goes."""
        frame_seconds = self.planner.seconds(self.settings.steps_min) or 0.0
        return self._clock() - self._blind_since >= max(_PATIENCE_SECONDS, frame_seconds)

    def _withdraw(self) -> None:
        if self._asked is not None:
            generation, self._asked = self._asked.generation, None
            self._drafter.withdraw(generation)

    def _go_on(self) -> None:
        if self._wanted is not None:
            self._ask(self._wanted)
        else:
            self.settled.emit()

    def _ask(self, recipe: Recipe) -> None:
        plan = self.planner.plan(self.settings, recipe.steps)
        self._asked = _Asked(self._generations.next(), recipe, plan, self._clock())
        self._drafter.ask_draft(self._asked.generation, replace(recipe, steps=plan.steps), plan.depth)

    def _on_debounce_passed(self) -> None:
        if self._wanted is not None and self._asked is None:
            self._ask(self._wanted)


def frame_of(drafted: Drafted, steps: int) -> Frame:
    """What is kept of a draft."""
    norm = drafted.noise_norm / max(1, drafted.noise_dimension) ** 0.5
    seconds = drafted.sampling_seconds + drafted.rest_seconds
    image = to_qimage(drafted.picture)
    return Frame(image=image, steps=steps, depth=drafted.depth, norm=norm, seconds=seconds, signature=drafted.signature)

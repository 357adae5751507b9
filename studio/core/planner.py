"""How much of a picture there is time for while a hand is dragging, and where its draft may begin."""

from typing import Annotated

import msgspec
from msgspec import Meta

_FORGET = 0.3
"""Weight of the newest measurement; the rest is what was measured before."""
_SAFETY = 2.0
"""Mean deviations from the expected time that are left room for: of a normal distribution, 19 drafts of 20 keep it."""
_LIKENESS, LIKENESS_MIN = 0.94, 0.9
"""Correlation of a draft from trajectories with its picture in full: Horizon's median, and the least allowed."""


class DraftSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the artist prefers while dragging."""

    budget_ms: Annotated[
        int,
        Meta(
            ge=30, le=2000, title="Draft time", description="Time a draft may take.", extra={"unit": "ms", "step": 10}
        ),
    ] = 100
    steps_min: Annotated[int, Meta(ge=1, le=50, title="Least draft steps", description="Never fewer steps.")] = 2
    steps_max: Annotated[int, Meta(ge=1, le=50, title="Most draft steps", description="Never more steps.")] = 8


class Plan(msgspec.Struct, frozen=True):
    """A draft's steps, of which the first `depth` need not be taken: the keyframes' trajectories lead past them."""

    steps: int
    depth: int = 0

    @property
    def taken(self) -> int:
        """The steps that take time."""
        return self.steps - self.depth


class Pace(msgspec.Struct):
    """How long drafts take that one network draws: each step, and all else; and how far off that was."""

    step_seconds: float | None = None
    rest_seconds: float = 0.0
    spread_seconds: float = 0.0

    def learn(self, steps: int, sampling_seconds: float, rest_seconds: float) -> None:
        """A draft of `steps` steps took this long to sample, and this long for everything else."""
        step = sampling_seconds / max(1, steps)
        if self.step_seconds is None:
            self.step_seconds, self.rest_seconds = step, rest_seconds
            return
        surprise = abs(sampling_seconds + rest_seconds - (self.rest_seconds + steps * self.step_seconds))
        self.spread_seconds += _FORGET * (surprise - self.spread_seconds)
        self.step_seconds += _FORGET * (step - self.step_seconds)
        self.rest_seconds += _FORGET * (rest_seconds - self.rest_seconds)

    def affordable(self, budget_ms: int) -> int:
        """The steps that the budget nearly always allows; 0 before there was a draft."""
        if self.step_seconds is None:
            return 0
        spare = budget_ms / 1000 - self.rest_seconds - _SAFETY * self.spread_seconds
        return int(spare / max(self.step_seconds, 1e-6))


class DraftPlanner:
    """Learns from finished drafts how long steps take and what else does; plans the next draft.

    A draft that begins among the trajectories, after its first step, is far more like the full picture than one of as
    many steps from noise. How like is measured whenever a full picture follows its draft: where trajectories stop
    being true, drafts begin at noise again.

    A few-step student takes steps of its own pace. Where it drew the last draft, no more are planned than it may take,
    unless there is time for more of the model's own, which then are better. In its fewest steps a student comes nearly
    as close as in its most (Horizon's: 0.934 in two, 0.945 in four), so more are planned only where a quarter of the
    budget suffices for them: the time goes into more pictures.
    """

    def __init__(self) -> None:
        """Knows nothing yet: the first plan is the least there may be."""
        self._student_steps = 0
        self._paces: dict[int, Pace] = {}
        self._likeness = _LIKENESS

    def learn(self, steps: int, sampling_seconds: float, rest_seconds: float, student_steps: int = 0) -> None:
        """A draft of `steps` steps took this long to sample, and this long for everything else.

        Drawn by a student that may take `student_steps`; 0: by the model itself.
        """
        self._paces.setdefault(student_steps, Pace()).learn(steps, sampling_seconds, rest_seconds)

    def follow(self, student_steps: int) -> None:
        """The next draft is likely to be drawn by the same as the last one; as in `learn`."""
        self._student_steps = student_steps

    def judge(self, likeness: float) -> None:
        """A draft that began among trajectories had this correlation, −1 to 1, with its full picture."""
        self._likeness += _FORGET * (likeness - self._likeness)

    def trust(self) -> None:
        """Other keyframes: their trajectories are taken to be true until they are judged."""
        self._likeness = _LIKENESS

    def plan(self, settings: DraftSettings, most: int) -> Plan:
        """The next draft: what the budget nearly always allows, of at most `most` steps, the full picture's own."""
        depth = self._depth
        affordable = self._affordable(0, settings.budget_ms, depth)
        if self._student_steps:
            of_the_student = self._affordable(self._student_steps, settings.budget_ms // 4, depth)
            affordable = max(min(of_the_student, self._student_steps), affordable)
        steps = max(1, min(most, settings.steps_max, max(settings.steps_min, affordable)))
        return Plan(steps, depth if 1 < steps < most else 0)

    def seconds(self, steps: int) -> float | None:
        """How long a draft of `steps` steps takes; None before there was one."""
        pace = self._pace
        return None if pace.step_seconds is None else pace.rest_seconds + steps * pace.step_seconds

    def debounce_ms(self, settings: DraftSettings) -> int:
        """How long to wait for the hand to rest: not while frames keep the budget, shortly when they are slow."""
        frame_seconds = self.seconds(max(1, settings.steps_min - self._depth))
        if frame_seconds is None:
            return 0
        frame_ms = 1000 * frame_seconds
        return 0 if frame_ms <= 2 * settings.budget_ms else min(250, int(frame_ms / 4))

    @property
    def _depth(self) -> int:
        return 1 if self._likeness >= LIKENESS_MIN else 0

    @property
    def _pace(self) -> Pace:
        return self._paces.get(self._student_steps, Pace())

    def _affordable(self, student_steps: int, budget_ms: int, depth: int) -> int:
        pace = self._paces.get(student_steps)
        return 0 if pace is None else pace.affordable(budget_ms) + depth

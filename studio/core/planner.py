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


class DraftPlanner:
    """Learns from finished drafts how long steps take and what else does; plans the next draft.

    A draft that begins among the trajectories, after its first step, is far more like the full picture than one of as
    many steps from noise. How like is measured whenever a full picture follows its draft: where trajectories stop
    being true, drafts begin at noise again.
    """

    def __init__(self) -> None:
        """Knows nothing yet: the first plan is the least there may be."""
        self.step_seconds: float | None = None
        self.rest_seconds = self._spread_seconds = 0.0
        self._likeness = _LIKENESS

    def learn(self, steps: int, sampling_seconds: float, rest_seconds: float) -> None:
        """A draft of `steps` steps took this long to sample, and this long for everything else."""
        step = sampling_seconds / max(1, steps)
        if self.step_seconds is None:
            self.step_seconds, self.rest_seconds = step, rest_seconds
            return
        surprise = abs(sampling_seconds + rest_seconds - (self.rest_seconds + steps * self.step_seconds))
        self._spread_seconds += _FORGET * (surprise - self._spread_seconds)
        self.step_seconds += _FORGET * (step - self.step_seconds)
        self.rest_seconds += _FORGET * (rest_seconds - self.rest_seconds)

    def judge(self, likeness: float) -> None:
        """A draft that began among trajectories had this correlation, −1 to 1, with its full picture."""
        self._likeness += _FORGET * (likeness - self._likeness)

    def trust(self) -> None:
        """Other keyframes: their trajectories are taken to be true until they are judged."""
        self._likeness = _LIKENESS

    def plan(self, settings: DraftSettings, most: int) -> Plan:
        """The next draft: what the budget nearly always allows, of at most `most` steps, the full picture's own."""
        affordable, depth = 0, self._depth
        if self.step_seconds is not None:
            spare = settings.budget_ms / 1000 - self.rest_seconds - _SAFETY * self._spread_seconds
            affordable = int(spare / max(self.step_seconds, 1e-6)) + depth
        steps = max(1, min(most, settings.steps_max, max(settings.steps_min, affordable)))
        return Plan(steps, depth if 1 < steps < most else 0)

    def seconds(self, steps: int) -> float | None:
        """How long a draft of `steps` steps takes; None before there was one."""
        return None if self.step_seconds is None else self.rest_seconds + steps * self.step_seconds

    def debounce_ms(self, settings: DraftSettings) -> int:
        """How long to wait for the hand to rest: not while frames keep the budget, shortly when they are slow."""
        if self.step_seconds is None:
            return 0
        taken = max(1, settings.steps_min - self._depth)
        frame_ms = 1000 * (self.rest_seconds + taken * self.step_seconds)
        return 0 if frame_ms <= 2 * settings.budget_ms else min(250, int(frame_ms / 4))

    @property
    def _depth(self) -> int:
        return 1 if self._likeness >= LIKENESS_MIN else 0

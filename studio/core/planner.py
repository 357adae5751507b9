"""How much of a picture there is time for while a hand is dragging."""

from typing import Annotated

import msgspec
from msgspec import Meta

_FORGET = 0.3
"""Weight of the newest measurement; the rest is what was measured before."""


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


class DraftPlanner:
    """Learns seconds a step and seconds around them from finished drafts; plans the next one's steps."""

    def __init__(self) -> None:
        """Knows nothing yet: the first plan is the least there may be."""
        self.step_seconds: float | None = None
        self.rest_seconds = 0.0

    def learn(self, steps: int, sampling_seconds: float, rest_seconds: float) -> None:
        """A draft of `steps` steps took this long to sample, and this long for everything else."""
        step = sampling_seconds / max(1, steps)
        if self.step_seconds is None:
            self.step_seconds, self.rest_seconds = step, rest_seconds
            return
        self.step_seconds += _FORGET * (step - self.step_seconds)
        self.rest_seconds += _FORGET * (rest_seconds - self.rest_seconds)

    def steps(self, settings: DraftSettings, most: int) -> int:
        """The steps of the next draft: what the budget allows, at most `most`, the full picture's own."""
        if self.step_seconds is None:
            return min(most, settings.steps_min)
        affordable = int((settings.budget_ms / 1000 - self.rest_seconds) / max(self.step_seconds, 1e-6))
        return max(1, min(most, settings.steps_max, max(settings.steps_min, affordable)))

    def seconds(self, steps: int) -> float | None:
        """How long a draft of `steps` steps takes; None before there was one."""
        return None if self.step_seconds is None else self.rest_seconds + steps * self.step_seconds

    def debounce_ms(self, settings: DraftSettings) -> int:
        """How long to wait for the hand to rest: not while frames keep the budget, shortly when they are slow."""
        if self.step_seconds is None:
            return 0
        frame_ms = 1000 * (self.rest_seconds + settings.steps_min * self.step_seconds)
        return 0 if frame_ms <= 2 * settings.budget_ms else min(250, int(frame_ms / 4))

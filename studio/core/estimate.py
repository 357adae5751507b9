"""How long a picture still takes, from seconds measured on this machine. Says nothing where nothing was."""

from collections import deque
from statistics import median

from studio.core.events import Event, Finished, Stage, Staged, Step
from studio.core.recipe import Recipe
from studio.core.schedulers import SCHEDULERS
from studio.core.start import steps_taken

_NEWEST = 0.5
"""Weight of the newest picture in the running mean: machines get busy and idle again."""
_RECENT_STEPS = 8
_COUNTED = (Stage.ENCODING, Stage.SAMPLING, Stage.DECODING, Stage.SAVING)
"""Stages every picture passes. Starting and loading are paid once and not foretold."""


class Estimator:
    """Learns seconds per stage from finished pictures, and foretells the rest of the one in the making."""

    def __init__(self) -> None:
        self._rates: dict[Stage, float] = {}
        self._recipe: Recipe | None = None
        self._step: Step | None = None
        self._recent: deque[float] = deque(maxlen=_RECENT_STEPS)

    @property
    def seconds_per_step(self) -> float | None:
        """The median of the last steps taken; None before the first."""
        return median(self._recent) if self._recent else None

    def begin(self, recipe: Recipe) -> None:
        """A picture is started."""
        if self._recipe is None or _step_work(recipe) != _step_work(self._recipe):
            self._recent.clear()
        self._recipe, self._step = recipe, None

    def observe(self, event: Event) -> None:
        """Take in what the engine reported of the picture that was begun."""
        if isinstance(event, Step):
            self._step = event
            self._recent.append(event.seconds)
        elif isinstance(event, Finished):
            self._learn(event)

    def left(self, event: Event, waiting: tuple[Recipe, ...] = ()) -> float | None:
        """Seconds until the picture with those made together with it, and those `waiting` behind them, are done.

        None where nothing was measured.
        """
        own = self._left_of_own(event)
        others = [self.whole(recipe) for recipe in waiting]
        if own is None or None in others:
            return None
        return own + sum(seconds for seconds in others if seconds is not None)

    def whole(self, recipe: Recipe) -> float | None:
        """Seconds for a whole picture; None until one was measured."""
        if Stage.SAMPLING not in self._rates:
            return None
        return sum(self._rates.get(stage, 0.0) * _work(stage, recipe) for stage in _COUNTED)

    @property
    def _together(self) -> int:
        """How many pictures take the steps that are taken, as far as is known."""
        return 1 if self._step is None else self._step.together

    def _left_of_own(self, event: Event) -> float | None:
        if self._recipe is None:
            return None
        if isinstance(event, Step):
            pace = self.seconds_per_step or 0.0
            return (event.count - event.number) * pace + self._after(Stage.SAMPLING)
        if isinstance(event, Staged) and event.stage in _COUNTED and self.whole(self._recipe) is not None:
            own = self._rates.get(event.stage, 0.0) * _work(event.stage, self._recipe) * self._together
            return own * (1.0 - event.fraction) + self._after(event.stage)
        return None

    def _after(self, stage: Stage) -> float:
        assert self._recipe is not None
        later = _COUNTED[_COUNTED.index(stage) + 1 :]
        return sum(self._rates.get(each, 0.0) * _work(each, self._recipe) for each in later) * self._together

    def _learn(self, finished: Finished) -> None:
        for stage, seconds in finished.seconds.items():
            work = _work(stage, finished.recipe)
            if not work:  # no step was taken, and nothing is learnt of them
                continue
            rate = seconds / work
            old = self._rates.get(stage, rate)
            self._rates[stage] = old + _NEWEST * (rate - old)


def _work(stage: Stage, recipe: Recipe) -> float:
    """What a stage's time is proportional to: prompts are alike, decoding goes by area, sampling by area and steps."""
    if stage is Stage.SAMPLING:
        return _step_work(recipe) * steps_taken(recipe.start, recipe.steps)
    if stage in (Stage.DECODING, Stage.SAVING):
        return float(recipe.width * recipe.height)
    return 1.0


def _step_work(recipe: Recipe) -> float:
    guided = 2 if recipe.guidance > 1.0 else 1
    return float(recipe.width * recipe.height * SCHEDULERS[recipe.scheduler].evaluations * guided)

"""Horizon's pictures for sheets and for the judge: by the studio's own engine, as a new user gets them."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from studio.core.events import Drafted, Event
from studio.core.models import read_model
from studio.core.recipe import ModelRef, Recipe
from studio.engine.local import LocalEngine
from studio.training.places import Places
from studio.training.shards import UInt8


class Generator:
    """The exported model with its default settings."""

    def __init__(self, places: Places) -> None:
        """Loads nothing yet."""
        self.info = read_model(places.model)
        defaults = self.info.defaults
        self.engine = LocalEngine((places.model.parent,))
        self._without_student = LocalEngine((places.model.parent,), few_step=False)
        self.recipe = Recipe(
            model=ModelRef(name=str(places.model)),
            **{name: getattr(defaults, name) for name in ("width", "height", "steps", "guidance")},
            scheduler=defaults.scheduler,
            schedule=defaults.schedule,
        )
        self.seconds: list[float] = []

    def paint(self, prompt: str, seed: int, **changes: Any) -> UInt8:
        """One picture `(h, w, 3)`; `changes` are fields of the recipe. Times those without any."""
        recipe = msgspec.structs.replace(self.recipe, prompt=prompt, seed=seed, **changes)
        started = time.perf_counter()
        picture: UInt8 = self.engine.generate(recipe, _ignore).picture
        if not changes:
            self.seconds.append(time.perf_counter() - started)
        return picture

    def draft(self, prompt: str, seed: int, steps: int, *, by_student: bool) -> Drafted:
        """A draft of the picture, by the model's few-step student where it has one, or by the model itself."""
        recipe = msgspec.structs.replace(self.recipe, prompt=prompt, seed=seed, steps=steps)
        return (self.engine if by_student else self._without_student).draft(recipe, _ignore)

    def paint_all(self, prompts: Sequence[str], first_seed: int = 1, **changes: Any) -> UInt8:
        """One picture a prompt, each from its own seed: `(n, h, w, 3)`."""
        return np.stack([self.paint(prompt, first_seed + i, **changes) for i, prompt in enumerate(prompts)])


def _ignore(event: Event) -> None:
    """Nobody watches."""

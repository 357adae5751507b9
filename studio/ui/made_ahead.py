"""Pictures made together with one before, until their jobs' turn comes. On the engine's thread alone."""

from collections.abc import Sequence

from studio.core.engine import Engine, Report
from studio.core.errors import StudioError
from studio.core.events import Finished
from studio.core.recipe import Recipe


class MadeAhead:
    """Makes the pictures of jobs, several at once where that `is_wanted`.

    A job whose picture is made with another's waits on as it did: it begins and ends in its turn, and a picture whose
    job was withdrawn meanwhile is dropped.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self.making: Sequence[Recipe] = ()
        """What is made just now with the picture of the job that runs: to stop that is to stop these too."""
        self._ready: list[tuple[Recipe, Finished]] = []

    def forget(self) -> None:
        """Drop what waits for its turn: it would be made otherwise now, or is wanted no more."""
        self._ready = []

    def make(self, engine: Engine, recipe: Recipe, waiting: Sequence[Recipe], report: Report) -> Finished:
        """The picture of `recipe`, and with it those of as many of the `waiting` as `engine` makes at once.

        Raises as `Engine.generate`.
        """
        ready = self._take(recipe, waiting)
        if ready is not None:
            return ready
        known = [made for made, _ in self._ready]
        together = [recipe, *(each for each in waiting if each not in known)]
        if self.is_wanted and len(together) > 1:
            try:
                return self._make_together(engine, together, report)
            except StudioError:  # of one of them: each job is to meet its own
                pass
        return engine.generate(recipe, report)

    def _take(self, recipe: Recipe, waiting: Sequence[Recipe]) -> Finished | None:
        found = next((pair for pair in self._ready if pair[0] == recipe), None)
        self._ready = [pair for pair in self._ready if pair is not found and pair[0] in waiting]
        return None if found is None else found[1]

    def _make_together(self, engine: Engine, recipes: Sequence[Recipe], report: Report) -> Finished:
        self.making = recipes[1 : engine.at_once(recipes)]
        try:
            if not self.making:
                return engine.generate(recipes[0], report)
            first, *others = engine.walk([recipes[0], *self.making], report)
            self._ready += zip(self.making, others, strict=True)
        finally:
            self.making = ()
        return first

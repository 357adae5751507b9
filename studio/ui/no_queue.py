"""Stands in for the queue of a library that cannot be opened: jobs live in memory, and end with the window."""

import itertools
from collections.abc import Sequence
from datetime import datetime

import msgspec

from studio.core.recipe import Recipe
from studio.library.library import Job, JobState


class NoQueue:
    """What the window asks of a queue, answered without a disk."""

    def __init__(self) -> None:
        self.interrupted: tuple[int, ...] = ()
        self._numbers = itertools.count(1)

    def submit(self, recipe: Recipe) -> Job:
        """A job with a number of its own."""
        number = next(self._numbers)
        created = datetime.now().astimezone()
        return Job(id=number, recipe=recipe, state=JobState.QUEUED, created=created, place=number)

    def submit_all(self, recipes: Sequence[Recipe]) -> tuple[Job, ...]:
        """A job for each."""
        return tuple(self.submit(recipe) for recipe in recipes)

    def unfinished(self) -> tuple[Job, ...]:
        """Nothing was left."""
        return ()

    def set_state(self, job_id: int, state: JobState, sentence: str = "") -> None:
        """Nowhere to record it."""

    def arrange(self, job_ids: Sequence[int]) -> None:
        """Nowhere to record it."""

    def remove(self, job_ids: Sequence[int]) -> None:
        """Nothing to remove."""

    def restore(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """The jobs under new numbers."""
        return tuple(msgspec.structs.replace(job, id=next(self._numbers)) for job in jobs)

    def requeue(self, job_id: int) -> Job | None:
        """What a job was, only the window knows."""
        return None

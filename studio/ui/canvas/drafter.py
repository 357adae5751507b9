"""What the canvas asks of whoever makes pictures.

Answers come back, on the window's thread, through the slots of `CanvasController`: `on_drafted`, `on_draft_failed`,
`on_previewed`, `on_rendered`. Every question has a generation, a number of its own that only grows; its answer, of
which there is at most one of `on_drafted`, `on_rendered` and `on_draft_failed`, brings it back.
"""

from typing import Protocol

from studio.core.recipe import Recipe


class Drafter(Protocol):
    """Makes drafts, tiles, full renders and pictures, in this order of urgency: drafts, pictures, renders, tiles."""

    def ask_draft(self, generation: int, recipe: Recipe, depth: int) -> None:
        """A draft for a hand that is waiting (`Engine.draft`, `depth` too). There is at most one at a time."""
        ...

    def ask_tile(self, generation: int, recipe: Recipe) -> None:
        """A draft that nobody waits for. Yields to anything else within a step: then no answer is owed."""
        ...

    def render(self, generation: int, recipe: Recipe) -> None:
        """The picture in full, streamed by `on_previewed`, not kept in the library. A later one supersedes it."""
        ...

    def withdraw(self, generation: int) -> None:
        """The answer is no longer wanted: stop within a step. Unknown numbers are ignored."""
        ...

    def submit(self, recipe: Recipe) -> None:
        """An ordinary picture: queued, made, kept in the library."""
        ...

"""What the window tells the engine thread. Frozen values; the only way in."""

from pathlib import Path
from typing import TypeAlias

import msgspec

from studio.core.events import PreviewTier
from studio.core.precision import Precision
from studio.core.recipe import Recipe

NO_JOB = 0
"""The job id of what belongs to no job: loading ahead, starting the engine."""


class Submit(msgspec.Struct, frozen=True):
    """Make this picture, after those already waiting. `job_id` is the queue's own name for it."""

    job_id: int
    recipe: Recipe


class SubmitAll(msgspec.Struct, frozen=True):
    """Make these, in their order, after those already waiting: none begins before all wait."""

    jobs: tuple[Submit, ...]


class CancelOne(msgspec.Struct, frozen=True):
    """Stop this job, whether it runs or waits."""

    job_id: int


class CancelAll(msgspec.Struct, frozen=True):
    """Stop the job that runs and forget those that wait."""


class CancelLoad(msgspec.Struct, frozen=True):
    """Load no model ahead: stop the load that goes on for no job."""


class Arrange(msgspec.Struct, frozen=True):
    """Run the jobs that wait in this order."""

    job_ids: tuple[int, ...]


class Pause(msgspec.Struct, frozen=True):
    """Start no further job; the one that runs goes on to its end."""


class Resume(msgspec.Struct, frozen=True):
    """Start jobs again."""


class Preload(msgspec.Struct, frozen=True):
    """Load this model when there is nothing better to do. Supersedes a load still going on for another."""

    model: str


class AskNoiseLevels(msgspec.Struct, frozen=True):
    """Answer with the noise levels of this recipe. A later question supersedes it."""

    recipe: Recipe


class AskTokenCount(msgspec.Struct, frozen=True):
    """Answer with the number of tokens of `text`. A later question of the same `field` supersedes it."""

    field: str
    text: str


class AskDraft(msgspec.Struct, frozen=True):
    """Make a draft for a hand that waits, before everything else. A later one supersedes it.

    Its first `depth` steps need not be taken: see `Engine.draft`.
    """

    generation: int
    recipe: Recipe
    depth: int = 0


class AskRender(msgspec.Struct, frozen=True):
    """Make this picture for the canvas, not for the library, once no job waits. A later one supersedes it."""

    generation: int
    recipe: Recipe


class AskTile(msgspec.Struct, frozen=True):
    """Make a draft that nobody waits for, when there is nothing else to do. A later one supersedes it."""

    generation: int
    recipe: Recipe


class Withdraw(msgspec.Struct, frozen=True):
    """The draft, render or tile of this number is no longer wanted: no answer is owed."""

    generation: int


class SetModelFolders(msgspec.Struct, frozen=True):
    """Where models and what goes with them are looked for from now on."""

    folders: tuple[Path, ...]


class SetModelMemory(msgspec.Struct, frozen=True):
    """How many GiB models may take together from now on; 0: as the engine thinks best."""

    memory_gb: int


class SetPrecision(msgspec.Struct, frozen=True):
    """In which number format models work from now on."""

    precision: Precision


class SetTogether(msgspec.Struct, frozen=True):
    """Whether pictures that wait one behind the other are made at once from now on."""

    is_wanted: bool


class SetPreview(msgspec.Struct, frozen=True):
    """How previews are made from now on."""

    tier: PreviewTier


class SetNames(msgspec.Struct, frozen=True):
    """What new pictures' files are called from now on."""

    pattern: str


class Quit(msgspec.Struct, frozen=True):
    """Stop what runs, free everything, end the thread. What waits stays in the queue on disk."""


Sketch: TypeAlias = AskDraft | AskRender | AskTile
"""What the canvas asks for: pictures that no file is made of."""
Command: TypeAlias = (
    Submit
    | SubmitAll
    | CancelOne
    | CancelAll
    | CancelLoad
    | Arrange
    | Pause
    | Resume
    | Preload
    | AskNoiseLevels
    | AskTokenCount
    | Sketch
    | Withdraw
    | SetModelFolders
    | SetModelMemory
    | SetPrecision
    | SetTogether
    | SetPreview
    | SetNames
    | Quit
)

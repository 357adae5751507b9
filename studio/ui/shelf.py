"""What the window asks of the library, and what stands in for it where its folder cannot be written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from studio.core.errors import InUseError, SaveError, StudioError
from studio.core.events import Finished
from studio.core.export_names import PICTURE_PATTERN
from studio.core.metadata import read_recipe
from studio.core.recipe import Recipe
from studio.library.library import (
    Changes,
    Facets,
    Job,
    JobState,
    Lineage,
    Marks,
    PictureRow,
    Query,
    Trashed,
)
from studio.library.queue import Queue
from studio.ui.no_queue import NoQueue

JobStore: TypeAlias = Queue | NoQueue


class Keeper(Protocol):
    """What the engine's thread asks of the library. `name_pattern` is what it calls new files."""

    name_pattern: str

    def check_room(self, *recipes: Recipe) -> None:
        """Refuse pictures that could not be saved. Raises StudioError."""
        ...

    def keep(self, finished: Finished) -> Path:
        """Write the picture's file and its row. Raises SaveError."""
        ...

    def set_job_state(self, job_id: int, state: JobState, sentence: str = "") -> None:
        """Record what became of a job. Raises SaveError."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class Shelf(Keeper, Protocol):
    """The library as the window sees it."""

    notice: str
    queue: JobStore

    @property
    def is_read_only(self) -> bool:
        """Whether another studio has it open, so that nothing may be changed here."""
        ...

    def submit(self, recipe: Recipe) -> Job:
        """Put a job in the queue. Raises SaveError."""
        ...

    def submit_all(self, recipes: Sequence[Recipe]) -> tuple[Job, ...]:
        """Put several in the queue: all of them, or none. Raises SaveError."""
        ...

    def waiting(self) -> tuple[Job, ...]:
        """The queued jobs, in order."""
        ...

    def recover_queue(self) -> None:
        """Set the queue right after a crash. Raises SaveError."""
        ...

    def catch_up(self) -> Changes:
        """Set the pictures right after a crash, or what happened meanwhile; not on the UI thread. Raises SaveError."""
        ...

    def pictures(self, limit: int = 500, offset: int = 0) -> tuple[PictureRow, ...]:
        """Pictures, newest first."""
        ...

    def find(self, query: Query, limit: int, offset: int = 0) -> tuple[PictureRow, ...]:
        """Some of the pictures asked for, in order. Raises StudioError, never for what is asked."""
        ...

    def count(self, query: Query) -> int:
        """How many are asked for in all. Raises StudioError."""
        ...

    def places(self, query: Query, names: Sequence[str]) -> dict[str, int]:
        """Where pictures stand in what `find` gives, by their files' names. Raises StudioError."""
        ...

    def facets(self) -> Facets:
        """What there is to filter by. Raises StudioError."""
        ...

    def marks_of(self, paths: Sequence[Path]) -> tuple[Marks, ...]:
        """The marks of these pictures. Raises StudioError."""
        ...

    def mark(
        self,
        paths: Sequence[Path],
        *,
        favourite: bool | None = None,
        rating: int | None = None,
        notes: str | None = None,
    ) -> tuple[Marks, ...]:
        """Change marks; returns all as they were, for `restore_marks`. Raises OptionError, SaveError."""
        ...

    def tag(self, paths: Sequence[Path], add: Sequence[str] = (), remove: Sequence[str] = ()) -> tuple[Marks, ...]:
        """Change tags, as `mark` does."""
        ...

    def collect(self, paths: Sequence[Path], add: str = "", remove: str = "") -> tuple[Marks, ...]:
        """Change collections, as `mark` does."""
        ...

    def restore_marks(self, marks: Sequence[Marks]) -> tuple[Marks, ...]:
        """Undo `mark`, `tag` and `collect`; returns what was there before. Raises SaveError."""
        ...

    def duplicates(self) -> tuple[tuple[Path, ...], ...]:
        """Groups of pictures with the very same recipe. Raises StudioError."""
        ...

    def lineage(self, path: Path) -> Lineage:
        """What a picture was made from and what it led to. Raises StudioError."""
        ...

    def reconcile(self) -> Changes:
        """Bring the index up to date with the folder; not on the UI thread. Raises SaveError."""
        ...

    def trash(self, path: Path) -> Trashed:
        """Move a picture to the system's trash, so that `restore` can bring it back. Raises StudioError."""
        ...

    def restore(self, trashed: Trashed) -> Path:
        """Bring a deleted picture back; says where it now is. Raises StudioError."""
        ...

    def recipe_of(self, path: Path) -> Recipe:
        """What made a picture. Raises PictureError."""
        ...


class NoShelf:
    """Stands in for a library that cannot be opened. Pictures are made all the same, and saved by hand."""

    def __init__(self, error: StudioError) -> None:
        """`error` says why there is none."""
        self.notice = str(error)
        self.queue: JobStore = NoQueue()
        self.name_pattern = PICTURE_PATTERN
        self._error = error

    @property
    def is_read_only(self) -> bool:
        """Pictures are made all the same, unless another studio makes them."""
        return isinstance(self._error, InUseError)

    def submit(self, recipe: Recipe) -> Job:
        """A job that lives in memory only. Raises InUseError."""
        return self.submit_all([recipe])[0]

    def submit_all(self, recipes: Sequence[Recipe]) -> tuple[Job, ...]:
        """Jobs that live in memory only. Raises InUseError."""
        if self.is_read_only:
            raise self._error
        return self.queue.submit_all(recipes)

    def check_room(self, *recipes: Recipe) -> None:
        """Pictures go to memory first."""

    def waiting(self) -> tuple[Job, ...]:
        """Nothing waits."""
        return ()

    def recover_queue(self) -> None:
        """Nothing to set right."""

    def catch_up(self) -> Changes:
        """Nothing to set right."""
        return Changes()

    def set_job_state(self, job_id: int, state: JobState, sentence: str = "") -> None:
        """Nowhere to record it."""

    def keep(self, finished: Finished) -> Path:
        """Refuse, so that the window keeps the picture in memory and offers to save it elsewhere."""
        raise (
            self._error
            if isinstance(self._error, SaveError)
            else SaveError(Path("pictures"), "the library is not open")
        )

    def pictures(self, limit: int = 500, offset: int = 0) -> tuple[PictureRow, ...]:
        """There are none."""
        return ()

    def find(self, query: Query, limit: int, offset: int = 0) -> tuple[PictureRow, ...]:
        """There are none."""
        return ()

    def count(self, query: Query) -> int:
        """None."""
        return 0

    def places(self, query: Query, names: Sequence[str]) -> dict[str, int]:
        """There are none."""
        return {}

    def facets(self) -> Facets:
        """Nothing to filter."""
        return Facets()

    def marks_of(self, paths: Sequence[Path]) -> tuple[Marks, ...]:
        """Nothing is marked."""
        return ()

    def mark(
        self,
        paths: Sequence[Path],
        *,
        favourite: bool | None = None,
        rating: int | None = None,
        notes: str | None = None,
    ) -> tuple[Marks, ...]:
        """Refuse."""
        raise self._error

    def tag(self, paths: Sequence[Path], add: Sequence[str] = (), remove: Sequence[str] = ()) -> tuple[Marks, ...]:
        """Refuse."""
        raise self._error

    def collect(self, paths: Sequence[Path], add: str = "", remove: str = "") -> tuple[Marks, ...]:
        """Refuse."""
        raise self._error

    def restore_marks(self, marks: Sequence[Marks]) -> tuple[Marks, ...]:
        """Refuse."""
        raise self._error

    def duplicates(self) -> tuple[tuple[Path, ...], ...]:
        """There are none."""
        return ()

    def lineage(self, path: Path) -> Lineage:
        """Nothing is known."""
        return Lineage()

    def reconcile(self) -> Changes:
        """Nothing to bring up to date."""
        return Changes()

    def trash(self, path: Path) -> Trashed:
        """Refuse."""
        raise self._error

    def restore(self, trashed: Trashed) -> Path:
        """Refuse."""
        raise self._error

    def recipe_of(self, path: Path) -> Recipe:
        """Files can be read without a library."""
        return read_recipe(path)

    def close(self) -> None:
        """Nothing to close."""

"""The library: what the studio remembers. Picture files are the truth, the index is made from them."""

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from send2trash import send2trash

from studio.core.errors import StudioError
from studio.core.events import Finished
from studio.core.export_names import PICTURE_PATTERN
from studio.core.files import check_room, clear_leftovers
from studio.core.metadata import read_recipe
from studio.core.places import Places
from studio.core.recipe import Recipe
from studio.library import facets, lineage, pictures, search
from studio.library.database import DamagedError, Database, put_aside
from studio.library.facets import Facets
from studio.library.lineage import Lineage
from studio.library.lock import DataLock
from studio.library.marks import Marker, Marks
from studio.library.names import picture_name
from studio.library.pictures import PictureRow, RebuildReport
from studio.library.queue import Job, JobState, Queue, copy_jobs
from studio.library.reconcile import Changes, Folder
from studio.library.search import Query, SortKey
from studio.library.undo_trash import Trash, Trashed, UndoTrash

__all__ = [
    "Changes",
    "Facets",
    "Job",
    "JobState",
    "Library",
    "Lineage",
    "Marks",
    "PictureRow",
    "Query",
    "RebuildReport",
    "SortKey",
    "Trashed",
]

Now: TypeAlias = Callable[[], datetime]

_SPARE_BYTES = 32 << 20
"""What must be free beside the picture itself: the index, its log, the session, other programs."""


class Library:
    """Pictures and jobs of one data directory. Any thread may call it; each gets its own database connection.

    Attributes:
        notice: what the artist should know about how it opened, or empty.
        queue: the jobs.
        name_pattern: what new pictures' files are called; `check_picture_pattern` says what is allowed.
    """

    def __init__(self, places: Places, database: Database, *, trash: Trash, now: Now, notice: str = "") -> None:
        """Use `open`; this takes what `open` has made ready."""
        self.notice = notice
        self.queue = Queue(database)
        self.name_pattern = PICTURE_PATTERN
        self._places = places
        self._database = database
        self._marker = Marker(database, places.pictures)
        self._folder = Folder(database, places.pictures, self._marker)
        self._undo_trash = UndoTrash(places.undo_trash, database, self._marker, trash)
        self._now = now

    @classmethod
    def open(
        cls, places: Places, *, lock: DataLock | None = None, trash: Trash = send2trash, now: Now = datetime.now
    ) -> "Library":
        """Open the library in `places`, making the data directory and the index where they are missing.

        Any number of programs may have it open at once. A damaged index is put aside and made again from the
        pictures, and `notice` says so; that takes the data directory's lock, unless the caller shows that it has it.

        Raises:
            SaveError: where the data directory cannot be written.
            InUseError: where the index is damaged and another studio has it open.
            StudioError: where a newer Latent Studio wrote the index.
        """
        is_checked = lock is not None and lock.is_index_checked
        try:
            library = cls(places, Database(places.index, is_checked=is_checked), trash=trash, now=now)
        except DamagedError:
            with contextlib.ExitStack() as stack:
                if lock is None:
                    stack.callback(DataLock.take(places).release)
                aside = put_aside(places.index)
                library = cls(places, Database(places.index), trash=trash, now=now)
                library.notice = library._repair(aside)
        if lock is not None:
            lock.is_index_checked = True
        return library

    @classmethod
    def open_to_read(cls, places: Places) -> "Library":
        """Open the library that another studio has open. Whatever would change it raises InUseError.

        Raises:
            StudioError: where it cannot be read, or was made by another version.
        """
        try:
            database = Database(places.index, is_read_only=True)
        except DamagedError as error:
            raise StudioError(
                f"{places.index} is damaged. Close every Latent Studio and start one: it is made again from the files."
            ) from error
        return cls(places, database, trash=send2trash, now=datetime.now)

    @property
    def is_read_only(self) -> bool:
        """Whether another studio has it open, so that nothing may be changed here."""
        return self._database.is_read_only

    def submit(self, recipe: Recipe) -> Job:
        """Put a job in the queue. It is on disk when this returns.

        Raises:
            NoRoomError: where its picture could not be saved.
            SaveError: where the index cannot be written.
        """
        return self.submit_all([recipe])[0]

    def submit_all(self, recipes: Sequence[Recipe]) -> tuple[Job, ...]:
        """The same for several, at once: all of them, or none."""
        self.check_room(*recipes)
        return self.queue.submit_all(recipes)

    def check_room(self, *recipes: Recipe) -> None:
        """Refuse pictures that could not be saved, before they are made.

        Raises:
            NoRoomError: where the disk is too full, or the folder may not be written.
            InUseError: where nothing may be changed.
        """
        self._database.demand_writing()
        pixels = sum(each.width * each.height for each in recipes)
        check_room(self._places.pictures, 3 * pixels + _SPARE_BYTES)

    def waiting(self) -> tuple[Job, ...]:
        """The queued jobs, in the order in which they run."""
        return self.queue.jobs(JobState.QUEUED)

    def jobs(self, state: JobState) -> tuple[Job, ...]:
        """The jobs in one state, oldest first."""
        return self.queue.jobs(state)

    def recover(self) -> int:
        """Set right what a crash left: `recover_queue`, then `catch_up`.

        Returns:
            How many jobs wait.

        Raises:
            SaveError: where the index cannot be written.
        """
        self.recover_queue()
        self.catch_up()
        return len(self.waiting())

    def recover_queue(self) -> None:
        """Mark the jobs that were running interrupted: call it once at the start, holding the data directory's lock.

        Raises:
            SaveError: where the index cannot be written.
        """
        self.queue.recover()

    def catch_up(self) -> Changes:
        """What takes longer: call it once at the start, off the UI thread, holding the data directory's lock.

        Where the last studio was not closed, or the folder changed since, pictures without a row get one; temporary
        files that programs left when they died go.

        Raises:
            SaveError: where the index cannot be written.
        """
        self._undo_trash.clear_others()
        if self._database.was_closed_well and not self._folder.has_changed():
            return Changes()
        clear_leftovers(self._places.pictures)
        return self._folder.reconcile()

    def set_job_state(self, job_id: int, state: JobState, sentence: str = "") -> None:
        """Record what became of a job; `sentence` says why it failed.

        Raises:
            SaveError: where the index cannot be written.
        """
        self.queue.set_state(job_id, state, sentence)

    def keep(self, finished: Finished) -> Path:
        """Write a finished picture into the pictures folder, whole, never over another; then index it.

        Raises:
            SaveError: where the file cannot be written. Nothing half-written is left.
        """
        self._database.demand_writing()
        name = picture_name(finished.recipe, self._now(), self.name_pattern)
        return pictures.keep(self._database, self._places.pictures / name, finished)

    def pictures(self, limit: int = 500, offset: int = 0) -> tuple[PictureRow, ...]:
        """Pictures, newest first. Those whose file is gone are left out."""
        return pictures.page(self._database, self._places.pictures, limit, offset)

    def find(self, query: Query, limit: int, offset: int = 0) -> tuple[PictureRow, ...]:
        """Up to `limit` of the pictures asked for, from the `offset`-th on. Does not look whether files are there.

        Raises:
            StudioError: where the index cannot be read. Never for what `query` asks.
        """
        return pictures.rows_of(
            self._database, self._places.pictures, search.find(self._database, query, limit, offset)
        )

    def count(self, query: Query) -> int:
        """How many pictures `find` would give in all. Raises StudioError."""
        return search.count(self._database, query)

    def places(self, query: Query, names: Sequence[str]) -> dict[str, int]:
        """Where pictures stand in what `find` gives, by their files' names. Others are left out. Raises StudioError."""
        return search.places(self._database, query, names)

    def facets(self) -> Facets:
        """What there is to filter by, counted over the whole library. Raises StudioError."""
        return facets.facets(self._database)

    def marks_of(self, paths: Sequence[Path]) -> tuple[Marks, ...]:
        """The marks of these pictures; those that are not in the library are left out. Raises StudioError."""
        return self._marker.marks_of(paths)

    def mark(
        self,
        paths: Sequence[Path],
        *,
        favourite: bool | None = None,
        rating: int | None = None,
        notes: str | None = None,
    ) -> tuple[Marks, ...]:
        """Change marks of these pictures; what is None stays. Pictures that are not in the library are left out.

        Returns:
            All marks as they were before, for `restore_marks`.

        Raises:
            OptionError: for a rating outside 0 to 5, or notes that are too long.
            SaveError: where they cannot be written; then none is changed.
        """
        return self._marker.mark(paths, favourite=favourite, rating=rating, notes=notes)

    def tag(self, paths: Sequence[Path], add: Sequence[str] = (), remove: Sequence[str] = ()) -> tuple[Marks, ...]:
        """Add tags to these pictures and take others away. Returns and raises as `mark` does."""
        return self._marker.tag(paths, add, remove)

    def collect(self, paths: Sequence[Path], add: str = "", remove: str = "") -> tuple[Marks, ...]:
        """Put these pictures into one collection and take them out of another. Returns and raises as `mark` does.

        A collection is there as long as a picture is in it.
        """
        return self._marker.collect(paths, add, remove)

    def restore_marks(self, marks: Sequence[Marks]) -> tuple[Marks, ...]:
        """Give these pictures exactly these marks: undoes `mark`, `tag` and `collect`. Returns what was there before.

        Raises:
            SaveError: where they cannot be written; then none is changed.
        """
        return self._marker.restore(marks)

    def duplicates(self) -> tuple[tuple[Path, ...], ...]:
        """Groups of two pictures and more that have the very same recipe, oldest first. Raises StudioError."""
        return lineage.duplicates(self._database, self._places.pictures)

    def lineage(self, path: Path) -> Lineage:
        """What a picture was made from and what it led to; nothing for one that is not here. Raises StudioError."""
        return lineage.lineage(self._database, self._places.pictures, path)

    def reconcile(self) -> Changes:
        """Bring the index up to date with the folder: call it off the UI thread, when the folder changed.

        Files that are in the index and look the same are not opened. A folder that is not there changes nothing: it
        may be a disk that is not plugged in.

        Raises:
            SaveError: where the index cannot be written.
            InUseError: where it may not be.
        """
        return self._folder.reconcile()

    def trash(self, path: Path) -> Trashed:
        """Move a picture to the system's trash. Until the program ends, `restore` brings it back.

        Raises:
            StudioError: where the system refuses, or the picture is not of this library. It is still where it was.
        """
        if path.parent != self._places.pictures:
            raise StudioError(f"{path} is not in this library, so it is left alone. Delete it where it lies.")
        self._database.demand_writing()
        return self._undo_trash.trash(path)

    def restore(self, trashed: Trashed) -> Path:
        """Bring a deleted picture back, with its marks and its date; under a new name where its own is taken.

        Raises:
            StudioError: where it is kept no longer, or cannot be written. What the system's trash holds stays there.
        """
        self._database.demand_writing()
        return self._undo_trash.restore(trashed)

    def recipe_of(self, path: Path) -> Recipe:
        """What made the picture in `path`, from the file itself.

        Raises:
            NoRecipeError: a picture without a recipe of ours.
            PictureError: a file that cannot be read.
        """
        return read_recipe(path)

    def rebuild(self) -> RebuildReport:
        """Make the index of pictures again from the files and the marks beside them. The queue stays.

        Raises:
            SaveError: where the index cannot be written; the next `reconcile` goes on where it stopped.
        """
        self._folder.forget_stamps()
        changes = self._folder.reconcile()
        self._folder.tidy_journal()
        return RebuildReport(pictures=self.count(Query()), skipped=changes.skipped)

    def close(self) -> None:
        """Close the index. Call it when no other thread uses the library any more. Deleting cannot be undone then."""
        if not self.is_read_only:
            self._undo_trash.close()
            with contextlib.suppress(StudioError):
                self._folder.unsettle()
        self._database.close()

    def _repair(self, aside: Path) -> str:
        """Fill a new index from the pictures and from what can be read of the old one."""
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(aside)) as old:
            copy_jobs(old, self._database)
        report = self.rebuild()
        return (
            f"The library's index was damaged. It was kept as {aside.name} and made again from "
            f"{report.pictures} pictures; no picture is lost."
        )

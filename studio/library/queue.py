"""The queue: every job is a row before it runs, so that a crash loses none.

The life of one: queued → running → finished, failed or cancelled. One that was running when the studio died is
interrupted: it may be what crashed it, so only the artist starts it again; after the second crash it is set aside.
"""

import enum
import sqlite3
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from studio.core.errors import OptionError, StudioError
from studio.core.recipe import Recipe
from studio.core.recipe_json import recipe_from_json, recipe_to_json
from studio.library.database import Database

CRASHES_MAX = 2
"""A job that was running so often when the studio died is set aside."""
_FAILED_KEPT = 200
"""Failed jobs of earlier days that stay listed, the newest."""
_COLUMNS = "id, recipe, state, created_ns, sentence, crashes, place"


class JobState(enum.StrEnum):
    """Where a job stands. Only queued jobs run by themselves."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    SET_ASIDE = "set aside"


DONE = (JobState.FINISHED, JobState.CANCELLED)
"""Of these nothing is left to do."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A picture to be made.

    `sentence` says why it failed or was interrupted; `crashes` how often the studio died while making it; jobs run in
    the order of their `place`.
    """

    id: int
    recipe: Recipe
    state: JobState
    created: datetime
    sentence: str = ""
    crashes: int = 0
    place: int = 0


class Queue:
    """The jobs in one index. Each change is on disk when its method returns.

    All methods that change something raise `SaveError` where the index cannot be written, all others `StudioError`
    where it cannot be read.

    Attributes:
        interrupted: the jobs that `recover` found running.
    """

    def __init__(self, database: Database) -> None:
        self.interrupted: tuple[int, ...] = ()
        self._database = database

    def submit(self, recipe: Recipe) -> Job:
        """Add a job behind all others."""
        return self.submit_all([recipe])[0]

    def submit_all(self, recipes: Sequence[Recipe]) -> tuple[Job, ...]:
        """Add a job for each of `recipes` behind all others: all of them, or none."""
        return self.restore([_new(recipe) for recipe in recipes])

    def jobs(self, *states: JobState) -> tuple[Job, ...]:
        """The jobs in these states, in the order of their places. One that cannot be read fails, and says why."""
        marks = ", ".join("?" * len(states))
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM jobs WHERE state IN ({marks}) ORDER BY place, id",  # noqa: S608 only marks
            tuple(states),
        )
        found = (self._job(row) for row in rows)
        return tuple(job for job in found if job is not None)

    def unfinished(self) -> tuple[Job, ...]:
        """All jobs of which something is left to do, or to decide."""
        return self.jobs(*(state for state in JobState if state not in DONE))

    def set_state(self, job_id: int, state: JobState, sentence: str = "") -> None:
        """Record what became of a job; one that was removed meanwhile stays removed."""
        with self._database.writing() as connection:
            connection.execute("UPDATE jobs SET state = ?, sentence = ? WHERE id = ?", (state, sentence, job_id))

    def arrange(self, job_ids: Sequence[int]) -> None:
        """Let these jobs run in this order, in the places that they hold together."""
        with self._database.writing() as connection:
            found = {number: connection.execute("SELECT place FROM jobs WHERE id = ?", (number,)) for number in job_ids}
            places = {number: row[0] for number, cursor in found.items() if (row := cursor.fetchone())}
            connection.executemany(
                "UPDATE jobs SET place = ? WHERE id = ?", zip(sorted(places.values()), places, strict=True)
            )

    def remove(self, job_ids: Sequence[int]) -> None:
        """Forget these jobs. Pictures that they made stay."""
        with self._database.writing() as connection:
            connection.executemany("DELETE FROM jobs WHERE id = ?", [(number,) for number in job_ids])

    def restore(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Bring removed jobs back to their places, under new numbers; one without a place goes behind all others."""
        restored = []
        with self._database.writing() as connection:
            for job in jobs:
                number, place = connection.execute(
                    "INSERT INTO jobs (recipe, state, created_ns, sentence, crashes, place)"
                    " VALUES (?, ?, ?, ?, ?, coalesce(?, (SELECT coalesce(max(place), 0) + 1 FROM jobs)))"
                    " RETURNING id, place",
                    (
                        recipe_to_json(job.recipe), job.state, _to_ns(job.created),
                        job.sentence, job.crashes, job.place or None,
                    ),
                ).fetchone()  # fmt: skip
                restored.append(msgspec.structs.replace(job, id=number, place=place))
        return tuple(restored)

    def requeue(self, job_id: int) -> Job | None:
        """Put a job that ended in any way behind all others; None where it was removed. Its crashes are remembered."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, sentence = '', place = (SELECT max(place) + 1 FROM jobs) WHERE id = ?",
                (JobState.QUEUED, job_id),
            )
        row = self._database.rows(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job_id,))  # noqa: S608
        return self._job(row[0]) if row else None

    def recover(self) -> None:
        """Set right what a crash left, and forget what is done. Only for the one that holds the data directory."""
        once = "The studio ended while this picture was made. It is not started by itself."
        twice = f"The studio ended {CRASHES_MAX} times while this picture was made. Start it only if you know why."
        with self._database.writing() as connection:
            found = connection.execute(
                "UPDATE jobs SET crashes = crashes + 1, state = iif(crashes + 1 < ?, ?, ?),"
                " sentence = iif(crashes + 1 < ?, ?, ?) WHERE state = ? RETURNING id",
                (
                    CRASHES_MAX, JobState.INTERRUPTED, JobState.SET_ASIDE,
                    CRASHES_MAX, once, twice, JobState.RUNNING,
                ),
            ).fetchall()  # fmt: skip
            connection.execute("DELETE FROM jobs WHERE state IN (?, ?)", DONE)
            connection.execute(
                "DELETE FROM jobs WHERE state = ?1 AND id NOT IN"
                " (SELECT id FROM jobs WHERE state = ?1 ORDER BY id DESC LIMIT ?2)",
                (JobState.FAILED, _FAILED_KEPT),
            )
        self.interrupted = tuple(row[0] for row in found)

    def _job(self, row: tuple[int, str, str, int, str, int, int]) -> Job | None:
        number, text, state, created_ns, sentence, crashes, place = row
        try:
            recipe, known = recipe_from_json(text), JobState(state)
        except (OptionError, ValueError) as error:
            self._fail(number, str(error))
            return None
        return Job(
            id=number,
            recipe=recipe,
            state=known,
            created=from_ns(created_ns),
            sentence=sentence,
            crashes=crashes,
            place=place,
        )

    def _fail(self, number: int, sentence: str) -> None:
        """A job that cannot be read must not keep the others from being read, least of all where nothing is written."""
        try:
            self.set_state(number, JobState.FAILED, sentence)
        except StudioError:
            return


def copy_jobs(source: sqlite3.Connection, database: Database) -> None:
    """Bring the unfinished jobs of another index along, as far as they can be read.

    Raises:
        sqlite3.Error: where nothing of `source` can be read.
    """
    source.execute("PRAGMA writable_schema = ON")  # reads a file that was cut short as far as it goes
    columns = {row[1] for row in source.execute("PRAGMA table_info(jobs)")}
    wanted = ["id", "recipe", "state", "created_ns", "sentence"]
    wanted += [name if name in columns else default for name, default in (("crashes", "0"), ("place", "id"))]
    rows = _readable(source, f"SELECT {', '.join(wanted)} FROM jobs WHERE state NOT IN (?, ?) ORDER BY id")  # noqa: S608
    with database.writing() as connection:
        connection.executemany(f"INSERT OR IGNORE INTO jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608


def from_ns(nanoseconds: int) -> datetime:
    """A moment in local time, with its offset, from nanoseconds since 1970."""
    return datetime.fromtimestamp(nanoseconds / 1e9).astimezone()


def _readable(source: sqlite3.Connection, query: str) -> list[Any]:
    """The rows before the first page that cannot be read, and those behind the last."""
    found: dict[int, Any] = {}
    failure: sqlite3.Error | None = None
    for ordered in (query, f"{query} DESC"):
        try:
            for row in source.execute(ordered, DONE):
                found[row[0]] = row
        except sqlite3.Error as error:
            failure = error
    if failure is not None and not found:
        raise failure
    return sorted(found.values())


def _new(recipe: Recipe) -> Job:
    return Job(id=0, recipe=recipe, state=JobState.QUEUED, created=from_ns(time.time_ns()))


def _to_ns(moment: datetime) -> int:
    # In whole microseconds, which a datetime holds: the way back gives the same moment.
    return round(moment.timestamp() * 1e6) * 1000

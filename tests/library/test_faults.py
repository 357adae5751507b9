"""Every operation of the save path made to fail in turn: a sentence, nothing half-written, and the next save works.

`tests/core/test_files.py` does the same one level below, `tests/ui/test_save_faults.py` on the real window.
"""

import errno
import os
import sqlite3

import pytest

from studio.core.errors import SaveError
from studio.core.metadata import read_recipe
from studio.core.recipe import Recipe
from studio.library import database as index
from studio.library.library import JobState
from tests.faults import FAULTS, Disk
from tests.library.conftest import finished

STATEMENTS = ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT")


class Faulty(sqlite3.Connection):
    """A connection whose n-th writing statement fails as full, read-only and dying disks make it fail."""

    fail_at, seen, message = -1, 0, ""

    @classmethod
    def arm(cls, fail_at, message):
        cls.fail_at, cls.seen, cls.message = fail_at, 0, message

    def execute(self, statement, *rest):
        self._count(statement)
        return super().execute(statement, *rest)

    def executemany(self, statement, *rest):
        self._count(statement)
        return super().executemany(statement, *rest)

    def _count(self, statement):
        if statement.startswith(STATEMENTS):
            cls = type(self)
            cls.seen += 1
            if cls.seen - 1 == cls.fail_at:
                raise sqlite3.OperationalError(cls.message)


MESSAGES = ("database or disk is full", "attempt to write a readonly database", "disk I/O error")


@pytest.fixture
def faulty(monkeypatch):
    real = sqlite3.connect
    monkeypatch.setattr(index.sqlite3, "connect", lambda *rest, **named: real(*rest, **named, factory=Faulty))
    yield Faulty
    Faulty.arm(-1, "")


@pytest.fixture
def faulty_library(faulty, request):
    return request.getfixturevalue("library")


@pytest.mark.parametrize("message", MESSAGES)
def test_whatever_statement_of_keep_fails_the_picture_is_kept(faulty_library, places, message, caplog):
    """The file is the truth: an index that fails costs a row, which the next start puts back."""
    number, kept = 0, []
    while True:
        Faulty.arm(number, message)
        kept.append(faulty_library.keep(finished(seed=number)))
        reached = Faulty.seen > number
        Faulty.arm(-1, "")
        assert read_recipe(kept[-1]).seed == number
        if not reached:
            break
        assert "is saved, but not in the index yet" in caplog.text
        number += 1
    assert number >= 3  # BEGIN, INSERT, COMMIT
    faulty_library.rebuild()
    assert {row.path for row in faulty_library.pictures()} == set(kept)


@pytest.mark.parametrize("message", MESSAGES)
def test_whatever_statement_of_the_queue_fails_it_is_told_and_the_queue_is_as_before(faulty_library, message):
    queue = faulty_library.queue
    jobs = [faulty_library.submit(Recipe(seed=seed)) for seed in range(3)]
    changes = (
        lambda: faulty_library.submit(Recipe(seed=9)),
        lambda: queue.arrange([jobs[2].id, jobs[0].id]),
        lambda: queue.remove([jobs[0].id]),
        lambda: queue.restore(jobs),
        lambda: queue.requeue(jobs[1].id),
        lambda: queue.set_state(jobs[0].id, JobState.FAILED),
        queue.recover,
    )
    for change in changes:
        before = queue.jobs(*JobState)
        for number in (0, 1):  # BEGIN, and the first that writes
            Faulty.arm(number, message)
            with pytest.raises(SaveError, match=f"could not be saved: {message}"):
                change()
            Faulty.arm(-1, "")
            assert queue.jobs(*JobState) == before
    faulty_library.submit(Recipe())


@pytest.mark.parametrize("message", MESSAGES)
def test_a_commit_that_fails_changes_nothing(faulty_library, message):
    Faulty.arm(2, message)
    with pytest.raises(SaveError, match=message):
        faulty_library.submit(Recipe())
    assert Faulty.seen == 3
    Faulty.arm(-1, "")
    assert faulty_library.waiting() == ()
    assert faulty_library.waiting() != (faulty_library.submit(Recipe()),)


@pytest.mark.parametrize("code", FAULTS, ids=errno.errorcode.get)
def test_a_pictures_folder_that_cannot_be_made_is_told(library, places, monkeypatch, code):
    disk = Disk(monkeypatch, places.pictures)
    disk.arm(0, code)
    with pytest.raises(SaveError, match=os.strerror(code)):
        library.keep(finished())
    assert disk.calls == ["mkdir"]
    assert not places.pictures.exists()
    disk.disarm()
    assert library.keep(finished()).is_file()


@pytest.mark.parametrize("code", FAULTS, ids=errno.errorcode.get)
@pytest.mark.parametrize("operation", ["open", "write", "fsync", "close", "link"])
def test_an_operation_that_goes_on_failing_fails_each_time_and_not_after(library, places, monkeypatch, operation, code):
    library.keep(finished(seed=0))
    disk = Disk(monkeypatch, places.pictures)
    disk.arm_every(operation, code)
    for seed in (1, 2):
        with pytest.raises(SaveError, match=os.strerror(code)):
            library.keep(finished(seed=seed))
    disk.disarm()
    assert len([path for path in places.pictures.iterdir() if not path.name.startswith(".")]) == 1
    path = library.keep(finished(seed=3))
    assert read_recipe(path).seed == 3
    assert len(library.pictures()) == 2

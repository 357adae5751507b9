"""An index in every state of ruin: the studio opens, no picture is lost, and what is readable of the queue is kept."""

import shutil
import sqlite3

import pytest

from studio.core.errors import SaveError, StudioError
from studio.core.places import Places
from studio.core.recipe import Recipe
from studio.library import database as index
from studio.library.library import JobState, Library, Query
from studio.library.lock import DataLock
from tests.library.conftest import finished, opened

PICTURES, JOBS = 60, 400


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A data directory with pictures and a queue of some hundred pages."""
    places = Places(tmp_path_factory.mktemp("filled") / "data")
    with opened(places) as library:
        for seed in range(PICTURES):
            library.keep(finished(seed=seed))
        for seed in range(JOBS):
            library.queue.submit(Recipe(seed=seed, prompt="a long road " * 40))
        first = library.waiting()[0]
        library.set_job_state(first.id, JobState.RUNNING)
    return places


@pytest.fixture
def filled(original, places):
    """A copy of it, to be ruined."""
    shutil.copytree(original.data_dir, places.data_dir)
    return places


def truncated(path):
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size * 4 // 5)


def garbage_header(path):
    with path.open("r+b") as file:
        file.write(b"\xa5" * 100)


def garbage_middle(path):
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xa5" * 8192)


def garbage_end(path):
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 4096)
        file.write(b"\xa5" * 4096)


def all_garbage(path):
    path.write_bytes(b"garbage " * 4000)


def directory(path):
    path.unlink()
    path.mkdir()


RUINS = (truncated, garbage_header, garbage_middle, garbage_end, all_garbage, directory)
READABLE = (truncated, garbage_middle, garbage_end)
"""What leaves the tables' beginning, and so some of the queue, readable."""


@pytest.mark.parametrize("ruin", RUINS)
def test_the_index_is_put_aside_and_made_again_from_the_files(filled, bin_folder, ruin):
    ruin(filled.index)
    with opened(filled, bin_folder) as library:
        assert "was damaged" in library.notice
        assert f"from {PICTURES} pictures" in library.notice
        assert filled.index.with_name("library.broken-1.sqlite").exists()
        library.recover()
        assert len(library.pictures()) == PICTURES
        waiting = [job.recipe.seed for job in library.waiting()]
        assert waiting == sorted(waiting)
        assert len(waiting) > JOBS // 4 if ruin in READABLE else waiting == []
        library.submit(Recipe())
        path = library.keep(finished(seed=1000))
        assert path in [row.path for row in library.pictures()]
    with opened(filled, bin_folder) as later:
        assert later.notice == ""


def test_a_queue_that_was_wholly_readable_is_brought_along_in_its_order(filled, bin_folder):
    with opened(filled, bin_folder) as library:
        jobs = library.waiting()
        library.queue.arrange([jobs[5].id, jobs[0].id])
        crashed = library.queue.submit(Recipe(seed=7))
        library.set_job_state(crashed.id, JobState.RUNNING)
        library.recover()
        before = [job.recipe.seed for job in library.waiting()]
        root, size = rows_of(filled, "SELECT rootpage FROM sqlite_master WHERE name = 'pictures'", "PRAGMA page_size")
    with filled.index.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)
    with opened(filled, bin_folder) as library:
        assert "was damaged" in library.notice
        assert [job.recipe.seed for job in library.waiting()] == before
        interrupted = library.jobs(JobState.INTERRUPTED)
        assert sorted((job.recipe.seed, job.crashes) for job in interrupted) == [(0, 1), (7, 1)]


def rows_of(places, *queries):
    connection = sqlite3.connect(places.index)
    found = [connection.execute(query).fetchone()[0] for query in queries]
    connection.close()
    return found


def test_a_queue_of_the_first_version_is_brought_along_too(filled, bin_folder):
    connection = sqlite3.connect(filled.index)
    with connection:
        connection.execute("DROP INDEX jobs_by_place")
        for column in ("place", "crashes"):
            connection.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
    connection.close()
    garbage_end(filled.index)
    with opened(filled, bin_folder) as library:
        assert "was damaged" in library.notice
        assert len(library.waiting()) > JOBS // 4


def test_an_index_of_no_bytes_is_a_new_one_and_finds_the_pictures(filled, bin_folder):
    for path in filled.data_dir.glob("library.sqlite*"):
        path.unlink()
    filled.index.write_bytes(b"")
    with opened(filled, bin_folder) as library:
        assert library.notice == ""
        library.recover()
        assert len(library.pictures()) == PICTURES


def test_damage_is_put_aside_under_a_name_of_its_own_each_time(filled, bin_folder):
    for number in (1, 2, 3):
        all_garbage(filled.index)
        with opened(filled, bin_folder) as library:
            assert f"library.broken-{number}.sqlite" in library.notice
    assert len(list(filled.data_dir.glob("library.broken-*.sqlite"))) == 3


def test_an_index_that_can_only_be_read_shows_the_pictures_and_says_why_nothing_is_queued(filled, monkeypatch):
    def connect(path):
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA busy_timeout = 100")
        return connection

    monkeypatch.setattr(index, "_connect", connect)
    library = Library.open(filled)
    assert len(library.pictures()) == PICTURES
    with pytest.raises(SaveError, match="attempt to write a readonly database"):
        library.submit(Recipe())
    with pytest.raises(StudioError):
        library.recover()
    kept = library.keep(finished(seed=1000))  # the file is the truth; its row comes at the next start
    assert kept.is_file()
    library.close()


def test_an_index_that_cannot_be_put_aside_is_told_and_left(filled, monkeypatch):
    all_garbage(filled.index)

    def refuse(self, target):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.rename", refuse)
    with pytest.raises(SaveError, match=r"library\.sqlite could not be saved: Permission denied"):
        Library.open(filled)
    assert filled.index.read_bytes() == b"garbage " * 4000


def test_a_log_without_its_index_is_no_reason_to_lose_a_picture(filled, bin_folder):
    with opened(filled, bin_folder) as library:
        library.submit(Recipe())
        shutil.copy(filled.index.with_name("library.sqlite-wal"), filled.data_dir / "log")
    filled.index.unlink()
    (filled.data_dir / "log").rename(filled.index.with_name("library.sqlite-wal"))
    with opened(filled, bin_folder) as library:
        library.recover()
        assert len(library.pictures()) == PICTURES


def grown(places):
    """An index too large to be checked whole at each start, closed well, with the pages of its pictures torn."""
    connection = sqlite3.connect(places.index)
    connection.execute("CREATE TABLE ballast (content)")
    connection.execute("INSERT INTO ballast VALUES (zeroblob(17 << 20))")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    root, size = rows_of(places, "SELECT rootpage FROM sqlite_master WHERE name = 'details'", "PRAGMA page_size")
    with places.index.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)


def test_damage_in_a_large_index_is_met_when_it_is_read_and_mended_at_the_next_start(filled, bin_folder):
    grown(filled)
    with opened(filled, bin_folder) as library:
        assert library.notice == ""
        assert len(library.waiting()) == JOBS - 1
        with pytest.raises(StudioError, match="Start the studio again"):
            library.find(Query(), 10)
    with opened(filled, bin_folder) as library:
        assert "was damaged" in library.notice
        assert len(library.find(Query(), 1000)) == PICTURES
        assert len(library.waiting()) == JOBS - 1
    with opened(filled, bin_folder) as library:
        assert library.notice == ""
    assert list(filled.data_dir.glob("library.sqlite-suspect")) == []


def test_a_large_index_is_checked_whole_after_a_crash(filled, bin_folder):
    grown(filled)
    filled.index.with_name("library.sqlite-wal").write_bytes(b"")  # what a program leaves that did not close it
    with opened(filled, bin_folder) as library:
        assert "was damaged" in library.notice
        assert len(library.find(Query(), 1000)) == PICTURES


def test_a_large_index_is_checked_whole_once_by_the_one_that_holds_the_lock(filled, bin_folder):
    grown(filled)
    lock = DataLock.take(filled)
    first = Library.open(filled, lock=lock)
    assert first.notice == ""
    second = Library.open(filled, lock=lock)  # finds the log of the first, which is no sign of a crash
    assert second.notice == ""
    for library in (first, second):
        library.close()
    lock.release()


def test_a_suspicion_that_proves_wrong_is_forgotten(filled, bin_folder):
    filled.index.with_name("library.sqlite-suspect").touch()
    with opened(filled, bin_folder) as library:
        assert library.notice == ""
    assert list(filled.data_dir.glob("library.sqlite-suspect")) == []


@pytest.mark.parametrize("table", ["words_data", "words_idx", "words_content", "tags", "sources", "strangers"])
def test_a_torn_page_of_any_table_costs_no_picture_and_no_mark(filled, bin_folder, table):
    with opened(filled, bin_folder) as library:
        paths = [row.path for row in library.pictures(3)]
        library.mark(paths, rating=3, notes="mine")
        library.tag(paths, ["sea"])
        library.rebuild()
        before = library.find(Query(), 100)
    root, size = rows_of(filled, f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'", "PRAGMA page_size")
    with filled.index.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)
    with opened(filled, bin_folder) as library:
        assert "was damaged" in library.notice
        assert library.find(Query(), 100) == before
        assert library.count(Query(text="mine tag:sea")) == 3

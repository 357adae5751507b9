"""One studio at a time: the lock, what needs it, and what a second one may do."""

import signal
import subprocess
import sys

import pytest

from studio.core.errors import InUseError
from studio.core.recipe import Recipe
from studio.library.library import JobState, Library
from studio.library.lock import DataLock
from tests.library.conftest import finished, opened

HOLDER = """
import sys, time
from pathlib import Path
from studio.core.places import Places
from studio.library.lock import DataLock
lock = DataLock.take(Places(Path(sys.argv[1])))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(places):
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(places.data_dir)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_is_refused_in_one_sentence(places):
    lock = DataLock.take(places)
    with pytest.raises(InUseError, match=r"Another Latent Studio has .*data open, so nothing is changed here"):
        DataLock.take(places)
    lock.release()
    lock.release()
    DataLock.take(places).release()


def test_another_process_is_refused_until_the_holder_is_killed(places, holder):
    with pytest.raises(InUseError):
        DataLock.take(places)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    DataLock.take(places).release()


def test_a_file_that_was_left_there_locks_nobody_out(places):
    places.data_dir.mkdir(parents=True)
    places.lock.write_text("12345")
    DataLock.take(places).release()


def test_where_no_lock_can_be_had_nobody_is_kept_out(places, monkeypatch, caplog):
    def refuse(descriptor):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("studio.library.lock._lock", refuse)
    first, second = DataLock.take(places), DataLock.take(places)
    assert "cannot be locked: [Errno 37] No locks available" in caplog.text
    first.release()
    second.release()


def test_a_folder_that_cannot_be_written_is_not_locked(places, caplog):
    places.lock.mkdir(parents=True)  # as little a file to be opened as one in a read-only folder
    DataLock.take(places).release()
    assert "cannot be locked" in caplog.text


def test_pictures_may_be_added_while_another_studio_has_the_library_open(library, places, bin_folder, holder):
    with opened(places, bin_folder) as other:
        path = other.keep(finished())
        assert [row.path for row in library.pictures()] == [path]


def test_a_damaged_index_is_left_alone_while_another_studio_has_it_open(library, places, holder):
    library.close()
    places.index.write_bytes(b"garbage " * 1000)
    with pytest.raises(InUseError):
        Library.open(places)
    assert places.index.read_bytes() == b"garbage " * 1000


def test_who_holds_the_lock_may_put_a_damaged_index_aside(library, places):
    library.close()
    places.index.write_bytes(b"garbage " * 1000)
    lock = DataLock.take(places)
    again = Library.open(places, lock=lock)
    assert "was damaged" in again.notice
    again.close()
    lock.release()


def test_a_library_opened_to_read_shows_everything_and_changes_nothing(library, places):
    path, job = library.keep(finished()), library.submit(Recipe(prompt="waits"))
    looking = Library.open_to_read(places)
    assert looking.is_read_only
    assert not library.is_read_only
    assert [row.path for row in looking.pictures()] == [path]
    assert looking.waiting() == (job,)
    later = library.keep(finished(seed=8))
    assert later in [row.path for row in looking.pictures()]
    changes = (
        lambda: looking.submit(Recipe()),
        lambda: looking.check_room(Recipe()),
        lambda: looking.keep(finished(seed=9)),
        lambda: looking.trash(path),
        looking.recover,
        looking.rebuild,
        lambda: looking.set_job_state(job.id, JobState.CANCELLED),
        lambda: looking.queue.remove([job.id]),
        lambda: looking.queue.arrange([job.id]),
    )
    for change in changes:
        with pytest.raises(InUseError):
            change()
    looking.close()
    assert path.is_file()
    assert len(library.pictures()) == 2
    assert library.waiting() == (job,)


def test_a_row_whose_file_is_gone_is_only_left_out_where_nothing_may_be_changed(library, places):
    gone, kept = library.keep(finished(seed=1)), library.keep(finished(seed=2))
    gone.unlink()
    looking = Library.open_to_read(places)
    assert [row.path for row in looking.pictures()] == [kept]
    looking.close()

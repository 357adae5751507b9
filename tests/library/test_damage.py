"""What happens when files are damaged, disks fill up and processes die."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from studio.core.errors import SaveError, StudioError
from studio.core.metadata import read_recipe, write_png
from studio.core.recipe import Recipe
from studio.library import schema
from studio.library.library import JobState, Library, Query
from tests.faults import FAULTS, Disk
from tests.library.conftest import finished, opened


def test_an_index_that_is_garbage_is_put_aside_and_made_again(library, places, bin_folder):
    path = library.keep(finished())
    library.close()
    places.index.write_bytes(b"garbage " * 1000)
    with opened(places, bin_folder) as again:
        assert "kept as library.broken-1.sqlite" in again.notice
        assert "from 1 pictures" in again.notice
        assert [row.path for row in again.pictures()] == [path]
        again.submit(Recipe())
    assert places.index.with_name("library.broken-1.sqlite").read_bytes() == b"garbage " * 1000
    with opened(places, bin_folder) as later:
        assert later.notice == ""


def test_a_torn_page_is_noticed_and_the_queue_is_brought_along(library, places, bin_folder):
    for seed in range(30):
        library.keep(finished(seed=seed))
    jobs = [library.submit(Recipe(seed=seed)) for seed in range(3)]
    library.set_job_state(jobs[0].id, JobState.RUNNING)
    page = library._database.connection.execute("SELECT rootpage FROM sqlite_master WHERE name='pictures'").fetchone()[
        0
    ]
    size = library._database.connection.execute("PRAGMA page_size").fetchone()[0]
    library.close()
    with places.index.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    with opened(places, bin_folder) as again:
        assert "was damaged" in again.notice
        assert len(again.pictures()) == 30
        assert again.recover() == 2
        assert [job.recipe.seed for job in again.waiting()] == [1, 2]
        assert [job.recipe.seed for job in again.jobs(JobState.INTERRUPTED)] == [0]


def test_an_empty_index_file_is_a_new_index(places, bin_folder):
    places.data_dir.mkdir(parents=True)
    places.index.write_bytes(b"")
    with opened(places, bin_folder) as library:
        assert library.notice == ""
        library.submit(Recipe())


def test_a_newer_index_is_left_alone(library, places, bin_folder):
    library.close()
    connection = sqlite3.connect(places.index)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StudioError, match=r"newer Latent Studio \(version 99; this one knows"), opened(places):
        pass
    assert sqlite3.connect(places.index).execute("PRAGMA user_version").fetchone() == (99,)
    assert list(places.data_dir.glob("*broken*")) == []


@pytest.mark.parametrize("version", range(len(schema.MIGRATIONS)))
def test_every_earlier_version_is_brought_up_to_date(places, bin_folder, version):
    places.data_dir.mkdir(parents=True)
    connection = sqlite3.connect(places.index, isolation_level=None)
    for statements in schema.MIGRATIONS[:version]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with opened(places, bin_folder) as library:
        library.submit(Recipe())
        found = library._database.connection.execute("PRAGMA user_version").fetchone()[0]
    assert found == len(schema.MIGRATIONS)


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS)))
def test_the_pictures_of_every_earlier_version_are_there_after_the_first_start(library, places, bin_folder, version):
    paths = {library.keep(finished(seed=seed)) for seed in range(3)}
    library.close()
    places.index.unlink()
    connection = sqlite3.connect(places.index, isolation_level=None)
    for statements in schema.MIGRATIONS[:version]:
        for statement in statements:
            connection.execute(statement)
    if version < 3:
        rows = [(path.name, "garbage", 1, 2, 3) for path in paths]
        connection.executemany(
            "INSERT INTO pictures (name, recipe, created_ns, width, height) VALUES (?, ?, ?, ?, ?)", rows
        )
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with opened(places, bin_folder) as again:
        again.recover()
        assert {row.path for row in again.pictures()} == paths
        assert {row.width for row in again.pictures()} == {10}
        assert again.count(Query(text="sailboat")) == 3


def test_a_migration_that_fails_changes_nothing(places, monkeypatch):
    broken = (*schema.MIGRATIONS[0], "CREATE TABLE broken (")
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", (broken,))
        with pytest.raises(SaveError, match="incomplete input"):
            Library.open(places)
    connection = sqlite3.connect(places.index)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize("code", FAULTS, ids=errno.errorcode.get)
def test_whatever_operation_of_keep_fails_it_is_told_and_the_library_goes_on(library, places, monkeypatch, code):
    disk = Disk(monkeypatch, places.data_dir)
    kept, failures, failed = [], 0, True
    for number in range(100):
        disk.arm(number, code)
        try:
            kept.append(library.keep(finished(seed=number)))
        except SaveError as error:
            failures += 1
            assert os.strerror(code) in str(error)
        failed = disk.has_failed
        disk.disarm()
        if not failed:
            break
    assert failures >= 6  # make the folder, open, write, fsync, close, link, fsync of the folder
    assert not failed
    visible = [path for path in places.pictures.iterdir() if not path.name.startswith(".")]
    assert sorted(visible) == sorted(kept)
    assert all(path.read_bytes() == whole(path) for path in visible)
    assert sorted(row.path for row in library.pictures()) == sorted(kept)


def whole(path):
    done = finished(seed=read_recipe(path).seed)
    return write_png(done.picture, done.recipe)


def test_a_picture_whose_row_cannot_be_written_is_kept_and_found_later(library, caplog):
    library._database.connection.execute("PRAGMA query_only = ON")
    path = library.keep(finished())
    assert read_recipe(path) == finished().recipe
    assert "is saved, but not in the index yet" in caplog.text
    library._database.connection.execute("PRAGMA query_only = OFF")
    assert library.pictures() == ()
    library.recover()
    assert [row.path for row in library.pictures()] == [path]


def test_rows_of_lost_files_do_not_matter_where_the_index_cannot_be_written(library, caplog):
    lost, kept = library.keep(finished(seed=1)), library.keep(finished(seed=2))
    lost.unlink()
    library._database.connection.execute("PRAGMA query_only = ON")
    assert [row.path for row in library.pictures()] == [kept]
    assert "rows of 1 lost files stay" in caplog.text


KEEPER = """
import sys
from pathlib import Path
from studio.core.places import Places
from studio.library.library import Library
from tests.library.conftest import finished

library = Library.open(Places(Path(sys.argv[1])))
for seed in range(100_000):
    job = library.submit(finished(seed=seed).recipe)
    path = library.keep(finished(seed=seed, side=96))
    print(path.name, flush=True)
"""


@pytest.mark.parametrize("delay_ms", [0, 3, 7, 13, 29, 61, 120, 250])
def test_a_kill_while_keeping_loses_nothing_that_was_told(places, bin_folder, delay_ms):
    process = subprocess.Popen([sys.executable, "-c", KEEPER, str(places.data_dir)], stdout=subprocess.PIPE, text=True)
    first = process.stdout.readline().strip()
    time.sleep(delay_ms / 1000)
    process.send_signal(signal.SIGKILL)
    told = [first, *(line.strip() for line in process.stdout if line.endswith("\n"))]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    with opened(places, bin_folder) as after:
        after.recover()
        rows = after.pictures(limit=100_000)
        visible = {path.name for path in places.pictures.iterdir() if not path.name.startswith(".")}
        assert set(told) <= visible == {row.path.name for row in rows}
        assert all(len(read_whole(row.path)) > 1000 for row in rows)
        assert len(after.waiting()) >= len(told)


def read_whole(path):
    """The file's bytes, having checked that the recipe and all pixels are what was kept."""
    recipe = read_recipe(path)
    done = finished(seed=recipe.seed, side=96)
    assert path.read_bytes() == write_png(done.picture, done.recipe)
    return path.read_bytes()

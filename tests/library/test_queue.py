import sqlite3
from types import SimpleNamespace

import pytest

from studio.core.errors import NoRoomError, SaveError, StudioError
from studio.core.recipe import SEED_MAX, Recipe
from studio.library.library import JobState
from tests.library.conftest import opened


def test_jobs_wait_in_the_order_they_came(library):
    jobs = [library.submit(Recipe(prompt=prompt, seed=SEED_MAX)) for prompt in ("one", "two", "three")]
    assert library.waiting() == tuple(jobs)
    assert [job.recipe.prompt for job in library.waiting()] == ["one", "two", "three"]
    assert {job.state for job in jobs} == {JobState.QUEUED}
    assert len({job.id for job in jobs}) == 3


def test_a_submitted_job_is_on_disk_at_once(library, places, bin_folder):
    job = library.submit(Recipe(prompt="é海🙂\ud800\0"))
    with opened(places, bin_folder) as other:
        assert other.waiting() == (job,)


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.QUEUED])
def test_a_job_in_another_state_does_not_wait(library, state):
    job = library.submit(Recipe())
    library.set_job_state(job.id, state, "a sentence")
    assert library.waiting() == ()
    (found,) = library.jobs(state)
    assert (found.id, found.state, found.sentence) == (job.id, state, "a sentence")


def test_a_job_put_back_waits_again_without_its_old_sentence(library):
    job = library.submit(Recipe())
    library.set_job_state(job.id, JobState.FAILED, "no memory")
    library.set_job_state(job.id, JobState.QUEUED)
    assert library.waiting() == (job,)


def test_after_a_crash_the_running_job_is_interrupted_and_the_rest_waits(library, places, bin_folder):
    running, first, second = (library.submit(Recipe(seed=seed)) for seed in range(3))
    library.set_job_state(running.id, JobState.RUNNING)
    with opened(places, bin_folder) as after:
        assert after.recover() == 2
        assert after.waiting() == (first, second)
        assert [job.id for job in after.jobs(JobState.INTERRUPTED)] == [running.id]
        assert after.jobs(JobState.RUNNING) == ()


def test_numbers_of_jobs_are_never_used_again(library, places):
    first = library.submit(Recipe())
    connection = sqlite3.connect(places.index)
    with connection:
        connection.execute("DELETE FROM jobs")
    connection.close()
    assert library.submit(Recipe()).id > first.id


def test_a_job_whose_recipe_cannot_be_read_fails_and_says_why(library, places):
    bad, good = library.submit(Recipe(seed=1)), library.submit(Recipe(seed=2))
    connection = sqlite3.connect(places.index)
    with connection:
        connection.execute("UPDATE jobs SET recipe = '{}' WHERE id = ?", (bad.id,))
    connection.close()
    assert library.waiting() == (good,)
    (row,) = sqlite3.connect(places.index).execute("SELECT state, sentence FROM jobs WHERE id = ?", (bad.id,))
    assert row[0] == JobState.FAILED
    assert row[1].startswith("The recipe cannot be read")


def test_an_index_that_cannot_grow_is_told_and_nothing_is_half_queued(library):
    library.submit(Recipe())
    pages = library._database.connection.execute("PRAGMA page_count").fetchone()[0]
    library._database.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SaveError, match="database or disk is full"):
        library.submit(Recipe(prompt="x" * 20_000))
    assert len(library.waiting()) == 1
    library._database.connection.execute("PRAGMA max_page_count = 100000")
    library.submit(Recipe(prompt="x" * 20_000))
    assert len(library.waiting()) == 2


def test_a_closed_index_says_so_within_the_error_tree(library):
    library.submit(Recipe())
    library._database.connection.close()
    with pytest.raises(StudioError, match="could not be read"):
        library.waiting()
    with pytest.raises(StudioError, match="could not be saved"):
        library.submit(Recipe())


def seeds(jobs):
    return [job.recipe.seed for job in jobs]


def test_jobs_run_in_the_order_they_are_given(library, places, bin_folder):
    jobs = [library.submit(Recipe(seed=seed)) for seed in range(4)]
    library.queue.arrange([jobs[3].id, jobs[0].id, jobs[2].id, jobs[1].id])
    with opened(places, bin_folder) as other:
        assert seeds(other.waiting()) == [3, 0, 2, 1]
    library.submit(Recipe(seed=4))
    assert seeds(library.waiting()) == [3, 0, 2, 1, 4]


def test_arranging_some_leaves_the_others_where_they_are(library):
    jobs = [library.submit(Recipe(seed=seed)) for seed in range(5)]
    library.queue.arrange([jobs[3].id, 999, jobs[1].id])
    assert seeds(library.waiting()) == [0, 3, 2, 1, 4]


def test_removed_jobs_come_back_to_their_places_under_new_numbers(library):
    jobs = [library.submit(Recipe(seed=seed)) for seed in range(4)]
    library.queue.remove([jobs[1].id, jobs[2].id])
    assert seeds(library.waiting()) == [0, 3]
    back = library.queue.restore(jobs[1:3])
    assert seeds(library.waiting()) == [0, 1, 2, 3]
    assert not {job.id for job in back} & {job.id for job in jobs}
    library.set_job_state(jobs[1].id, JobState.CANCELLED)  # what is still said of the old number concerns nobody
    assert seeds(library.waiting()) == [0, 1, 2, 3]


def crash(places, bin_folder, job_id):
    """Start the studio, begin the job, die."""
    with opened(places, bin_folder) as library:
        library.recover()
        library.set_job_state(job_id, JobState.RUNNING)
    with opened(places, bin_folder) as after:
        after.recover()
        return {job.id: job for job in after.queue.unfinished()}[job_id]


def test_a_job_is_interrupted_once_and_set_aside_after_the_second_crash(library, places, bin_folder):
    job = library.submit(Recipe())
    once = crash(places, bin_folder, job.id)
    assert (once.state, once.crashes) == (JobState.INTERRUPTED, 1)
    assert "not started by itself" in once.sentence
    again = library.queue.requeue(job.id)
    assert (again.state, again.crashes, again.sentence) == (JobState.QUEUED, 1, "")
    twice = crash(places, bin_folder, job.id)
    assert (twice.state, twice.crashes) == (JobState.SET_ASIDE, 2)
    assert "ended 2 times" in twice.sentence
    assert library.waiting() == ()
    library.queue.requeue(job.id)
    assert crash(places, bin_folder, job.id).state is JobState.SET_ASIDE


def test_closing_the_studio_is_no_crash(library, places, bin_folder):
    job = library.submit(Recipe())
    library.set_job_state(job.id, JobState.RUNNING)
    library.set_job_state(job.id, JobState.QUEUED)
    library.recover()
    assert library.waiting() == (job,)


def test_a_job_started_again_goes_behind_the_others(library):
    first, _ = library.submit(Recipe(seed=0)), library.submit(Recipe(seed=1))
    library.set_job_state(first.id, JobState.FAILED, "no memory")
    assert library.queue.requeue(first.id).recipe.seed == 0
    assert seeds(library.waiting()) == [1, 0]
    assert library.queue.requeue(999) is None


def test_what_is_done_is_forgotten_at_the_next_start_and_failures_are_not(library):
    for state in JobState:
        library.set_job_state(library.submit(Recipe()).id, state)
    library.recover()
    left = library.queue.jobs(*JobState)
    assert sorted(job.state for job in left) == ["failed", "interrupted", "interrupted", "queued", "set aside"]


def test_old_failures_do_not_pile_up(library):
    last = [library.submit(Recipe(seed=seed)).id for seed in range(203)][-1]
    with library._database.writing() as connection:
        connection.execute("UPDATE jobs SET state = 'failed'")
    library.recover()
    failed = library.jobs(JobState.FAILED)
    assert len(failed) == 200
    assert failed[-1].id == last


def test_a_full_disk_is_told_before_the_job_is_queued(library, places, monkeypatch):
    monkeypatch.setattr("studio.core.files.shutil.disk_usage", lambda folder: SimpleNamespace(free=5_000_000))
    with pytest.raises(NoRoomError, match=r"5 MB are free, 34 MB are needed\. Free some space"):
        library.submit(Recipe())
    assert library.waiting() == ()


def test_a_folder_that_may_not_be_written_is_told_before_the_job_is_queued(library, places, monkeypatch):
    monkeypatch.setattr("studio.core.files.os.access", lambda folder, mode: False)
    with pytest.raises(NoRoomError, match="it may not be written"):
        library.submit(Recipe())
    assert library.waiting() == ()


def test_a_file_in_the_place_of_the_pictures_folder_is_told_before(library, places):
    places.pictures.write_bytes(b"")
    with pytest.raises(NoRoomError, match="is not a folder"):
        library.submit(Recipe())


def test_a_disk_that_does_not_say_what_is_free_is_tried(library, monkeypatch):
    def refuse(folder):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("studio.core.files.shutil.disk_usage", refuse)
    library.submit(Recipe())

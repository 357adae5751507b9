"""A second studio on the same data directory: it says so, looks, and changes nothing."""

import pytest

from studio.core.recipe import Recipe
from studio.library.library import JobState, Library
from tests.fake_engine import FakeEngine


@pytest.fixture
def first(make_studio):
    """The studio that works, with a picture and a job that waits."""
    studio = make_studio()
    studio.show()
    studio.finish("a red sailboat")
    studio.window.action("pause").trigger()
    studio.generate("waits")
    return studio


@pytest.fixture
def second(first, make_studio):
    """The one that only looks."""
    studio = make_studio(FakeEngine())
    studio.show()
    return studio


def banner(studio):
    return studio.find("bannerSentence").text()


def test_it_says_so_and_offers_to_open_read_only(second):
    assert "Another Latent Studio has" in banner(second)
    assert [each.text() for each in second.window.banner.buttons] == ["Open read-only", "Quit"]
    assert second.find("readOnlyMark").text() == "Read only"
    second.window.banner.buttons[0].click()
    assert second.window.banner.isHidden()


def test_quit_closes_it_and_leaves_the_first_alone(first, second):
    second.window.banner.buttons[1].click()
    assert not second.window.isVisible()
    first.window.action("pause").trigger()
    first.wait_idle()
    assert len(first.engine.generated) == 2


def test_pictures_are_shown_and_their_recipes_copied_and_brought_back(second, qapp):
    assert second.window.library_model.rowCount() == 1
    row = second.window.library_model.row_at(second.window.library_model.index(0))
    second.window.library_view.pictureChosen.emit(row)
    assert second.pictures.on_show.path == row.path
    second.window.action("copyRecipe").trigger()
    assert qapp.clipboard().text().startswith("a red sailboat")
    second.window.action("useRecipe").trigger()
    assert second.session.recipe.prompt == "a red sailboat"
    assert not second.window.action("trash").isEnabled()


def test_nothing_can_be_made_or_deleted_and_the_reason_is_told(second):
    second.session.change_recipe(prompt="a")
    button = second.find("generateButton")
    assert not button.isEnabled()
    assert "Another Latent Studio has" in button.toolTip()
    second.window.banner.buttons[0].click()
    second.controller.generate()  # should a way be found all the same
    assert "nothing is changed here" in banner(second)
    row = second.window.library_model.row_at(second.window.library_model.index(0))
    second.window.banner.clear_told()
    second.window.library_view.trashWanted.emit((row,))
    assert "nothing is changed here" in banner(second)
    assert row.path.is_file()
    assert second.engine.loaded == []


def test_closing_it_changes_neither_the_session_nor_the_queue(first, second):
    first.session.change_recipe(prompt="what the first is making")
    second.session.change_recipe(prompt="what nobody should find")
    second.window.close()
    library = Library.open(first.places)
    assert [job.recipe.prompt for job in library.waiting()] == ["waits"]
    library.close()
    first.window.close()
    assert "what the first is making" in first.places.session.read_text()


def test_once_the_first_is_closed_another_may_work(first, second, make_studio):
    second.window.close()
    first.window.close()
    third = make_studio(FakeEngine())
    third.show()
    assert third.find("generateButton").isEnabled()
    assert "One picture was waiting" in banner(third)


def test_a_running_job_of_the_first_is_not_taken_for_a_crash(first, make_studio):
    first.window.action("stopAll").trigger()
    first.window.action("pause").setChecked(False)
    first.wait_idle()
    first.generate("hang")
    first.wait(lambda: first.jobs.running)
    make_studio(FakeEngine())
    library = Library.open(first.places)
    assert [job.recipe.prompt for job in library.jobs(JobState.RUNNING)] == ["hang"]
    assert library.jobs(JobState.INTERRUPTED) == ()
    library.close()


def test_the_command_line_still_adds_pictures(first):
    from tests.library.conftest import finished

    library = Library.open(first.places)
    path = library.keep(finished(prompt="from the command line"))
    library.submit(Recipe())
    library.close()
    first.window.library_model.reload_newest()
    assert first.window.library_model.index_of(path).isValid()

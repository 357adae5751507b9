"""The studio is opened and closed: what is remembered, what waits, and what cannot be read or written."""

import time

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QMessageBox

from studio.core.errors import SaveError
from studio.core.events import Finished
from studio.core.recipe import SEED_MAX, ModelRef, Recipe
from studio.library.library import JobState, Library
from studio.ui.session_file import SessionFile
from tests.fake_engine import FakeEngine
from tests.ui.test_window import banner, problem


def test_the_session_comes_back(make_studio):
    first = make_studio()
    first.show()
    first.session.change_recipe(prompt="a calm sea", seed=SEED_MAX, steps=33)
    first.find("countSpin").setValue(5)
    first.window.docks["libraryDock"].hide()
    first.window.close()
    second = make_studio()
    second.show()
    assert second.session.state == first.session.state
    assert second.find("promptEdit").toPlainText() == "a calm sea"
    assert second.window.docks["libraryDock"].isHidden()


def test_the_session_is_saved_while_working(shown, monkeypatch):
    shown.controller.autosave.timer.setInterval(1)
    shown.session.change_recipe(prompt="a calm sea")
    shown.wait(shown.places.session.is_file)
    saved = SessionFile(shown.places.session)
    assert saved.load()[0].recipe.prompt == "a calm sea"
    saved.close()


def test_the_first_recipe_is_what_the_model_wants(studio_):
    recipe = studio_.session.recipe
    assert (recipe.width, recipe.height, recipe.steps, recipe.model) == (256, 256, 6, ModelRef(name="Fake"))


def test_jobs_that_waited_are_offered_and_resumed(make_studio, data_dir):
    library = Library.open(studio_places(data_dir))
    library.submit(Recipe(prompt="a", model=ModelRef(name="Fake"), steps=3))
    library.submit(Recipe(prompt="b", model=ModelRef(name="Fake"), steps=3))
    library.close()
    studio = make_studio()
    studio.show()
    assert "2 pictures were waiting" in banner(studio)
    assert studio.engine.generated == []
    studio.window.banner.buttons[0].click()
    studio.wait_idle()
    assert [recipe.prompt for recipe in studio.engine.generated] == ["a", "b"]


def test_jobs_that_waited_can_be_discarded(make_studio, data_dir):
    library = Library.open(studio_places(data_dir))
    library.submit(Recipe(prompt="a"))
    studio = make_studio()
    studio.window.banner.buttons[1].click()
    assert library.waiting() == ()
    assert library.queue.jobs(*JobState) == ()
    library.close()


def test_closing_while_sampling_takes_less_than_two_seconds_and_the_job_waits(make_studio, data_dir):
    studio = make_studio()
    studio.show()
    studio.generate("hang")
    studio.wait(lambda: not studio.find("previewView").image.isNull())
    began = time.monotonic()
    studio.window.close()
    assert time.monotonic() - began < 30  # a hang guard, not a measure
    library = Library.open(studio_places(data_dir))
    assert [job.recipe.prompt for job in library.waiting()] == ["hang"]
    library.close()


def test_a_picture_that_cannot_be_saved_stays_in_memory_until_it_is(make_studio, data_dir, tmp_path, monkeypatch):
    class Full:
        """A library on a full disk."""

        def __init__(self):
            self._real = Library.open(studio_places(data_dir))

        def __getattr__(self, name):
            return getattr(self._real, name)

        def keep(self, finished: Finished):
            raise SaveError(data_dir / "pictures", "No space left on device")

    studio = make_studio(open_library=Full)
    studio.show()
    studio.generate("a red sailboat")
    studio.wait(lambda: "No space left" in banner(studio))
    assert len(studio.pictures.unsaved) == 1
    asked = []
    monkeypatch.setattr(QMessageBox, "question", lambda *_: asked.append(1) or QMessageBox.StandardButton.Cancel)
    assert not studio.window.close()
    assert asked == [1]
    target = tmp_path / "saved.png"
    monkeypatch.setattr("studio.ui.picture_desk.QFileDialog.getSaveFileName", lambda *_: (str(target), ""))
    studio.window.banner.buttons[0].click()
    assert studio.pictures.unsaved == ()
    assert studio.pictures._library.recipe_of(target).prompt == "a red sailboat"


def test_a_data_directory_that_cannot_be_written_is_told_and_the_studio_works(make_studio, data_dir):
    def refuse():
        raise SaveError(data_dir, "Read-only file system")

    studio = make_studio(open_library=refuse)
    studio.show()
    assert "Read-only" in banner(studio)
    studio.generate("a")
    studio.wait(lambda: len(studio.pictures.unsaved) == 1)
    assert studio.find("previewView").image.size() == QSize(256, 256)


def test_a_broken_settings_file_is_told_and_kept(make_studio, data_dir):
    (data_dir / "settings.toml").write_text("appearance = [")
    studio = make_studio()
    assert "settings could not be read" in banner(studio)
    assert (data_dir / "settings.broken-1.toml").is_file()


def test_a_studio_without_models_says_what_to_do(make_studio, data_dir):
    import shutil

    shutil.rmtree(data_dir / "models")
    studio = make_studio()
    studio.show()
    studio.wait(lambda: "There is no model" in problem(studio, "model"))
    studio.generate("a")
    assert not studio.jobs.is_busy


def test_the_model_is_loaded_once_the_window_is_there(make_studio):
    engine = FakeEngine()
    studio = make_studio(engine)
    studio.qtbot.wait(50)
    assert engine.loaded == []
    studio.show()
    studio.wait(lambda: engine.loaded == ["Fake"])
    studio.wait(lambda: "Ready" in studio.find("activityLabel").text())
    assert "Fake CPU" in studio.find("deviceLabel").text()


def test_generating_while_the_model_loads_waits_its_turn(make_studio):
    engine = FakeEngine()
    engine.hold_load.clear()
    studio = make_studio(engine)
    studio.show()
    studio.wait(lambda: "Loading the model" in studio.find("activityLabel").text())
    studio.generate("a")
    assert studio.jobs.is_busy
    engine.hold_load.set()
    studio.wait_idle()
    assert len(engine.generated) == 1


def studio_places(data_dir):
    from studio.core.places import Places

    return Places(data_dir)

"""The studio is killed after an edit, and started again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from studio.core.places import Places
from studio.core.recipe import Recipe
from studio.library.library import Library

_DRIVER = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import studio.core.settings
studio.core.settings.resources_dir = lambda: Path(sys.argv[1]) / "none"
import studio.app
from studio.core.models import read_model
from studio.core.places import Places
from tests.fake_engine import FakeEngine

app, places = QApplication([]), Places(Path(sys.argv[1]))
engine = FakeEngine()
engine.use_models((read_model(places.models / "Fake"),))
window = studio.app.assemble(places, make_engine=lambda folders: engine)
window.show()
session = window.controller.session
if len(sys.argv) > 2:
    window.controller.projects.open(Path(sys.argv[2]))
    while window.controller.projects.document.path is None:
        app.processEvents()
session.change_recipe(prompt="never saved")
session.change(notes="nor this")
def look():
    if places.session.is_file() and b"nor this" in places.session.read_bytes():
        print("saved", flush=True)
timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
app.exec()
"""


def kill_after_edit(data_dir: Path, *arguments: str) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", _DRIVER, str(data_dir), *arguments]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout.readline() == "saved\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def click(studio, text):
    next(button for button in studio.window.banner.buttons if button.text() == text).click()


@pytest.fixture
def recovered(make_studio, data_dir):
    kill_after_edit(data_dir)
    studio = make_studio()
    studio.show()
    return studio


def test_after_a_kill_the_last_edit_is_there_and_offered(recovered):
    assert "Recovered “Untitled” from " in recovered.window.banner.sentence.text()
    assert (recovered.session.recipe.prompt, recovered.session.state.notes) == ("never saved", "nor this")
    assert recovered.window.isWindowModified()
    click(recovered, "Keep")
    assert recovered.session.recipe.prompt == "never saved"
    assert recovered.window.banner.isHidden()


def test_what_is_discarded_is_kept_aside(recovered):
    click(recovered, "Discard")
    assert recovered.session.recipe.prompt == ""
    click(recovered, "Go back")
    assert recovered.session.recipe.prompt == "never saved"
    recovered.controller.projects._files._pool.submit(int).result(30)
    assert list((recovered.places.projects / "kept").glob("Untitled *.lstudio"))


def test_discarding_goes_back_to_the_projects_file(make_studio, data_dir, tmp_path):
    from studio.core.project import write_project
    from tests.ui.test_projects import SEA

    path = tmp_path / "sea.lstudio"
    write_project(path, SEA)
    kill_after_edit(data_dir, str(path))
    studio = make_studio()
    studio.show()
    assert "Recovered “sea” from " in studio.window.banner.sentence.text()
    click(studio, "Discard")
    studio.wait(lambda: studio.session.recipe.prompt == "a calm sea")
    assert not studio.window.isWindowModified()


def test_what_else_is_told_at_the_start_waits_behind_the_recovered_project(make_studio, data_dir):
    kill_after_edit(data_dir)
    (data_dir / "settings.toml").write_text("appearance = [")
    library = Library.open(Places(data_dir))
    library.submit(Recipe(prompt="waits"))
    library.close()
    studio = make_studio()
    studio.show()
    banner = studio.window.banner
    assert banner.count.text() == "1 of 3"
    for sentence in ("Recovered “Untitled”", "One picture was waiting", "settings could not be read"):
        assert sentence in banner.sentence.text()
        banner.close_button.click()
    assert banner.isHidden()
    assert studio.session.recipe.prompt == "never saved"

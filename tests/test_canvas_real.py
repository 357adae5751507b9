"""The latent canvas in the real studio, engine and all: the picture under the hand is the picture that is kept."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

import studio.app
from studio.core.canvas import blend_of
from studio.core.canvas_edits import blend_recipe
from studio.core.events import Drafted, Step
from studio.core.metadata import read_recipe
from studio.core.recipe import Recipe
from studio.core.schedulers import Schedule, Scheduler
from studio.ui.engine_thread import EngineThread
from studio.ui.images import to_picture
from studio.ui.main_window import MainWindow

# diffusers 0.3x hands torch tensors to numpy's `array`, which numpy 2 will want done otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
LOAD_MS = 120_000
STEPS = 12


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    from tests.tiny_model import build_tiny_model

    return str(build_tiny_model(tmp_path_factory.mktemp("model") / "tiny", tiny_vae=True))


@pytest.fixture(scope="module")
def taught(tmp_path_factory, model) -> str:
    """The same, with a student of any number of steps."""
    from tests.tiny_student import write_student

    folder = tmp_path_factory.mktemp("taught") / "tiny"
    shutil.copytree(model, folder)
    write_student(folder, steps=",".join(map(str, range(1, STEPS + 1))), guidance="3")
    return str(folder)


@pytest.fixture
def open_window(qtbot, tmp_path):
    """Opens the studio on a model."""
    made = []

    def open_on(model: str):
        made.append(studio.app.build(tmp_path / "data", model=model))
        made[0].action("latentCanvas").setChecked(True)
        with qtbot.waitExposed(made[0]):
            made[0].show()
        made[0].activateWindow()
        made[0].controller.session.change_recipe(width=64, height=64, steps=STEPS)
        return made[0]

    yield open_on
    for each in made:
        each.close()
        each.deleteLater()


@pytest.fixture
def window(open_window, model):
    return open_window(model)


def engine_of(model: str, **options):
    from studio.engine.local import LocalEngine

    return LocalEngine((Path(model).parent,), **options)


class Drawers(QObject):
    """Hears, on the window's thread, who drew each draft: a student's most steps, or 0 for the model itself."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.heard: list[int] = []
        window.findChild(EngineThread).sketches.drafted.connect(self.hear)

    def hear(self, generation: int, drafted: Drafted) -> None:
        self.heard.append(drafted.student_steps)


def move(view, at: QPoint) -> None:
    whole = QPointF(view.mapToGlobal(at))
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), whole, Qt.MouseButton.NoButton, LEFT, NONE)
    QApplication.sendEvent(view, event)


def test_a_drag_is_kept_and_its_file_makes_the_same_bytes_beside_a_running_picture(qtbot, window, model):
    session, view, desk = window.controller.session, window.canvas_panel.view, window.controller.canvas
    drawn, finished = [], []
    desk.canvas.pictureShown.connect(lambda image, recipe, is_full: drawn.append((image, recipe, is_full)))
    window.controller.jobs.finished.connect(lambda done, image: finished.append(done))

    def until(condition):
        qtbot.waitUntil(lambda: bool(condition()), timeout=LOAD_MS)

    def here() -> Recipe:
        return blend_recipe(session.recipe, blend_of(session.state.canvas))

    for prompt, seed in (("a red sailboat on a calm sea", 1), ("a blue mountain at night", 2)):
        session.change_recipe(prompt=prompt, seed=seed)
        window.canvas_panel.toolbar.add_button.click()
    until(lambda: drawn and drawn[-1][1:] == (here(), True))

    session.change_recipe(prompt="a lake at sunset", steps=60)  # a picture runs, and the hand drags all the same
    window.prompt_panel.generate_button.click()
    until(lambda: window.progress.value() > 20)
    drafts_before = len(drawn)
    qtbot.mousePress(view, LEFT, NONE, view.place_on_screen(session.state.canvas.puck).toPoint())
    for x in (0.1, 0.2, 0.3):
        move(view, view.place_on_screen((x, 0.0)).toPoint())
        until(lambda: drawn[-1][1] == here())
    assert window.controller.jobs.is_busy
    assert len(drawn) >= drafts_before + 3
    qtbot.mouseRelease(view, LEFT, NONE, view.place_on_screen((0.3, 0.0)).toPoint())
    until(lambda: finished)
    until(lambda: drawn[-1][1:] == (here(), True))

    shown = drawn[-1]
    qtbot.keyClick(view, Qt.Key.Key_Return)
    until(lambda: len(finished) == 2)
    engine, ignore = engine_of(model), lambda event: None
    for done in finished:
        again = engine.generate(read_recipe(window.controller.pictures._folder / done.path), ignore)
        assert np.array_equal(again.picture, done.picture)
    assert finished[1].recipe.blend == here().blend
    assert np.array_equal(finished[1].picture, to_picture(shown[0]))
    engine.close()


def test_once_the_keyframes_are_drawn_drafts_begin_among_their_trajectories(qtbot, window):
    session, view, frames = window.controller.session, window.canvas_panel.view, []
    window.controller.canvas.canvas.pictures.frameShown.connect(lambda recipe, frame: frames.append(frame))
    session.change_recipe(scheduler=Scheduler.DDIM, schedule=Schedule.SGM_UNIFORM)  # of two steps, the last is half way
    for prompt, seed in (("a red sailboat on a calm sea", 1), ("a blue mountain at night", 2)):
        session.change_recipe(prompt=prompt, seed=seed)
        window.canvas_panel.toolbar.add_button.click()
    qtbot.waitUntil(lambda: len(view.thumbnails) == 2 and None not in view.thumbnails, timeout=LOAD_MS)
    frames.clear()
    qtbot.mousePress(view, LEFT, NONE, view.place_on_screen(session.state.canvas.puck).toPoint())
    move(view, view.place_on_screen((0.3, 0.0)).toPoint())
    qtbot.waitUntil(lambda: bool(frames), timeout=LOAD_MS)
    assert (frames[0].depth, frames[0].is_full) == (1, False)
    qtbot.mouseRelease(view, LEFT, NONE, view.place_on_screen((0.3, 0.0)).toPoint())
    qtbot.waitUntil(lambda: frames[-1].is_full, timeout=LOAD_MS)


def test_drafts_by_a_student_end_in_the_models_own_picture(qtbot, open_window, taught):
    window = open_window(taught)
    session, view, drawers = window.controller.session, window.canvas_panel.view, Drawers(window)
    drawn, finished = [], []
    desk = window.controller.canvas
    desk.canvas.pictureShown.connect(lambda image, recipe, is_full: drawn.append((image, recipe, is_full)))
    window.controller.jobs.finished.connect(lambda done, image: finished.append(done))

    def until(condition):
        qtbot.waitUntil(lambda: bool(condition()), timeout=LOAD_MS)

    def here() -> Recipe:
        return blend_recipe(session.recipe, blend_of(session.state.canvas))

    session.change_recipe(guidance=3.0)
    for prompt, seed in (("a red sailboat on a calm sea", 1), ("a blue mountain at night", 2)):
        session.change_recipe(prompt=prompt, seed=seed)
        window.canvas_panel.toolbar.add_button.click()
    until(lambda: drawn and drawn[-1][1:] == (here(), True))

    qtbot.mousePress(view, LEFT, NONE, view.place_on_screen(session.state.canvas.puck).toPoint())
    drawers.heard.clear()
    for x in (0.1, 0.2, 0.3):
        move(view, view.place_on_screen((x, 0.0)).toPoint())
        until(lambda: drawn[-1][1:] == (here(), False))
    until(lambda: drawers.heard)
    assert set(drawers.heard) == {STEPS}
    qtbot.mouseRelease(view, LEFT, NONE, view.place_on_screen((0.3, 0.0)).toPoint())
    until(lambda: drawn[-1][1:] == (here(), True))
    shown = to_picture(drawn[-1][0])
    qtbot.keyClick(view, Qt.Key.Key_Return)
    until(lambda: finished)

    engine = engine_of(taught, few_step=False)
    kept = read_recipe(window.controller.pictures._folder / finished[0].path)
    for recipe in (here(), kept):
        assert np.array_equal(engine.generate(recipe, lambda event: None).picture, shown)
    assert np.array_equal(finished[0].picture, shown)
    engine.close()


def test_a_draft_within_a_step_leaves_the_picture_as_it_was(model):
    engine = engine_of(model)
    recipe = Recipe(prompt="a red sailboat", seed=3, steps=8, width=64, height=64)
    recipe = msgspec.structs.replace(recipe, model=msgspec.structs.replace(recipe.model, name=model.rsplit("/", 1)[-1]))
    plain = engine.generate(recipe, lambda event: None)
    drafts = []

    def report(event) -> None:
        if isinstance(event, Step):
            other = msgspec.structs.replace(recipe, prompt="a blue lake", seed=event.number, steps=3)
            drafts.append(engine.draft(other, lambda event: None))

    beside = engine.generate(recipe, report)
    alone = engine.draft(msgspec.structs.replace(recipe, prompt="a blue lake", seed=8, steps=3), lambda event: None)
    assert len(drafts) == 8
    assert np.array_equal(plain.picture, beside.picture)
    assert np.array_equal(drafts[-1].picture, alone.picture)
    engine.close()

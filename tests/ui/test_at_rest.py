"""What the window says and offers while nothing is made: paused, stopped, loaded, just opened."""

import pytest
from PySide6.QtCore import Qt

from tests.fake_engine import FakeEngine
from tests.ui.conftest import write_fake_model

SHIFT = Qt.KeyboardModifier.ShiftModifier
PAUSED = "The queue is paused. Resume it with Ctrl+P."


def activity(studio):
    return studio.find("activityLabel").text()


@pytest.fixture
def paused(shown):
    """A shown studio, paused, with two jobs waiting."""
    shown.window.action("pause").trigger()
    for prompt in ("one", "two"):
        shown.generate(prompt)
    return shown


def test_a_model_loaded_while_paused_leaves_no_full_bar(make_studio, data_dir):
    write_fake_model(data_dir / "models", "Large")
    studio = make_studio(FakeEngine())
    studio.show()
    studio.window.action("pause").trigger()
    studio.generate("one")
    studio.wait(lambda: studio.engine.loaded)
    studio.engine.hold_load.clear()
    combo = studio.find("modelCombo")
    combo.activated.emit(combo.findText("Large"))
    studio.wait(lambda: "Loading the model… · Large" in activity(studio))
    studio.engine.hold_load.set()
    studio.wait(lambda: activity(studio) == PAUSED)
    assert studio.find("progressBar").value() == 0


def test_no_step_is_marked_after_stop(shown):
    plot = shown.find("sigmaPlot")
    shown.generate("hang")
    shown.wait(lambda: plot.step > 0)
    shown.press(Qt.Key.Key_Escape)
    shown.wait_idle()
    assert plot.step == 0


def test_stopping_one_that_waits_leaves_the_step_marked(shown):
    plot = shown.find("sigmaPlot")
    shown.generate("hang")
    shown.generate("b")
    shown.wait(lambda: plot.step > 0)
    told = []
    shown.jobs.told.connect(lambda *what: told.append(plot.step))
    shown.jobs.cancel((max(shown.jobs._jobs),))
    shown.wait(lambda: told)
    assert told == [1]
    shown.press(Qt.Key.Key_Escape)
    shown.wait_idle()


def test_who_types_first_types_the_prompt(make_studio):
    studio = make_studio()
    studio.window.banner.tell("Two pictures wait.", {"Resume": lambda: None}, is_decision=True)
    studio.show()
    studio.wait(studio.find("promptEdit").hasFocus)


def test_escape_while_paused_keeps_what_waits_and_shift_escape_drops_it(paused):
    assert not paused.find("stopButton").isEnabled()
    paused.press(Qt.Key.Key_Escape)
    paused.controller.stop()  # as a key that came before the action was grey
    paused.controller.submit(paused.session.recipe)
    assert paused.jobs.count == 3
    paused.press(Qt.Key.Key_Escape, SHIFT)
    paused.wait_idle()
    assert paused.engine.generated == []


def test_stop_is_offered_again_once_the_queue_goes_on(paused):
    paused.session.change_recipe(prompt="hang")
    paused.window.action("pause").trigger()
    assert paused.find("stopButton").isEnabled()
    paused.press(Qt.Key.Key_Escape, SHIFT)
    paused.wait_idle()
    assert not paused.find("stopButton").isEnabled()


def test_stop_all_stops_a_load_too(make_studio):
    studio = make_studio()
    studio.engine.hold_load.clear()
    studio.show()
    studio.wait(lambda: studio.window.action("stopAll").isEnabled())
    studio.press(Qt.Key.Key_Escape, SHIFT)
    studio.wait(lambda: activity(studio) == "Loading stopped. The next picture loads the model.")
    assert studio.engine.loaded == []


def test_after_stop_the_picture_before_is_shown_again(shown):
    shown.finish("a")
    before = shown.pictures.on_show
    shown.generate("hang")
    shown.wait(lambda: shown.pictures.on_show is None)
    shown.press(Qt.Key.Key_Escape)
    shown.wait_idle()
    assert shown.pictures.on_show is before
    assert shown.find("previewView").image == before.image
    assert shown.window.action("trash").isEnabled()


def test_a_picture_thrown_away_meanwhile_is_not_shown_again(shown):
    shown.finish("a")
    path = shown.pictures.on_show.path
    shown.generate("hang")
    shown.wait(lambda: shown.pictures.on_show is None)
    shown.pictures.forget([path])
    shown.press(Qt.Key.Key_Escape)
    shown.wait_idle()
    assert shown.pictures.on_show is None


def test_the_picture_of_last_time_is_on_show_and_the_next_one_is_followed(make_studio):
    first = make_studio()
    first.show()
    first.finish("a")
    path = first.pictures.on_show.path
    first.window.close()
    second = make_studio(FakeEngine())
    second.show()
    second.wait(lambda: second.pictures.on_show is not None and second.pictures.on_show.is_whole)
    assert second.pictures.on_show.path == path
    second.controller.submit(second.session.recipe)  # as the banner's Resume does
    second.wait(lambda: second.pictures.on_show is not None and second.pictures.on_show.path not in (None, path))

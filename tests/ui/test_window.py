"""The window as an artist meets it: generate, stop, undo, close; everything by its object name."""

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QWidget

from studio.core.recipe import SEED_MAX
from studio.core.settings import Appearance, load_settings
from studio.ui.actions import ACTIONS

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NAMES = [
    "promptEdit",
    "negativePromptEdit",
    "seedEdit",
    "randomSeedButton",
    "widthSpin",
    "heightSpin",
    "countSpin",
    "generateButton",
    "stopButton",
    "modelCombo",
    "schedulerCombo",
    "scheduleCombo",
    "stepsSpin",
    "guidanceSpin",
    "sigmaPlot",
    "previewView",
    "progressBar",
    "libraryView",
]


def banner(studio):
    return studio.find("bannerSentence").text()


def problem(studio, field):
    line = studio.find(f"{field}Problem", QLabel)
    return line.text() if not line.isHidden() else ""


@pytest.mark.parametrize("name", NAMES)
def test_every_control_is_found_by_name_and_tells_what_it_is(studio_, name):
    widget = studio_.find(name)
    assert widget.accessibleName()
    assert widget.toolTip() or name in ("progressBar", "libraryView")


def test_typing_a_prompt_and_ctrl_return_makes_a_picture_and_its_file(shown):
    shown.type_prompt("a red sailboat")
    shown.press(Qt.Key.Key_Return, CONTROL, shown.find("promptEdit"))
    shown.wait(lambda: shown.pictures.on_show is not None)
    path = shown.pictures.on_show.path
    assert path.parent == shown.places.pictures
    assert shown.window.library_model.rowCount() == 1
    assert shown.find("previewView").image.size() == QSize(256, 256)
    assert "Finished" in shown.find("activityLabel").text()
    assert shown.pictures._library.recipe_of(path).prompt == "a red sailboat"


def test_previews_are_shown_at_the_size_of_the_picture(shown):
    shown.engine.step_ms = 20
    seen = []
    shown.jobs.previewReady.connect(lambda image, size: seen.append((image.width(), size)))
    shown.finish()
    assert 1 <= len(seen) <= shown.session.recipe.steps  # on a busy machine the latest wins
    assert set(seen) == {(32, QSize(256, 256))}


def test_the_progress_and_the_plot_follow_the_steps(shown):
    plot, bar = shown.find("sigmaPlot"), shown.find("progressBar")
    shown.generate("slow")
    shown.wait(lambda: plot.step >= 2)
    assert 0 < bar.value() < bar.maximum()
    assert "step" in shown.find("activityLabel").text()
    shown.wait_idle()
    assert plot.step == 0
    assert bar.value() == 0


def test_escape_stops_and_the_next_picture_is_made(shown):
    shown.generate("hang")
    shown.wait(lambda: not shown.find("previewView").image.isNull())
    assert shown.find("stopButton").isEnabled()
    shown.press(Qt.Key.Key_Escape)
    shown.wait_idle()
    assert "Stopped" in shown.find("activityLabel").text()
    assert not shown.find("stopButton").isEnabled()
    shown.finish()
    assert len(shown.engine.generated) == 1


def test_stop_all_forgets_the_queue(shown):
    for prompt in ("hang", "a", "a"):
        shown.generate(prompt)
    shown.wait(lambda: not shown.find("previewView").image.isNull())
    shown.press(Qt.Key.Key_Escape, SHIFT)
    shown.wait_idle()
    assert shown.engine.generated == []


def test_stopping_one_that_waits_does_not_touch_the_one_that_runs(shown):
    from studio.ui.commands import CancelOne

    started = []
    shown.jobs.started.connect(lambda recipe: started.append(recipe.prompt))
    shown.generate("slow")
    shown.generate("a")
    shown.wait(lambda: started == ["slow"])
    shown.controller._thread.send(CancelOne(max(shown.jobs._jobs)))
    shown.wait_idle()
    assert started == ["slow"]
    assert [recipe.prompt for recipe in shown.engine.generated] == ["slow"]


def test_count_makes_seeds_that_follow_one_another(shown):
    shown.session.change_recipe(seed=SEED_MAX)
    shown.find("countSpin").setValue(3)
    shown.generate("a")
    shown.wait(lambda: len(shown.engine.generated) == 3)
    shown.wait_idle()
    assert [recipe.seed for recipe in shown.engine.generated] == [SEED_MAX, 0, 1]


def test_an_empty_prompt_is_refused_beside_it(shown):
    shown.generate("  ")
    notes = [line for line in shown.window.prompt_panel.problems.values() if not line.isHidden()]
    assert ["empty" in line.text() for line in notes] == [True]
    assert not shown.jobs.is_busy
    shown.type_prompt("a")
    assert all(line.isHidden() for line in shown.window.prompt_panel.problems.values())


def test_a_prompt_of_100_000_characters_is_refused_beside_it_and_nothing_breaks(shown):
    shown.find("promptEdit").setPlainText("word " * 20_000)
    shown.find("generateButton").click()
    assert "too many" in shown.window.prompt_panel.problems["prompt"].text()
    assert not shown.jobs.is_busy
    shown.finish("a")


def test_more_tokens_than_the_model_reads_are_counted_and_refused(shown):
    shown.find("promptEdit").setPlainText("word " * 80)
    shown.wait(lambda: shown.find("tokenNote").text() == "80 of 150 tokens")
    assert not shown.window.prompt_panel.problems["prompt"].text()
    shown.find("promptEdit").setPlainText("word " * 1205)
    shown.wait(lambda: shown.find("tokenNote").text() == "1205 of 1200 tokens")
    assert "Shorten it by 5" in shown.window.prompt_panel.problems["prompt"].text()
    shown.find("generateButton").click()
    assert not shown.jobs.is_busy


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("-1", "not a whole number"), ("4294967296", "too large"), ("sea", "not a whole number"), ("", "there is none")],
)
def test_a_text_that_is_no_seed_is_told_beside_it_and_nothing_is_made(shown, text, sentence):
    edit = shown.find("seedEdit")
    edit.setFocus()
    edit.selectAll()
    if text:
        shown.qtbot.keyClicks(edit, text)
    else:
        shown.qtbot.keyClick(edit, Qt.Key.Key_Delete)
    assert sentence in problem(shown, "seed")
    shown.session.change_recipe(prompt="a")  # any other change leaves the text to be corrected
    assert edit.text() == text
    shown.find("generateButton").click()
    assert not shown.jobs.is_busy
    shown.find("randomSeedButton").click()
    assert problem(shown, "seed") == ""
    assert edit.text() == str(shown.session.recipe.seed)


def test_the_largest_seed_goes_through_the_window_unharmed(shown):
    edit = shown.find("seedEdit")
    edit.selectAll()
    shown.qtbot.keyClicks(edit, str(SEED_MAX))
    assert shown.session.recipe.seed == SEED_MAX
    shown.finish("a")
    assert shown.engine.generated[0].seed == SEED_MAX
    assert shown.pictures.on_show.recipe.seed == SEED_MAX
    assert edit.text() == "4294967295"


def test_a_seed_that_was_typed_is_kept_and_an_unlocked_one_is_rolled(shown):
    first = shown.session.recipe.seed
    shown.finish("a")
    assert shown.engine.generated[0].seed == first  # what was on screen is what was made
    shown.finish("a")
    assert shown.engine.generated[1].seed != first
    edit = shown.find("seedEdit")
    edit.selectAll()
    shown.qtbot.keyClicks(edit, "7")
    assert shown.find("lockSeedButton").isChecked()
    shown.finish("a", count=2)
    assert [recipe.seed for recipe in shown.engine.generated[2:]] == [7, 7]


def test_a_size_that_is_no_multiple_is_told_beside_it(shown):
    shown.find("widthSpin").setValue(250)
    assert "not a multiple of 16" in problem(shown, "width")
    shown.generate("a")
    assert not shown.jobs.is_busy
    shown.find("heightSpin").setValue(250)
    shown.find("widthSpin").setValue(256)
    assert "Height: 250" in problem(shown, "width")
    shown.find("heightSpin").setValue(256)
    assert problem(shown, "width") == ""


def test_a_failure_is_told_in_the_banner_and_the_studio_goes_on(shown, caplog):
    shown.generate("memory")
    shown.wait(lambda: "ran out of memory" in banner(shown))
    assert shown.find("banner").isVisible()
    shown.generate("fail")
    shown.wait(lambda: "ValueError" in banner(shown))
    shown.finish("a")
    assert not shown.find("banner").isVisible()


def test_undo_and_redo_bring_every_parameter_back(shown, monkeypatch):
    before = shown.session.state
    changes = [
        lambda: shown.find("widthSpin").setValue(320),
        lambda: shown.find("heightSpin").setValue(192),
        lambda: shown.find("stepsSpin").setValue(9),
        lambda: shown.find("guidanceSpin").setValue(7.5),
        lambda: shown.find("countSpin").setValue(4),
        lambda: shown.find("randomSeedButton").click(),
        lambda: shown.find("lockSeedButton").click(),
        lambda: shown.type_prompt("sailboat"),
    ]
    monkeypatch.setattr(shown.session, "_clock", lambda: 0.0)  # no pause between the keys, however busy the machine
    for change in changes:
        change()
    after = shown.session.state
    assert after.recipe.width == 320
    assert after.seed_locked
    edit = shown.find("promptEdit")
    for _ in changes:
        shown.press(Qt.Key.Key_Z, CONTROL, edit)
    assert shown.session.state == before
    assert edit.toPlainText() == ""
    assert shown.find("widthSpin").value() == 256
    for _ in changes:
        shown.press(Qt.Key.Key_Z, CONTROL | SHIFT, shown.find("seedEdit"))
    assert shown.session.state == after
    assert edit.toPlainText() == "sailboat"


def test_typing_is_undone_word_by_word(shown, monkeypatch):
    monkeypatch.setattr(shown.session, "_clock", lambda: 0.0)  # no pause between the keys, however busy the machine
    shown.type_prompt("a red sea")
    seen = []
    while shown.session.can_undo:
        shown.window.action("undo").trigger()
        seen.append(shown.find("promptEdit").toPlainText())
    assert seen == ["a red ", "a ", ""]


def test_ctrl_l_goes_to_the_prompt(shown):
    shown.find("stepsSpin").setFocus()
    shown.press(Qt.Key.Key_L, CONTROL)
    assert shown.find("promptEdit").hasFocus()


def test_the_queue_can_be_paused(shown):
    shown.window.action("pause").trigger()
    shown.generate("a")
    shown.qtbot.wait(100)
    assert shown.engine.generated == []
    shown.window.action("pause").trigger()
    shown.wait_idle()
    assert len(shown.engine.generated) == 1


def test_the_picture_gets_half_of_the_window(shown):
    shown.window.resize(1280, 800)
    shown.qtbot.wait(50)
    view = shown.find("previewView")
    assert view.width() * view.height() >= 0.5 * 1280 * 800
    panel = shown.window.prompt_panel
    assert panel.findChild(QWidget, "panelBody").width() <= panel.width()


def test_every_key_is_taken_once():
    keys = [key for info in ACTIONS for key in info.keys]
    assert len(keys) == len(set(keys))


def test_every_action_explains_itself(studio_):
    for info in ACTIONS:
        action = studio_.window.findChild(QAction, f"{info.name}Action")
        assert action.text()
        assert action.toolTip() != action.text()


def test_the_help_dialogs_open_and_close(shown):
    for name, dialog in (("shortcuts", "shortcutsDialog"), ("about", "aboutDialog")):
        shown.window.action(name).trigger()
        opened = shown.find(dialog)
        assert opened.isVisible()
        opened.close()


def test_the_appearance_is_chosen_and_remembered(shown, qapp):
    for name, appearance in (("appearanceLight", Appearance.LIGHT), ("appearanceDark", Appearance.DARK)):
        shown.window.action(name).trigger()
        assert load_settings(shown.places.settings)[0].appearance is appearance
        lightness = qapp.palette().window().color().lightness()
        assert (lightness > 128) == (appearance is Appearance.LIGHT)

"""What a model cannot do, in the real window: greyed out, told, and asked for in vain with a sentence."""

import pytest
from PIL import Image
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QComboBox, QDialog, QMenu

from studio.core.adapters import AdapterUse
from studio.core.models import read_model
from studio.core.schedulers import Schedule, Scheduler
from tests.core.test_pipelines import write_pipeline
from tests.ui.start.conftest import drag_onto
from tests.ui.test_model_family import choose, texts, write_flow_model


@pytest.fixture
def whole(make_studio, data_dir):
    """A studio with a family's model and a pipeline that is run whole, which is not chosen yet."""
    write_pipeline(data_dir / "models" / "Dawn")
    write_pipeline(data_dir / "models" / "Still", {"_class_name": "LDMTextToImagePipeline"}, **_old_one())
    studio = make_studio()
    if studio.session.recipe.model.name != "Fake":
        choose(studio.find("modelCombo", QComboBox), "Fake")
    studio.session.release()  # what comes next is an undo step of its own
    return studio


def _old_one():
    vae = {"block_out_channels": [1, 2, 3, 4], "latent_channels": 4}
    return {"vqvae/config.json": vae, "scheduler/scheduler_config.json": {"_class_name": "DDIMScheduler"}}


def adders(studio):
    prompt, sampling = studio.window.prompt_panel, studio.window.sampling_panel
    return [studio.window.action("latentCanvas"), prompt.start_panel.choose_button, sampling.adapter_list.add_button]


def test_what_a_whole_pipeline_cannot_do_is_grey_and_says_why_until_another_model_comes(whole):
    whole.window.action("latentCanvas").setChecked(True)
    tips = [widget.toolTip() for widget in adders(whole)]
    assert all(widget.isEnabled() for widget in adders(whole))
    choose(whole.find("modelCombo", QComboBox), "Dawn")
    assert not any(widget.isEnabled() for widget in adders(whole))
    assert whole.window.canvas_panel.isHidden()
    assert adders(whole)[1].toolTip() == "AuraFlow runs as its makers wrote it: no starting picture."
    assert whole.window.sampling_panel.model_note.text().endswith("prompt weights or other scheduler.")
    assert texts(whole.find("schedulerCombo")) == ["Euler"]
    assert whole.window.sampling_panel.sigma_plot.isHidden(), "nobody knows its levels"
    assert whole.window.prompt_panel.negative_fold.button.isEnabled(), "it reads a negative prompt"
    whole.window.action("undo").trigger()
    assert whole.session.recipe.model.name == "Fake"
    assert [widget.toolTip() for widget in adders(whole)] == tips
    assert all(widget.isEnabled() for widget in adders(whole))
    assert not whole.window.canvas_panel.isHidden()
    assert not whole.window.sampling_panel.sigma_plot.isHidden()


def test_ways_to_a_start_or_a_keyframe_are_grey_and_say_why(whole):
    names = {"useAsStart": "picture", "pasteStart": "picture", "sendToCanvas": "canvas", "varyPicture": "canvas"}
    actions = [whole.window.action(name) for name in names]
    assert [action.isEnabled() for action in actions] == [False, True, False, False], "nothing is on show"
    whole.show()
    whole.finish()
    assert all(action.isEnabled() for action in actions)
    choose(whole.find("modelCombo", QComboBox), "Dawn")
    whole.pictures.show_again(whole.pictures.on_show)
    assert not any(action.isEnabled() for action in actions)
    assert [action.toolTip().split()[-1] for action in actions] == [f"{each}." for each in names.values()]
    view = whole.window.library_view
    view.menuRequested.emit(view.model().row_at(view.model().index(0)), QPoint(10, 10))
    menu = whole.find("libraryMenu", QMenu)
    grey = {action.text(): action.toolTip() for action in menu.actions() if not action.isEnabled()}
    assert grey["Use as start"] == "AuraFlow runs as its makers wrote it: no starting picture."
    assert grey["Send to canvas"] == "AuraFlow runs as its makers wrote it: no latent canvas."
    menu.close()
    whole.window.action("undo").trigger()
    assert all(action.isEnabled() for action in actions)
    assert whole.window.action("useAsStart").toolTip() == "Go on from the pixels on show."


@pytest.mark.parametrize("place", ["startPanel", "preview"])
def test_a_picture_dropped_to_start_from_is_refused_with_the_reason(whole, tmp_path, place):
    choose(whole.find("modelCombo", QComboBox), "Dawn")
    whole.show()
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    drag_onto(whole.find("startPanel") if place == "startPanel" else whole.window.preview_view, tmp_path / "a.png", 20)
    assert "no starting picture. Choose another model" in whole.find("bannerSentence").text()
    assert whole.session.recipe.start is None


def test_a_foreign_picture_can_be_neither_start_nor_keyframe_where_the_model_takes_none(whole, tmp_path):
    choose(whole.find("modelCombo", QComboBox), "Dawn")
    whole.show()
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    whole.pictures.foreignChosen.emit(tmp_path / "a.png")
    whole.wait(lambda: whole.window.findChild(QDialog, "importPanel") is not None)
    for name in ("importStartButton", "importKeyframeButton"):
        assert not whole.find(name).isEnabled()
        assert "runs as its makers wrote it" in whole.find(name).toolTip()
    whole.find("importCloseButton").click()


def test_a_model_without_negative_prompts_has_its_fold_grey(whole):
    choose(whole.find("modelCombo", QComboBox), "Still")
    assert not whole.window.prompt_panel.negative_fold.button.isEnabled()
    whole.session.change_recipe(negative_prompt="blue")
    assert whole.window.prompt_panel.problems["negative_prompt"].text().endswith("Leave it empty.")


def test_what_the_recipe_brings_along_is_told_and_can_be_taken_away(whole):
    whole.session.change_recipe(prompt="a red boat", adapters=(AdapterUse(name="gold"),))
    choose(whole.find("modelCombo", QComboBox), "Dawn")
    adapters = whole.window.sampling_panel.adapter_list
    assert "takes no adapters. Remove them" in adapters.problem.text()
    assert adapters.rows[0].remove_button.isEnabled()
    whole.generate()
    assert not whole.jobs.is_busy
    adapters.rows[0].remove_button.click()
    assert adapters.problem.isHidden()
    whole.session.change_recipe(prompt="a (red:1.3) boat")
    assert "reads no prompt weights" in whole.window.prompt_panel.problems["prompt"].text()


def test_a_few_step_model_says_so_beside_steps_and_guidance_where_they_are_too_many(make_studio, data_dir):
    write_flow_model(data_dir / "models", is_distilled=True)
    studio = make_studio()
    note = studio.window.sampling_panel.advice_note
    if studio.session.recipe.model.name != "Fake":
        choose(studio.find("modelCombo", QComboBox), "Fake")
    studio.session.change_recipe(steps=30, guidance=7.5)
    assert note.isHidden()
    choose(studio.find("modelCombo", QComboBox), "Flow")
    assert note.text() == "Made for about 4 steps at guidance 1: much more spoils its pictures."
    studio.session.change_recipe(steps=4)
    assert not note.isHidden(), "the guidance still is"
    studio.session.change_recipe(guidance=1.0)
    assert note.isHidden()


def test_another_model_brings_its_defaults_and_keeps_what_the_artist_chose_in_one_undo_step(make_studio, data_dir):
    write_flow_model(data_dir / "models", is_distilled=True)
    studio = make_studio()
    combo = studio.find("modelCombo", QComboBox)
    if studio.session.recipe.model.name != "Fake":
        choose(combo, "Fake")
    studio.session.change_recipe(guidance=9.0, prompt="a slow sea", seed=5)
    before, place = studio.session.recipe, studio.session.history.place
    wants = read_model(data_dir / "models" / "Fake").defaults
    assert before.steps == wants.steps
    choose(combo, "Flow")
    now = studio.session.recipe
    assert (now.steps, now.scheduler, now.schedule) == (4, Scheduler.EULER, Schedule.NORMAL), "the model's own"
    assert (now.guidance, now.prompt, now.seed) == (9.0, "a slow sea", 5), "the artist's own"
    assert studio.session.history.place == place + 1
    studio.window.action("undo").trigger()
    assert studio.session.recipe == before
    assert combo.currentText() == "Fake"

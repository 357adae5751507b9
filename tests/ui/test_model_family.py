"""The right panel follows the model: its schedulers, what it is, and what it cannot take."""

import msgspec
import pytest

from studio.core.models import read_model
from studio.core.recipe import Recipe
from studio.core.scheduler_choice import with_scheduler
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler
from studio.ui.problems import problems_of
from studio.ui.wishes import with_model
from tests.fake_engine import MODEL
from tests.ui.conftest import write_fake_model

PARTS = ("text_encoder", "text_encoder_2", "transformer", "vae")


def write_flow_model(parent, name="Flow", *, is_distilled=False):
    """The JSON files of a tiny Flux, and weights of no bytes."""
    folder = parent / name
    files = {
        "model_index.json": {"_class_name": "FluxPipeline"}
        | {part: ["library", "class"] for part in (*PARTS, "tokenizer", "tokenizer_2", "scheduler")},
        "transformer/config.json": {"in_channels": 64, "guidance_embeds": not is_distilled},
        "vae/config.json": {"block_out_channels": [1, 2, 3, 4], "latent_channels": 16},
        "text_encoder/config.json": {"max_position_embeddings": 77},
        "scheduler/scheduler_config.json": {"_class_name": "FlowMatchEulerDiscreteScheduler"},
        "tokenizer/tokenizer_config.json": {},
        "tokenizer_2/tokenizer_config.json": {},
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(msgspec.json.encode(content))
    for part in PARTS:
        (folder / part).mkdir(exist_ok=True)
        (folder / part / "model.safetensors").touch()
    return folder


def texts(combo):
    return [combo.itemText(row) for row in range(combo.count())]


def choose(combo, text):
    combo.setCurrentText(text)
    combo.activated.emit(combo.currentIndex())


def test_weights_that_a_model_does_not_read_are_told_of(make_studio, data_dir):
    write_flow_model(data_dir / "models")
    studio = make_studio()
    notes = [studio.find(name) for name in ("weightsNote", "negativeWeightsNote")]
    choose(studio.find("modelCombo"), "Fake")
    studio.session.change_recipe(prompt="a (red:1.2) boat", negative_prompt="fog")
    assert [note.isHidden() for note in notes] == [True, True], "this one reads them"
    choose(studio.find("modelCombo"), "Flow")
    assert notes[0].text() == "Flux.1 weighs no words: brackets and BREAK are left out."
    assert [note.isHidden() for note in notes] == [False, True]
    studio.type_prompt(r"a red boat \(at dusk\) <lora:gold:0.8>")
    studio.session.change_recipe(negative_prompt="fog BREAK [rain]")
    assert [note.isHidden() for note in notes] == [True, False]
    assert not studio.window.prompt_panel.problems["prompt"].text(), "nothing is refused for it"


def test_the_schedulers_offered_follow_the_model_there_and_back(make_studio, data_dir):
    write_flow_model(data_dir / "models", is_distilled=True)
    studio = make_studio()
    names = texts(studio.find("modelCombo"))
    other = next(name for name in names if name != "Flow")
    choose(studio.find("modelCombo"), other)
    assert texts(studio.find("schedulerCombo")) == [each.value for each in SCHEDULERS]
    assert studio.window.sampling_panel.model_note.isHidden()
    choose(studio.find("modelCombo"), "Flow")
    assert texts(studio.find("schedulerCombo")) == ["Euler", "Heun"]
    assert texts(studio.find("scheduleCombo")) == ["Normal", "Beta"]
    recipe = studio.session.recipe
    assert (recipe.scheduler, recipe.schedule) == (Scheduler.EULER, Schedule.NORMAL)
    assert studio.window.sampling_panel.model_note.text().startswith("A few-step model: made for about 4 steps")
    assert studio.window.sampling_panel.more_fold.isHidden(), "a flow's Euler takes no settings"
    choose(studio.find("schedulerCombo"), "Heun")
    assert studio.session.recipe.scheduler is Scheduler.HEUN
    studio.window.action("undo").trigger()
    studio.window.action("undo").trigger()
    assert studio.session.recipe.model.name == other
    assert texts(studio.find("schedulerCombo")) == [each.value for each in SCHEDULERS]


@pytest.fixture
def flow():
    return msgspec.structs.replace(MODEL, name="Flow", prediction_type="flow")


def test_what_a_model_does_not_offer_moves_to_its_own(flow):
    flow = msgspec.structs.replace(
        flow,
        defaults=msgspec.structs.replace(MODEL.defaults, scheduler=Scheduler.EULER, schedule=Schedule.NORMAL),
    )
    karras = Recipe(scheduler=Scheduler.EULER, schedule=Schedule.KARRAS)
    moved = with_model(karras, MODEL, flow, "Flow")
    assert (moved.scheduler, moved.schedule) == (Scheduler.EULER, Schedule.NORMAL)
    beta = Recipe(scheduler=Scheduler.EULER, schedule=Schedule.BETA)
    assert with_model(beta, MODEL, flow, "Flow").schedule is Schedule.BETA, "what it offers is kept"


def test_a_scheduler_keeps_the_schedule_where_the_model_offers_it(flow):
    beta = Recipe(scheduler=Scheduler.EULER, schedule=Schedule.BETA)
    assert with_scheduler(beta, Scheduler.HEUN, flow).schedule is Schedule.NORMAL
    assert with_scheduler(beta, Scheduler.HEUN, MODEL).schedule is Schedule.BETA


def test_a_recipe_from_elsewhere_is_told_what_does_not_fit(flow):
    recipe = Recipe(scheduler=Scheduler.EULER, schedule=Schedule.KARRAS)
    models = {recipe.model.name: flow}
    assert problems_of(recipe, models, {})["schedule"].startswith("Euler is not offered with Karras for this model.")
    wrong = msgspec.structs.replace(recipe, scheduler=Scheduler.DDIM, schedule=Schedule.NORMAL)
    assert problems_of(wrong, models, {})["scheduler"].startswith("DDIM is not offered for flow-matching models.")


def test_fake_models_still_offer_everything(tmp_path):
    info = read_model(write_fake_model(tmp_path))
    assert dict(info.schedulers) == SCHEDULERS

"""Folders of pipelines that are run whole: what their JSON files tell, and what is refused before loading."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.core.abilities import Ability
from studio.core.errors import ForeignCodeError, ModelBrokenError, ModelError, OptionError, UnsafeModelError
from studio.core.model_checks import check_for_model
from studio.core.model_list import look_for_models
from studio.core.models import find_models, read_model
from studio.core.pipelines import PIPELINES
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler

INDEX: dict[str, Any] = {
    "_class_name": "AuraFlowPipeline",
    "_diffusers_version": "0.42.1",
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "UMT5EncoderModel"],
    "tokenizer": ["transformers", "LlamaTokenizerFast"],
    "transformer": ["diffusers", "AuraFlowTransformer2DModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
CONFIGS: dict[str, Any] = {
    "scheduler/scheduler_config.json": {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 1.73},
    "text_encoder/config.json": {"d_model": 32},
    "tokenizer/tokenizer_config.json": {},
    "transformer/config.json": {"sample_size": 64},
    "vae/config.json": {"block_out_channels": [1, 2, 3, 4], "latent_channels": 4},
}


def write_pipeline(folder: Path, index: dict[str, Any] | None = None, **configs: Any) -> Path:
    """The JSON files of an AuraFlow, and weights of no bytes; `index` and `configs` replace what they name."""
    files = {"model_index.json": {**INDEX, **(index or {})}, **CONFIGS, **configs}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    for part in ("text_encoder", "transformer", "vae"):
        (folder / part / "model.safetensors").touch()
    return folder


def test_a_folder_tells_what_it_is_and_what_it_cannot_do(tmp_path: Path) -> None:
    info = read_model(write_pipeline(tmp_path / "Dawn"))
    assert (info.name, info.kind, info.prediction_type) == ("Dawn", "AuraFlow", "flow")
    assert (info.latent_channels, info.downsampling) == (4, 8)
    assert info.weighted == ("text_encoder", "transformer", "vae")
    assert info.abilities == {Ability.NEGATIVE_PROMPT, Ability.PREVIEWS}
    assert info.note == (
        "AuraFlow runs as its makers wrote it: no latent canvas, starting picture, adapters, "
        "prompt weights or other scheduler."
    )
    assert list(info.schedulers) == [Scheduler.EULER]
    assert info.schedulers[Scheduler.EULER].schedules == (Schedule.NORMAL,)
    (found, facts), *_ = look_for_models([tmp_path]).models
    assert found == info
    assert facts is None, "weights of no bytes cannot be counted"


def test_parts_that_make_no_picture_may_lack(tmp_path: Path) -> None:
    folder = write_pipeline(tmp_path / "Dawn", {"safety_checker": ["deepfloyd_if", "IFSafetyChecker"]})
    assert "safety_checker" not in read_model(folder).weighted


def test_its_own_spacing_of_levels_is_named(tmp_path: Path) -> None:
    noise = {"_class_name": "DPMSolverMultistepScheduler", "use_karras_sigmas": True}
    info = read_model(write_pipeline(tmp_path / "k", **{"scheduler/scheduler_config.json": noise}))
    assert (info.defaults.scheduler, info.defaults.schedule) == (Scheduler.DPMPP_2M, Schedule.KARRAS)


def test_where_the_call_leaves_the_size_open_it_is_the_denoisers(tmp_path: Path) -> None:
    info = read_model(write_pipeline(tmp_path / "l", {"_class_name": "LuminaPipeline"}))
    assert (info.defaults.width, info.defaults.height) == (512, 512)
    packed = read_model(write_pipeline(tmp_path / "c", {"_class_name": "ChromaPipeline"}))
    assert Ability.PREVIEWS not in packed.abilities
    assert packed.note.endswith("prompt weights, other scheduler or previews.")


@pytest.mark.parametrize(
    ("index", "error", "said"),
    [
        ({"_class_name": ["pipeline_own", "OwnPipeline"]}, ForeignCodeError, "program code of its own"),
        ({"_class_name": "OwnPipeline"}, ModelError, "is a OwnPipeline, which the studio cannot run.*AuraFlow"),
        ({"_class_name": "AuraFlowImg2ImgPipeline"}, ModelError, "which the studio cannot run"),
        ({"transformer": ["own_module", "OwnModel"]}, ForeignCodeError, r"own_module\.py"),
        ({"transformer": ["../own", "OwnModel"]}, ModelBrokenError, "does not say plainly what its part"),
        ({"transformer": ["diffusers", "Own.Model"]}, ModelBrokenError, "does not say plainly"),
        ({"transformer": ["diffusers"]}, ModelBrokenError, "does not say plainly"),
        ({"../x": ["diffusers", "AutoencoderKL"]}, ModelBrokenError, "does not say plainly"),
        ({"scheduler": [None, None]}, ModelBrokenError, "its scheduler is missing"),
        ({"tokenizer": [None, None]}, ModelBrokenError, "its tokenizer is missing"),
        ({"movq": ["diffusers", "VQModel"]}, ModelBrokenError, "its movq is missing"),
    ],
    ids=str,
)
def test_what_is_not_diffusers_own_is_refused(
    tmp_path: Path, index: dict[str, Any], error: type[ModelError], said: str
) -> None:
    folder = write_pipeline(tmp_path / "bad", index)
    (folder / "own_module.py").write_text("raise SystemExit")
    with pytest.raises(error, match=said):
        read_model(folder)
    assert find_models([tmp_path]) == ()


def test_a_part_that_wants_code_run_is_refused(tmp_path: Path) -> None:
    config = {"auto_map": {"AutoModel": "modeling_own.OwnModel"}}
    folder = write_pipeline(tmp_path / "bad", **{"text_encoder/config.json": config})
    with pytest.raises(
        ForeignCodeError, match=r"\(text_encoder/config\.json\), which could do anything and is not run"
    ):
        read_model(folder)


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    folder = write_pipeline(tmp_path / "bad")
    (folder / "transformer" / "model.safetensors").rename(folder / "transformer" / "model.bin")
    with pytest.raises(UnsafeModelError, match="is a pickle"):
        read_model(folder)


@pytest.mark.parametrize(
    "configs",
    [
        {"scheduler/scheduler_config.json": {"_class_name": "AmusedScheduler"}},
        {"scheduler/scheduler_config.json": {}},
        {"vae/config.json": {"latent_channels": 4}},
        {"vae/config.json": {"latent_channels": "many", "block_out_channels": [1]}},
        {"vae/config.json": {"latent_channels": 4, "block_out_channels": 7}},
    ],
    ids=str,
)
def test_configurations_that_make_no_sense_are_told(tmp_path: Path, configs: dict[str, Any]) -> None:
    with pytest.raises(ModelBrokenError, match=r"its configuration is not understood|gives latent_channels as"):
        read_model(write_pipeline(tmp_path / "bad", **configs))


def test_what_a_recipe_asks_is_checked_against_the_model(tmp_path: Path) -> None:
    info = read_model(write_pipeline(tmp_path / "Dawn"))
    plain = Recipe(prompt="a boat", scheduler=Scheduler.EULER, schedule=Schedule.NORMAL)
    check_for_model(plain, info)
    with pytest.raises(OptionError, match="keeps its own VAE"):
        check_for_model(
            Recipe(prompt="", vae=ModelRef(name="v"), scheduler=plain.scheduler, schedule=plain.schedule), info
        )


def test_every_pipeline_has_a_name_of_its_own() -> None:
    names = [facts.name for facts in PIPELINES.values()]
    assert len(set(names)) == len(names)

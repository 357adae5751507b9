"""Folders of the pipelines that are run whole, read by their JSON files: data only, whatever they say of code."""

import re
from pathlib import Path
from typing import Any, TypeAlias

from studio.core.abilities import EVERY_ABILITY, Ability
from studio.core.errors import ForeignCodeError, ModelBrokenError
from studio.core.model_family import FLOW, Defaults, ModelFamily
from studio.core.model_folders import check_weights
from studio.core.model_info import ModelInfo
from studio.core.model_json import read_json
from studio.core.pipelines import OWN_SCHEDULERS, PIPELINES, Part, Pipeline, PipelineFacts
from studio.core.reading import is_file, is_folder
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler

Config: TypeAlias = dict[str, Any]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_DENOISERS = ("transformer", "unet")
_SPACINGS = {
    "use_karras_sigmas": Schedule.KARRAS,
    "use_exponential_sigmas": Schedule.EXPONENTIAL,
    "use_beta_sigmas": Schedule.BETA,
}
_MAY_LACK = ("safety_checker", "feature_extractor", "image_encoder")
_CANNOT = frozenset(
    {Ability.BLENDS, Ability.STARTS, Ability.ADAPTERS, Ability.PROMPT_WEIGHTS, Ability.SCHEDULERS},
)
"""What needs a sampling loop of ours."""


def is_pipeline(folder: Path) -> bool:
    """Whether the folder's pipeline is one that is run whole. Raises ModelBrokenError, ForeignCodeError."""
    kind = read_json(folder, "model_index.json").get("_class_name")
    if isinstance(kind, list):  # diffusers' way to name a module of the folder's own
        raise ForeignCodeError(folder, "model_index.json")
    return isinstance(kind, str) and kind in PIPELINES


def read_pipeline(folder: Path) -> ModelInfo:
    """The model in a folder that `is_pipeline`. Raises ModelBrokenError, UnsafeModelError, ForeignCodeError."""
    index = read_json(folder, "model_index.json")
    parts = tuple(_part(folder, name, said) for name, said in index.items() if _is_part(folder, name, said))
    settings = tuple((name, value) for name, value in index.items() if _is_setting(name, value))
    pipeline = Pipeline(class_name=index["_class_name"], parts=parts, settings=settings)
    for wanted in ("scheduler", "tokenizer"):
        if not any(part.name.endswith(wanted) for part in parts):
            raise ModelBrokenError(folder, f"its {wanted} is missing")
    for part in parts:
        _check_part(folder, part)
    try:
        return _info(folder, pipeline)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelBrokenError(folder, f"its configuration is not understood ({error})") from error


def _is_part(folder: Path, name: str, said: object) -> bool:
    is_left_out = name in _MAY_LACK and not is_folder(folder / name)
    return not name.startswith("_") and isinstance(said, list) and said != [None, None] and not is_left_out


def _is_setting(name: str, value: object) -> bool:
    return not name.startswith("_") and isinstance(value, bool | int | float)


def _part(folder: Path, name: str, said: list[object]) -> Part:
    words = (name, *said)
    if len(words) != 3 or not all(isinstance(word, str) and _NAME.fullmatch(word) for word in words):
        raise ModelBrokenError(folder, f"model_index.json does not say plainly what its part “{name[:40]}” is")
    if any(is_file(place / f"{said[0]}.py") for place in (folder, folder / name)):
        raise ForeignCodeError(folder, f"{said[0]}.py")
    return Part(*map(str, words))


def _check_part(folder: Path, part: Part) -> None:
    if not is_folder(folder / part.name):
        raise ModelBrokenError(folder, f"its {part.name} is missing")
    if part.has_weights:
        check_weights(folder / part.name)
        if "auto_map" in read_json(folder, f"{part.name}/config.json"):
            raise ForeignCodeError(folder, f"{part.name}/config.json")


def _info(folder: Path, pipeline: Pipeline) -> ModelInfo:
    facts, noise = pipeline.facts, read_json(folder, "scheduler/scheduler_config.json")
    channels, downsampling = _latents(folder, pipeline)
    missing = _missing(facts)
    return ModelInfo(
        name=folder.name,
        folder=folder,
        family=ModelFamily.OTHER,
        pipeline=pipeline,
        prediction_type=_prediction_type(noise),
        latent_channels=channels,
        downsampling=downsampling,
        size_multiple=facts.size_multiple,
        token_limit=facts.token_limit,
        defaults=_defaults(folder, pipeline, noise, downsampling),
        abilities=EVERY_ABILITY - missing,
        note=_note(facts, missing),
    )


def _latents(folder: Path, pipeline: Pipeline) -> tuple[int, int]:
    """Channels and downsampling of the latents; those of pixels where there are none, or none of that kind."""
    if not pipeline.facts.autoencoder:
        return 3, 1
    config = read_json(folder, f"{pipeline.facts.autoencoder}/config.json")
    blocks = config.get("block_out_channels") or config["encoder_block_out_channels"]
    return int(config["latent_channels"]), 2 ** (len(blocks) - 1)


def _missing(facts: PipelineFacts) -> frozenset[Ability]:
    more = {Ability.PREVIEWS: facts.autoencoder is not None, Ability.NEGATIVE_PROMPT: facts.takes_negative}
    return _CANNOT | {ability for ability, has in more.items() if not has}


def _note(facts: PipelineFacts, missing: frozenset[Ability]) -> str:
    *most, last = (str(each) for each in Ability if each in missing)
    return f"{facts.name} runs as its makers wrote it: no {', '.join(most)} or {last}."


def _prediction_type(noise: Config) -> str:
    said = str(noise.get("prediction_type", "epsilon"))
    flows = str(noise["_class_name"]).startswith("FlowMatch") or said.startswith("flow")
    return FLOW if flows else said


def _defaults(folder: Path, pipeline: Pipeline, noise: Config, downsampling: int) -> Defaults:
    facts = pipeline.facts
    scheduler = OWN_SCHEDULERS.get(str(noise["_class_name"]))
    if scheduler is None:
        raise ValueError(f"its scheduler {str(noise['_class_name'])[:60]} is not known")
    side = facts.side or _own_side(folder, pipeline) * downsampling or 1024
    return Defaults(
        width=side,
        height=side,
        steps=facts.steps,
        guidance=facts.guidance,
        scheduler=scheduler,
        schedule=_schedule(scheduler, noise),
    )


def _own_side(folder: Path, pipeline: Pipeline) -> int:
    name = next((part.name for part in pipeline.parts if part.name in _DENOISERS), None)
    side = None if name is None else read_json(folder, f"{name}/config.json").get("sample_size")
    return side if isinstance(side, int) else 0


def _schedule(scheduler: Scheduler, noise: Config) -> Schedule:
    """How its levels are spaced, as far as artists have a name for it; else the scheduler's first."""
    offered = SCHEDULERS[scheduler].schedules
    said = next((schedule for flag, schedule in _SPACINGS.items() if noise.get(flag) is True), Schedule.NORMAL)
    return said if said in offered else offered[0]

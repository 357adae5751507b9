"""Model folders in the diffusers layout, read by their JSON files."""

from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from studio.core.adapter_files import PICKLES
from studio.core.errors import ModelBrokenError, ModelError, UnsafeModelError
from studio.core.model_family import (
    FAMILIES,
    FLOW,
    KINDS,
    Defaults,
    ModelFamily,
    family_of_pipeline,
    inpainting_channels,
)
from studio.core.model_info import ModelInfo
from studio.core.model_json import read_json
from studio.core.reading import entries_in, is_file, is_folder
from studio.core.schedulers import Schedule, Scheduler

Config: TypeAlias = dict[str, Any]

_SD2_WIDTH = 1024
"""Of the text encoder of Stable Diffusion 2, OpenCLIP ViT-H; that of 1 is 768 wide."""
_FEW_STEPS = {"LCMScheduler": Scheduler.LCM, "TCDScheduler": Scheduler.TCD}
_TURBO = {"EulerDiscreteScheduler": Scheduler.EULER, "EulerAncestralDiscreteScheduler": Scheduler.EULER_A}
_STEPS = 4
_SIDE_MAX = 4096
"""In pixels: larger pictures are not made."""
_PREDICTION_TYPES = ("epsilon", "v_prediction")
_INPAINTS = "An inpainting model: it is shown what lies around the mask."
_LCM_SCALE = 8.0
"""In the middle of the scales that latent consistency models were distilled with (Luo et al. 2023, section 4.3)."""


def read_folder(folder: Path) -> ModelInfo:
    """Read a model folder's JSON files. Raises ModelBrokenError, UnsafeModelError, or ModelError for other families."""
    index = read_json(folder, "model_index.json")
    family = _family(folder, index)
    facts = FAMILIES[family]
    for part in (facts.denoiser, *facts.weighted, *facts.tokenizers, "scheduler"):
        if part not in facts.optional and (not is_folder(folder / part) or part not in index):
            raise ModelBrokenError(folder, f"its {part} is missing")
    for part in facts.weighted:
        if is_folder(folder / part):
            check_weights(folder / part)
    try:
        return _info(folder, family)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, msgspec.ValidationError) as error:
        raise ModelBrokenError(folder, f"its configuration is not understood ({error})") from error


def _family(folder: Path, index: Config) -> ModelFamily:
    kind = index.get("_class_name", "StableDiffusionPipeline")
    family = family_of_pipeline(kind) if isinstance(kind, str) else None
    if family is None:
        known = ", ".join(KINDS)
        raise ModelError(f"The model in {folder} is a {str(kind)[:80]}, which the studio cannot run. It runs: {known}.")
    return family


def _info(folder: Path, family: ModelFamily) -> ModelInfo:
    facts = FAMILIES[family]
    vae, denoiser = read_json(folder, "vae/config.json"), read_json(folder, f"{facts.denoiser}/config.json")
    text, noise = read_json(folder, "text_encoder/config.json"), read_json(folder, "scheduler/scheduler_config.json")
    own = read_json(folder, "horizon.json") if is_file(folder / "horizon.json") else {}
    if family is ModelFamily.SD1 and text.get("hidden_size") == _SD2_WIDTH:
        family = ModelFamily.SD2
    info = describe(family, vae, denoiser, noise, has_long_text="text_encoder_3" in _there(folder))
    check_channels(folder, family, vae, denoiser)
    vocabulary = folder / "vocabulary.json"
    limit = int(text.get("max_position_embeddings", 77)) - 2
    return msgspec.structs.replace(
        info,
        name=str(own.get("name", folder.name)),
        folder=folder,
        # A U-Net whose skip connections need even sizes works at odd ones too: diffusers passes the sizes on.
        size_multiple=int(own.get("size_multiple", info.size_multiple)),
        token_limit=min(limit, info.token_limit) if info.token_limit == 75 else info.token_limit,
        defaults=_own_defaults(own, info.defaults),
        vocabulary=vocabulary if is_file(vocabulary) else None,
    )


def describe(family: ModelFamily, vae: Config, denoiser: Config, noise: Config, *, has_long_text: bool) -> ModelInfo:
    """A model by its configurations, as yet without name and place. `has_long_text`: T5 is there where it may lack.

    Raises KeyError, TypeError or ValueError for configurations that are not those of such a model.
    """
    facts = FAMILIES[family]
    downsampling = 2 ** (len(vae["block_out_channels"]) - 1)
    steps, few = _few_steps(family, denoiser, noise)
    reads_clip_only = family is ModelFamily.SD3 and not has_long_text
    flows = family in (ModelFamily.SD3, ModelFamily.FLUX)
    side = min(int(denoiser.get("sample_size") or 0) * downsampling, _SIDE_MAX)
    usual = Defaults() if family is ModelFamily.SD2 else facts.defaults
    sized = {"width": side, "height": side} if side else {}
    inpaints = denoiser.get("in_channels") == inpainting_channels(int(vae["latent_channels"]))
    return ModelInfo(
        name="",
        folder=Path(),
        family=family,
        prediction_type=FLOW if flows else _prediction_type(noise),
        latent_channels=int(vae["latent_channels"]),
        downsampling=downsampling,
        size_multiple=max(8, downsampling) * (facts.size_multiple // 8),
        token_limit=75 if reads_clip_only else facts.token_limit,
        defaults=msgspec.convert({**msgspec.structs.asdict(usual), **sized, **steps}, Defaults),
        few_steps=few,
        inpaints=inpaints,
        note=" ".join((*([_note(steps)] if few else []), *([_INPAINTS] if inpaints else []))),
    )


def check_channels(path: Path, family: ModelFamily, vae: Config, denoiser: Config) -> None:
    """Raise ModelBrokenError where the VAE and the denoiser do not speak of the same latents."""
    made = int(vae["latent_channels"]) * (4 if family is ModelFamily.FLUX else 1)
    taken = int(denoiser.get("in_channels", made))
    inpaints = FAMILIES[family].denoiser == "unet" and taken == inpainting_channels(made)
    if made != taken and not inpaints:
        part = FAMILIES[family].denoiser
        raise ModelBrokenError(path, f"its VAE makes latents of {made} channels, but its {part} takes {taken}")


def _prediction_type(noise: Config) -> str:
    kind = noise.get("prediction_type", "epsilon")
    if kind not in _PREDICTION_TYPES:
        raise ValueError(f"its prediction type “{str(kind)[:40]}” is not {' or '.join(_PREDICTION_TYPES)}")
    return str(kind)


def _few_steps(family: ModelFamily, denoiser: Config, noise: Config) -> tuple[Config, bool]:
    """What a model that was distilled to few steps wants instead of its family's defaults."""
    kind = noise.get("_class_name", "")
    if family is ModelFamily.FLUX:
        few = denoiser.get("guidance_embeds") is False
        return ({"steps": _STEPS, "guidance": 1.0} if few else {}), few
    wanted: Config = {"steps": _STEPS, "guidance": 1.0, "schedule": Schedule.NORMAL}
    if denoiser.get("time_cond_proj_dim"):
        return wanted | {"scheduler": Scheduler.LCM, "guidance": _LCM_SCALE}, True
    if kind in _FEW_STEPS:
        return wanted | {"scheduler": _FEW_STEPS[kind]}, True
    # Turbo and Lightning: trained at the last timestep, and no zero-SNR model, which predicts v.
    if kind in _TURBO and noise.get("timestep_spacing") == "trailing" and noise.get("prediction_type") == "epsilon":
        return wanted | {"scheduler": _TURBO[kind]}, True
    return {}, False


def _note(wanted: Config) -> str:
    return f"A few-step model: made for about {wanted['steps']} steps at guidance {wanted['guidance']:g}."


def _own_defaults(own: Config, usual: Defaults) -> Defaults:
    """Those of `horizon.json`, where the folder has one."""
    named = {key.removeprefix("default_"): value for key, value in own.items() if key.startswith("default_")}
    width, height = named.pop("size", (usual.width, usual.height))
    return msgspec.convert({**msgspec.structs.asdict(usual), "width": width, "height": height, **named}, Defaults)


def _there(folder: Path) -> set[str]:
    return {path.name for path, holds_more in entries_in(folder) if holds_more}


def check_weights(part: Path) -> None:
    """Raise UnsafeModelError or ModelBrokenError unless the folder of a part has .safetensors weights."""
    files = [path for path, _ in entries_in(part)]
    if any(path.suffix == ".safetensors" for path in files):
        return
    pickles = [path for path in files if path.suffix.casefold() in PICKLES]
    if pickles:
        raise UnsafeModelError(pickles[0])
    raise ModelBrokenError(part.parent, f"{part.name} has no .safetensors weights")

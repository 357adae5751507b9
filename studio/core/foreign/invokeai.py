"""InvokeAI's `invokeai_metadata`: one JSON object, flat and well named."""

from collections.abc import Mapping
from typing import Any

from studio.core.foreign import samplers
from studio.core.foreign.a1111 import FROM_PICTURE, GPU_NOISE
from studio.core.foreign.draft import UNKNOWN, UNSUPPORTED, Draft, real, shown, text_at
from studio.core.foreign.understanding import Program, Understanding

_READ = {
    *("positive_prompt", "negative_prompt", "width", "height", "seed", "steps", "cfg_scale", "scheduler", "model"),
    *("rand_device", "generation_mode", "loras", "app_version"),
}
_SENTENCES = {
    "clip_skip": "Clip skip {} is not applied here: the text encoder's last layer is used.",
    "controlnets": "ControlNets are not applied here.",
    "ipAdapters": "IP-Adapters are not applied here.",
    "t2iAdapters": "T2I-Adapters are not applied here.",
    "vae": "The autoencoder {} is not used here; the model's own is.",
    "seamless_x": "The picture is not made seamless here.",
    "seamless_y": "The picture is not made seamless here.",
    "cfg_rescale_multiplier": "The guidance is not rescaled here.",
    "hrf_enabled": "The second pass at a higher resolution is not made here.",
    "refiner_model": "The refiner {} is not used here.",
    "init_image": FROM_PICTURE,
}


def read_invokeai(metadata: Mapping[str, Any]) -> Understanding:
    """What the metadata says."""
    draft = Draft(Program.INVOKEAI)
    draft.prompt(metadata.get("positive_prompt"))
    draft.negative_prompt(metadata.get("negative_prompt"))
    setters = {"seed": draft.seed, "steps": draft.steps, "cfg_scale": draft.guidance}
    for key, setter in setters.items():
        if metadata.get(key) is not None:
            setter(metadata[key])
    if metadata.get("width") is not None:
        draft.size(metadata["width"], metadata.get("height"))
    if metadata.get("scheduler") is not None:
        draft.sampler(samplers.INVOKEAI, metadata["scheduler"])
    draft.model(model_name(metadata.get("model")))
    _circumstances(draft, metadata)
    _others(draft, metadata)
    return draft.finish()


def model_name(value: object) -> str:
    """The name in a model's description of either of InvokeAI's generations."""
    if isinstance(value, dict):
        inner = value.get("model") or value.get("lora")
        return text_at(value, "name", "model_name") or model_name(inner)
    return value if isinstance(value, str) else ""


def _circumstances(draft: Draft, metadata: Mapping[str, Any]) -> None:
    if metadata.get("rand_device") not in (None, "cpu"):
        draft.differ(GPU_NOISE)
    mode = metadata.get("generation_mode")
    if isinstance(mode, str) and "txt2img" not in mode:
        draft.not_applied("generation_mode", mode, FROM_PICTURE)
    loras = metadata.get("loras")
    for lora in loras[:100] if isinstance(loras, list) else []:
        draft.adapter(model_name(lora), lora.get("weight", 1.0) if isinstance(lora, dict) else None)


def _others(draft: Draft, metadata: Mapping[str, Any]) -> None:
    for key, value in metadata.items():
        if key in _READ or value is None:
            continue
        if key not in _SENTENCES:
            draft.ignore(key, value, UNSUPPORTED if key.startswith(("hrf_", "refiner_", "strength")) else UNKNOWN)
        elif value in (False, [], {}, "") or real(value) == 0:
            draft.ignore(key, value, "it is what this studio does anyway")
        else:
            draft.not_applied(key, value, _SENTENCES[key].format(shown(model_name(value) or value)[:100]))

"""Fooocus in its first scheme, a JSON object in `parameters`. (Its second is AUTOMATIC1111's infotext)."""

import re
from collections.abc import Mapping
from typing import Any

from studio.core.foreign import samplers
from studio.core.foreign.draft import UNKNOWN, UNSUPPORTED, Draft, shown, text_at
from studio.core.foreign.understanding import Program, Understanding

_STEPS = {"quality": 60, "speed": 30, "extreme speed": 8, "lightning": 4, "hyper-sd": 4}
"""What each performance stands for, where the steps are not stated."""
_PAIR = re.compile(r"\(?\s*(\d{1,6})\s*[,x×]\s*(\d{1,6})\s*\)?")
_READ = {
    *("prompt", "negative_prompt", "resolution", "guidance_scale", "base_model", "base_model_hash", "seed", "steps"),
    *("sampler", "scheduler", "performance", "loras", "styles", "full_prompt", "full_negative_prompt", "version"),
}
_SENTENCES = {
    "sharpness": "Fooocus's sharpness {} is not applied here.",
    "adm_guidance": "Fooocus's ADM guidance {} is not applied here.",
    "refiner_model": "The refiner {} is not used here.",
    "freeu": "FreeU is not applied here.",
    "vae": "The autoencoder {} is not used here; the model's own is.",
    "clip_skip": "Clip skip {} is not applied here: the text encoder's last layer is used.",
}
_ABSENT = ("", "None", "Default (model)", None, "0", 0)


def read_fooocus(metadata: Mapping[str, Any]) -> Understanding:
    """What the metadata says."""
    draft = Draft(Program.FOOOCUS)
    draft.prompt(metadata.get("prompt"))
    draft.negative_prompt(metadata.get("negative_prompt"))
    _size(draft, metadata.get("resolution"))
    setters = {"seed": draft.seed, "steps": draft.steps, "guidance_scale": draft.guidance}
    for key, setter in setters.items():
        if key in metadata:
            setter(metadata[key])
    if not draft.has("steps"):
        draft.steps(_STEPS.get(text_at(metadata, "performance").lower(), 30))
    if "sampler" in metadata:
        draft.sampler(samplers.COMFYUI, metadata["sampler"], metadata.get("scheduler", ""))
    draft.model(metadata.get("base_model"), metadata.get("base_model_hash", ""))
    _styles(draft, metadata)
    _networks(draft, metadata)
    _others(draft, metadata)
    return draft.finish()


def _size(draft: Draft, value: object) -> None:
    """`(1152, 896)` in a text, which Fooocus itself hands to `eval`; or a list of two."""
    if isinstance(value, list) and len(value) == 2:
        draft.size(value[0], value[1])
    elif isinstance(value, str) and (found := _PAIR.fullmatch(value.strip()[:40])):
        draft.size(found[1], found[2])
    elif value is not None:
        draft.ignore("resolution", value, "not a size")


def _styles(draft: Draft, metadata: Mapping[str, Any]) -> None:
    styles = metadata.get("styles")
    if styles not in (None, "", "[]", []):
        what = shown(styles)
        draft.not_applied("styles", what, f"Fooocus's styles are not added to the prompt here: {what[:200]}.")


def _networks(draft: Draft, metadata: Mapping[str, Any]) -> None:
    loras = metadata.get("loras")
    listed = [each[:2] for each in loras if isinstance(each, list) and len(each) > 1] if isinstance(loras, list) else []
    combined = [
        str(value).rpartition(" : ")[::2] for key, value in metadata.items() if key.startswith("lora_combined_")
    ]
    for name, strength in (*listed, *combined)[:100]:
        draft.adapter(name, strength)


def _others(draft: Draft, metadata: Mapping[str, Any]) -> None:
    for key, value in metadata.items():
        if key in _READ or key.startswith("lora_combined_"):
            continue
        if key not in _SENTENCES or value in _ABSENT:
            draft.ignore(key, value, UNSUPPORTED if key in _SENTENCES or key.startswith("refiner") else UNKNOWN)
        else:
            draft.not_applied(key, value, _SENTENCES[key].format(shown(value)[:100]))

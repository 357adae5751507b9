"""NovelAI: `Description` is the prompt, `Comment` a JSON object with the rest; in texts, or hidden in the pixels."""

from collections.abc import Mapping
from typing import Any

from studio.core.foreign import samplers
from studio.core.foreign.draft import UNKNOWN, Draft, text_at
from studio.core.foreign.understanding import Program, Understanding

_READ = {
    *("prompt", "uc", "width", "height", "seed", "steps", "scale", "sampler", "noise_schedule"),
    *("v4_prompt", "v4_negative_prompt"),
}
_SERVICE = "NovelAI's models run on its own service; the picture is made with a model of yours here."


def read_novelai(comment: Mapping[str, Any], texts: Mapping[str, str]) -> Understanding:
    """What `Comment` says, with the other texts beside it."""
    draft = Draft(Program.NOVELAI)
    draft.prompt(text_at(comment, "prompt") or texts.get("Description") or _caption(comment, "v4_prompt"))
    draft.negative_prompt(text_at(comment, "uc") or _caption(comment, "v4_negative_prompt"))
    setters = {"seed": draft.seed, "steps": draft.steps, "scale": draft.guidance}
    for key, setter in setters.items():
        if key in comment:
            setter(comment[key])
    if "width" in comment:
        draft.size(comment["width"], comment.get("height"))
    if "sampler" in comment:
        name = text_at(comment, "sampler").removeprefix("k_").removesuffix("_v3")
        draft.sampler(samplers.COMFYUI, name, comment.get("noise_schedule", ""))
    draft.model(texts.get("Source"))
    draft.differ(_SERVICE)
    for key, value in comment.items():
        if key not in _READ:
            draft.ignore(key, value, UNKNOWN)
    return draft.finish()


def _caption(comment: Mapping[str, Any], key: str) -> str:
    """The fourth generation's prompt: `{"caption": {"base_caption": …}}`."""
    value = comment.get(key)
    caption = value.get("caption") if isinstance(value, dict) else None
    return text_at(caption, "base_caption") if isinstance(caption, dict) else ""

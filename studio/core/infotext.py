"""A recipe in AUTOMATIC1111's words ("infotext"), which nearly every program and web gallery reads.

    prompt
    Negative prompt: what it avoids
    Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x512, …

For reading by others only: our own settings come back from the `latent_studio` chunk, which loses nothing.
"""

import json

import msgspec

import studio
from studio.core.blend import Law
from studio.core.options import option
from studio.core.recipe import Recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings

_SAMPLERS = {Scheduler.PNDM: "PLMS"}
_SCHEDULES = {Schedule.LINSPACE: "Uniform"}
"""Where their name for the same thing differs from ours."""
_SETTINGS = {"eta": "Eta", "s_churn": "Sigma churn", "s_noise": "Sigma noise"}
_CONTROLS = dict.fromkeys((*range(0x20), 0x7F), " ") | {0x09: "\t", 0x0A: "\n"}
"""Control characters end a PNG text or a line where nobody expects it."""


def infotext(recipe: Recipe) -> str:
    """`recipe` as infotext: valid Unicode without control characters, whatever the prompt holds."""
    negative = f"\nNegative prompt: {recipe.negative_prompt}" if recipe.negative_prompt else ""
    parameters = ", ".join(f"{key}: {_quote(value)}" for key, value in _parameters(recipe).items())
    return _clean(f"{recipe.prompt}{negative}\n{parameters}").strip()


def _parameters(recipe: Recipe) -> dict[str, str]:
    """In the order in which AUTOMATIC1111 writes them."""
    model = {"Model hash": recipe.model.hash[:10], "Model": recipe.model.name}
    return {
        "Steps": str(recipe.steps),
        "Sampler": _SAMPLERS.get(recipe.scheduler, recipe.scheduler),
        "Schedule type": _SCHEDULES.get(recipe.schedule, recipe.schedule),
        "CFG scale": _number(recipe.guidance),
        "Seed": str(recipe.seed),
        "Size": f"{recipe.width}x{recipe.height}",
        **{key: value for key, value in model.items() if value},
        **_variation(recipe),
        **_settings(recipe.scheduler_settings),
        "Version": f"Latent Studio {studio.__version__}",
    }


def _variation(recipe: Recipe) -> dict[str, str]:
    """The one blend that AUTOMATIC1111 knows: from the seed towards another, by slerp."""
    blend = recipe.blend
    if blend is None or blend.law is not Law.SLERP or len(blend.keyframes) != 2:
        return {}
    first, second = blend.keyframes
    plain = all(not each.picture and each.prompt is None and each.negative_prompt is None for each in blend.keyframes)
    if not plain or first.seed != recipe.seed or blend.noise_shares != blend.prompt_shares:
        return {}
    return {"Variation seed": str(second.seed), "Variation seed strength": _number(blend.noise_shares[-1])}


def _settings(settings: SchedulerSettings) -> dict[str, str]:
    chosen = {name: value for name, value in msgspec.structs.asdict(settings).items() if value is not None}
    return {
        _SETTINGS.get(name) or option(SchedulerSettings, name).title: _number(value) for name, value in chosen.items()
    }


def _number(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _quote(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ',\n:"') else value


def _clean(text: str) -> str:
    """Without control characters; surrogates joined to the characters they encode, lone ones replaced by U+FFFD."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return joined.translate(_CONTROLS)

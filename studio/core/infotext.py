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
from studio.core.prompt_grammar import adapter_mark, adapters_in
from studio.core.recipe import Recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings
from studio.core.start import Area, Start

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
    return _clean(f"{_prompt(recipe)}{negative}\n{parameters}").strip()


def _prompt(recipe: Recipe) -> str:
    """The prompt, and at its end the adapters that are not in it."""
    there = {each.name.casefold() for each in adapters_in(recipe.prompt)}
    more = [each for each in recipe.adapters if each.strength and each.name.casefold() not in there]
    return " ".join([recipe.prompt, *filter(None, map(adapter_mark, more))])


def _hashes(recipe: Recipe) -> dict[str, str]:
    """Ten digits of each file's SHA-256, by which galleries know it."""
    known = (each for each in recipe.adapters if each.hash and each.strength and not set(each.name) & set(',:"'))
    listed = ", ".join(f"{each.name}: {each.hash[:10]}" for each in known)
    learned = (each for each in recipe.learned_words or () if each.hash and not set(each.name) & set(',:"'))
    words = ", ".join(f"{each.name}: {each.hash[:10]}" for each in learned)
    return {key: value for key, value in {"Lora hashes": listed, "TI hashes": words}.items() if value}


def _parameters(recipe: Recipe) -> dict[str, str]:
    """In the order in which AUTOMATIC1111 writes them."""
    model = {"Model hash": recipe.model.hash[:10], "Model": recipe.model.name}
    if recipe.vae is not None:
        model |= {"VAE hash": recipe.vae.hash[:10], "VAE": recipe.vae.name}
    return {
        "Steps": str(recipe.steps),
        "Sampler": _SAMPLERS.get(recipe.scheduler, recipe.scheduler),
        "Schedule type": _SCHEDULES.get(recipe.schedule, recipe.schedule),
        "CFG scale": _number(recipe.guidance),
        "Seed": str(recipe.seed),
        "Size": f"{recipe.width}x{recipe.height}",
        **{key: value for key, value in model.items() if value},
        **_variation(recipe),
        **_start(recipe.start),
        **_settings(recipe.scheduler_settings),
        **_hashes(recipe),
        "Version": f"Latent Studio {studio.__version__}",
    }


def _start(start: Start | None) -> dict[str, str]:
    if start is None:
        return {}
    part = {"Inpaint area": "Only masked", "Masked area padding": str(start.padding_px)}
    return {"Denoising strength": _number(start.strength), **(part if start.area is Area.MASKED else {})}


def _variation(recipe: Recipe) -> dict[str, str]:
    """The one blend that AUTOMATIC1111 knows: from the seed towards another; its law is slerp by columns."""
    blend = recipe.blend
    if blend is None or not blend.law.is_of_two or len(blend.keyframes) != 2:
        return {}
    first, second = blend.keyframes
    plain = all(not each.picture and each.prompt is None and each.negative_prompt is None for each in blend.keyframes)
    if not plain or first.seed != recipe.seed or blend.noise_shares != blend.prompt_shares:
        return {}
    return {
        "Variation seed": str(second.seed),
        "Variation seed strength": _number(blend.noise_shares[-1]),
        **({"Variation law": str(blend.law)} if blend.law is Law.COLUMNS else {}),
    }


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

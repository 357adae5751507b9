"""Recipes in words: one line that sums one up, and what changed between two.

steps 20 → 30, seed 7 → 8, prompt: +sunset −dawn
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from studio.core.adapters import AdapterUse
from studio.core.blend import Blend
from studio.core.options import option
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import SchedulerSettings
from studio.core.start import Area, Encoding, Enlarging, Start

_WORDS_SHOWN = 8
_PROMPT_SHOWN = 60
_HASH_SHOWN = 10


def summary(recipe: Recipe) -> str:
    """One line: what the picture shows, and how it was made."""
    prompt = " ".join(recipe.prompt.split())
    short = prompt if len(prompt) <= _PROMPT_SHOWN else f"{prompt[: _PROMPT_SHOWN - 1].rstrip()}…"
    parts = (
        short or "no prompt",
        f"{recipe.width}×{recipe.height} px",
        f"seed {recipe.seed}",
        f"{recipe.steps} steps",
        f"{recipe.scheduler} {recipe.schedule}",
        f"guidance {recipe.guidance:g}",
        " ".join(recipe.model.name.split()),
        adapters_in_words(recipe.adapters),
        f"VAE {_vae(recipe)}" if recipe.vae else "",
        _blend(recipe.blend) if recipe.blend else "",
        _start(recipe.start) if recipe.start else "",
    )
    return ", ".join(part for part in parts if part)


def fields_in_words(recipe: Recipe) -> tuple[tuple[str, str], ...]:
    """Every field with its value, for a table; what is not set is left out."""
    settings = msgspec.structs.asdict(recipe.scheduler_settings)
    rows = (
        ("prompt", recipe.prompt),
        ("negative prompt", recipe.negative_prompt),
        *_plain(recipe).items(),
        *((_title(name), _value(value)) for name, value in settings.items() if value is not None),
        ("model", _model(recipe.model)),
        ("adapters", adapters_in_words(recipe.adapters)),
        ("embeddings", _learned(recipe)),
        ("VAE", _vae(recipe)),
        ("blend", _blend(recipe.blend) if recipe.blend else ""),
        ("start", _start(recipe.start) if recipe.start else ""),
    )
    return tuple((name, value) for name, value in rows if value)


def adapters_in_words(adapters: Iterable[AdapterUse]) -> str:
    """Each with its strength: "ink 0.8, oil −1"."""
    return ", ".join(f"{' '.join(each.name.split())} {_strength(each)}" for each in adapters)


def difference(old: Recipe, new: Recipe) -> str:
    """What changed from `old` to `new`, or "no difference"."""
    return ", ".join(differences(old, new)) or "no difference"


def differences(old: Recipe, new: Recipe) -> tuple[str, ...]:
    """What changed from `old` to `new`, one by one."""
    before, after = _plain(old), _plain(new)
    changes = [f"{name} {before[name]} → {after[name]}" for name in before if before[name] != after[name]]
    changes += _settings_changes(old.scheduler_settings, new.scheduler_settings)
    changes += _model_change(old.model, new.model)
    changes += _adapter_changes(old.adapters, new.adapters)
    changes += _vae_change(old, new)
    changes += _blend_change(old.blend, new.blend)
    changes += _start_change(old.start, new.start)
    changes += _words_change("prompt", old.prompt, new.prompt)
    changes += _words_change("negative prompt", old.negative_prompt, new.negative_prompt)
    return tuple(changes)


def _plain(recipe: Recipe) -> dict[str, str]:
    """The fields that are one number or one name."""
    return {
        "size": f"{recipe.width}×{recipe.height} px",
        "steps": str(recipe.steps),
        "seed": str(recipe.seed),
        "guidance": str(recipe.guidance).removesuffix(".0"),
        "scheduler": recipe.scheduler.value,
        "schedule": recipe.schedule.value,
    }


def _settings_changes(old: SchedulerSettings, new: SchedulerSettings) -> list[str]:
    before, after = msgspec.structs.asdict(old), msgspec.structs.asdict(new)
    return [
        f"{_title(name)} {_value(before[name])} → {_value(after[name])}"
        for name in before
        if before[name] != after[name]
    ]


def _title(name: str) -> str:
    title = option(SchedulerSettings, name).title
    return title[:1].lower() + title[1:]


def _value(value: object) -> str:
    if value is None:
        return "default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value}".removesuffix(".0") if isinstance(value, float) else f"{value}"


def _model(model: ModelRef) -> str:
    return f"{model.name} {model.hash[:_HASH_SHOWN]}".strip()


def _model_change(old: ModelRef, new: ModelRef) -> list[str]:
    if old.name != new.name:
        return [f"model {old.name or 'none'} → {new.name or 'none'}"]
    if old.hash and new.hash and old.hash.casefold() != new.hash.casefold():
        return [f"other weights of {new.name} ({old.hash[:_HASH_SHOWN]} → {new.hash[:_HASH_SHOWN]})"]
    return []  # a hash that is not known is no change: the name stands for whatever bears it


def _learned(recipe: Recipe) -> str:
    return ", ".join(f"{' '.join(each.name.split())} {each.hash[:_HASH_SHOWN]}" for each in recipe.learned_words or ())


def _vae(recipe: Recipe) -> str:
    return " ".join(recipe.vae.name.split()) if recipe.vae else ""


def _vae_change(old: Recipe, new: Recipe) -> list[str]:
    if _vae(old) == _vae(new):
        return []
    return [f"VAE {_vae(old) or 'of the model'} → {_vae(new) or 'of the model'}"]


def _strength(use: AdapterUse) -> str:
    return f"{use.strength:g}".replace("-", "−")


def _adapter_changes(old: Iterable[AdapterUse], new: Iterable[AdapterUse]) -> list[str]:
    before, after = ({each.name.casefold(): each for each in adapters} for adapters in (old, new))
    changes = [f"+{adapters_in_words([use])}" for name, use in after.items() if name not in before]
    changes += [f"−{' '.join(use.name.split())}" for name, use in before.items() if name not in after]
    for one, other in ((before[name], after[name]) for name in before if name in after):
        if one.strength != other.strength:
            changes.append(f"{' '.join(one.name.split())} {_strength(one)} → {_strength(other)}")
        elif one.hash and other.hash and one.hash.casefold() != other.hash.casefold():
            changes.append(f"another file of {' '.join(one.name.split())}")
    return changes


def _blend(blend: Blend) -> str:
    return f"a blend of {len(blend.keyframes)} keyframes"


def _blend_change(old: Blend | None, new: Blend | None) -> list[str]:
    if old == new:
        return []
    if old is None or new is None:
        there = old or new
        return [] if there is None else [f"{'−' if new is None else '+'}{_blend(there)}"]
    changes = []
    if old.keyframes != new.keyframes:
        counts = f"{len(old.keyframes)} → {len(new.keyframes)}"
        changes.append("keyframes changed" if len(old.keyframes) == len(new.keyframes) else f"keyframes {counts}")
    for what, before, after in (
        ("noise", old.noise_shares, new.noise_shares),
        ("prompt", old.prompt_shares, new.prompt_shares),
    ):
        if before != after:
            changes.append(f"{what} weights {_shares(before)} → {_shares(after)}")
    if old.law is not new.law:
        changes.append(f"law {old.law} → {new.law}")
    return changes


def _start(start: Start) -> str:
    parts = (
        f"a starting picture{' with a mask' if start.mask else ''}",
        f"strength {start.strength:g}",
        "encoding sampled" if start.encoding is Encoding.SAMPLE else "",
        f"only the masked area, {start.padding_px} px around it" if start.area is Area.MASKED else "",
        "latents enlarged" if start.enlarging is Enlarging.LATENTS else "",
    )
    return ", ".join(part for part in parts if part)


def _start_change(old: Start | None, new: Start | None) -> list[str]:
    if old == new:
        return []
    if old is None or new is None:
        return ["−starting picture" if new is None else "+starting picture"]
    changes = ["another starting picture"] if old.picture != new.picture else []
    if old.strength != new.strength:
        changes.append(f"strength {old.strength:g} → {new.strength:g}")
    if old.encoding is not new.encoding:
        changes.append(f"encoding {old.encoding} → {new.encoding}")
    if old.area is not new.area:
        changes.append(f"area {old.area} → {new.area}")
    if old.padding_px != new.padding_px:
        changes.append(f"padding {old.padding_px} px → {new.padding_px} px")
    if old.enlarging is not new.enlarging:
        changes.append(f"enlarging {old.enlarging} → {new.enlarging}")
    if old.mask != new.mask:
        changes.append("mask changed" if old.mask and new.mask else "+mask" if new.mask else "−mask")
    return changes


def _shares(shares: tuple[float, ...]) -> str:
    return "/".join(f"{100 * share:.3g}" for share in shares) + " %"


def _words_change(name: str, old: str, new: str) -> list[str]:
    """The words that came and went. Counted, not aligned: a long prompt takes no longer than it is."""
    if old == new:
        return []
    before, after = Counter(_words(old)), Counter(_words(new))
    marked = [f"+{word}" for word in after - before] + [f"−{word}" for word in before - after]
    if not marked:
        return [f"{name}: other order or signs"]
    more = f" and {len(marked) - _WORDS_SHOWN} more" if len(marked) > _WORDS_SHOWN else ""
    return [f"{name}: {' '.join(marked[:_WORDS_SHOWN])}{more}"]


def _words(text: str) -> list[str]:
    """Between spaces, without the commas and stops around them."""
    return [word for word in (each.strip(",.;") for each in text.split()) if word]

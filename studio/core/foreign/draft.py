"""A draft collects what a reader finds, keeps the recipe within what this studio allows, and tells what it changed."""

import math
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from studio.core.adapters import ADAPTERS_MAX, AdapterUse
from studio.core.blend import Blend, Keyframe, Law
from studio.core.errors import OptionError
from studio.core.foreign.samplers import Names, choose
from studio.core.foreign.understanding import Ignored, Program, Understanding, Understood
from studio.core.learned_words import LEARNED_MAX, LearnedWord
from studio.core.options import option
from studio.core.recipe import PROMPT_MAX, SEED_MAX, ModelRef, Recipe, check_recipe
from studio.core.recipe_words import adapters_in_words
from studio.core.schedulers import SCHEDULERS, SchedulerSettings

UNSUPPORTED = "this studio has no such setting"
UNKNOWN = "not known to this studio"
_SHOWN = 300
"""Characters of a value that are shown; prompts are whole in the recipe."""
_ENTRIES = 200
"""Entries of a kind that are listed: more help nobody."""
_SIZE_MULTIPLE = 8
_SIDE_MIN, _SIDE_MAX = 64, 4096
_DIGITS = 25
_REAL = re.compile(r"-?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?")
_NETWORK = re.compile(r"<(lora|lyco|hypernet):([^<>:]{1,200})(:[^<>]{0,100})?>", re.IGNORECASE)
_COMFY_EMBEDDING = re.compile(r"\bembedding:([^\s,():]{1,200}?)(?:\.(?:pt|bin|safetensors))?(?=[\s,():]|$)")
"""ComfyUI's way to say that a word is an embedding; here its name alone does."""
_ADAPTERS = ("lora", "lyco")
_NAME_MAX = 200
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_WEIGHTED = re.compile(r"(?<!\\)[(\[{]|::|\b(?:BREAK|AND)\b|[\w)][+-]{1,9}(?=[\s,)]|$)")
"""Prompt syntax that weighs, schedules or joins parts of a prompt in other programs."""


class Draft:
    """One recipe in the making."""

    def __init__(self, program: Program) -> None:
        """Starts from the defaults."""
        self.program = program
        self._recipe = Recipe()
        self._found: dict[str, str] = {}
        self._ignored: list[Ignored] = []
        self._differences: list[str] = []

    def has(self, field: str) -> bool:
        """Whether `field` was understood."""
        return field in self._found

    def take(self, field: str, value: object, **changes: object) -> None:
        """`field` was understood: put `changes` into the recipe, and say that the program stated `value`."""
        self._recipe = msgspec.structs.replace(self._recipe, **changes)
        self._found[field] = shown(value)

    def ignore(self, key: str, value: object, why: str) -> None:
        """An entry that has no place in the recipe."""
        if len(self._ignored) < _ENTRIES:
            self._ignored.append(Ignored(shown(key), shown(value), why))

    def differ(self, sentence: str) -> None:
        """Something that this studio would do differently."""
        if sentence not in self._differences and len(self._differences) < _ENTRIES:
            self._differences.append(sentence)

    def not_applied(self, key: str, value: object, sentence: str) -> None:
        """An entry that changed the other program's picture, and does not change ours."""
        self.ignore(key, value, UNSUPPORTED)
        self.differ(sentence)

    def prompt(self, text: object) -> None:
        """The prompt, without the networks it calls for: adapters become the recipe's own."""
        if not isinstance(text, str):
            return
        self.take("prompt", text, prompt=self._plain("prompt", text))
        for kind, name, rest in _NETWORK.findall(text)[:_ENTRIES]:
            if kind.lower() in _ADAPTERS:
                strength, _, more = rest.removeprefix(":").partition(":")
                self.adapter(name, strength or 1.0, more)
            else:
                self._not_applied(kind, name)

    def negative_prompt(self, text: object) -> None:
        """The negative prompt."""
        if isinstance(text, str):
            for kind, name, _ in _NETWORK.findall(text)[:_ENTRIES]:
                self._not_applied(kind, name)
            self.take("negative prompt", text, negative_prompt=self._plain("negative prompt", text))

    def adapter(self, name: object, strength: object, more: object = "") -> None:
        """A LoRA by its file's name. Asked for twice, its strengths add up, as in AUTOMATIC1111.

        `more` is what else the program says of it, such as a strength of its own for the text encoder.
        """
        number = real(strength)
        stem = PurePosixPath(_encodable(name).replace("\\", "/")).name if isinstance(name, str) else ""
        stem = stem.strip().removesuffix(".safetensors")[:_NAME_MAX]
        used = {each.name.casefold(): each for each in self._recipe.adapters}
        before = used.get(stem.casefold(), AdapterUse(name=stem, strength=0.0))
        if number is None or not stem or (len(used) >= ADAPTERS_MAX and stem.casefold() not in used):
            self._not_applied("lora", name)
            return
        bounded = _nearest(AdapterUse, "strength", before.strength + number)
        used[stem.casefold()] = msgspec.structs.replace(before, strength=bounded)
        self.take("adapters", adapters_in_words(used.values()), adapters=tuple(used.values()))
        if bounded != before.strength + number:
            self.differ(f"The adapter “{shown(stem)}” has strength {bounded:g} here, the most there is.")
        if more:
            self.differ(f"The adapter “{shown(stem)}” has one strength here; “{shown(more)}” is not used.")

    def embeddings(self, hashes: str) -> None:
        """Textual inversions that the prompts name: "name: hash, name: hash"."""
        pairs = (each.rpartition(":") for each in hashes.split(","))
        found = {_encodable(name).strip()[:_NAME_MAX]: digest.strip().casefold() for name, _, digest in pairs}
        words = [
            LearnedWord(name=name, hash=digest if _DIGEST.fullmatch(digest) else "") for name, digest in found.items()
        ]
        known = tuple({word.name.casefold(): word for word in words if word.name}.values())[:LEARNED_MAX]
        self.take("embeddings", ", ".join(word.name for word in known), learned_words=known)

    def vae(self, name: str, digest: str = "") -> None:
        """The autoencoder by its file's name."""
        stem = PurePosixPath(_encodable(name).replace("\\", "/")).name.strip().removesuffix(".safetensors")
        if stem:
            known = digest.casefold() if _DIGEST.fullmatch(digest.casefold()) else ""
            self.take("VAE", stem, vae=ModelRef(name=stem[:_NAME_MAX], hash=known))

    def _not_applied(self, kind: str, name: object) -> None:
        self.not_applied(kind.lower(), name, f"The network “{shown(name)}” is not applied here.")

    def size(self, width: object, height: object) -> None:
        """Size in pixels, brought to multiples of 8 within what a recipe allows."""
        wide, high = whole(width), whole(height)
        if wide is None or high is None or wide < 1 or high < 1:
            self.ignore("size", f"{shown(width)}x{shown(height)}", "not a size")
            return
        fitting = fitting_size(wide, high)
        self.take("size", f"{wide}×{high}", width=fitting[0], height=fitting[1])
        if fitting != (wide, high):
            self.differ(f"The size {wide}×{high} px becomes {fitting[0]}×{fitting[1]} px here.")

    def seed(self, value: object) -> None:
        """The seed; of a longer one, the low 32 bits, which are all that PyTorch's CPU generator uses (mt19937)."""
        number = whole(value)
        if number is None or number < 0:
            self.ignore("seed", value, "not a seed")
            return
        self.take("seed", number, seed=number & SEED_MAX)
        if number > SEED_MAX:
            self.differ(f"Seed {number} becomes {number & SEED_MAX}, which starts the same noise on a CPU.")

    def steps(self, value: object) -> None:
        """Sampler steps."""
        number = whole(value)
        if number is None:
            self.ignore("steps", value, "not a number of steps")
        else:
            self._bounded("steps", number)

    def guidance(self, value: object) -> None:
        """Classifier-free guidance scale."""
        number = real(value)
        if number is None:
            self.ignore("guidance", value, "not a number")
        else:
            self._bounded("guidance", number)

    def sampler(self, names: Names, sampler: object, schedule: object = "") -> None:
        """Sampler and schedule by the names of one program."""
        if not isinstance(sampler, str) or not sampler.strip():
            self.ignore("sampler", sampler, "not a name")
            return
        asked = schedule if isinstance(schedule, str) else ""
        choice = choose(names, sampler, asked)
        settings = SchedulerSettings(solver_type=choice.solver_type)
        self.take("sampler", sampler, scheduler=choice.scheduler, scheduler_settings=settings)
        self.take("schedule", asked or "automatic", schedule=choice.schedule)
        for sentence in choice.differences:
            self.differ(sentence)

    def setting(self, name: str, value: object) -> None:
        """One of `SchedulerSettings`, where the scheduler takes it and the value is allowed. After `sampler`."""
        if name not in SCHEDULERS[self._recipe.scheduler].settings:
            sentence = f"{self._recipe.scheduler} takes no setting “{name}” here; {shown(value)} is not used."
            self.not_applied(name, value, sentence)
            return
        changed = msgspec.structs.replace(self._recipe.scheduler_settings, **{name: value})
        tried = msgspec.structs.replace(self._recipe, scheduler_settings=changed)
        try:
            check_recipe(tried)
        except OptionError as error:
            self.ignore(name, value, str(error).removesuffix("."))
        else:
            self.take(name.replace("_", " "), value, scheduler_settings=changed)

    def model(self, name: object, digest: object = "") -> None:
        """The model, by name: other programs keep ten digits of the file's hash, which says nothing of a folder's."""
        if not isinstance(name, str) or not name.strip():
            return
        self.take("model", name, model=ModelRef(name=_encodable(name)[:1024]))
        if digest:
            self.ignore("model hash", digest, "the model is found by its name; its weights are not compared")

    def variation(self, seed: object, strength: object, law: Law) -> None:
        """A variation seed is a blend of two noises, by `law`. After `seed`."""
        number, share = whole(seed), real(strength)
        if number is None or number < 0 or share is None or not 0 < share <= 1:
            self.ignore(
                "variation", f"{shown(seed)}, strength {shown(strength)}", "not a seed and a strength of 0 to 1"
            )
            return
        keyframes = (Keyframe(seed=self._recipe.seed, name="Seed"), Keyframe(seed=number & SEED_MAX, name="Variation"))
        both = (1.0 - share, share)
        blend = Blend(keyframes=keyframes, noise_shares=both, prompt_shares=both, law=law)
        self.take("variation", f"seed {number}, strength {share:g}", blend=blend)

    def finish(self) -> Understanding:
        """The understanding. The recipe passes `check_recipe`."""
        check_recipe(self._recipe)
        if not self.has("model"):
            self.differ(f"The picture does not name its model; {self._recipe.model.name} is used.")
        if self.program is not Program.LATENT_STUDIO:
            self._compare()
        return Understanding(
            program=self.program,
            recipe=self._recipe,
            understood=tuple(Understood(field, value) for field, value in self._found.items()),
            ignored=tuple(self._ignored),
            differences=tuple(self._differences),
        )

    def _compare(self) -> None:
        """What differs for every other program."""
        scheduler = self._recipe.scheduler
        if self.has("sampler") and SCHEDULERS[scheduler].stochastic:
            self.differ(
                f"{scheduler} adds fresh noise at every step, and draws it differently here: near, not the same."
            )
        if _WEIGHTED.search(f"{self._recipe.prompt}\n{self._recipe.negative_prompt}"):
            self.differ(
                "Weights in the prompt, as in (word:1.3), count with Stable Diffusion 1 and 2 models here; "
                "to others they are plain words."
            )

    def _plain(self, what: str, text: str) -> str:
        plain = _NETWORK.sub("", _encodable(text)).strip()
        if self.program is Program.COMFYUI:
            plain = _COMFY_EMBEDDING.sub(r"\1", plain)
        if len(plain) > PROMPT_MAX:
            self.differ(f"The {what} has {len(plain):,} characters; only the first {PROMPT_MAX:,} are used.")
        return plain[:PROMPT_MAX]

    def _bounded(self, name: str, number: float) -> None:
        declared, value = option(Recipe, name), _nearest(Recipe, name, number)
        self.take(name, f"{number:g}" if isinstance(number, float) else number, **{name: value})
        if value != number:
            low, high = int(declared.minimum or 0), int(declared.maximum or 0)
            self.differ(f"{declared.title} {number} is outside {low} to {high}; {value} is used.")


def _nearest(struct: type[msgspec.Struct], name: str, number: float) -> float:
    """The nearest that the option allows, of the same kind of number."""
    declared = option(struct, name)
    return type(number)(min(declared.maximum or 0, max(declared.minimum or 0, number)))


def shown(value: object) -> str:
    """`value` on one short line."""
    text = value if isinstance(value, str) else f"{value!r:.{_SHOWN}}" if not isinstance(value, int) else _int(value)
    short = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return "".join(each if each.isprintable() else " " for each in short)


def fitting_size(width: int, height: int) -> tuple[int, int]:
    """The nearest size a recipe may have, in pixels: of larger ones, the shape is kept."""
    scale = min(1.0, _SIDE_MAX / width, _SIDE_MAX / height)
    return _snapped(width * scale), _snapped(height * scale)


def whole(value: object) -> int | None:
    """A whole number, also one in a short text or a float; else None."""
    if isinstance(value, str):
        text = value.strip()
        return int(text) if len(text) <= _DIGITS and re.fullmatch(r"-?[0-9]+", text) else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() and abs(value) < 2**64 else None
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**64 else None


def real(value: object) -> float | None:
    """A finite number, also one in a short text; else None."""
    if isinstance(value, str):
        text = value.strip()
        return real(float(text)) if len(text) <= _DIGITS and _REAL.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e12:
        return None
    return float(value) if math.isfinite(value) else None  # NaN passes the comparison above


def text_at(values: Mapping[str, Any], *names: str) -> str:
    """The first text under one of `names` that is not empty; else ""."""
    return next((value for name in names if isinstance(value := values.get(name), str) and value.strip()), "")


def _int(value: int) -> str:
    return str(value) if abs(value) < 10**40 else "a huge number"


def _snapped(side: float) -> int:
    nearest = int(side / _SIZE_MULTIPLE + 0.5) * _SIZE_MULTIPLE
    return min(_SIDE_MAX, max(_SIDE_MIN, nearest))


def _encodable(text: str) -> str:
    """Without lone surrogates and without NUL, which no text encoder reads."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")

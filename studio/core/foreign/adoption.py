"""Another program's settings with the models of this machine: what each becomes here, and what will differ."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from studio.core.canvas import Canvas
from studio.core.canvas_edits import variation_canvas
from studio.core.foreign.draft import shown
from studio.core.foreign.understanding import Ignored, Program, Understanding
from studio.core.models import ModelInfo
from studio.core.recipe import ModelRef, Recipe
from studio.core.recipe_words import adapters_in_words
from studio.core.words import Vocabulary, words_of

_WORDS_SHOWN = 12
_AREA_TIMES = 2.0
"""From so many times a model's own area on, pictures repeat themselves."""


class Row(NamedTuple):
    """A field, its value as the other program states it, and its value here; both shortened for showing."""

    field: str
    found: str
    here: str


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """What is offered to the artist. `canvas` is set where the picture was a blend; `recipe` then has it too."""

    program: Program
    recipe: Recipe
    canvas: Canvas | None = None
    rows: tuple[Row, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether it is our own recipe, and nothing about it differs here."""
        return self.program is Program.LATENT_STUDIO and not self.differences


def adopt(
    understanding: Understanding,
    models: Mapping[str, ModelInfo],
    current: ModelRef,
    vocabulary: Vocabulary | None = None,
    adapters: Iterable[str] = (),
    *,
    embeddings: Iterable[str] = (),
    vaes: Iterable[str] = (),
) -> Adoption:
    """`understanding` for the models of this machine, by how the engine finds them.

    A model that is not here is replaced by the `current` one; `vocabulary` is the current one's, where it has one.
    Adapters, embeddings and VAEs that are not among the names here are left out.
    """
    model, told = _model(understanding, models, current)
    recipe = msgspec.structs.replace(understanding.recipe, model=model)
    recipe, missing = _without_missing(recipe, {name.casefold() for name in adapters})
    recipe, words = _without_missing_words(recipe, {name.casefold() for name in embeddings})
    recipe, vae = _without_missing_vae(recipe, {name.casefold() for name in vaes})
    told += missing + words + vae
    info = models.get(model.name)
    if info is not None:
        recipe, more = _fitted(recipe, info)
        told += more + _about_prompt(recipe, info, vocabulary if model.name == current.name else None)
    return Adoption(
        program=understanding.program,
        recipe=recipe,
        canvas=_canvas(recipe) if understanding.program is not Program.LATENT_STUDIO else None,
        rows=tuple(Row(each, value, _here(each, value, recipe)) for each, value in understanding.understood if value),
        ignored=understanding.ignored,
        differences=(*told, *understanding.differences),
    )


def _model(
    understanding: Understanding, models: Mapping[str, ModelInfo], current: ModelRef
) -> tuple[ModelRef, list[str]]:
    wanted = understanding.recipe.model
    if wanted.name in models:
        return wanted, []
    alike = next((key for key in models if key.casefold() == wanted.name.casefold()), "")
    if alike:
        return ModelRef(name=alike), []
    if not any(each.field == "model" for each in understanding.understood):
        return current, []  # that it names none is told already
    return current, [f"The model “{wanted.name[:60]}” is not on this machine; {current.name} is used."]


def _without_missing(recipe: Recipe, here: Collection[str]) -> tuple[Recipe, list[str]]:
    """Without the adapters that are not on this machine."""
    kept = tuple(each for each in recipe.adapters if each.name.casefold() in here)
    told = [
        f"The adapter “{shown(each.name)}” is not on this machine and is not applied."
        for each in recipe.adapters
        if each not in kept
    ]
    return msgspec.structs.replace(recipe, adapters=kept), told


def _without_missing_words(recipe: Recipe, here: Collection[str]) -> tuple[Recipe, list[str]]:
    """Without the embeddings that are not on this machine: their names are read as plain words."""
    if recipe.learned_words is None:
        return recipe, []
    kept = tuple(each for each in recipe.learned_words if each.name.casefold() in here)
    told = [
        f"The embedding “{shown(each.name)}” is not on this machine; it is read as plain words."
        for each in recipe.learned_words
        if each not in kept
    ]
    return msgspec.structs.replace(recipe, learned_words=kept), told


def _without_missing_vae(recipe: Recipe, here: Collection[str]) -> tuple[Recipe, list[str]]:
    if recipe.vae is None or recipe.vae.name.casefold() in here:
        return recipe, []
    told = f"The VAE “{shown(recipe.vae.name)}” is not on this machine; the model's own is used."
    return msgspec.structs.replace(recipe, vae=None), [told]


def _fitted(recipe: Recipe, model: ModelInfo) -> tuple[Recipe, list[str]]:
    """With a size that the model takes."""
    told = []
    width, height = (_snapped(side, model.size_multiple) for side in (recipe.width, recipe.height))
    if (width, height) != (recipe.width, recipe.height):
        told.append(
            f"{recipe.width}×{recipe.height} px becomes {width}×{height} px: "
            f"{model.name} needs multiples of {model.size_multiple} px."
        )
    own = model.defaults
    if width * height > _AREA_TIMES * own.width * own.height:
        told.append(
            f"{model.name} was made for about {own.width}×{own.height} px: at {width}×{height} px it takes longer and "
            "may repeat itself."
        )
    return msgspec.structs.replace(recipe, width=width, height=height), told


def _snapped(side: int, multiple: int) -> int:
    """The nearest side that the model takes, of at least 64 px."""
    least = -(-64 // multiple) * multiple
    return max(least, (side + multiple // 2) // multiple * multiple)


def _about_prompt(recipe: Recipe, model: ModelInfo, vocabulary: Vocabulary | None) -> list[str]:
    """Before the tokens are counted by the model itself: a prompt has at least as many as it has words."""
    told = []
    for what, text in (("prompt", recipe.prompt), ("negative prompt", recipe.negative_prompt)):
        words = words_of(text)
        if len(words) > model.token_limit:
            told.append(
                f"The {what} has {len(words)} words, but {model.name} reads {model.token_limit} tokens. Shorten it."
            )
        unknown = [] if vocabulary is None else list(dict.fromkeys(word.text for word in vocabulary.unknown(text)))
        if unknown:
            rest = f" and {len(unknown) - _WORDS_SHOWN} more" if len(unknown) > _WORDS_SHOWN else ""
            told.append(
                f"Words of the {what} that {model.name} never learnt: {', '.join(unknown[:_WORDS_SHOWN])}{rest}."
            )
    return told


def _canvas(recipe: Recipe) -> Canvas | None:
    """The canvas of a variation seed, which is the one blend that other programs write."""
    blend = recipe.blend
    if blend is None or len(blend.keyframes) != 2:
        return None
    canvas = variation_canvas(blend.keyframes[0].seed, blend.keyframes[1].seed, blend.noise_shares[1])
    return msgspec.structs.replace(canvas, law=blend.law)


def _here(field: str, found: str, recipe: Recipe) -> str:
    values = {
        "prompt": shown(recipe.prompt),
        "negative prompt": shown(recipe.negative_prompt),
        "size": f"{recipe.width}×{recipe.height}",
        "sampler": recipe.scheduler.value,
        "schedule": recipe.schedule.value,
        "model": recipe.model.name,
        "adapters": shown(adapters_in_words(recipe.adapters)) or "none",
        "embeddings": ", ".join(each.name for each in recipe.learned_words or ()) or "none",
        "VAE": recipe.vae.name if recipe.vae else "the model's own",
        "variation": "a blend of 2 keyframes on the canvas",
        "guidance": f"{recipe.guidance:g}",
        "seed": str(recipe.seed),
        "steps": str(recipe.steps),
    }
    return values.get(field, found)

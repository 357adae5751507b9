"""A grid of variations: one recipe, of which one, two or three things take several values."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from studio.core.errors import OptionError
from studio.core.grid_axis import NONE, PICTURES_MAX, Axis, Field
from studio.core.model_checks import check_for_model
from studio.core.models import ModelInfo
from studio.core.recipe import ModelRef, Recipe, check_recipe
from studio.core.scheduler_choice import with_scheduler
from studio.core.wildcards import chosen

Find: TypeAlias = Callable[[str], ModelInfo | None]
"""The model of a name; None, or a ModelError, where there is none."""
_SETTINGS = {
    Field.ETA: "eta",
    Field.ORDER: "order",
    Field.SOLVER: "solver_type",
    Field.CHURN: "s_churn",
    Field.CHURN_NOISE: "s_noise",
}


def make_grid(
    recipe: Recipe, axes: Sequence[Axis], model: ModelInfo | None, find: Find = lambda name: None
) -> tuple[Recipe, ...]:
    """The recipes of all pictures: the first axis varies fastest, the last slowest. `model` is that of `recipe`.

    Raises:
        OptionError: for none or too many pictures, one thing varied twice, or a value that does not go with the rest.
        ModelError: what `find` raises.
    """
    fields = [axis.field for axis in axes]
    if not axes:
        raise OptionError("grid", "Nothing varies yet. Choose what should, and type its values.")
    if len(set(fields)) < len(fields):
        raise OptionError("grid", "One thing varies on two axes. Choose another for one of them.")
    count = math.prod(len(axis.values) for axis in axes)
    if count > PICTURES_MAX:
        raise OptionError(
            "grid", f"The grid has {count:,} pictures, and at most {PICTURES_MAX} are made at once. Take values away."
        )
    ways = itertools.product(*([(axis, value) for value in axis.values] for axis in reversed(axes)))
    return tuple(_varied(recipe, way, model, find) for way in ways)


def describe(axes: Sequence[Axis]) -> str:
    """The axes in words, for a file's description."""
    named = zip(("across", "down", "block by block"), axes, strict=False)
    return "; ".join(f"{way}: {axis.field} {', '.join(axis.names)}" for way, axis in named)


def _varied(recipe: Recipe, way: Sequence[tuple[Axis, Any]], model: ModelInfo | None, find: Find) -> Recipe:
    for axis, value in sorted(way, key=lambda each: tuple(Field).index(each[0].field)):
        if axis.field is Field.MODEL:
            model = find(value)
            if model is None:
                raise OptionError(axis.field, f"Model: there is none called “{value[:60]}”.")
        recipe = _with_value(recipe, axis, value, model)
    check_recipe(recipe, size_multiple=model.size_multiple if model else 8)
    if model is not None:
        check_for_model(recipe, model)
    return chosen(recipe)


def _with_value(recipe: Recipe, axis: Axis, value: Any, model: ModelInfo | None) -> Recipe:
    if axis.field is Field.PROMPT:
        return _with_text(recipe, axis.values[0], value)
    if axis.field is Field.SCHEDULER:
        return with_scheduler(recipe, value, model)
    if axis.field is Field.STRENGTH:
        if recipe.start is None:
            raise OptionError(axis.field, "Strength: there is no picture to start from. Choose one first.")
        return msgspec.structs.replace(recipe, start=msgspec.structs.replace(recipe.start, strength=value))
    if axis.field in _SETTINGS:
        settings = msgspec.structs.replace(recipe.scheduler_settings, **{_SETTINGS[axis.field]: value})
        return msgspec.structs.replace(recipe, scheduler_settings=settings)
    changes = _CHANGES.get(axis.field)
    return msgspec.structs.replace(recipe, **(changes(value) if changes else {axis.field.value: value}))


_CHANGES: Mapping[Field, Callable[[Any], dict[str, Any]]] = {
    Field.MODEL: lambda name: {"model": ModelRef(name=name), "learned_words": None},
    Field.VAE: lambda name: {"vae": None if name.casefold() == NONE else ModelRef(name=name)},
    Field.LORA: lambda adapter: {"adapters": () if adapter is None else (adapter,)},
    Field.NEGATIVE_PROMPT: lambda text: {"negative_prompt": text, "learned_words": None},
    Field.SIZE: lambda size: {"width": size[0], "height": size[1]},
}
"""Fields of the recipe by their new values, where it is not the field of that name alone."""


def _with_text(recipe: Recipe, wanted: str, text: str) -> Recipe:
    if wanted not in recipe.prompt and wanted not in recipe.negative_prompt:
        raise OptionError("prompt", f"Prompt: “{wanted[:40]}” is in neither prompt. Begin with words that are.")
    prompt, negative = (each.replace(wanted, text) for each in (recipe.prompt, recipe.negative_prompt))
    return msgspec.structs.replace(recipe, prompt=prompt, negative_prompt=negative, learned_words=None)

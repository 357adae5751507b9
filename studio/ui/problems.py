"""What is wrong with a recipe, and beside which control to say so. Pure."""

from collections.abc import Mapping

from studio.core.errors import ModelNotFoundError, OptionError, PromptTooLongError
from studio.core.model_checks import check_for_model
from studio.core.models import ModelInfo
from studio.core.recipe import Recipe, check_recipe
from studio.core.wildcards import check_wildcards

_TEXTS = ("prompt", "negative_prompt")
TokenCount = tuple[str, int]
"""A text and its number of tokens."""


def problems_of(
    recipe: Recipe, models: Mapping[str, ModelInfo], tokens: Mapping[str, TokenCount], refused_seed: str = ""
) -> dict[str, str]:
    """The sentence for each field that is wrong.

    `models` by how the engine finds them; `tokens` are what was counted last, by field, and may be out of date;
    `refused_seed` is the sentence for a text in the seed field that is no seed.
    """
    found: dict[str, str] = {}
    model = models.get(recipe.model.name)
    if model is None:
        found["model"] = str(ModelNotFoundError(recipe.model.name, [each.name for each in models.values()]))
    if refused_seed:
        found["seed"] = refused_seed
    try:
        check_recipe(recipe, size_multiple=model.size_multiple if model else 8)
        if model is not None:
            check_for_model(recipe, model)
    except OptionError as error:
        found[control_of(error.name)] = str(error)
    for field in _TEXTS:
        try:
            check_wildcards(getattr(recipe, field), field)
        except OptionError as error:
            found[field] = str(error)
    for field, (text, count) in tokens.items():
        if model is not None and count > model.prompt_limit and getattr(recipe, field) == text:
            found[field] = str(PromptTooLongError(field, count, model.prompt_limit))
    return found


def control_of(name: str) -> str:
    """The control that a field of the recipe is shown by: width and height share one."""
    return "width" if name == "height" else name

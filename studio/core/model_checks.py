"""What a recipe asks of a model, against what the model can do."""

import msgspec

from studio.core.abilities import Ability
from studio.core.adapters_used import adapters_used
from studio.core.errors import OptionError
from studio.core.model_family import check_offered
from studio.core.model_info import ModelInfo
from studio.core.prompt_grammar import has_weights
from studio.core.recipe import Recipe


def check_for_model(recipe: Recipe, model: ModelInfo) -> None:
    """Raise OptionError where `model` cannot make `recipe`, whatever else is right with it."""
    for ability in Ability:
        if ability not in model.abilities:
            _refuse(ability, recipe, model)
    if Ability.SCHEDULERS in model.abilities:
        check_offered(model.prediction_type, recipe.scheduler, recipe.schedule, recipe.scheduler_settings)


def _refuse(ability: Ability, recipe: Recipe, model: ModelInfo) -> None:
    """Raise OptionError where `recipe` wants the `ability` that `model` lacks."""
    who = f"{model.kind} runs as its makers wrote it, and"
    match ability:
        case Ability.BLENDS if recipe.blend is not None:
            raise OptionError("blend", f"{who} cannot blend. Choose another model for the latent canvas.")
        case Ability.STARTS if recipe.start is not None:
            raise OptionError("start", f"{who} starts from noise alone. Remove the picture, or choose another model.")
        case Ability.ADAPTERS if adapters_used(recipe):
            raise OptionError("adapters", f"{who} takes no adapters. Remove them, or choose another model.")
        case Ability.ADAPTERS if recipe.learned_words:
            raise OptionError("prompt", f"{who} knows no embeddings. Take out their words, or choose another model.")
        case Ability.ADAPTERS if recipe.vae is not None:
            raise OptionError("vae", f"{who} keeps its own VAE. Choose that, or another model.")
        case Ability.PROMPT_WEIGHTS:
            _refuse_weights("prompt", recipe.prompt, who)
            _refuse_weights("negative_prompt", recipe.negative_prompt, who)
        case Ability.NEGATIVE_PROMPT if recipe.negative_prompt:
            raise OptionError("negative_prompt", f"{who} reads no negative prompt. Leave it empty.")
        case Ability.SCHEDULERS:
            _refuse_scheduler(recipe, model, who)


def _refuse_weights(name: str, text: str, who: str) -> None:
    if has_weights(text):
        raise OptionError(
            name, f"{who} reads no prompt weights. Take out brackets and BREAK; write \\( and \\) for a bracket itself."
        )


def _refuse_scheduler(recipe: Recipe, model: ModelInfo, who: str) -> None:
    own = model.defaults
    if (recipe.scheduler, recipe.schedule) != (own.scheduler, own.schedule):
        raise OptionError("scheduler", f"{who} keeps its own scheduler. Choose {own.scheduler} with {own.schedule}.")
    for name, value in msgspec.structs.asdict(recipe.scheduler_settings).items():
        if value is not None:
            raise OptionError(name, f"{who} keeps its scheduler's settings. Leave out “{name}”.")

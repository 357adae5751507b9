"""What can be asked of a model beyond a picture of a prompt."""

import enum


class Ability(enum.StrEnum):
    """By the words that say what a model without it lacks."""

    BLENDS = "latent canvas"
    STARTS = "starting picture"
    ADAPTERS = "adapters"
    PROMPT_WEIGHTS = "prompt weights"
    NEGATIVE_PROMPT = "negative prompt"
    SCHEDULERS = "other scheduler"
    PREVIEWS = "previews"


EVERY_ABILITY = frozenset(Ability)
"""Of a model whose family the engine knows: the sampling loop is ours."""

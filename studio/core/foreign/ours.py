"""Our own recipe: nothing is lost, so there is nothing to tell but what it says. It is taken as it stands."""

from studio.core.foreign.draft import shown
from studio.core.foreign.understanding import Program, Understanding, Understood
from studio.core.recipe_json import recipe_from_json
from studio.core.recipe_words import fields_in_words


def read_ours(text: str) -> Understanding:
    """What the `latent_studio` text says. Raises OptionError."""
    recipe = recipe_from_json(text)
    understood = tuple(Understood(name, shown(value)) for name, value in fields_in_words(recipe))
    return Understanding(program=Program.LATENT_STUDIO, recipe=recipe, understood=understood)

"""Which adapters a picture is made with: those of the recipe, and those written in its prompts."""

import msgspec

from studio.core.adapters import AdapterUse, check_adapters
from studio.core.prompt_grammar import adapters_in
from studio.core.recipe import Recipe


def adapters_used(recipe: Recipe) -> tuple[AdapterUse, ...]:
    """Every adapter once, those of strength 0 included, first those of the recipe's list.

    `<lora:name:0.8>` in the prompt adds an adapter, and says the strength of one that is in the list too. Written more
    than once, its strengths add up, as in AUTOMATIC1111. In a blend they count by their keyframes' shares, as the
    prompts do. In negative prompts the marks mean nothing, as there.

    Raises OptionError for too many, or for a strength that is not allowed.
    """
    written = _written(recipe)
    listed = [_with_strength(each, written.pop(each.name.casefold(), None)) for each in recipe.adapters]
    used = (*listed, *written.values())
    check_adapters(used)
    return used


def _written(recipe: Recipe) -> dict[str, AdapterUse]:
    """The adapters in the recipe's prompts, by their names in small letters."""
    found: dict[str, AdapterUse] = {}
    for text, share in _prompts(recipe):
        for mark in adapters_in(text):
            before = found.get(mark.name.casefold(), msgspec.structs.replace(mark, strength=0.0))
            strength = round(before.strength + share * mark.strength, 6)  # equal shares give equal weights, to the bit
            found[mark.name.casefold()] = msgspec.structs.replace(before, strength=strength)
    return found


def _prompts(recipe: Recipe) -> list[tuple[str, float]]:
    """What steers the picture, each with its share."""
    if recipe.blend is None:
        return [(recipe.prompt, 1.0)]
    said = [recipe.prompt if each.prompt is None else each.prompt for each in recipe.blend.keyframes]
    return list(zip(said, recipe.blend.prompt_shares, strict=True))


def _with_strength(listed: AdapterUse, written: AdapterUse | None) -> AdapterUse:
    return listed if written is None else msgspec.structs.replace(listed, strength=written.strength)

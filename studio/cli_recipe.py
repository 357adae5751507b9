"""From the command line's words to recipes: the options are walked where they are declared, not written again."""

import argparse
import secrets
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from studio.core.adapters import AdapterUse, check_adapters
from studio.core.errors import OptionError, PictureError, UnknownChoiceError
from studio.core.metadata import read_recipe
from studio.core.model_checks import check_for_model
from studio.core.models import ModelInfo
from studio.core.options import Option, check, options_of
from studio.core.png import SIGNATURE
from studio.core.recipe import SEED_MAX, ModelRef, Recipe, check_recipe
from studio.core.recipe_json import SIZE_LIMIT, recipe_from_json
from studio.core.schedulers import SCHEDULERS, SchedulerSettings
from studio.core.start import png_size
from studio.core.start_picture import refitted
from studio.core.wildcards import check_wildcards, chosen

_NAMES = {"negative_prompt": ("--negative", "--negative-prompt")}
_MODEL_DEFAULTS = ("width", "height", "steps", "guidance", "scheduler", "schedule")


def add_recipe_flags(parser: argparse.ArgumentParser) -> None:
    """One flag for each option of the recipe and of the scheduler settings; the prompt is the word without a flag."""
    parser.add_argument("prompt", nargs="?", help="what the picture shows")
    parser.add_argument(
        "--lora",
        metavar="NAME[:STRENGTH]",
        action="append",
        help="an adapter, and how much of it (default: 1); may be given several times",
    )
    parser.add_argument("--vae", metavar="NAME", help="a VAE in the place of the model's own; an empty name is its own")
    for group, struct in (("picture", Recipe), ("scheduler settings", SchedulerSettings)):
        flags = parser.add_argument_group(group)
        for each in options_of(struct):
            if each.name != "prompt":
                flags.add_argument(*_flags(each), dest=each.name, metavar=_metavar(each), help=_help(each))


def read_recipe_file(source: str) -> Recipe:
    """The recipe in a JSON or PNG file, or in JSON on the standard input for `-`.

    Raises:
        OptionError: where there is none that can be read.
        PictureError: for a picture without one.
    """
    if source == "-":
        return recipe_from_json(sys.stdin.read(SIZE_LIMIT + 1))
    try:
        with Path(source).open("rb") as file:
            start = file.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OptionError("recipe", f"{source} cannot be read: {reason}. Give a JSON or PNG file.") from error
    if start.startswith(SIGNATURE):
        return read_recipe(Path(source))
    try:
        return recipe_from_json(start.decode())
    except UnicodeDecodeError as error:
        raise PictureError(source, "it is neither a PNG picture nor JSON") from error


class Wishes(msgspec.Struct, frozen=True):
    """What the flags ask for: fields of the recipe, and of its scheduler settings."""

    fields: dict[str, Any]
    settings: dict[str, Any]


def read_wishes(arguments: argparse.Namespace) -> Wishes:
    """The flags as values, each checked by itself.

    Raises:
        OptionError: for a value that no model could take.
    """
    wishes = Wishes(dict(_given(arguments, Recipe)), dict(_given(arguments, SchedulerSettings)))
    if arguments.lora is not None:
        wishes.fields["adapters"] = tuple(map(_adapter, arguments.lora))
        check_adapters(wishes.fields["adapters"])
    if arguments.vae is not None:
        wishes.fields["vae"] = ModelRef(name=arguments.vae) if arguments.vae else None
    if wishes.fields.keys() & {"prompt", "negative_prompt"}:
        wishes.fields["learned_words"] = None  # other words are other embeddings, as the files now are
    check(Recipe(**wishes.fields))
    check(SchedulerSettings(**wishes.settings))
    return wishes


def chosen_model(name: str | None, base: Recipe | None) -> ModelRef:
    """The model asked for: by name, else by the recipe, else the studio's own."""
    if name is not None:
        return ModelRef(name=name)
    return ModelRef() if base is None else base.model


def recipe_for(wishes: Wishes, base: Recipe | None, model: ModelRef, info: ModelInfo) -> Recipe:
    """The recipe the wishes ask for: they come first, then the recipe they start from, else the model's defaults.

    Raises:
        OptionError: for values that do not go together or do not fit the model.
    """
    if base is None and "prompt" not in wishes.fields:
        raise OptionError("prompt", "There is no prompt. Say in quotes what the picture shows, or give --recipe.")
    start = _defaults(info) if base is None else base
    recipe = _with_fitted_start(msgspec.structs.replace(start, **wishes.fields, model=model))
    recipe = _with_settings(_with_schedule(recipe, wishes.fields, info), wishes.settings)
    _check_texts(recipe)
    check_recipe(recipe, size_multiple=info.size_multiple)
    check_for_model(recipe, info)
    return recipe


def with_seeds(recipe: Recipe, count: int) -> Iterator[Recipe]:
    """`count` recipes with seeds from `recipe`'s on, each with its own choices; after the last seed comes the first."""
    for number in range(count):
        yield chosen(msgspec.structs.replace(recipe, seed=(recipe.seed + number) % (SEED_MAX + 1)))


def _defaults(info: ModelInfo) -> Recipe:
    chosen = {name: getattr(info.defaults, name) for name in _MODEL_DEFAULTS}
    return Recipe(seed=secrets.randbelow(SEED_MAX + 1), **chosen)


def _given(arguments: argparse.Namespace, struct: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    for each in options_of(struct):
        text = getattr(arguments, each.name)
        if text is not None:
            yield each.name, _parse(each, text)


def _parse(each: Option, text: str) -> Any:
    if each.choices:
        return _choose(each, text)
    if each.kind is bool:
        words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
        return words.get(text.casefold(), text)  # `check` refuses what is left a text
    try:
        return each.kind(text)
    except ValueError:
        return text


def _adapter(text: str) -> AdapterUse:
    """`ink` or `ink:0.8`; what stands behind the last colon and is no number belongs to the name."""
    name, _, strength = text.rpartition(":")
    try:
        return AdapterUse(name=name, strength=float(strength)) if name else AdapterUse(name=text)
    except ValueError:
        return AdapterUse(name=text)


def _choose(each: Option, text: str) -> Enum:
    folded = {choice.casefold(): choice for choice in each.choices}
    if text.casefold() not in folded:
        raise UnknownChoiceError(each.name, text, each.choices)
    choice: Enum = each.kind(folded[text.casefold()])
    return choice


def _with_fitted_start(recipe: Recipe) -> Recipe:
    """A starting picture that a recipe brings is cropped to the size that the flags ask for."""
    start = recipe.start
    if start is None or start.has_own_size or png_size(start.picture) == (recipe.width, recipe.height):
        return recipe
    return msgspec.structs.replace(recipe, start=refitted(start, recipe.width, recipe.height))


def _with_schedule(recipe: Recipe, given: dict[str, Any], info: ModelInfo) -> Recipe:
    """A scheduler named without a schedule keeps the one there is where it can, and takes its own first where not."""
    offered = info.schedulers.get(recipe.scheduler, SCHEDULERS[recipe.scheduler]).schedules
    if "schedule" in given or "scheduler" not in given or recipe.schedule in offered:
        return recipe
    return msgspec.structs.replace(recipe, schedule=offered[0])


def _with_settings(recipe: Recipe, given: dict[str, Any]) -> Recipe:
    """The settings given, over those of the recipe that its scheduler still takes."""
    takes = SCHEDULERS[recipe.scheduler].settings
    old = msgspec.structs.asdict(recipe.scheduler_settings)
    kept = {name: value for name, value in old.items() if name in takes}
    return msgspec.structs.replace(recipe, scheduler_settings=SchedulerSettings(**kept | given))


def _check_texts(recipe: Recipe) -> None:
    if not recipe.prompt.strip():
        raise OptionError("prompt", "The prompt is empty. Say in quotes what the picture shows.")
    for name in ("prompt", "negative_prompt"):
        check_wildcards(getattr(recipe, name), name)
        try:
            getattr(recipe, name).encode()
        except UnicodeEncodeError as error:
            words = name.capitalize().replace("_", " ")
            raise OptionError(name, f"{words}: it holds something that is no Unicode text. Type it again.") from error


def _flags(each: Option) -> tuple[str, ...]:
    return _NAMES.get(each.name, (f"--{each.name.replace('_', '-')}",))


def _metavar(each: Option) -> str:
    if each.kind is bool:
        return "yes|no"
    return "NAME" if each.choices else "TEXT" if each.kind is str else "N"


def _help(each: Option) -> str:
    low_high = "" if each.minimum is None else f" {each.minimum:g} to {each.maximum:,.10g}"
    unit = f" {each.unit}" if each.unit else ""
    choices = f" One of: {', '.join(each.choices)}." if each.choices else ""
    return f"{each.description}{low_high}{unit}{choices}".replace("%", "%%")

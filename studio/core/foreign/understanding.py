"""What was understood of a picture of another program. Frozen: it crosses threads."""

import enum
from typing import NamedTuple

import msgspec

from studio.core.recipe import Recipe


class Program(enum.StrEnum):
    """Which program wrote the metadata."""

    LATENT_STUDIO = "Latent Studio"
    A1111 = "AUTOMATIC1111"
    FORGE = "Forge"
    SD_NEXT = "SD.Next"
    COMFYUI = "ComfyUI"
    INVOKEAI = "InvokeAI"
    FOOOCUS = "Fooocus"
    NOVELAI = "NovelAI"
    CIVITAI = "Civitai"


class Understood(NamedTuple):
    """A field that has its place in the recipe, and its value as the other program states it."""

    field: str
    value: str


class Ignored(NamedTuple):
    """An entry that has no place in the recipe, and why, without a full stop."""

    key: str
    value: str
    why: str


class Understanding(msgspec.Struct, frozen=True, kw_only=True):
    """The recipe as near as this studio can, what it was read from, and what this studio would do differently.

    `recipe` always passes `check_recipe`. `differences` are sentences. Values are shortened for showing; prompts are
    whole in the recipe.
    """

    program: Program
    recipe: Recipe
    understood: tuple[Understood, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    differences: tuple[str, ...] = ()

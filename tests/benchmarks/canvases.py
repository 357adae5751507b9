"""Canvases to measure on: random ones of Horizon's words, always the same for a seed."""

from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from studio.core.blend import Blend, Keyframe, Law
from studio.core.canvas import Canvas, Placed
from studio.core.canvas_edits import blend_recipe
from studio.core.events import Drafted, Event, Picture
from studio.core.places import resources_dir
from studio.core.recipe import ModelRef, Recipe
from studio.engine.local import LocalEngine

MODELS = resources_dir() / "models"
PROMPTS = (
    "a red sailboat on a calm sea at sunset",
    "snowy mountains above a lake at night",
    "a lighthouse on a cliff at dawn",
    "a green forest in summer",
    "a desert with dunes under stars",
    "a village by a river in autumn",
)


def ready_engine(*, few_step: bool = True) -> LocalEngine:
    """Horizon, loaded, with its few-step student or without."""
    engine = LocalEngine((MODELS,), few_step=few_step)
    engine.load("Horizon", ignore)
    return engine


def ignore(event: Event) -> None:
    """Take no notice."""


def base_recipe() -> Recipe:
    """What a new session makes with Horizon."""
    (info,) = [each for each in LocalEngine((MODELS,)).models() if each.name == "Horizon"]
    wanted = info.defaults
    return Recipe(
        width=wanted.width, height=wanted.height, steps=wanted.steps, guidance=wanted.guidance,
        scheduler=wanted.scheduler, schedule=wanted.schedule, model=ModelRef(name="Horizon"),
    )  # fmt: skip


def keyframes(random: np.random.Generator, count: int, *, one_prompt: bool = False) -> tuple[Keyframe, ...]:
    """`count` keyframes with seeds and prompts of their own, or with one prompt for all."""
    prompts = random.permutation(PROMPTS)[:count].tolist()
    seeds = random.integers(0, 2**32, count).tolist()
    return tuple(
        Keyframe(seed=seed, prompt=prompts[0] if one_prompt else prompt)
        for seed, prompt in zip(seeds, prompts, strict=True)
    )


def recipe_at(base: Recipe, ends: tuple[Keyframe, ...], weights: NDArray[np.float64], law: Law = Law.GRAM) -> Recipe:
    """The recipe of one point: `weights`, one a keyframe, summing to 1."""
    shares = tuple(float(weight) for weight in weights)
    return blend_recipe(base, Blend(keyframes=ends, noise_shares=shares, prompt_shares=shares, law=law))


def line_canvas(ends: tuple[Keyframe, ...]) -> Canvas:
    """Keyframes in a row."""
    return Canvas(placed=tuple(Placed(keyframe=each, x=float(number)) for number, each in enumerate(ends)))


def draft(engine: LocalEngine, recipe: Recipe, steps: int) -> Drafted:
    """The recipe's draft in that many steps."""
    return engine.draft(replace(recipe, steps=steps), ignore)


def sheet(path: Path, rows: list[tuple[str, list[Picture]]], side: int = 112) -> None:
    """Save a contact sheet: a caption and pictures a row."""
    width = max(len(pictures) for _, pictures in rows)
    made = Image.new("RGB", (width * (side + 4), len(rows) * (side + 20)), "white")
    draw = ImageDraw.Draw(made)
    for row, (caption, pictures) in enumerate(rows):
        draw.text((2, row * (side + 20) + 4), caption, fill="black")
        for column, picture in enumerate(pictures):
            small = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
            made.paste(small, (column * (side + 4), row * (side + 20) + 18))
    made.save(path)

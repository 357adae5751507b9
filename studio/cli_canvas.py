"""`latent-studio blend` and `walk`: points and paths on a latent canvas, without a window."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from studio.cli_generate import EngineFactory, Progress, interruptible, make_pictures, make_together, saver
from studio.cli_recipe import chosen_model, read_wishes, recipe_for
from studio.core.blend import Blend, shares
from studio.core.canvas import CANVAS_BYTES_MAX, Canvas, blend_at, blend_of, read_canvas
from studio.core.canvas_edits import blend_recipe
from studio.core.engine import Engine
from studio.core.errors import OptionError
from studio.core.evenness import Evenness, survey
from studio.core.events import Finished
from studio.core.files import make_folder, write_atomically
from studio.core.metadata import write_png
from studio.core.models import resolve_model
from studio.core.places import Places
from studio.core.recipe import Recipe, check_recipe
from studio.core.walk import blend_on_path, even_places

FRAMES_MAX = 10_000
SURVEY_STEPS = 20
"""Steps of the drafts by which an even walk finds out where the picture changes: drafts of fewer change elsewhere."""
_SURVEY_MAX = 300


def blend(arguments: argparse.Namespace, places: Places, folders: tuple[Path, ...], engines: EngineFactory) -> None:
    """Make the picture at one point of a canvas. Raises StudioError, Cancelled."""
    canvas = _read(arguments.canvas)
    point = _blend_asked(canvas, arguments)
    recipe_of = _recipes(arguments, canvas, folders)
    with saver(arguments.out, 1, places) as save, interruptible() as was_stopped:
        make_pictures([recipe_of(point)], folders, engines, save, Progress(was_stopped))


def walk(arguments: argparse.Namespace, places: Places, folders: tuple[Path, ...], engines: EngineFactory) -> None:
    """Make the frames of a walk from keyframe to keyframe, numbered, in a folder. Raises StudioError, Cancelled."""
    canvas, frames = _read(arguments.canvas), _frames(arguments.frames)
    recipe_of = _recipes(arguments, canvas, folders)
    recipe_of(blend_on_path(canvas, 0.0))  # what cannot work is refused before the engine starts
    folder = Path(arguments.out)
    make_folder(folder)

    def save(finished: Finished, number: int) -> Path:
        path = folder / f"frame_{number + 1:0{len(str(FRAMES_MAX))}}.png"
        write_atomically(path, write_png(finished.picture, finished.recipe))
        return path

    def recipes(engine: Engine, progress: Progress) -> Iterator[Recipe]:
        ts = even_places(frames)
        if arguments.even:
            progress.say("finding out where the picture changes…")
            even = _survey(engine, progress, lambda t: recipe_of(blend_on_path(canvas, t)), frames)
            ts = tuple(even.t_at(t) for t in ts)
        yield from (recipe_of(blend_on_path(canvas, t)) for t in ts)

    with interruptible() as was_stopped:
        if arguments.exact:
            make_pictures(recipes, folders, engines, save, Progress(was_stopped))
        else:
            make_together(recipes, folders, engines, save, Progress(was_stopped))


def _survey(engine: Engine, progress: Progress, recipe_at: Callable[[float], Recipe], frames: int) -> Evenness:
    def look(t: float) -> NDArray[np.float32]:
        recipe = recipe_at(t)
        return engine.draft(msgspec.structs.replace(recipe, steps=min(recipe.steps, SURVEY_STEPS)), progress).signature

    try:
        return survey(look, min(frames + 1, _SURVEY_MAX))
    finally:
        progress.end()


def _read(name: str) -> Canvas:
    try:
        with Path(name).open("rb") as file:
            data = file.read(CANVAS_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OptionError("canvas", f"{name} cannot be read: {reason}. Give a canvas saved by the studio.") from error
    return read_canvas(data)


def _blend_asked(canvas: Canvas, arguments: argparse.Namespace) -> Blend:
    """Where `--at` or `--weights` say; else where the canvas's own puck lies."""
    if arguments.at is not None:
        at = _numbers("at", arguments.at)
        if len(at) != 2:
            raise OptionError("at", "At: give two numbers, as in --at 0.2,-0.5.")
        return blend_at(canvas, (at[0], at[1]))
    point = blend_of(canvas)
    if arguments.weights is None:
        return point
    weights = shares(_numbers("weights", arguments.weights))
    if len(weights) != len(point.keyframes):
        raise OptionError(
            "weights", f"The canvas has {len(point.keyframes)} keyframes; {len(weights)} weights are given."
        )
    return msgspec.structs.replace(point, noise_shares=weights, prompt_shares=weights)


def _recipes(arguments: argparse.Namespace, canvas: Canvas, folders: tuple[Path, ...]) -> Callable[[Blend], Recipe]:
    """From a blend to its recipe, with the flags' values and else the model's defaults."""
    wishes, model = read_wishes(arguments), chosen_model(arguments.model, None)
    said = [each.keyframe.prompt for each in canvas.placed if each.keyframe.prompt]
    if said:  # a canvas whose keyframes have prompts needs no other
        wishes.fields.setdefault("prompt", said[0])
    info = resolve_model(model.name, folders)
    base = recipe_for(wishes, None, model, info)

    def recipe_of(point: Blend) -> Recipe:
        recipe = blend_recipe(base, point)
        check_recipe(recipe, size_multiple=info.size_multiple)
        return recipe

    return recipe_of


def _numbers(name: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise OptionError(name, f"{name.capitalize()}: {text!r:.60} is not numbers with commas between.") from error


def _frames(text: str) -> int:
    try:
        frames = int(text)
    except ValueError:
        frames = 0
    if not 2 <= frames <= FRAMES_MAX:
        raise OptionError("frames", f"Frames: {text!r:.40} is not a whole number from 2 to {FRAMES_MAX:,}.")
    return frames

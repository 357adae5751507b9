"""Several pictures at once: of one wish, or the frames of a walk, which differ in their blend and seed alone.

A model's call for several pictures takes less time than as many calls for one; and frames between frames that are
nearly alike need not take their first steps (see `filling`). Convolutions on a batch may add up in another order than
on one picture, so that even a frame that takes all of its steps agrees with the picture made alone to rounding only.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import groupby

import torch
from msgspec.structs import replace
from torch import Tensor

from studio.core.adapters_used import adapters_used
from studio.core.engine import Report
from studio.core.events import Finished, Picture, Stage, Staged, Step
from studio.core.memory_plan import pictures_at_once
from studio.core.recipe import Recipe
from studio.core.schedulers import SCHEDULERS
from studio.engine.device import free_bytes
from studio.engine.embeddings import join
from studio.engine.filling import Filling
from studio.engine.guidance import Conditioning, guided
from studio.engine.loading import Loaded
from studio.engine.sampling import Predict, sample
from studio.engine.schedulers import resolve_settings
from studio.engine.solver import build_solver

TOGETHER_MAX = 8
"""Pictures in one call of the model, where memory suffices: of more, each takes hardly less time."""
FRAMES_MAX = 64
FRAME_PIXELS_MAX = FRAMES_MAX * 512 * 512
"""Pixels of frames that are sampled side by side, in as many calls as it takes: their pictures take 50 MB."""

Begun = tuple[Conditioning, Tensor, torch.Generator]
Begin = Callable[[Recipe], Begun]
"""What steers a resolved recipe, the noise it starts from, and its stream of random numbers."""
Show = Callable[[Tensor], Picture]
"""The preview of clean latents (B, C, h, w), side by side."""


def batches(recipes: Sequence[Recipe]) -> Iterator[list[Recipe]]:
    """The recipes in their order, neighbours together where calls of the model can serve several.

    Of frames of a walk there are more together than in one call: what lies between others can come in late.
    """
    for common, run in groupby(recipes, key=_common):
        alike, size = list(run), TOGETHER_MAX
        if any(recipe.blend is not None for recipe in alike):
            size = max(size, min(FRAMES_MAX, FRAME_PIXELS_MAX // (common.width * common.height)))
        size = 1 if draws_noise(common) or common.start is not None else size
        yield from (alike[start : start + size] for start in range(0, len(alike), size))


def at_once(recipes: Sequence[Recipe], device: torch.device) -> int:
    """How many, from the first, go into one call of the model with the memory that is free now; blends go alone."""
    if recipes[0].blend is not None:
        return 1
    return min(len(next(batches(recipes))), call_size(recipes[0], device))


def call_size(recipe: Recipe, device: torch.device) -> int:
    """How many pictures of its size go into one call of the model with the memory that is free now."""
    return min(TOGETHER_MAX, pictures_at_once(recipe.width * recipe.height, free_bytes(device)))


def draws_noise(recipe: Recipe) -> bool:
    """Whether the scheduler draws noise while sampling: of a batch, each frame would get noise that is not its own."""
    settings = resolve_settings(recipe.scheduler, recipe.scheduler_settings)
    return SCHEDULERS[recipe.scheduler].stochastic or bool(settings.eta or settings.s_churn)


def make_together(
    recipes: Sequence[Recipe], loaded: Loaded, begin: Begin, show: Show, report: Report
) -> list[Finished]:
    """The pictures of one of `batches`, resolved. Reports steps of the whole batch, previewed where none is a blend.

    Raises what `begin` and `report` raise.
    """
    started = time.perf_counter()
    begun = [_on_device(begin(recipe), loaded.device.torch_device) for recipe in recipes]
    report(Staged(stage=Stage.SAMPLING))
    if all(recipe.blend is None for recipe in recipes):
        latents = _latents(recipes[0], begun, loaded, report, show=show)
    else:
        filling = Filling(recipes)
        latents = _latents(recipes[0], begun, loaded, report, filling=filling)
        again = filling.doubtful(latents)
        if again:
            latents[again] = _latents(recipes[0], [begun[number] for number in again], loaded, report)
    seconds = (time.perf_counter() - started) / len(recipes)
    return list(_finish(recipes, latents, loaded, report, seconds))


def _latents(
    recipe: Recipe,
    begun: Sequence[Begun],
    loaded: Loaded,
    report: Report,
    *,
    filling: Filling | None = None,
    show: Show | None = None,
) -> Tensor:
    """Clean latents (B, C, h, w), all of the settings of `recipe`."""
    latents = noise = torch.cat([each[1] for each in begun])
    before = time.perf_counter()
    solver = build_solver(recipe, loaded.noise, begun[0][2])
    predict = _predict(recipe, [each[0] for each in begun], loaded, report, filling)
    for taken in sample(predict, solver, noise, filling):
        preview = None if show is None else show(taken.x0)
        latents, now = taken.latents, time.perf_counter()
        step = Step(number=taken.number, count=taken.count, sigma=taken.sigma, seconds=now - before, preview=preview)
        report(step if show is None else replace(step, together=len(begun)))
        before = now
    return latents


def _predict(
    recipe: Recipe, told: Sequence[Conditioning], loaded: Loaded, report: Report, filling: Filling | None
) -> Predict:
    """The predictions for the frames of `told` that are there, a few in each call."""
    size = call_size(recipe, loaded.device.torch_device)
    predicts: dict[tuple[int, ...], Predict] = {}

    def predict(z: Tensor, timestep: Tensor) -> Tensor:
        present = list(range(len(told))) if filling is None else filling.present
        calls = list(_calls(present, told, size))
        for gone in predicts.keys() - set(calls):
            del predicts[gone]
        found: list[Tensor] = []
        for numbers in calls:
            if numbers not in predicts:
                predicts[numbers] = guided(loaded.family, _joined([told[number] for number in numbers]))
            start = sum(len(each) for each in found)
            found.append(predicts[numbers](z[start : start + len(numbers)], timestep))
            if start + len(numbers) < len(present):  # the step itself is reported after its last call
                report(Staged(stage=Stage.SAMPLING, fraction=(start + len(numbers)) / len(present)))
        return torch.cat(found)

    return predict


def _calls(present: Sequence[int], told: Sequence[Conditioning], size: int) -> Iterator[tuple[int, ...]]:
    """The numbers of the frames in each call: up to `size` neighbours, with prompts of one length."""
    for _, run in groupby(present, key=lambda number: _lengths(told[number])):
        alike = tuple(run)
        yield from (alike[start : start + size] for start in range(0, len(alike), size))


def _finish(
    recipes: Sequence[Recipe], latents: Tensor, loaded: Loaded, report: Report, sampling_seconds: float
) -> Iterator[Finished]:
    """Decoded one by one: a batch of pictures is too large for a CPU's caches, and one alone keeps a GPU busy."""
    report(Staged(stage=Stage.DECODING))
    for number, recipe in enumerate(recipes):
        before = time.perf_counter()
        picture = loaded.family.decode(latents[number : number + 1])
        seconds = {Stage.SAMPLING: sampling_seconds, Stage.DECODING: time.perf_counter() - before}
        yield Finished(picture=picture, recipe=recipe, seconds=seconds)
        report(Staged(stage=Stage.DECODING, fraction=(number + 1) / len(recipes)))


def _joined(each: Sequence[Conditioning]) -> Conditioning:
    positive = reduce(join, [one.positive for one in each])
    return Conditioning(positive, reduce(join, [one.negative for one in each]), each[0].scale)


def _on_device(begun: Begun, device: torch.device) -> Begun:
    conditioning, noise, generator = begun
    return conditioning, noise.to(device), generator


def _lengths(conditioning: Conditioning) -> tuple[int, int]:
    """Long prompts have more tokens."""
    return conditioning.positive.tokens.shape[1], conditioning.negative.tokens.shape[1]


def _common(recipe: Recipe) -> Recipe:
    """What frames must share to be made together: all but the blend, the seed and the prompts' words."""
    bare = replace(recipe, blend=None, seed=0, prompt="", negative_prompt="", learned_words=None)
    return replace(bare, adapters=adapters_used(recipe))

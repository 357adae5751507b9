"""Several pictures at once: the frames of a walk, which differ in their blend and seed alone.

A U-Net's call for eight small pictures takes half as long as eight calls for one. Convolutions on a batch may add up in
another order than on one picture, so a frame agrees with the picture made alone to rounding, not always to the byte.
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
from studio.core.events import Finished, Stage, Staged, Step
from studio.core.recipe import Recipe
from studio.core.schedulers import SCHEDULERS
from studio.engine.embeddings import join
from studio.engine.guidance import Conditioning, guided
from studio.engine.loading import Loaded
from studio.engine.sampling import sample
from studio.engine.schedulers import resolve_settings
from studio.engine.solver import build_solver

TOGETHER_MAX = 8
PIXELS_MAX = TOGETHER_MAX * 256 * 256
"""Pixels made together: a batch takes no more memory than two pictures of 512×512."""

Begun = tuple[Conditioning, Tensor, torch.Generator]
Begin = Callable[[Recipe], Begun]
"""What steers a resolved recipe, the noise it starts from, and its stream of random numbers."""


def batches(recipes: Sequence[Recipe]) -> Iterator[list[Recipe]]:
    """The recipes in their order, neighbours together where one call of the model can serve them."""
    for common, run in groupby(recipes, key=_common):
        alike = list(run)
        size = max(1, min(TOGETHER_MAX, PIXELS_MAX // (common.width * common.height)))
        size = 1 if draws_noise(common) or common.start is not None else size
        yield from (alike[start : start + size] for start in range(0, len(alike), size))


def draws_noise(recipe: Recipe) -> bool:
    """Whether the scheduler draws noise while sampling: of a batch, each frame would get noise that is not its own."""
    settings = resolve_settings(recipe.scheduler, recipe.scheduler_settings)
    return SCHEDULERS[recipe.scheduler].stochastic or bool(settings.eta or settings.s_churn)


def make_together(
    recipes: Sequence[Recipe], loaded: Loaded, begin: Begin, device: torch.device, report: Report
) -> list[Finished]:
    """The pictures of one of `batches`, resolved. Reports steps of the whole batch, without previews.

    Raises what `begin` and `report` raise.
    """
    begun = [begin(recipe) for recipe in recipes]
    report(Staged(stage=Stage.SAMPLING))
    made: list[Finished] = []
    for _, run in groupby(zip(recipes, begun, strict=True), key=_lengths):  # long prompts have more tokens
        told, started = zip(*run, strict=True)
        made += _finish(told, _latents(told[0], started, loaded, device, report), loaded, report)
    return made


def _latents(recipe: Recipe, begun: Sequence[Begun], loaded: Loaded, device: torch.device, report: Report) -> Tensor:
    """Clean latents (B, C, h, w), all of the settings of `recipe`."""
    noise = torch.cat([each[1] for each in begun]).to(device)
    latents = noise
    before = time.perf_counter()
    solver = build_solver(recipe, loaded.noise, begun[0][2])
    predict = guided(loaded.family, _joined([each[0] for each in begun]))
    for taken in sample(predict, solver, noise):
        latents, now = taken.latents, time.perf_counter()
        report(Step(number=taken.number, count=taken.count, sigma=taken.sigma, seconds=now - before))
        before = now
    return latents


def _finish(recipes: Sequence[Recipe], latents: Tensor, loaded: Loaded, report: Report) -> Iterator[Finished]:
    """Decoded one by one: a batch of pictures is too large for a CPU's caches, and one alone keeps a GPU busy."""
    report(Staged(stage=Stage.DECODING))
    for number, recipe in enumerate(recipes):
        yield Finished(picture=loaded.family.decode(latents[number : number + 1]), recipe=recipe, seconds={})
        report(Staged(stage=Stage.DECODING, fraction=(number + 1) / len(recipes)))


def _joined(each: Sequence[Conditioning]) -> Conditioning:
    positive = reduce(join, [one.positive for one in each])
    return Conditioning(positive, reduce(join, [one.negative for one in each]), each[0].scale)


def _lengths(pair: tuple[Recipe, Begun]) -> tuple[int, int]:
    conditioning = pair[1][0]
    return conditioning.positive.tokens.shape[1], conditioning.negative.tokens.shape[1]


def _common(recipe: Recipe) -> Recipe:
    """What frames must share to be made together: all but the blend, the seed and the prompts' words."""
    return replace(recipe, blend=None, seed=0, prompt="", negative_prompt="", adapters=adapters_used(recipe))

"""Where a draft should begin: at noise, or among the keyframes' trajectories.

    pytest tests/benchmarks/test_canvas_depth.py -s

Random points of random canvases of 2 to 5 keyframes, whose own pictures were drawn before, as thumbnails are; Pearson's
correlation of all pixels of a draft with the picture in full, by how many steps the draft takes, how many it passes
over (its depth), and how much of the nearest keyframe there is; drawn by the model itself, and by its few-step student
where it has one that takes so many. `LATENT_STUDIO_POINTS` says how many points.
"""

import os

import numpy as np
import pytest
from msgspec.structs import replace

from studio.core.events import Picture
from studio.core.recipe import Recipe
from studio.engine.local import LocalEngine
from studio.ui.canvas.atlas_filler import KEYFRAME_STEPS
from tests.benchmarks.canvases import base_recipe, draft, ignore, keyframes, ready_engine, recipe_at
from tests.benchmarks.test_canvas_drafts import correlation

pytestmark = [pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning"), pytest.mark.timeout(900)]
POINTS = int(os.environ.get("LATENT_STUDIO_POINTS", "40"))
TAKEN, DEPTHS = (1, 2, 3), (0, 1, 2)
NEAR = 0.7
"""The least share of a keyframe that is near."""


def measured(engine: LocalEngine, recipe: Recipe, full: Picture) -> dict:
    """How like `full` every kind of draft of `recipe` is, by who draws it, the steps it takes, and its depth."""
    found = {}
    for taken in TAKEN:
        for depth in DEPTHS:
            drafted = engine.draft(replace(recipe, steps=taken + depth), ignore, depth)
            if drafted.depth == depth:  # else so deep that there is more picture than noise
                by = "student" if drafted.student_steps else "model"
                found[by, taken, depth] = correlation(drafted.picture, full)
    return found


def test_a_draft_from_trajectories_is_more_like_the_picture() -> None:
    random, base = np.random.default_rng(5), base_recipe()
    engines = [ready_engine(few_step=False), ready_engine()]
    found: dict[tuple[str, int, int], dict[str, list[float]]] = {}
    for number in range(POINTS):
        ends = keyframes(random, 2 + number % 4)
        share = random.dirichlet(np.ones(len(ends)))
        recipe, by_kind = recipe_at(base, ends, share), {}
        full = engines[0].generate(recipe, ignore).picture
        for engine in engines:
            for each in np.eye(len(ends)):
                draft(engine, recipe_at(base, ends, each), KEYFRAME_STEPS)
            by_kind |= measured(engine, recipe, full)
        place = "near" if share.max() >= NEAR else "between"
        for kind, value in by_kind.items():
            for name in ("all", place):
                found.setdefault(kind, {}).setdefault(name, []).append(value)
    print(f"\n{POINTS} points, {base.steps} steps in full; trajectories of {KEYFRAME_STEPS} steps")
    print("drawn by  taken  depth   all: median   10th   least   near: median   between: median")
    for (by, taken, depth), by_place in sorted(found.items()):
        values, medians = by_place["all"], [np.median(by_place.get(name, [np.nan])) for name in ("near", "between")]
        print(
            f"{by:8}  {taken:5}  {depth:5}   {np.median(values):11.3f}  {np.percentile(values, 10):5.3f}"
            f"   {min(values):5.3f}   {medians[0]:12.3f}   {medians[1]:15.3f}"
        )
    assert np.median(found["model", 1, 1]["all"]) > np.median(found["model", 2, 0]["all"])

"""What a draft promises: how much the picture under the hand is like the one that stands there when it rests.

    pytest tests/benchmarks/test_canvas_drafts.py -s

Random points of random canvases of 2 to 5 keyframes; Pearson's correlation of all pixels of a draft of few steps with
the picture in full, drawn by the model itself and by its few-step student, where it has one. `LATENT_STUDIO_POINTS`
says how many points, `LATENT_STUDIO_SHEETS` where the contact sheet goes.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from studio.core.events import Picture
from tests.benchmarks.canvases import base_recipe, draft, ignore, keyframes, ready_engine, recipe_at, sheet

pytestmark = [pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning"), pytest.mark.timeout(900)]
POINTS = int(os.environ.get("LATENT_STUDIO_POINTS", "40"))
STEPS = (1, 2, 3, 4)
SHOWN = 8


def correlation(one: Picture, other: Picture) -> float:
    return float(np.corrcoef(one.astype(float).ravel(), other.astype(float).ravel())[0, 1])


def test_a_draft_shows_what_the_picture_will_be(tmp_path: Path) -> None:
    random, base = np.random.default_rng(5), base_recipe()
    engines = {"model": ready_engine(few_step=False), "student": ready_engine()}
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    rows: list[tuple[str, list[Picture]]] = []
    for number in range(POINTS):
        ends = keyframes(random, 2 + number % 4)
        recipe = recipe_at(base, ends, random.dirichlet(np.ones(len(ends))))
        full = engines["model"].generate(recipe, ignore).picture
        for by, engine in engines.items():
            drafts = [draft(engine, recipe, steps) for steps in STEPS]
            values = [correlation(each.picture, full) for each in drafts]
            for steps, each, value in zip(STEPS, drafts, values, strict=True):
                if by == "model" or each.student_steps:
                    found.setdefault((by, steps), []).append((value, each.sampling_seconds + each.rest_seconds))
            if number < SHOWN:
                shown = ", ".join(f"{value:.2f}" for value in values)
                told = f"{len(ends)} keyframes; drafts of {STEPS} by the {by}: {shown}; in full"
                rows.append((told, [*(each.picture for each in drafts), full]))
    print(f"\n{POINTS} points, {base.steps} steps in full\ndrawn by  steps  median    mean   10th   least      time")
    for (by, steps), measured in found.items():
        values, seconds = zip(*measured, strict=True)
        print(
            f"{by:8}  {steps:5}  {np.median(values):6.3f}  {np.mean(values):6.3f}  {np.percentile(values, 10):5.3f}"
            f"   {min(values):5.3f}  {1000 * np.median(seconds):5.0f} ms"
        )
    path = Path(os.environ.get("LATENT_STUDIO_SHEETS", tmp_path)) / "drafts.png"
    sheet(path, rows)
    print(f"contact sheet: {path}")
    assert np.median(found["model", 4], axis=0)[0] > np.median(found["model", 1], axis=0)[0]

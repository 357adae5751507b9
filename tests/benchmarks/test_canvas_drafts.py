"""What a draft promises: how much the picture under the hand is like the one that stands there when it rests.

    pytest tests/benchmarks/test_canvas_drafts.py -s

Random points of random canvases of 2 to 5 keyframes; Pearson's correlation of all pixels of a draft of few steps with
the picture in full. `LATENT_STUDIO_POINTS` says how many points, `LATENT_STUDIO_SHEETS` where the contact sheet goes.
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
    random, engine, base = np.random.default_rng(5), ready_engine(), base_recipe()
    found: dict[int, list[float]] = {steps: [] for steps in STEPS}
    rows: list[tuple[str, list[Picture]]] = []
    for number in range(POINTS):
        ends = keyframes(random, 2 + number % 4)
        recipe = recipe_at(base, ends, random.dirichlet(np.ones(len(ends))))
        full = engine.generate(recipe, ignore).picture
        drafts = [draft(engine, recipe, steps).picture for steps in STEPS]
        for steps, picture in zip(STEPS, drafts, strict=True):
            found[steps].append(correlation(picture, full))
        if number < SHOWN:
            shown = ", ".join(f"{found[steps][-1]:.2f}" for steps in STEPS)
            rows.append((f"{len(ends)} keyframes; drafts of {STEPS}: {shown}; in full", [*drafts, full]))
    print(f"\n{POINTS} points, {base.steps} steps in full\nsteps  median   10th percentile   least")
    for steps, values in found.items():
        print(f"{steps:5}  {np.median(values):6.3f}   {np.percentile(values, 10):15.3f}   {min(values):5.3f}")
    path = Path(os.environ.get("LATENT_STUDIO_SHEETS", tmp_path)) / "drafts.png"
    sheet(path, rows)
    print(f"contact sheet: {path}")
    assert np.median(found[4]) > np.median(found[1])

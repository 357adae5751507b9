"""How contrasted the middle of a canvas is beside its corners, under each law.

    pytest tests/benchmarks/test_canvas_contrast.py -s

Contrast is the standard deviation of a picture's pixels; detail that of what a blur over an eighth of the picture takes
away: where the prompt alone sets the colours, a short noise costs detail rather than contrast.
`LATENT_STUDIO_CANVASES` says over how many canvases.
"""

import os

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from studio.core.blend import Keyframe, Law
from studio.core.events import Picture
from studio.core.recipe import Recipe
from studio.engine.local import LocalEngine
from tests.benchmarks.canvases import base_recipe, draft, keyframes, ready_engine, recipe_at

pytestmark = [pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning"), pytest.mark.timeout(1800)]
CANVASES = int(os.environ.get("LATENT_STUDIO_CANVASES", "8"))
WITHIN = 0.15
PLACES = {
    "middle of two": (np.array([0.5, 0.5, 0, 0]), (Law.GRAM, Law.SLERP, Law.LERP)),
    "middle of four": (np.full(4, 0.25), (Law.GRAM, Law.LERP)),
}


def contrast(picture: Picture) -> float:
    return float(picture.astype(float).std())


def detail(picture: Picture) -> float:
    soft = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(picture.shape[0] / 16))
    return float((picture.astype(float) - np.asarray(soft, float)).std())


MEASURES = (contrast, detail)


def ratios(engine: LocalEngine, base: Recipe, ends: tuple[Keyframe, ...]) -> dict[tuple[str, str, Law], float]:
    """Each measure of each middle ÷ its mean over the corners it lies between."""

    def picture_at(weights: NDArray[np.float64], law: Law = Law.GRAM) -> Picture:
        count = int(np.flatnonzero(weights)[-1]) + 1 if law is Law.SLERP else len(weights)
        return draft(engine, recipe_at(base, ends[:count], weights[:count], law), base.steps).picture

    corners = [picture_at(np.eye(4)[number]) for number in range(4)]
    found = {}
    for place, (weights, laws) in PLACES.items():
        for law in laws:
            middle = picture_at(weights, law)
            for measure in MEASURES:
                mean = np.mean([measure(corner) for corner in corners[: int((weights > 0).sum())]])
                found[measure.__name__, place, law] = measure(middle) / float(mean)
    return found


@pytest.mark.parametrize("one_prompt", [True, False], ids=["one prompt", "a prompt each"])
def test_the_middle_is_as_contrasted_as_the_corners(one_prompt: bool) -> None:
    random, engine, base = np.random.default_rng(3), ready_engine(), base_recipe()
    found = [ratios(engine, base, keyframes(random, 4, one_prompt=one_prompt)) for _ in range(CANVASES)]
    print(f"\n{CANVASES} canvases of four seeds; the middle ÷ mean of its corners")
    print(f"measure   place            law             median   least   most   within {WITHIN:.0%}")
    for what, place, law in found[0]:
        values = [each[what, place, law] for each in found]
        within = sum(abs(value - 1) <= WITHIN for value in values)
        print(
            f"{what:8}  {place:15}  {law:14} {np.median(values):7.2f}  {min(values):6.2f}  {max(values):5.2f}"
            f"   {within} of {len(values)}"
        )
    medians = {key: float(np.median([each[key] for each in found])) for key in found[0]}
    kept, lost = (medians["contrast", "middle of four", law] for law in (Law.GRAM, Law.LERP))
    print(f"contrast in the middle of four: {kept - 1:+.0%} under the law of noise, {lost - 1:+.0%} under plain lerp")
    assert medians["detail", "middle of four", Law.LERP] < medians["detail", "middle of four", Law.GRAM]

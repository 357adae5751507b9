"""A walk beside as many calls of diffusers' own pipeline, and what even steps do for it.

    pytest tests/benchmarks/test_canvas_walk.py -s

`LATENT_STUDIO_FRAMES` and `LATENT_STUDIO_EVEN_FRAMES` say how many frames; of the first,
every `LATENT_STUDIO_COMPARED_EVERY`th is compared with its full render. The walk is the command line's own, files
included.
"""

import itertools
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import Image

from studio import cli
from studio.core.blend import Keyframe
from studio.core.canvas import write_canvas
from studio.core.evenness import distance
from studio.core.metadata import read_recipe
from studio.engine.local import LocalEngine
from studio.engine.pipeline_folder import read_json
from tests.benchmarks.canvases import MODELS, base_recipe, draft, ignore, keyframes, line_canvas, ready_engine
from tests.engine.helpers import psnr
from tests.engine.reference import load_reference, reference_picture, reference_scheduler

pytestmark = [pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning"), pytest.mark.timeout(1800)]
FRAMES = int(os.environ.get("LATENT_STUDIO_FRAMES", "60"))
ENDS = (
    Keyframe(seed=11, prompt="a red sailboat on a calm sea at sunset"),
    Keyframe(seed=29, prompt="snowy mountains above a lake at night"),
    Keyframe(seed=5, prompt="a lighthouse on a cliff at dawn"),
)
COMPARED_EVERY = int(os.environ.get("LATENT_STUDIO_COMPARED_EVERY", "1"))
EVEN_FRAMES = int(os.environ.get("LATENT_STUDIO_EVEN_FRAMES", "24"))


class Kept:
    """An engine that the command line may close as often as it likes."""

    def __init__(self, engine: LocalEngine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def close(self) -> None:
        """Stay loaded: only the walk itself is measured."""


@pytest.fixture(scope="module")
def engine() -> LocalEngine:
    return ready_engine()


def walk(engine: LocalEngine, folder: Path, ends: tuple[Keyframe, ...], frames: int, *flags: str) -> list[Path]:
    """The frames of `latent-studio walk`."""
    file = folder / "a.canvas.json"
    file.write_bytes(write_canvas(line_canvas(ends)))
    words = ["walk", str(file), "--frames", str(frames), "--out", str(folder / "frames"), "--model", "Horizon"]
    code = cli.main([*words, "--data-dir", str(folder / "data"), *flags], engines=lambda folders: Kept(engine))
    assert code == 0
    return sorted((folder / "frames").glob("*.png"))


def test_a_walk_beside_calls_of_diffusers(tmp_path: Path, engine: LocalEngine) -> None:
    pipe, base = load_reference(MODELS / "horizon"), base_recipe()
    config = read_json(MODELS / "horizon", "scheduler/scheduler_config.json")
    prompts = [ENDS[0].prompt or "", ENDS[1].prompt or ""]
    walk(engine, _folder(tmp_path, "warm"), ENDS, 2)

    def of_diffusers(numbers: range) -> NDArray[np.float64]:
        began = clocks()
        for number in numbers:
            recipe = replace(base, prompt=prompts[number % 2], seed=number)
            reference_picture(pipe, recipe, reference_scheduler(recipe, config))
        return clocks() - began

    theirs = of_diffusers(range(FRAMES // 2))  # half before and half after, for a machine whose load changes
    began = clocks()
    paths = walk(engine, _folder(tmp_path, "walk"), ENDS, FRAMES)
    ours = clocks() - began
    theirs += of_diffusers(range(FRAMES // 2, FRAMES))
    ratios = [
        psnr(np.array(Image.open(path)), engine.generate(read_recipe(path), ignore).picture)
        for path in paths[::COMPARED_EVERY]
    ]
    print(
        f"\nwalk of {FRAMES} frames {ours[0]:.1f} s ÷ {FRAMES} calls of diffusers {theirs[0]:.1f} s"
        f" = {ours[0] / theirs[0]:.2f}; of the processor's time {ours[1]:.1f} s ÷ {theirs[1]:.1f} s"
        f" = {ours[1] / theirs[1]:.2f}"
        f"\nframes against full renders: PSNR least {min(ratios):.1f} dB, median {np.median(ratios):.1f} dB;"
        f" {sum(each == 99.0 for each in ratios)} of {len(ratios)} equal to the byte"
    )
    assert min(ratios) >= 45


def clocks() -> NDArray[np.float64]:
    """Seconds on the wall, and seconds of the processor: where others use the machine too, the second are truer."""
    return np.array([time.perf_counter(), time.process_time()])


def test_even_steps_are_even(tmp_path: Path, engine: LocalEngine) -> None:
    """On a canvas whose picture changes suddenly: the largest step of the walk ÷ the mean one."""
    ends = keyframes(np.random.default_rng(1), 2)
    found = {}
    for name, flags in (("uniform", ()), ("--even", ("--even",))):
        paths = walk(engine, _folder(tmp_path, name), ends, EVEN_FRAMES, *flags)
        recipes = [read_recipe(path) for path in paths]
        previews = [draft(engine, recipe, recipe.steps).signature for recipe in recipes]
        steps = [distance(a, b) for a, b in itertools.pairwise(previews)]
        found[name] = max(steps) / float(np.mean(steps))
    print(f"\n{EVEN_FRAMES} frames, largest step ÷ mean in linear-preview distance")
    for name, ratio in found.items():
        print(f"{name:8} {ratio:.2f}")
    assert found["--even"] < found["uniform"]


def _folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made

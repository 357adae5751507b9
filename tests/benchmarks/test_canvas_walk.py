"""A walk beside as many calls of diffusers' own pipeline, and what even steps do for it.

    pytest tests/benchmarks/test_canvas_walk.py -s

`LATENT_STUDIO_FRAMES` and `LATENT_STUDIO_EVEN_FRAMES` say how many frames, `LATENT_STUDIO_EVEN_CANVASES` on how many
canvases the second are; of the first, every `LATENT_STUDIO_COMPARED_EVERY`th is compared with its full render. The
first walk is the command line's own, files included.
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
from studio.cli_canvas import SURVEY_STEPS
from studio.core.blend import Keyframe
from studio.core.canvas import write_canvas
from studio.core.canvas_edits import blend_recipe
from studio.core.evenness import distance, survey
from studio.core.heat import Signature
from studio.core.metadata import read_recipe
from studio.core.walk import blend_on_path, even_places
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
EVEN_FRAMES = int(os.environ.get("LATENT_STUDIO_EVEN_FRAMES", "16"))
EVEN_CANVASES = int(os.environ.get("LATENT_STUDIO_EVEN_CANVASES", "5"))


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
        f"\nframes against full renders: PSNR median {np.median(ratios):.1f} dB, 10th percentile"
        f" {np.percentile(ratios, 10):.1f} dB, least {min(ratios):.1f} dB"
    )
    assert np.median(ratios) >= 40
    assert min(ratios) >= 25  # beside a sudden change, where neighbouring frames differ by less than 20 dB


def clocks() -> NDArray[np.float64]:
    """Seconds on the wall, and seconds of the processor: where others use the machine too, the second are truer."""
    return np.array([time.perf_counter(), time.process_time()])


def test_even_steps_are_even(engine: LocalEngine) -> None:
    """On several canvases: the largest step of a walk ÷ the mean one, as `walk` goes, and as `walk --even` does."""
    print(f"\n{EVEN_FRAMES} frames, largest step ÷ mean in linear-preview distance\ncanvas  uniform  even")
    found = np.array([_unevenness_of_both(engine, number + 1) for number in range(EVEN_CANVASES)])
    uniform, even = np.median(found, axis=0)
    print(f"median  {uniform:7.2f}  {even:4.2f}")
    assert even < uniform


def _unevenness_of_both(engine: LocalEngine, number: int) -> tuple[float, float]:
    """Of the uniform walk over canvas `number`, and of the even one."""
    canvas, base = line_canvas(keyframes(np.random.default_rng(number), 2)), base_recipe()

    def look(t: float, steps: int = base.steps) -> Signature:
        return draft(engine, blend_recipe(base, blend_on_path(canvas, t)), steps).signature

    even = survey(lambda t: look(t, min(base.steps, SURVEY_STEPS)), EVEN_FRAMES + 1)
    places = even_places(EVEN_FRAMES)
    uniform, evened = (unevenness([look(t) for t in ts]) for ts in (places, [even.t_at(t) for t in places]))
    print(f"{number:6}  {uniform:7.2f}  {evened:4.2f}", flush=True)
    return uniform, evened


def unevenness(previews: list[Signature]) -> float:
    """The largest step ÷ the mean one."""
    steps = [distance(a, b) for a, b in itertools.pairwise(previews)]
    return max(steps) / float(np.mean(steps))


def _folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made

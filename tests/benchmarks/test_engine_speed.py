"""How long a picture takes, beside diffusers' own pipeline: same run, same weights, same settings, taking turns.

    OMP_NUM_THREADS=1 pytest tests/benchmarks/test_engine_speed.py -s      (and again with 2)

The two take turns, so that whatever else the machine does falls on both. Printed are the medians, the median of the
ratios of neighbours, and the same in processor time, which a busy machine hardly changes where one thread works.
"""

import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from studio.core.events import Event, PreviewTier, Step
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler
from studio.engine.local import LocalEngine
from studio.engine.pipeline_folder import read_json
from studio.engine.preview import Stopwatch
from tests.engine.helpers import psnr
from tests.engine.reference import load_reference, reference_picture, reference_scheduler

pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")

MODELS = Path(__file__).parents[2] / "resources" / "models"
ROUNDS = 7
WARM_UP = 3
"""Pictures before the first that counts: within the second, the U-Net is recorded."""
RECIPE = Recipe(
    prompt="a red sailboat on a calm sea at sunset",
    seed=7,
    steps=20,
    guidance=4.0,
    scheduler=Scheduler.DPMPP_2M,
    schedule=Schedule.SGM_UNIFORM,
    model=ModelRef(name="Horizon"),
)


class Turn(NamedTuple):
    """One run's seconds, by the clock and of the processor."""

    clock: float
    processor: float


def seconds_of(work: Callable[[], object]) -> Turn:
    started, used = time.perf_counter(), time.process_time()
    work()
    return Turn(time.perf_counter() - started, time.process_time() - used)


def compared(ours: list[Turn], theirs: list[Turn]) -> str:
    """The medians, and the median of the ratios of neighbours."""
    pairs = tuple(zip(ours, theirs, strict=True))
    of_clock = statistics.median(one.clock / other.clock for one, other in pairs)
    of_processor = statistics.median(one.processor / other.processor for one, other in pairs)
    medians = [statistics.median(turn.clock for turn in turns) for turns in (ours, theirs)]
    return (
        f"{torch.get_num_threads()} threads: ours {medians[0]:.2f} s with previews ÷ diffusers {medians[1]:.2f} s"
        f" = {of_clock:.2f}; in processor time {of_processor:.2f}"
    )


@pytest.fixture
def engine() -> LocalEngine:
    engine = LocalEngine((MODELS,))
    engine.load("Horizon", lambda event: None)
    return engine


def test_a_picture_beside_diffusers(benchmark: BenchmarkFixture, engine: LocalEngine) -> None:
    pipe: Any = load_reference(MODELS / "horizon")
    config = read_json(MODELS / "horizon", "scheduler/scheduler_config.json")
    previews = 0

    def report(event: Event) -> None:
        nonlocal previews
        previews += isinstance(event, Step) and event.preview is not None

    def theirs() -> Any:
        return reference_picture(pipe, RECIPE, reference_scheduler(RECIPE, config))

    def ours() -> Any:
        return engine.generate(RECIPE, report).picture

    assert psnr(ours(), theirs()) >= 45, "only the same picture may be compared"
    for _ in range(WARM_UP - 1):
        ours()
    previews = 0
    ours_turns: list[Turn] = []
    theirs_turns: list[Turn] = []
    benchmark.pedantic(
        lambda: ours_turns.append(seconds_of(ours)),
        setup=lambda: theirs_turns.append(seconds_of(theirs)),
        rounds=ROUNDS,
        iterations=1,
    )
    assert previews == RECIPE.steps * ROUNDS
    print(f"\n{compared(ours_turns, theirs_turns)}")


def test_a_preview_costs_nothing_beside_a_step(benchmark: BenchmarkFixture, engine: LocalEngine) -> None:
    steps: list[Step] = []

    def report(event: Event) -> None:
        if isinstance(event, Step):
            steps.append(event)

    engine.generate(RECIPE, report)
    loaded = engine._loader.load(engine.models()[0], lambda event: None)
    x0 = torch.randn(loaded.family.noise_shape(RECIPE.width, RECIPE.height))
    benchmark(lambda: loaded.previewer.show(x0, PreviewTier.LINEAR, Stopwatch()))
    step_seconds = statistics.median(step.seconds for step in steps)
    share = benchmark.stats.stats.median / step_seconds
    print(f"\na preview takes {benchmark.stats.stats.median * 1e6:.0f} µs, {share:.2%} of a step")
    assert share < 0.1


def test_memory_after_many_pictures(engine: LocalEngine) -> None:
    levels: list[float] = []
    for seed in range(12):
        engine.generate(Recipe(seed=seed, steps=4, model=ModelRef(name="Horizon")), lambda event: None)
        gc.collect()
        levels.append(engine.device().memory_gb)
    print(f"\nresident {levels[2]:.2f} GB after 3 pictures, {levels[-1]:.2f} GB after 12")
    assert levels[-1] - levels[2] < 0.1

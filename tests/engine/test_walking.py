"""Several frames at once: the pictures are those made one at a time, but for rounding."""

import itertools

import pytest
from msgspec.structs import replace

from studio.core.blend import Blend, Keyframe
from studio.core.errors import Cancelled
from studio.core.events import PreviewTier, Stage
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings
from studio.engine import walking
from studio.engine.local import LocalEngine
from studio.engine.preview import Stopwatch
from studio.engine.walking import FRAMES_MAX, TOGETHER_MAX, batches
from tests.engine.helpers import Recorder, psnr, small

ENDS = (Keyframe(seed=1, prompt="a lake"), Keyframe(seed=2, prompt="a desert"))


def frames(count: int, **changes: object) -> list[Recipe]:
    """A walk of `count` frames between the two ends."""
    base = small(**changes)
    shares = [(1 - n / (count - 1), n / (count - 1)) for n in range(count)]
    return [replace(base, blend=Blend(keyframes=ENDS, noise_shares=each, prompt_shares=each)) for each in shares]


@pytest.mark.parametrize("guidance", [1.0, 5.0])
@pytest.mark.parametrize("scheduler", [Scheduler.DDIM, Scheduler.EULER, Scheduler.DPMPP_2M])
def test_frames_made_together_are_those_made_alone(engine: LocalEngine, scheduler: Scheduler, guidance: float) -> None:
    recipes = frames(5, scheduler=scheduler, guidance=guidance)
    together = list(engine.walk(recipes, Recorder()))
    assert len(together) == len(recipes)
    for recipe, finished in zip(recipes, together, strict=True):
        alone = engine.generate(recipe, Recorder())
        assert psnr(finished.picture, alone.picture) >= 45
        assert finished.recipe == alone.recipe


def test_a_batch_takes_the_steps_of_one_picture(engine: LocalEngine) -> None:
    recorder = Recorder()
    recipes = [small(seed=seed) for seed in range(3)]
    assert len(list(engine.walk(recipes, recorder))) == 3
    assert [step.number for step in recorder.steps] == [1, 2, 3, 4]
    assert {step.together for step in recorder.steps} == {3}


def test_pictures_made_at_once_are_previewed_side_by_side(engine: LocalEngine) -> None:
    recorder, alone = Recorder(), Recorder()
    recipes = [small(seed=seed) for seed in range(3)]
    for finished in engine.walk(recipes, recorder):
        assert finished.seconds[Stage.SAMPLING] > 0
    engine.generate(recipes[2], alone)
    for step, single in zip(recorder.steps, alone.steps, strict=True):
        assert step.preview is not None
        assert single.preview is not None
        height, width = single.preview.shape[:2]
        assert step.preview.shape == (2 * height, 2 * width, 3)
        assert psnr(step.preview[height:, :width], single.preview) >= 45


@pytest.mark.parametrize("lags", [[False, True], [True, False]])
def test_all_previews_of_a_step_are_of_one_tier(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, lags: list[bool]
) -> None:
    """Where previews lag, they are linear and smaller: never some of them and not the others."""
    answers = itertools.cycle(lags)
    monkeypatch.setattr(Stopwatch, "previews_lag", property(lambda clock: next(answers)))
    engine.set_preview(PreviewTier.FULL)
    recorder = Recorder()
    try:
        assert len(list(engine.walk([small(seed=seed) for seed in range(3)], recorder))) == 3
    finally:
        engine.set_preview(PreviewTier.LINEAR)
    sizes = {step.preview.shape for step in recorder.steps if step.preview is not None}
    assert sizes == {(128, 128, 3), (32, 32, 3)}


def test_frames_of_a_walk_are_not_previewed(engine: LocalEngine) -> None:
    recorder = Recorder()
    list(engine.walk(frames(3), recorder))
    assert all(step.preview is None and step.together == 1 for step in recorder.steps)


@pytest.mark.parametrize(("free_gb", "sizes"), [(64, [8]), (0.2, [6, 2]), (0.1, [3, 3, 2]), (0.0, [1] * 8)])
def test_memory_decides_how_many_go_into_one_call(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, free_gb: float, sizes: list[int]
) -> None:
    """At 64×64 a picture is taken for 16 MB of work, and half of what is free is for it."""
    recipes = [small(seed=seed, steps=1) for seed in range(8)]
    engine.generate(recipes[0], Recorder())
    family = engine._loader.load(engine._find("plain"), Recorder()).family
    monkeypatch.setattr(walking, "free_bytes", lambda device: int(free_gb * 2**30))
    called: list[int] = []
    predict = family.predict
    monkeypatch.setattr(family, "predict", lambda z, *told: (called.append(len(z)), predict(z, *told))[1])
    list(engine.walk(recipes, Recorder()))
    assert [size // 2 for size in called] == sizes, "guidance asks twice"
    assert engine.at_once(recipes) == sizes[0]


def test_only_what_agrees_but_for_rounding_is_made_at_once(engine: LocalEngine) -> None:
    recipe = small()
    engine.generate(recipe, Recorder())
    others = [replace(recipe, seed=2), replace(recipe, seed=3, prompt="a lake"), replace(recipe, steps=5)]
    assert engine.at_once([recipe, *others]) == 3
    assert engine.at_once(frames(4)) == 1
    assert engine.at_once([small(scheduler=Scheduler.EULER_A, schedule=Schedule.NORMAL)] * 2) == 1
    assert engine.at_once([replace(recipe, model=ModelRef(name="zero"))] * 2) == 1, "it is not in memory"


@pytest.mark.parametrize(
    "changes",
    [
        {"scheduler": Scheduler.EULER_A, "schedule": Schedule.NORMAL},
        {"scheduler": Scheduler.DDIM, "scheduler_settings": SchedulerSettings(eta=0.5)},
    ],
)
def test_schedulers_that_draw_noise_go_one_at_a_time_and_to_the_byte(
    engine: LocalEngine, changes: dict[str, object]
) -> None:
    recipes = frames(3, **changes)
    assert [len(batch) for batch in batches(recipes)] == [1, 1, 1]
    for recipe, finished in zip(recipes, engine.walk(recipes, Recorder()), strict=True):
        assert finished.picture.tobytes() == engine.generate(recipe, Recorder()).picture.tobytes()


def test_a_walk_stops_at_the_step_it_is_told_to(engine: LocalEngine) -> None:
    whole = Recorder()
    recipes = [small(seed=seed) for seed in range(3)]
    list(engine.walk(recipes, whole))
    stop_at = whole.events.index(whole.steps[1]) + 1
    stopped = Recorder(stop_at)
    with pytest.raises(Cancelled):
        list(engine.walk(recipes, stopped))
    assert len(stopped.events) == stop_at
    assert len(stopped.steps) == 2


def test_batches_keep_the_order_and_are_bounded() -> None:
    recipes = [small(seed=seed) for seed in range(TOGETHER_MAX + 2)] + frames(FRAMES_MAX + 3, steps=5)
    found = list(batches(recipes))
    assert [recipe for batch in found for recipe in batch] == recipes
    assert [len(batch) for batch in found] == [TOGETHER_MAX, 2, FRAMES_MAX, 3]
    large = frames(FRAMES_MAX, width=1024, height=1024)
    assert {len(batch) for batch in batches(large)} == {FRAMES_MAX // 4}

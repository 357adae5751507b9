"""Drafts that begin among the keyframes' trajectories: true on a keyframe, at noise where nothing is known."""

import pytest
from msgspec.structs import replace

from studio.core.blend import Blend, Keyframe, Law
from studio.core.events import Drafted
from studio.core.recipe import Recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings
from studio.engine.local import LocalEngine
from studio.engine.trajectories import STEPS_MIN, Trajectories
from tests.engine.helpers import Recorder, psnr, small

ENDS = (Keyframe(seed=1, prompt="a lake"), Keyframe(seed=2, prompt="a desert"), Keyframe(seed=3, prompt="a hill"))
MIDDLE = (0.5, 0.3, 0.2)


def at(shares: tuple[float, ...], **changes: object) -> Recipe:
    """The point between the three ends with these shares, in as many steps as a trajectory needs."""
    blend = Blend(keyframes=ENDS, noise_shares=shares, prompt_shares=shares)
    return small(**{"steps": STEPS_MIN, "scheduler": Scheduler.DDIM, "blend": blend, **changes})


def draw_ends(engine: LocalEngine, **changes: object) -> list[Drafted]:
    """The keyframes' own pictures, as their thumbnails are drawn."""
    corners = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    return [engine.draft(at(corner, **changes), Recorder()) for corner in corners]


@pytest.fixture
def engine(engine: LocalEngine) -> LocalEngine:
    engine._trajectories.clear()
    return engine


@pytest.mark.parametrize("model", ["plain", "zero"])
@pytest.mark.parametrize("scheduler", [Scheduler.DDIM, Scheduler.EULER, Scheduler.HEUN])
def test_on_a_keyframe_the_rest_of_the_way_leads_to_its_picture(
    engine: LocalEngine, scheduler: Scheduler, model: str
) -> None:
    recipe = at((0.0, 1.0, 0.0), scheduler=scheduler)
    recipe = replace(recipe, model=replace(recipe.model, name=model))
    whole = engine.draft(recipe, Recorder())
    recorder = Recorder()
    deep = engine.draft(recipe, recorder, 2)
    assert deep.depth == 2
    assert len(recorder.steps) == STEPS_MIN - 2
    assert psnr(deep.picture, whole.picture) >= 45


def test_between_keyframes_it_begins_among_them(engine: LocalEngine) -> None:
    draw_ends(engine)
    from_noise, deep = (engine.draft(at(MIDDLE, steps=2), Recorder(), depth) for depth in (0, 1))
    assert (from_noise.depth, deep.depth) == (0, 1)
    assert deep.picture.tobytes() != from_noise.picture.tobytes()
    assert deep.noise_norm == from_noise.noise_norm


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 96},
        {"guidance": 1.0},
        {"negative_prompt": "fog"},
        {"scheduler": Scheduler.EULER},
        {"scheduler_settings": SchedulerSettings(eta=0.5)},
        {"schedule": Schedule.KARRAS, "scheduler": Scheduler.DPMPP_2M, "steps": 2},
        {"blend": replace(Blend(keyframes=ENDS, noise_shares=MIDDLE, prompt_shares=MIDDLE), law=Law.LERP)},
        {"blend": Blend(keyframes=ENDS, noise_shares=MIDDLE, prompt_shares=MIDDLE[::-1])},
        {"blend": Blend(keyframes=(*ENDS[:2], Keyframe(seed=4)), noise_shares=MIDDLE, prompt_shares=MIDDLE)},
    ],
    ids="-".join,
)
def test_where_no_trajectory_is_true_it_begins_at_noise(engine: LocalEngine, changes: dict[str, object]) -> None:
    draw_ends(engine)
    draw_ends(engine, schedule=Schedule.KARRAS, scheduler=Scheduler.DPMPP_2M)
    recipe, recorder = at(MIDDLE, **changes), Recorder()
    deep = engine.draft(recipe, recorder, 1)
    assert deep.depth == 0
    assert len(recorder.steps) == recipe.steps
    assert deep.picture.tobytes() == engine.draft(recipe, Recorder()).picture.tobytes()


def test_too_few_steps_are_no_trajectory(engine: LocalEngine) -> None:
    draw_ends(engine, steps=STEPS_MIN - 1)
    assert engine.draft(at(MIDDLE), Recorder(), 1).depth == 0


def test_the_picture_in_full_begins_at_noise_whatever_is_known(engine: LocalEngine) -> None:
    before = engine.generate(at(MIDDLE), Recorder())
    draw_ends(engine)
    engine.draft(at(MIDDLE, steps=2), Recorder(), 1)
    recorder = Recorder()
    assert engine.generate(at(MIDDLE), recorder).picture.tobytes() == before.picture.tobytes()
    assert len(recorder.steps) == STEPS_MIN


def test_trajectories_keep_to_their_budget(engine: LocalEngine) -> None:
    draw_ends(engine)
    each = engine._trajectories.size_bytes // len(ENDS)
    engine._trajectories, kept = Trajectories(2 * each), engine._trajectories
    draw_ends(engine)
    assert engine._trajectories.size_bytes == 2 * each
    assert engine.draft(at((0.0, 0.5, 0.5)), Recorder(), 1).depth == 1
    assert engine.draft(at((0.5, 0.5, 0.0)), Recorder(), 1).depth == 0
    engine._trajectories = kept

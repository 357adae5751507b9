"""Frames that come in late: where they may, where they may not, and that they are the pictures they stand for."""

import pytest
import torch
from msgspec.structs import replace

from studio.core.recipe import Recipe
from studio.core.schedulers import Scheduler
from studio.engine import walking
from studio.engine.filling import Filling
from studio.engine.local import LocalEngine
from studio.engine.noise import generator_for
from studio.engine.solver import Solver, build_solver
from tests.engine.helpers import Recorder, psnr, small
from tests.engine.test_walking import frames

FRAMES = 17
CONFIG = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def solver_for(recipe: Recipe) -> Solver:
    return build_solver(recipe, CONFIG, generator_for(0))


def noise(count: int) -> torch.Tensor:
    """A walk's noise, as the law has it."""
    ends, angles = torch.randn(2, 4, 8, 8, generator=generator_for(1)), torch.linspace(0, torch.pi / 2, count)
    return torch.einsum("nf,nchw->fchw", torch.stack([angles.cos(), angles.sin()]), ends)


def added(places: torch.Tensor) -> torch.Tensor:
    """What a model might add to the noise of frames at `places`: a polynomial, which interpolation finds."""
    parts = torch.randn(4, 1, 4, 8, 8, generator=generator_for(2))
    return sum(part * places.reshape(-1, 1, 1, 1) ** power for power, part in enumerate(parts))


def passed(filling: Filling, recipe: Recipe, latents: torch.Tensor) -> list[int]:
    """How many frames are there at each step, where the latents after it are those of `latents` (frames, …)."""
    solver, there = solver_for(recipe), []
    filling.begin(solver, noise(len(latents)))
    for index, now in enumerate(solver.evaluations):
        there.append(len(filling.present))
        held = latents[filling.present]
        held, x0 = filling.hold(solver, noise(len(latents)), index, held, held)
        assert len(held) == len(x0) == len(filling.present), now
    return there


def test_frames_that_are_alike_come_in_late_and_where_they_belong() -> None:
    recipes, places = frames(FRAMES, steps=10), torch.linspace(0, 1, FRAMES)
    latents, filling, solver = 0.7 * noise(FRAMES) + added(places), Filling(recipes), solver_for(recipes[0])
    assert filling.begin(solver, noise(FRAMES)).shape[0] == 5
    for index in range(8):
        filling.hold(solver, noise(FRAMES), index, latents[filling.present], latents[filling.present])
    assert filling.present == [0, 4, 8, 12, 16]
    held, _ = filling.hold(solver, noise(FRAMES), 8, latents[filling.present], latents[filling.present])
    assert torch.allclose(held, latents, atol=1e-3)
    assert filling.doubtful(latents) == []


def test_frames_beside_a_sudden_change_come_in_at_once_or_are_doubted() -> None:
    recipes, places = frames(FRAMES, steps=10), torch.linspace(0, 1, FRAMES)
    sudden = 0.7 * noise(FRAMES) + added((places > 0.6).float())
    assert passed(Filling(recipes), recipes[0], sudden)[1] > 5
    late = Filling(recipes)
    passed(late, recipes[0], 0.7 * noise(FRAMES) + added(places))
    assert late.doubtful(sudden) == [9, 10]


@pytest.mark.parametrize(
    "recipes",
    [
        [small(seed=seed, steps=10) for seed in range(FRAMES)],  # pictures that have nothing to do with each other
        frames(4, steps=10),  # too few to tell of each other
        frames(FRAMES, steps=4),  # too few steps
        [each for pair in zip(frames(9, steps=10), frames(9, steps=10)[::-1], strict=True) for each in pair],
    ],
    ids=["no walk", "few frames", "few steps", "to and fro"],
)
def test_where_nothing_can_be_told_all_frames_are_there(recipes: list[Recipe]) -> None:
    latents = noise(len(recipes))
    assert passed(Filling(recipes), recipes[0], latents)[0] == len(recipes)


def test_a_corner_of_the_walk_is_there_from_the_start() -> None:
    to, fro = frames(FRAMES, steps=10), frames(FRAMES, steps=10)[::-1]
    assert FRAMES - 1 in Filling([*to, *fro[1:]]).present


@pytest.mark.parametrize("scheduler", [Scheduler.DDIM, Scheduler.HEUN, Scheduler.DPMPP_2M])
def test_frames_between_are_those_made_alone(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, scheduler: Scheduler
) -> None:
    made: list[Filling] = []
    monkeypatch.setattr(walking, "Filling", lambda recipes: made.append(Filling(recipes)) or made[-1])
    recipes = [replace(each, scheduler=scheduler) for each in frames(FRAMES, steps=8)]
    together = list(engine.walk(recipes, Recorder()))
    assert max(made[0]._came_in.values()) > 1  # else nothing was interpolated
    for number in (0, 5, 11):
        alone = engine.generate(recipes[number], Recorder())
        assert psnr(together[number].picture, alone.picture) >= 38
        assert together[number].recipe == alone.recipe

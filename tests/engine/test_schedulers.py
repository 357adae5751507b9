"""What the scheduler table offers, the engine builds; and what it builds makes good pictures."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from studio.core.errors import OptionError
from studio.core.recipe import Recipe
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler, SchedulerInfo, SchedulerSettings
from studio.engine.noise import generator_for
from studio.engine.sampling import sample
from studio.engine.schedulers import aligned_timesteps, alphas_cumprod, capped_betas, resolve_settings, sigmas_of
from studio.engine.solver import build_solver, noise_levels
from studio.engine.x0 import PredictionType
from tests.tiny_model import scheduler_config

PLAIN = scheduler_config("epsilon", zero_snr=False)
ZERO = scheduler_config("v_prediction", zero_snr=True)
DATA_STD = 0.5
"""Of the Gaussian data below; any but 1, where the ideal v is zero and every solver exact."""


def gaussian_std(recipe: Recipe, noise: dict[str, object]) -> float:
    """Standard deviation of what is sampled, over that of the data, with the ideal denoiser of N(0, DATA_STD²).

    For Gaussian data the posterior mean is known: x0 = α s² z / (α² s² + σ²).
    """
    generator = generator_for(0)
    z = torch.randn((1, 4, 32, 32), generator=generator)
    solver = build_solver(recipe, noise, generator)
    now = iter(solver.evaluations)

    def predict(z: Tensor, timestep: Tensor) -> Tensor:
        at = next(now)
        x0 = at.alpha * DATA_STD**2 / (at.alpha**2 * DATA_STD**2 + at.sigma**2) * z
        epsilon = (z - at.alpha * x0) / at.sigma
        return epsilon if solver.prediction is PredictionType.EPSILON else at.alpha * epsilon - at.sigma * x0

    return float(list(sample(predict, solver, z))[-1].latents.std()) / DATA_STD


OFFERED = [(scheduler, schedule) for scheduler, info in SCHEDULERS.items() for schedule in info.schedules]
CONSISTENCY = {Scheduler.LCM, Scheduler.TCD}
"""Made for distilled models; with an ideal denoiser of the ordinary kind they average too much."""


@pytest.mark.parametrize("noise", [PLAIN, ZERO], ids=["plain", "zero"])
@pytest.mark.parametrize(("scheduler", "schedule"), OFFERED)
def test_twenty_steps_sample_the_right_spread(
    scheduler: Scheduler, schedule: Schedule, noise: dict[str, object]
) -> None:
    low = 0.55 if scheduler in CONSISTENCY else 0.75
    assert low < gaussian_std(Recipe(steps=20, scheduler=scheduler, schedule=schedule), noise) < 1.35


@pytest.mark.parametrize("scheduler", [Scheduler.SA_SOLVER, Scheduler.DPM2_A])
def test_what_was_left_out_would_fail(scheduler: Scheduler) -> None:
    assert gaussian_std(Recipe(steps=20, scheduler=scheduler, schedule=Schedule.BETA), ZERO) > 1.35


def all_settings(info: SchedulerInfo) -> Iterator[SchedulerSettings]:
    choices: dict[str, list[object]] = {
        "eta": [0.0, 1.0],
        "order": list(range(info.orders[0], info.orders[1] + 1)),
        "solver_type": list(info.solver_types),
        "lower_order_final": [True, False],
        "s_churn": [0.0, 100.0],
        "s_noise": [0.9, 1.1],
    }
    names = list(info.settings)
    for values in itertools.product(*(choices[name] for name in names)):
        yield SchedulerSettings(**dict(zip(names, values, strict=True)))  # type: ignore[arg-type]


@pytest.mark.parametrize("noise", [PLAIN, ZERO], ids=["plain", "zero"])
@pytest.mark.parametrize("scheduler", Scheduler)
def test_every_setting_at_few_steps_is_finite(scheduler: Scheduler, noise: dict[str, object]) -> None:
    info = SCHEDULERS[scheduler]
    if scheduler in {Scheduler.DPM2, Scheduler.DPM2_A}:  # no settings, and slow to build
        schedules: tuple[Schedule, ...] = (Schedule.KARRAS,)
    else:
        schedules = info.schedules
    for schedule, settings in itertools.product(schedules, all_settings(info)):
        for steps in range(info.steps[0], 4):
            recipe = Recipe(steps=steps, scheduler=scheduler, schedule=schedule, scheduler_settings=settings)
            assert math.isfinite(gaussian_std(recipe, noise)), (schedule, settings, steps)


@pytest.mark.parametrize(
    ("scheduler", "schedule", "steps", "range_text"),
    [
        (Scheduler.LCM, Schedule.NORMAL, 51, "1 to 50"),
        (Scheduler.TCD, Schedule.NORMAL, 51, "1 to 50"),
        (Scheduler.DEIS, Schedule.NORMAL, 1, "2 to 1000"),
        (Scheduler.SA_SOLVER, Schedule.KARRAS, 1, "2 to 1000"),
        (Scheduler.EULER, Schedule.ALIGN_YOUR_STEPS, 501, "1 to 500"),
    ],
)
def test_steps_out_of_reach_get_a_sentence(
    scheduler: Scheduler, schedule: Schedule, steps: int, range_text: str
) -> None:
    with pytest.raises(OptionError, match=range_text) as caught:
        noise_levels(Recipe(steps=steps, scheduler=scheduler, schedule=schedule), PLAIN)
    assert caught.value.name == "steps"


@pytest.mark.parametrize("scheduler", [Scheduler.DDIM, Scheduler.EULER, Scheduler.DPMPP_2M, Scheduler.UNIPC])
@pytest.mark.parametrize("schedule", [Schedule.NORMAL, Schedule.SGM_UNIFORM])
def test_the_greatest_number_of_steps_works(scheduler: Scheduler, schedule: Schedule) -> None:
    levels = noise_levels(Recipe(steps=1000, scheduler=scheduler, schedule=schedule), PLAIN)
    assert len(levels.sigmas) == 1001
    assert min(levels.timesteps) >= 0
    assert max(levels.timesteps) <= 999


def test_a_number_of_steps_that_diffusers_cannot_cut_is_refused() -> None:
    """np.arange(1000, 0, -1000/61) has 62 values, and the last timestep would be −1."""
    recipe = Recipe(steps=61, scheduler=Scheduler.DDIM, schedule=Schedule.SGM_UNIFORM)
    with pytest.raises(OptionError, match="Use 60"):
        noise_levels(recipe, PLAIN)
    assert len(noise_levels(Recipe(steps=60, schedule=Schedule.SGM_UNIFORM), PLAIN).sigmas) == 61


def test_normal_is_the_models_own_spacing() -> None:
    recipe = Recipe(steps=4, scheduler=Scheduler.DDIM, schedule=Schedule.NORMAL)
    assert noise_levels(recipe, PLAIN).timesteps == (751.0, 501.0, 251.0, 1.0)  # leading, offset 1
    assert noise_levels(recipe, ZERO).timesteps == (999.0, 749.0, 499.0, 249.0)  # trailing
    unsaid = {key: value for key, value in PLAIN.items() if key != "timestep_spacing"}
    assert noise_levels(recipe, unsaid).timesteps == (751.0, 501.0, 251.0, 1.0)


def test_karras_levels_are_those_of_the_paper() -> None:
    """Karras et al. 2022, equation 5, ρ = 7, over the model's whole range."""
    sigma = sigmas_of(alphas_cumprod(PLAIN))
    ramp = np.linspace(0, 1, 8)
    paper = (sigma[-1] ** (1 / 7) + ramp * (sigma[0] ** (1 / 7) - sigma[-1] ** (1 / 7))) ** 7
    levels = noise_levels(Recipe(steps=8, scheduler=Scheduler.DPMPP_2M, schedule=Schedule.KARRAS), PLAIN)
    np.testing.assert_allclose(levels.sigmas[:-1], paper, rtol=1e-4)
    assert levels.sigmas[-1] == 0


def test_align_your_steps_passes_through_the_published_timesteps() -> None:
    published = [999, 850, 736, 645, 545, 455, 343, 233, 124, 24]
    assert aligned_timesteps(10, 1000) == published
    finer = aligned_timesteps(19, 1000)
    assert finer[::2] == published
    assert finer == sorted(set(finer), reverse=True)
    longest = aligned_timesteps(500, 1000)
    assert longest == sorted(set(longest), reverse=True)


@pytest.mark.parametrize("top", [15.0, 80.0])
def test_capped_betas_change_only_what_is_noisier(top: float) -> None:
    assert capped_betas(PLAIN, top) is None
    betas = capped_betas(ZERO, top)
    assert betas is not None
    capped = sigmas_of(np.cumprod(1 - np.array(betas)))
    own = sigmas_of(alphas_cumprod(ZERO))
    assert own[-1] > 1000
    np.testing.assert_allclose(capped[-1], top, rtol=1e-6)
    np.testing.assert_allclose(capped[own < 0.97 * top], own[own < 0.97 * top], rtol=1e-6)
    assert (np.diff(capped) > 0).all()


def test_settings_resolve_to_explicit_defaults() -> None:
    for scheduler, info in SCHEDULERS.items():
        resolved = resolve_settings(scheduler, SchedulerSettings())
        for name in SchedulerSettings.__struct_fields__:
            assert getattr(resolved, name) == info.settings.get(name)
    assert resolve_settings(Scheduler.DDIM, SchedulerSettings(eta=0.25)).eta == 0.25


def test_two_solvers_share_no_state() -> None:
    recipe = Recipe(steps=5, scheduler=Scheduler.UNIPC)
    first = gaussian_std(recipe, PLAIN)
    gaussian_std(Recipe(steps=5, scheduler=Scheduler.DPMPP_3M, schedule=Schedule.KARRAS), ZERO)
    assert gaussian_std(recipe, PLAIN) == first

"""diffusers' schedulers, built from a recipe and the model's own noise schedule.

A schedule becomes settings of diffusers' classes, the same that a diffusers pipeline would be given:

- *Normal* is the spacing that the model's `scheduler_config.json` states, and "leading" where it states none;
- *SGM Uniform* is "trailing", *Linspace* is "linspace" (Lin et al. 2023, arXiv 2305.08891, table 2);
- *Karras*, *Exponential* and *Beta* space the noise levels themselves between the model's cleanest and noisiest;
- *Align Your Steps* takes the ten timesteps optimised for Stable Diffusion (Sabour et al. 2024, arXiv 2404.14507),
  interpolated to the number of steps.
"""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.core.errors import ModelBrokenError, OptionError
from studio.core.recipe import Recipe
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler, SchedulerSettings, SolverType
from studio.engine import libraries
from studio.engine.flow_schedulers import build_flow_scheduler
from studio.engine.x0 import PredictionType

NoiseConfig: TypeAlias = Mapping[str, Any]
"""A model's `scheduler/scheduler_config.json`."""

SIGMA_MAX = 80.0
"""The noisiest level where the levels themselves are spaced, or a scheduler cannot start from pure noise.

A model trained to zero terminal SNR has σ = ∞ at its last timestep. Karras et al. 2022 (arXiv 2206.00364), table 1,
start from 80, which is pure noise for all that can be seen.
"""
BETA_SIGMA_MAX = 15.0
"""The same for *Beta*, which spends most of its levels on the noisiest: the range of Stable Diffusion."""
_SIGMA_SPACED = {
    Schedule.KARRAS: "use_karras_sigmas",
    Schedule.EXPONENTIAL: "use_exponential_sigmas",
    Schedule.BETA: "use_beta_sigmas",
}
_BETA_SCHEDULES = ("linear", "scaled_linear", "squaredcos_cap_v2")
"""Those that all of diffusers' classes know."""
_SPACINGS = {Schedule.SGM_UNIFORM: "trailing", Schedule.LINSPACE: "linspace"}
_MODEL_KEYS = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "prediction_type",
    "rescale_betas_zero_snr",
    "set_alpha_to_one",
    "steps_offset",
    "timestep_scaling",
    "original_inference_steps",
)


class _Lms(libraries.LMSDiscreteScheduler):  # type: ignore[misc]
    """Looks back on no more predictions than there are; diffusers asks for more where it begins in the middle."""

    def step(
        self, model_output: Tensor, timestep: Tensor, sample: Tensor, order: int = 4, return_dict: bool = True
    ) -> Any:
        order = min(order, len(self.derivatives) + 1)
        return super().step(model_output, timestep, sample, order=order, return_dict=return_dict)


_CLASSES: dict[Scheduler, type[Any]] = {
    Scheduler.DDIM: libraries.DDIMScheduler,
    Scheduler.DDPM: libraries.DDPMScheduler,
    Scheduler.PNDM: libraries.PNDMScheduler,
    Scheduler.LMS: _Lms,
    Scheduler.EULER: libraries.EulerDiscreteScheduler,
    Scheduler.EULER_A: libraries.EulerAncestralDiscreteScheduler,
    Scheduler.HEUN: libraries.HeunDiscreteScheduler,
    Scheduler.DPM2: libraries.KDPM2DiscreteScheduler,
    Scheduler.DPM2_A: libraries.KDPM2AncestralDiscreteScheduler,
    Scheduler.DPMPP_2M: libraries.DPMSolverMultistepScheduler,
    Scheduler.DPMPP_2M_SDE: libraries.DPMSolverMultistepScheduler,
    Scheduler.DPMPP_2S: libraries.DPMSolverSinglestepScheduler,
    Scheduler.DPMPP_3M: libraries.DPMSolverMultistepScheduler,
    Scheduler.DEIS: libraries.DEISMultistepScheduler,
    Scheduler.UNIPC: libraries.UniPCMultistepScheduler,
    Scheduler.SA_SOLVER: libraries.SASolverScheduler,
    Scheduler.LCM: libraries.LCMScheduler,
    Scheduler.TCD: libraries.TCDScheduler,
}


def resolve_settings(scheduler: Scheduler, settings: SchedulerSettings) -> SchedulerSettings:
    """The same settings with every default made explicit; what the scheduler does not take stays None."""
    defaults = SCHEDULERS[scheduler].settings
    chosen = {name: value for name, value in msgspec.structs.asdict(settings).items() if value is not None}
    return SchedulerSettings(**{**defaults, **chosen})


def build_scheduler(recipe: Recipe, noise: NoiseConfig) -> Any:
    """A fresh diffusers scheduler with its timesteps set, at its first step.

    Raises OptionError where `recipe.steps` are more than the scheduler can take.
    """
    check_steps(recipe, noise)
    if noise.get("prediction_type") == PredictionType.FLOW:
        return build_flow_scheduler(recipe, noise)
    kind = _CLASSES[recipe.scheduler]
    accepted = _parameters(kind.__init__)
    config = {key: value for key, value in scheduler_config(recipe, noise, accepted).items() if key in accepted}
    flags = {flag: config.pop(flag) for flag in _SIGMA_SPACED.values() if flag in config}
    scheduler = kind(**config)
    scheduler.register_to_config(**flags)  # afterwards: some constructors would space a thousand levels by them
    if recipe.schedule is Schedule.ALIGN_YOUR_STEPS:
        scheduler.set_timesteps(timesteps=aligned_timesteps(recipe.steps, _train_timesteps(noise)))
    else:
        scheduler.set_timesteps(recipe.steps)
    if scheduler.timesteps[-1] < 0:
        # For some numbers (1000/61·61 > 1000 in floating point), diffusers' "trailing" takes a step below the last.
        raise OptionError(
            "steps", f"Steps: {recipe.schedule} cannot be cut into {recipe.steps}. Use {recipe.steps - 1}."
        )
    if hasattr(scheduler, "set_begin_index"):
        # Rounded timesteps may repeat; without this, diffusers looks the first one up and takes its second occurrence.
        scheduler.set_begin_index(0)
    return scheduler


def check_steps(recipe: Recipe, noise: NoiseConfig) -> None:
    """Raise OptionError where the scheduler or the schedule cannot take so many steps, or so few."""
    least, most = SCHEDULERS[recipe.scheduler].steps
    most = min(most, _train_timesteps(noise))
    if recipe.schedule is Schedule.ALIGN_YOUR_STEPS:
        most = min(most, _train_timesteps(noise) // 2)
    if not least <= recipe.steps <= most:
        name = f"{recipe.scheduler} with {recipe.schedule}"
        raise OptionError("steps", f"Steps: {name} takes {least} to {most}, not {recipe.steps}.")


def check_betas(path: Path, noise: NoiseConfig) -> None:
    """Raise ModelBrokenError where the configuration of the model in `path` says no noise for each of its timesteps."""
    kind, betas = noise.get("beta_schedule", _BETA_SCHEDULES[0]), noise.get("trained_betas")
    if kind not in _BETA_SCHEDULES:
        said = f"beta_schedule as “{str(kind)[:40]}”, and not as one of {', '.join(_BETA_SCHEDULES)}"
        raise ModelBrokenError(path, f"its scheduler_config.json gives {said}")
    if betas is not None and np.size(betas) != _train_timesteps(noise):
        said = f"trained_betas for {np.size(betas):,} timesteps, and not for {_train_timesteps(noise):,}"
        raise ModelBrokenError(path, f"its scheduler_config.json gives {said}")


def scheduler_config(recipe: Recipe, noise: NoiseConfig, accepted: set[str]) -> dict[str, Any]:
    """Everything diffusers' class is told; it takes the keys in `accepted` and knows nothing of the others."""
    config = {key: noise[key] for key in _MODEL_KEYS if key in noise}
    # Clipping and thresholding are for pixels; the default of some classes would cut latents to −1…1.
    config |= {"clip_sample": False, "thresholding": False, "skip_prk_steps": True}
    config |= _spacing(recipe, noise)
    config |= _solver(recipe.scheduler, resolve_settings(recipe.scheduler, recipe.scheduler_settings))
    if recipe.schedule in _SIGMA_SPACED or "rescale_betas_zero_snr" not in accepted:
        betas = capped_betas(noise, BETA_SIGMA_MAX if recipe.schedule is Schedule.BETA else SIGMA_MAX)
        config |= {} if betas is None else {"trained_betas": betas, "rescale_betas_zero_snr": False}
    return config


def _spacing(recipe: Recipe, noise: NoiseConfig) -> dict[str, Any]:
    if recipe.schedule in _SIGMA_SPACED:
        # From the cleanest level to the noisiest: what a spacing of timesteps leaves out, these would never reach.
        return {_SIGMA_SPACED[recipe.schedule]: True, "timestep_spacing": "linspace"}
    spacing = _SPACINGS.get(recipe.schedule, noise.get("timestep_spacing", "leading"))
    train = _train_timesteps(noise)
    room = train - 1 - (recipe.steps - 1) * (train // recipe.steps)
    return {"timestep_spacing": spacing, "steps_offset": min(int(noise.get("steps_offset", 0)), room)}


def _solver(scheduler: Scheduler, settings: SchedulerSettings) -> dict[str, Any]:
    chosen: dict[str, Any] = {"lower_order_final": settings.lower_order_final, "solver_type": settings.solver_type}
    match scheduler:
        case Scheduler.DPMPP_2M:
            chosen |= {"algorithm_type": "dpmsolver++", "solver_order": 2}
        case Scheduler.DPMPP_2M_SDE:
            chosen |= {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}
        case Scheduler.DPMPP_3M:
            chosen |= {"algorithm_type": "dpmsolver++", "solver_order": 3}
        case Scheduler.DPMPP_2S:
            chosen |= {"algorithm_type": "dpmsolver++", "solver_order": 2, "lower_order_final": True}
        case Scheduler.DEIS | Scheduler.UNIPC:
            chosen |= {"solver_order": settings.order}
            if settings.solver_type is SolverType.BH1:  # its B(h) = h is infinite on the way to σ = 0
                chosen |= {"final_sigmas_type": "sigma_min"}
        case Scheduler.SA_SOLVER:
            chosen |= {"predictor_order": settings.order, "corrector_order": settings.order}
    return {key: value for key, value in chosen.items() if value is not None}


_DDIM_ETA_MAX = 1.0 - 1e-6
"""From pure noise, at η = 1, DDIM takes the root of 1 − ᾱ − σ², which is 0, or by rounding less: not a number."""


def step_options(recipe: Recipe, scheduler: Any, generator: torch.Generator) -> dict[str, Any]:
    """What this scheduler's `step` is told besides the prediction: its noise, and the settings that belong there."""
    settings = resolve_settings(recipe.scheduler, recipe.scheduler_settings)
    known: dict[str, Any] = {name: getattr(settings, name) for name in ("eta", "order", "s_churn", "s_noise")}
    if recipe.scheduler is Scheduler.DDIM and known["eta"] is not None:
        known["eta"] = min(known["eta"], _DDIM_ETA_MAX)
    accepted = _parameters(scheduler.step)
    options = {name: value for name, value in known.items() if value is not None and name in accepted}
    return options | ({"generator": generator} if "generator" in accepted else {})


def aligned_timesteps(steps: int, train_timesteps: int) -> list[int]:
    """Align Your Steps: `steps` descending timesteps, the published ten where `steps` is 10.

    The paper interpolates log σ; log σ is close to linear in the timestep between neighbours, and a timestep stays
    meaningful for a model of another noise schedule, so timesteps are interpolated.
    """
    published = libraries.AysSchedules["StableDiffusionTimesteps"]
    places = np.linspace(0.0, len(published) - 1.0, steps)
    values = np.interp(places, np.arange(len(published)), published) * train_timesteps / 1000
    return [int(value) for value in values.round()]


def capped_betas(noise: NoiseConfig, sigma_max: float) -> list[float] | None:
    """The model's β, changed so that no level is noisier than `sigma_max`; None where none is.

    Levels above are replaced by a gentle rise to it: strictly increasing, for schedulers divide by differences.
    """
    sigma = sigmas_of(alphas_cumprod(noise))
    if sigma[-1] <= sigma_max:
        return None
    first = int(np.argmax(sigma > sigma_max)) - 1
    sigma[first:] = np.geomspace(sigma[first], sigma_max, len(sigma) - first)
    alpha_bar = 1.0 / (1.0 + sigma**2)
    previous = np.concatenate([[1.0], alpha_bar[:-1]])
    return [float(beta) for beta in 1.0 - alpha_bar / previous]


def alphas_cumprod(noise: NoiseConfig) -> NDArray[np.float64]:
    """ᾱ of the model at each training timestep, (T,) float64; 0 at the last where it was trained to zero SNR."""
    accepted = _parameters(libraries.DDIMScheduler.__init__)
    known = {key: noise[key] for key in _MODEL_KEYS if key in noise and key in accepted}
    alpha_bar: NDArray[np.float64] = libraries.DDIMScheduler(**known).alphas_cumprod.double().numpy()
    return alpha_bar


def sigmas_of(alpha_bar: NDArray[np.float64]) -> NDArray[np.float64]:
    """σ = sqrt((1 − ᾱ)/ᾱ), the variance-exploding convention; finite for ᾱ = 0, as diffusers' Euler has it (2⁻²⁴)."""
    clamped = np.maximum(alpha_bar, 2.0**-24)
    return np.sqrt((1.0 - clamped) / clamped)


def _parameters(function: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(function).parameters)


def _train_timesteps(noise: NoiseConfig) -> int:
    return int(noise.get("num_train_timesteps", 1000))

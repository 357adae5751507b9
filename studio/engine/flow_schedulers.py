"""diffusers' schedulers for flow matching: the noise level goes from 1, all noise, to 0, in a straight mix.

z = (1 − σ)·x0 + σ·ε (Lipman et al. 2022, arXiv 2210.02747; Liu et al. 2022, arXiv 2209.03003). Large pictures want more
steps at high noise, so the levels are shifted: σ' = s·σ/(1 + (s − 1)·σ) (Esser et al. 2024, equation 23), with s either
the model's own or grown with the number of patches.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from studio.core.errors import ModelBrokenError
from studio.core.recipe import Recipe
from studio.core.schedulers import Schedule, Scheduler
from studio.engine import libraries

PATCH_PIXELS = "patch_pixels"
"""Beside the model's own configuration: the side of the square that one token of its transformer stands for."""
EVEN_SIGMAS = "even_sigmas"
"""Beside it too: levels from 1 to 1/steps before they are shifted, as Flux has them, not to the last trained level."""
_SIDES_PX = (64, 4096)
"""Of the smallest and the largest pictures."""
_MU_MAX = 50.0
"""Far beyond: at 12 the largest pictures of Flux have all their steps but the last in pure noise."""
_SHIFTING = (
    "num_train_timesteps",
    "shift",
    "use_dynamic_shifting",
    "base_shift",
    "max_shift",
    "base_image_seq_len",
    "max_image_seq_len",
    "shift_terminal",
    "time_shift_type",
)


class _FlowEuler(libraries.FlowMatchEulerDiscreteScheduler):  # type: ignore[misc]
    """With what the sampling loop asks of every scheduler: latents are shown as they are, noise starts as it is."""

    init_noise_sigma = 1.0

    def scale_model_input(self, sample: Tensor, timestep: Tensor) -> Tensor:
        return sample


class _FlowHeun(libraries.FlowMatchHeunDiscreteScheduler):  # type: ignore[misc]
    """The same for Heun's method."""

    init_noise_sigma = 1.0

    def scale_model_input(self, sample: Tensor, timestep: Tensor) -> Tensor:
        return sample


def build_flow_scheduler(recipe: Recipe, noise: Mapping[str, Any]) -> Any:
    """A fresh scheduler with its timesteps set. `recipe` names Euler or Heun; `noise` is the model's configuration."""
    config = {key: noise[key] for key in _SHIFTING if noise.get(key) is not None}
    mu = resolution_shift(recipe.width, recipe.height, noise)
    if recipe.scheduler is Scheduler.HEUN:
        # It knows no shift by resolution; the exponential one is the plain one with s = exp(μ).
        shift = math.exp(mu) if config.get("use_dynamic_shifting") else float(config.get("shift", 1.0))
        heun = _FlowHeun(num_train_timesteps=int(config.get("num_train_timesteps", 1000)), shift=shift)
        heun.set_timesteps(recipe.steps)
        heun.set_begin_index(0)
        return heun
    scheduler = _FlowEuler(**config, use_beta_sigmas=recipe.schedule is Schedule.BETA)
    levels = np.linspace(1.0, 1.0 / recipe.steps, recipe.steps) if noise.get(EVEN_SIGMAS) else None
    scheduler.set_timesteps(recipe.steps, sigmas=levels, mu=mu if config.get("use_dynamic_shifting") else None)
    scheduler.set_begin_index(0)
    return scheduler


def check_shift(path: Path, noise: Mapping[str, Any]) -> None:
    """Raise ModelBrokenError where the configuration of the model in `path` shifts levels beyond all numbers."""
    names = "base_shift, max_shift, base_image_seq_len and max_image_seq_len"
    lengths = (noise.get("base_image_seq_len", 256), noise.get("max_image_seq_len", 4096))
    if lengths[0] >= lengths[1] or any(abs(resolution_shift(side, side, noise)) > _MU_MAX for side in _SIDES_PX):
        raise ModelBrokenError(path, f"{names} of its scheduler_config.json do not go together")


def resolution_shift(width: int, height: int, noise: Mapping[str, Any]) -> float:
    """μ, the logarithm of the shift: a straight line in the number of patches, through the two that were trained."""
    side = int(noise.get(PATCH_PIXELS, 16))
    patches = (width // side) * (height // side)
    fewest, most = float(noise.get("base_image_seq_len", 256)), float(noise.get("max_image_seq_len", 4096))
    low, high = float(noise.get("base_shift", 0.5)), float(noise.get("max_shift", 1.15))
    return low + (high - low) / (most - fewest) * (patches - fewest)

"""The noise that is trained on: schedule, targets, loss weights.

Variance-preserving diffusion `x_t = alpha x_0 + sigma eps` with `alpha**2 + sigma**2 = 1`, on Stable Diffusion's
"scaled linear" betas stretched to end in pure noise (Lin et al. 2024, "Common diffusion noise schedules ... are
flawed", algorithm 1), predicting `v = alpha eps - sigma x_0` (Salimans & Ho 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DDIMScheduler
from torch import Tensor

TRAIN_STEPS = 1000


def scheduler_config() -> dict[str, Any]:
    """What every scheduler of Horizon is built from."""
    return {
        "num_train_timesteps": TRAIN_STEPS,
        "beta_start": 0.00085,
        "beta_end": 0.0085,
        "beta_schedule": "scaled_linear",
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
        "steps_offset": 1,
    }


@dataclass(frozen=True, slots=True)
class NoiseLevels:
    """Tables over timesteps, `(1000,)` float32 each."""

    alpha: Tensor
    sigma: Tensor

    def noisy(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """`x_t` of `(n, c, h, w)` at `(n,)` timesteps."""
        alpha, sigma = self._at(timesteps, clean)
        return alpha * clean + sigma * noise

    def velocity(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """The training target v."""
        alpha, sigma = self._at(timesteps, clean)
        return alpha * noise - sigma * clean

    def weights(self, timesteps: Tensor, gamma: float) -> Tensor:
        """Loss weights `(n,)` of v's squared error: the error of x_0, its weight bounded by `gamma`.

        `|v error|**2 = |x_0 error|**2 (SNR + 1)`, so a weight of `min(SNR + 1, gamma) / (SNR + 1)` is min-SNR
        weighting (Hang et al. 2023) that does not vanish at the pure-noise end, where SNR is 0.
        """
        total = 1.0 / self.sigma[timesteps.to(self.sigma.device)].square().clamp_min(1e-8)
        return total.clamp_max(gamma) / total

    def snr(self, timesteps: Tensor) -> Tensor:
        """Signal-to-noise ratio `(n,)`: alpha**2 / sigma**2."""
        index = timesteps.to(self.alpha.device)
        return (self.alpha[index] / self.sigma[index]).square()

    def _at(self, timesteps: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        index = timesteps.to(self.alpha.device)
        shape = (-1, 1, 1, 1)
        return self.alpha[index].view(shape).to(like.device), self.sigma[index].view(shape).to(like.device)


def noise_levels() -> NoiseLevels:
    """The tables of `scheduler_config`, computed by diffusers so that training and sampling agree."""
    alpha_bar = DDIMScheduler(**scheduler_config()).alphas_cumprod
    return NoiseLevels(alpha=alpha_bar.sqrt(), sigma=(1.0 - alpha_bar).sqrt())


def stratified_timesteps(groups: int, each: int, generator: torch.Generator, toward_noise: float = 1.0) -> Tensor:
    """`(groups * each,)` int64: every group of `each` covers the schedule, at random offsets.

    Evenly with `toward_noise` 1; with k, the share of timesteps below a share t of the schedule is t to the power k.
    """
    offsets = torch.rand(groups, each, generator=generator)
    places = ((torch.arange(each) + offsets) / each) ** (1.0 / toward_noise)
    return (places * TRAIN_STEPS).long().clamp_max(TRAIN_STEPS - 1).reshape(-1)

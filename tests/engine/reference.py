"""diffusers' own pipeline, set up by hand: what our pictures are compared with.

Made by diffusers 0.42, float32 on the CPU. Nothing here comes from `studio.engine`: each scheduler is named with the
keywords that diffusers documents for what an artist calls Karras, SGM Uniform and so on.
"""

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers.schedulers import AysSchedules
from diffusers.schedulers.scheduling_ddim import rescale_zero_terminal_snr

from studio.core.events import Picture
from studio.core.recipe import Recipe
from studio.core.schedulers import Schedule, Scheduler
from tests.engine.helpers import called

KINDS: dict[Scheduler, tuple[str, dict[str, Any]]] = {
    Scheduler.DDIM: ("DDIMScheduler", {}),
    Scheduler.DDPM: ("DDPMScheduler", {}),
    Scheduler.PNDM: ("PNDMScheduler", {"skip_prk_steps": True}),
    Scheduler.LMS: ("LMSDiscreteScheduler", {}),
    Scheduler.EULER: ("EulerDiscreteScheduler", {}),
    Scheduler.EULER_A: ("EulerAncestralDiscreteScheduler", {}),
    Scheduler.HEUN: ("HeunDiscreteScheduler", {}),
    Scheduler.DPM2: ("KDPM2DiscreteScheduler", {}),
    Scheduler.DPM2_A: ("KDPM2AncestralDiscreteScheduler", {}),
    Scheduler.DPMPP_2M: ("DPMSolverMultistepScheduler", {}),
    Scheduler.DPMPP_2M_SDE: ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    Scheduler.DPMPP_2S: ("DPMSolverSinglestepScheduler", {"lower_order_final": True}),
    Scheduler.DPMPP_3M: ("DPMSolverMultistepScheduler", {"solver_order": 3}),
    Scheduler.DEIS: ("DEISMultistepScheduler", {}),
    Scheduler.UNIPC: ("UniPCMultistepScheduler", {}),
    Scheduler.SA_SOLVER: ("SASolverScheduler", {}),
    Scheduler.LCM: ("LCMScheduler", {}),
    Scheduler.TCD: ("TCDScheduler", {}),
}
SCHEDULES: dict[Schedule, dict[str, Any]] = {
    Schedule.NORMAL: {},
    Schedule.KARRAS: {"use_karras_sigmas": True, "timestep_spacing": "linspace"},
    Schedule.EXPONENTIAL: {"use_exponential_sigmas": True, "timestep_spacing": "linspace"},
    Schedule.BETA: {"use_beta_sigmas": True, "timestep_spacing": "linspace"},
    Schedule.SGM_UNIFORM: {"timestep_spacing": "trailing"},
    Schedule.LINSPACE: {"timestep_spacing": "linspace"},
    Schedule.ALIGN_YOUR_STEPS: {},
}
SIGMA_SPACED = (Schedule.KARRAS, Schedule.EXPONENTIAL, Schedule.BETA)
STARTS_FROM_PURE_NOISE = {
    "DDIMScheduler",
    "DDPMScheduler",
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "DPMSolverMultistepScheduler",
    "UniPCMultistepScheduler",
    "LCMScheduler",
    "TCDScheduler",
}
"""The classes that know `rescale_betas_zero_snr`."""


def load_reference(folder: Path) -> Any:
    """The pipeline in `folder`, as anyone would load it."""
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(folder, local_files_only=True, low_cpu_mem_usage=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def reference_scheduler(recipe: Recipe, config: dict[str, Any], **extra: Any) -> Any:
    """The scheduler for `recipe` on a model's scheduler config; `extra` are its further keywords."""
    name, keywords = KINDS[recipe.scheduler]
    keywords = {**keywords, **SCHEDULES[recipe.schedule], **extra}
    if config["rescale_betas_zero_snr"] and (recipe.schedule in SIGMA_SPACED or name not in STARTS_FROM_PURE_NOISE):
        top = 15.0 if recipe.schedule is Schedule.BETA else 80.0
        keywords |= {"trained_betas": betas_up_to(top, config), "rescale_betas_zero_snr": False}
    return getattr(diffusers, name).from_config(config, **keywords)


def betas_up_to(top: float, config: dict[str, Any]) -> list[float]:
    """The betas of a zero-SNR model whose levels above `top` rise gently to it instead of to infinity."""
    ends = (config["beta_start"] ** 0.5, config["beta_end"] ** 0.5)
    betas = torch.linspace(*ends, config["num_train_timesteps"], dtype=torch.float32) ** 2
    alpha_bar = torch.cumprod(1 - rescale_zero_terminal_snr(betas), 0).to(torch.float64)
    sigma = torch.sqrt(1 / alpha_bar.clamp(min=1e-12) - 1)
    last = int((sigma <= top).nonzero()[-1])
    sigma[last:] = torch.exp(
        torch.linspace(float(sigma[last].log()), float(np.log(top)), len(sigma) - last, dtype=torch.float64)
    )
    alpha_bar = 1 / (1 + sigma**2)
    alphas = torch.cat([alpha_bar[:1], alpha_bar[1:] / alpha_bar[:-1]])
    return (1 - alphas).tolist()


def reference_picture(pipe: Any, recipe: Recipe, scheduler: Any, **call: Any) -> Picture:
    """The picture that diffusers' pipeline makes; `call` are further arguments of the call."""
    if recipe.schedule is Schedule.ALIGN_YOUR_STEPS:
        assert recipe.steps == 10
        call["timesteps"] = AysSchedules["StableDiffusionTimesteps"]  # they count, not the number of steps
    pipe.scheduler = scheduler
    return called(pipe, recipe, negative_prompt=recipe.negative_prompt, **call)

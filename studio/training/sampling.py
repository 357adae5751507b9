"""Pictures from prompts with the plain diffusers pipeline, for sheets and measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from studio.training import noise
from studio.training.shards import UInt8

SHEET_PROMPTS = (
    "a red sailboat on a calm sea at sunset",
    "a snowy mountain landscape at night with stars",
    "a white lighthouse on an island at dawn",
    "a yellow hot-air balloon over rolling hills at noon",
    "a green cactus in the desert at golden hour",
    "a pine forest in the fog",
    "a city at night in neon style",
    "a blue house by a lake in the rain",
    "a castle on a hill, watercolour",
    "a train in a canyon, linocut",
    "a windmill in a snowfield, pastel",
    "birds over the sea in a storm",
    "a bridge in a city at dusk, ink drawing",
    "an aurora over a pine forest",
    "a blueprint of mountains",
    "a whale in the sea, risograph",
)


def assemble(
    vae: AutoencoderKL, text: CLIPTextModel, tokenizer: CLIPTokenizer, unet: UNet2DConditionModel, scheduler: Any = None
) -> StableDiffusionPipeline:
    """The ordinary Stable Diffusion pipeline around our parts, DDIM unless told otherwise."""
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler or DDIMScheduler(**noise.scheduler_config(), clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(
    pipeline: StableDiffusionPipeline,
    prompts: Sequence[str],
    *,
    width: int,
    height: int,
    steps: int = 20,
    guidance: float = 4.0,
    first_seed: int = 7,
) -> UInt8:
    """One picture a prompt, each from its own seed, noise drawn on the CPU: `(n, height, width, 3)` uint8."""
    generators = [torch.Generator().manual_seed(first_seed + index) for index in range(len(prompts))]
    with torch.no_grad():
        result = pipeline(
            list(prompts),
            width=width,
            height=height,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=generators,
            output_type="np",
        )
    return np.asarray((result.images * 255).round(), np.uint8)

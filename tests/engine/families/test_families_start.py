"""Pictures as input for every family: against diffusers' img2img where it has one, and by what must hold for all."""

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from msgspec.structs import replace
from PIL import Image

from studio.core.start_picture import start_from_picture
from studio.engine.local import LocalEngine
from tests.engine.families.test_families_agree import own
from tests.engine.helpers import Recorder, psnr
from tests.engine.test_starting import a_picture, half_mask
from tests.tiny_families import BUILDERS

AGREES_DB = 55.0
"""45 are promised."""
IMG2IMG: dict[str, Any] = {
    "sdxl": diffusers.StableDiffusionXLImg2ImgPipeline,
    "sd3": diffusers.StableDiffusion3Img2ImgPipeline,
    "flux": diffusers.FluxImg2ImgPipeline,
}
LIMITS = {"sd3": 256, "flux": 512}


@pytest.mark.parametrize("name", IMG2IMG)
def test_it_agrees_with_diffusers(
    family_engine: LocalEngine, families: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    recipe = own(name, steps=6, start=start_from_picture(a_picture(), strength=0.5))
    pipe = IMG2IMG[name].from_pretrained(families / name, local_files_only=True, low_cpu_mem_usage=False)
    pipe.set_progress_bar_config(disable=True)
    module = __import__(type(pipe).__module__, fromlist=["retrieve_latents"])
    monkeypatch.setattr(module, "retrieve_latents", lambda output, **_: output.latent_dist.mode())
    answer = pipe(
        recipe.prompt,
        image=Image.fromarray(a_picture()),
        strength=0.5,
        num_inference_steps=recipe.steps,
        guidance_scale=recipe.guidance,
        generator=torch.Generator("cpu").manual_seed(recipe.seed),
        output_type="np",
        **({"max_sequence_length": LIMITS[name], "width": 64, "height": 64} if name in LIMITS else {}),
    )
    theirs = (answer.images[0] * 255).round().astype(np.uint8)
    recorder = Recorder()
    ours = family_engine.generate(recipe, recorder).picture
    assert psnr(ours, theirs) >= AGREES_DB
    assert [(step.number, step.count) for step in recorder.steps] == [(1, 3), (2, 3), (3, 3)]
    assert psnr(family_engine.generate(replace(recipe, seed=8), Recorder()).picture, theirs) < AGREES_DB


@pytest.mark.parametrize("name", BUILDERS)
def test_what_holds_for_all(family_engine: LocalEngine, name: str) -> None:
    start = start_from_picture(a_picture(), strength=1.0)
    alone = family_engine.generate(own(name), Recorder()).picture
    assert family_engine.generate(own(name, start=start), Recorder()).picture.tobytes() == alone.tobytes()
    masked = start_from_picture(a_picture(), strength=0.5, mask=half_mask())
    made = family_engine.generate(own(name, start=masked), Recorder()).picture
    assert (made[:, :32] == a_picture()[:, :32]).all()
    assert (made[:, 40:] != a_picture()[:, 40:]).mean() > 0.9

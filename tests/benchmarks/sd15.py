"""A full-sized Stable Diffusion 1.5 with random weights, beside diffusers' own pipeline: load, peak memory, steps.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.sd15 FOLDER

Writes the 860 million weights of the denoiser and those of the other parts once, in float16, as a single file with the
original keys (2 GB) into FOLDER, where they stay. Then each side loads the file and makes a picture of 256×256 pixels
in three steps, in float32 and in a process of its own; the file is in the system's cache for both. Peak memory is the
process's largest resident size; seconds are those of the processor, which other programs do not lengthen.
"""

import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from studio.core.events import Event, Step
from studio.core.places import resources_dir
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler
from studio.engine.local import LocalEngine
from tests.tiny_checkpoints import write_checkpoint
from tests.tiny_model import write_tokenizer

SIDE, STEPS, GUIDANCE = 256, 3, 7.5
PROMPT = "a red sailboat on a calm sea"
NEEDED_BYTES = 8 << 30
CONFIGS = resources_dir() / "configs" / "sd1"


def write_model(folder: Path) -> Path:
    """Stable Diffusion 1.5 as one file, with its configurations and a small tokenizer beside it."""
    path = folder / "sd15.safetensors"
    if path.is_file():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    assert free > NEEDED_BYTES, f"{free / 2**30:.1f} GB are free in {folder}, 8 are needed"
    parts = folder / "parts"
    for name in ("unet", "vae", "text_encoder"):
        _random(name).half().save_pretrained(parts / name)
    shutil.copytree(CONFIGS / "scheduler", parts / "scheduler", dirs_exist_ok=True)
    write_tokenizer(parts / "tokenizer")
    (parts / "model_index.json").write_text(json.dumps(_index()), encoding="utf-8")
    write_checkpoint("sd1", parts, path, dtype=torch.float16)
    shutil.copy(parts / "model_index.json", path.with_suffix("") / "model_index.json")
    shutil.rmtree(parts)
    return path


def ours(path: Path) -> dict[str, float]:
    """What the studio's engine takes."""
    engine, seconds = LocalEngine((path.parent,), device="cpu"), []

    def report(event: Event) -> None:
        if isinstance(event, Step):
            seconds.append(time.process_time())

    started = time.process_time()
    engine.load("sd15", report)
    loaded = time.process_time()
    recipe = Recipe(
        prompt=PROMPT,
        width=SIDE,
        height=SIDE,
        steps=STEPS,
        guidance=GUIDANCE,
        scheduler=Scheduler.DPMPP_2M,
        schedule=Schedule.KARRAS,
        model=ModelRef(name="sd15"),
    )
    engine.generate(recipe, report)
    return _figures(started, loaded, seconds)


def theirs(path: Path) -> dict[str, float]:
    """What diffusers takes, with the same file, configurations and solver."""
    import diffusers

    started = time.process_time()
    pipe = diffusers.StableDiffusionPipeline.from_single_file(
        str(path), config=str(path.with_suffix("")), local_files_only=True, torch_dtype=torch.float32
    )
    loaded, seconds = time.process_time(), []
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = diffusers.DPMSolverMultistepScheduler.from_config(pipe.scheduler.config, use_karras_sigmas=True)

    def stepped(pipe: Any, number: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        seconds.append(time.process_time())
        return values

    pipe(
        PROMPT,
        width=SIDE,
        height=SIDE,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(7),
        callback_on_step_end=stepped,
    )
    return _figures(started, loaded, seconds)


def main(folder: Path) -> None:
    """Write the model, measure both, print the figures and their ratios."""
    path = write_model(folder)
    figures = {}
    for side in (theirs, ours):
        command = [sys.executable, "-m", "tests.benchmarks.sd15", str(path), side.__name__]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        figures[side.__name__] = json.loads(answer.splitlines()[-1])
        print(side.__name__, figures[side.__name__], flush=True)
    for name, value in figures["ours"].items():
        print(f"{name}: ours ÷ theirs = {value / figures['theirs'][name]:.3f}")


def _figures(started: float, loaded: float, steps: list[float]) -> dict[str, float]:
    """The first step, in which memory is touched for the first time, is left out of the pace."""
    pace = statistics.mean(later - earlier for earlier, later in pairwise(steps))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"load_seconds": loaded - started, "step_seconds": pace, "peak_gb": peak}


def _random(name: str) -> Any:
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    config = json.loads((CONFIGS / name / "config.json").read_text(encoding="utf-8"))
    torch.manual_seed(0)
    if name == "text_encoder":
        return CLIPTextModel(CLIPTextConfig(**config))
    return (UNet2DConditionModel if name == "unet" else AutoencoderKL).from_config(config)


def _index() -> dict[str, object]:
    return {
        "_class_name": "StableDiffusionPipeline",
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps({"ours": ours, "theirs": theirs}[sys.argv[2]](Path(sys.argv[1]))))
    else:
        main(Path(sys.argv[1]))

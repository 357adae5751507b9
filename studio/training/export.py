"""The stage `export`: the trained parts as one `StableDiffusionPipeline` folder, fp16 safetensors, no pickles.

The folder loads offline with plain diffusers: `StableDiffusionPipeline.from_pretrained(folder)`. Parts whose
checkpoint is not there yet are left as they are in the folder. The tokenizer is made by the captions' vocabulary.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, UniPCMultistepScheduler
from torch import nn
from transformers import CLIPTokenizer

from studio.core.schedulers import Schedule, Scheduler
from studio.training import checkpoint, denoiser, noise, tiny_decoder
from studio.training.config import DefaultsConfig, DenoiserConfig, Solver, TinyConfig, read
from studio.training.places import Places
from studio.training.vae_files import load_newest_vae, vae_config

PARTS = MappingProxyType(
    {
        "vae": ["diffusers", "AutoencoderKL"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
    }
)


def export(places: Places) -> None:
    """Write every part there is a checkpoint of."""
    write_part(places.model / "vae", load_newest_vae(places))
    if (places.run("tiny-decoder") / "checkpoint.pt").exists():
        export_tiny(places)
    seen = 0
    if (places.run("denoiser") / "checkpoint.pt").exists():
        modules, progress = load_denoiser(places)
        seen = progress.samples
        write_part(places.model / "unet", modules["unet"])
        write_part(places.model / "text_encoder", modules["text"])
    write_settings(places, seen)


def export_tiny(places: Places) -> None:
    """Write the tiny autoencoder of its checkpoint."""
    config = read(places.configs / "tiny-decoder.toml", TinyConfig)
    tiny = tiny_decoder.build(config, vae_config(places).latent_channels)
    path = places.run("tiny-decoder") / "checkpoint.pt"
    checkpoint.load_average(path, nn.ModuleDict({"tiny": tiny}))
    write_part(places.model / "tiny_vae", tiny)


def load_denoiser(places: Places) -> tuple[nn.ModuleDict, checkpoint.Progress]:
    """The averaged `unet` and `text` of the denoiser's checkpoint."""
    config = read(places.configs / "denoiser.toml", DenoiserConfig)
    tokenizer = CLIPTokenizer.from_pretrained(places.tokenizer, local_files_only=True)
    unet = denoiser.build_unet(config, vae_config(places).latent_channels)
    text = denoiser.build_text_encoder(config, tokenizer)
    modules = nn.ModuleDict({"unet": unet, "text": text})
    progress = checkpoint.load_average(places.run("denoiser") / "checkpoint.pt", modules)
    return modules.requires_grad_(False).eval(), progress


def write_part(folder: Path, part: Any) -> None:
    """Save one model in fp16 and forget where it came from.

    The configuration says float32: transformers would otherwise compute in fp16, which a CPU does slowly, while
    diffusers' own parts compute in float32 unless asked.
    """
    halved = copy.deepcopy(part).half()
    halved.save_pretrained(folder, safe_serialization=True)
    for written in folder.iterdir():
        written.chmod(0o644)
    path = folder / "config.json"
    settings = json.loads(path.read_text())
    settings.pop("_name_or_path", None)
    if "dtype" in settings:
        settings["dtype"] = "float32"
    write_json(path, settings)


STUDIO_NAMES: Mapping[Solver, Scheduler] = MappingProxyType(
    {
        Solver.DDIM: Scheduler.DDIM,
        Solver.EULER: Scheduler.EULER,
        Solver.DPM_MULTISTEP: Scheduler.DPMPP_2M,
        Solver.UNIPC: Scheduler.UNIPC,
    }
)
"""The studio's names of the solvers, as `studio.core.models` reads them."""


def write_settings(places: Places, samples_seen: int) -> None:
    """`model_index.json`, the default scheduler and `horizon.json`."""
    defaults = read(places.configs / "defaults.toml", DefaultsConfig)
    scheduler = build_scheduler(defaults.solver)
    scheduler.save_pretrained(places.model / "scheduler")
    name = type(scheduler).__name__
    index: dict[str, Any] = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": scheduler.config["_diffusers_version"],
    }
    parts = {**PARTS, "scheduler": ["diffusers", name]}
    index |= dict(sorted(parts.items())) | {"requires_safety_checker": False}
    write_json(places.model / "model_index.json", index)
    facts = {
        "name": "Horizon",
        "default_steps": defaults.steps,
        "default_guidance": defaults.guidance,
        "default_scheduler": STUDIO_NAMES[defaults.solver].value,
        "default_schedule": Schedule.SGM_UNIFORM.value,  # trailing, which zero terminal SNR needs
        "default_size": [defaults.size, defaults.size],
        "size_multiple": 2 ** (len(vae_config(places).widths) - 1),
        "samples_seen": samples_seen,
    }
    write_json(places.model / "horizon.json", facts)


def build_scheduler(solver: Solver) -> Any:
    """A scheduler that samples what `studio.training.noise` trains."""
    settings = noise.scheduler_config()
    match solver:
        case Solver.DDIM:
            return DDIMScheduler(**settings, clip_sample=False)
        case Solver.EULER:
            return EulerDiscreteScheduler(**settings)
        case Solver.DPM_MULTISTEP:
            return DPMSolverMultistepScheduler(**settings)
        case Solver.UNIPC:
            return UniPCMultistepScheduler(**settings)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Two-space JSON with a final newline."""
    path.write_text(json.dumps(content, indent=2) + "\n")

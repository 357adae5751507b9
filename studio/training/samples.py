"""The stage `samples`: sheets of the exported model, to choose its defaults by looking.

Schedulers against step counts, guidance from weak to strong, one prompt from many seeds, many prompts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from diffusers import StableDiffusionPipeline

from studio.training.config import DefaultsConfig, Solver, read
from studio.training.export import build_scheduler
from studio.training.places import Places
from studio.training.sampling import SHEET_PROMPTS, draw
from studio.training.sheets import write_sheet

STEPS = (4, 8, 20, 30)
GUIDANCE = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)


def write_samples(places: Places) -> None:
    """Write all sheets under `samples/` of the work folder."""
    defaults = read(places.configs / "defaults.toml", DefaultsConfig)
    pipeline = StableDiffusionPipeline.from_pretrained(places.model, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    folder = places.run("samples")
    size: dict[str, Any] = {"width": defaults.size, "height": defaults.size}
    chosen: dict[str, Any] = {**size, "steps": defaults.steps, "guidance": defaults.guidance}
    write_sheet(folder / "prompts.jpg", draw(pipeline, SHEET_PROMPTS, **chosen), 4)
    write_sheet(folder / "seeds.jpg", draw(pipeline, SHEET_PROMPTS[:1] * 16, **chosen), 4)
    strengths = [draw(pipeline, SHEET_PROMPTS[:6], **{**chosen, "guidance": value}) for value in GUIDANCE]
    write_sheet(folder / "guidance.jpg", np.concatenate(strengths), 6)
    write_solvers(pipeline, folder / "schedulers.jpg", size, defaults.guidance)


def write_solvers(pipeline: StableDiffusionPipeline, path: Path, size: dict[str, int], guidance: float) -> None:
    """One row a scheduler and step count, the same four prompts and seeds in every row."""
    rows = []
    for solver in Solver:
        pipeline.scheduler = build_scheduler(solver)
        rows += [draw(pipeline, SHEET_PROMPTS[:4], steps=steps, guidance=guidance, **size) for steps in STEPS]
    write_sheet(path, np.concatenate(rows), 4 * len(STEPS))

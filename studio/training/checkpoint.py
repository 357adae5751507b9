"""Checkpoints: everything a stage needs to take its next step exactly as if it had never stopped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn


@dataclass(slots=True)
class Progress:
    """How far a stage has come. `seconds` counts training time over all runs."""

    step: int = 0
    samples: int = 0
    seconds: float = 0.0


def save(
    path: Path,
    progress: Progress,
    *,
    modules: nn.ModuleDict,
    average: nn.ModuleDict,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    """Write one file, atomically: a reader sees the old checkpoint or the new one, whole."""
    content = {
        "progress": [progress.step, progress.samples, progress.seconds],
        "modules": modules.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "generator": generator.get_state(),
    }
    write_atomically(path, content)


def write_atomically(path: Path, content: Any) -> None:
    """`torch.save` to a neighbour file, flushed to disk, then renamed over `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as stream:
        torch.save(content, stream)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def load(
    path: Path,
    *,
    modules: nn.ModuleDict,
    average: nn.ModuleDict,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> Progress:
    """Restore what `save` wrote; tensors only, no code is ever unpickled."""
    content = torch.load(path, map_location="cpu", weights_only=True)
    modules.load_state_dict(content["modules"])
    average.load_state_dict(content["average"])
    optimizer.load_state_dict(content["optimizer"])
    generator.set_state(content["generator"])
    step, samples, seconds = content["progress"]
    return Progress(int(step), int(samples), float(seconds))


def load_average(path: Path, modules: nn.ModuleDict) -> Progress:
    """Only the averaged weights, for export, samples and measures."""
    content = torch.load(path, map_location="cpu", weights_only=True)
    modules.load_state_dict(content["average"])
    step, samples, seconds = content["progress"]
    return Progress(int(step), int(samples), float(seconds))

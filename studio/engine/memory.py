"""Whether a model fits, told before it is loaded."""

import contextlib
from pathlib import Path

import torch

from studio.core.errors import ModelTooLargeError
from studio.core.model_facts import ModelFacts, read_facts
from studio.core.model_info import ModelInfo
from studio.engine.device import Device
from studio.engine.parts import part_dtype

_HEADROOM = 1.05
"""Beside the weights themselves: buffers, and the largest tensor twice while it is turned into its format."""


def check_fits(info: ModelInfo, device: Device) -> None:
    """Raise ModelTooLargeError where the weights of `info` need more memory than is free. Raises ModelBrokenError."""
    free = free_bytes(device)
    facts = read_facts(info)
    needed = needed_bytes(info, facts, device)
    if free is not None and needed > free:
        each = needed / max(1, facts.count)
        raise ModelTooLargeError(info.name, needed, free, int(free / each), device.name)


def needed_bytes(info: ModelInfo, facts: ModelFacts, device: Device) -> int:
    """What the weights take in memory, in the formats they are loaded in."""
    needed = sum(count * _width(info, part, device) for part, count in facts.counts.items())
    return int(needed * _HEADROOM)


def free_bytes(device: Device) -> int | None:
    """Memory that could be taken now on the device; None where the system does not tell."""
    if device.torch_device.type == "cuda":
        return int(torch.cuda.mem_get_info(device.torch_device)[0])
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _width(info: ModelInfo, part: str, device: Device) -> int:
    """Bytes of one weight. A single file is nearly all denoiser and text encoders, which are of one format."""
    return part_dtype(info.family, "text_encoder" if part == "file" else part, device).itemsize

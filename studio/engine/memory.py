"""Whether a model fits, told before it is loaded."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch

from studio.core.errors import ModelTooLargeError
from studio.core.memory_plan import MemoryPlan, Placement, plan_memory
from studio.core.model_detection import PART_PREFIXES
from studio.core.model_facts import ModelFacts, read_facts
from studio.core.model_family import FAMILIES
from studio.core.model_files import detect_file
from studio.core.model_info import ModelInfo
from studio.core.safetensors_header import Header, read_header
from studio.engine.device import Device, free_bytes, total_bytes
from studio.engine.parts import part_dtype

_MAIN_MEMORY = torch.device("cpu")
_HEADROOM = 1.05
"""Beside the weights themselves: buffers, and the largest tensor twice while it is turned into its format."""


def check_fits(info: ModelInfo, device: Device) -> None:
    """Raise ModelTooLargeError where the weights of `info` need more memory than is free. Raises ModelBrokenError.

    What does not fit on a graphics processor may wait in main memory, except where a pipeline runs whole.
    """
    rooms = [free_bytes(device.torch_device)]
    if info.pipeline is None:
        rooms.append(free_bytes(_MAIN_MEMORY))
    free = None if None in rooms else max(room for room in rooms if room is not None)
    facts = read_facts(info)
    needed = needed_bytes(info, facts, device)
    if free is not None and needed > free:
        each = needed / max(1, facts.count)
        half = replace(device, dtype=torch.bfloat16) if device.dtype is torch.float32 else None
        half_bytes = needed_bytes(info, facts, half) if half else 0
        raise ModelTooLargeError(info.name, needed, free, int(free / each), device.name, half_bytes=half_bytes)


def plan_placement(info: ModelInfo, device: Device) -> MemoryPlan:
    """Where the weights of `info` are to lie, by what is free on `device` now. Raises ModelBrokenError."""
    together = device.torch_device == _MAIN_MEMORY or info.pipeline is not None
    if together:
        return MemoryPlan(Placement.TOGETHER)
    waiting = {part: size for part, size in part_bytes(info, device).items() if part != "vae"}
    free = free_bytes(device.torch_device)
    return plan_memory(waiting, free, info.defaults.width * info.defaults.height)


def part_bytes(info: ModelInfo, device: Device) -> dict[str, int]:
    """What the weights of each part take in memory, by the headers alone. Raises ModelBrokenError."""
    counts = dict(read_facts(info).counts)
    if info.file is not None:
        counts.pop("file", None)
        counts = file_counts(info.file, info.weighted) | counts
    return {part: int(count * _width(info, part, device) * _HEADROOM) for part, count in counts.items()}


def file_counts(path: Path, parts: Iterable[str]) -> dict[str, int]:
    """How many weights of each of `parts` a single file holds. Raises ModelBrokenError."""
    found, header = detect_file(path), read_header(path)
    assert found.family is not None
    others = PART_PREFIXES[found.family]
    counts = {part: _count(header, others[part]) for part in parts if part in others}
    denoiser = FAMILIES[found.family].denoiser
    known = tuple(prefix for prefixes in others.values() for prefix in prefixes)
    own = sum(
        entry.count
        for name, entry in header.tensors.items()
        if name.startswith(found.prefix) and not name.startswith(known)
    )
    return {**counts, denoiser: own}


def _count(header: Header, prefixes: tuple[str, ...]) -> int:
    return sum(entry.count for name, entry in header.tensors.items() if name.startswith(prefixes))


def needed_bytes(info: ModelInfo, facts: ModelFacts, device: Device) -> int:
    """What the weights take in memory, in the formats they are loaded in."""
    needed = sum(count * _width(info, part, device) for part, count in facts.counts.items())
    return int(needed * _HEADROOM)


def model_budget_bytes(device: Device, wished_gb: int) -> int:
    """What models may take on `device` together: `wished_gb` GiB, or half of all where it is 0."""
    return wished_gb << 30 if wished_gb else (total_bytes(device.torch_device) or 0) // 2


def _width(info: ModelInfo, part: str, device: Device) -> int:
    """Bytes of one weight. A single file is nearly all denoiser and text encoders, which are of one format."""
    return part_dtype(info.family, "text_encoder" if part == "file" else part, device).itemsize

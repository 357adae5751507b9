"""Whether a model fits, told before it is loaded."""

from studio.core.errors import ModelTooLargeError
from studio.core.model_facts import ModelFacts, read_facts
from studio.core.model_info import ModelInfo
from studio.engine.device import Device, free_bytes, total_bytes
from studio.engine.parts import part_dtype

_HEADROOM = 1.05
"""Beside the weights themselves: buffers, and the largest tensor twice while it is turned into its format."""


def check_fits(info: ModelInfo, device: Device) -> None:
    """Raise ModelTooLargeError where the weights of `info` need more memory than is free. Raises ModelBrokenError."""
    free = free_bytes(device.torch_device)
    facts = read_facts(info)
    needed = needed_bytes(info, facts, device)
    if free is not None and needed > free:
        each = needed / max(1, facts.count)
        raise ModelTooLargeError(info.name, needed, free, int(free / each), device.name)


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

"""The number format of each model on this machine; how fast the processor is in bfloat16 is measured once."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from studio.core.precision import Precision, keep_speedup, on_processor, read_speedup
from studio.engine.device import Device

_ROUNDS = 4
_WIDTH = 320
"""Channels of the convolution that is timed: those of Stable Diffusion's outermost blocks."""


class Precisions:
    """Chooses formats, as is wished for now."""

    def __init__(self, device: Device, measured: Path | None) -> None:
        """`measured` is the file that remembers what was measured; without it nothing is, and the choice is float32."""
        self._device, self._measured = device, measured
        self.wished = Precision.AUTOMATIC

    def device_for(self, weights: int) -> Device:
        """The device with the format that a model of so many weights is held in."""
        if self._device.torch_device.type == "cpu":
            chosen = on_processor(self.wished, weights, self._speedup())
        else:
            chosen = self.wished
        if chosen is Precision.AUTOMATIC:
            return self._device
        return replace(self._device, dtype=getattr(torch, chosen.value))

    def _speedup(self) -> float | None:
        if self._measured is None or self.wished is not Precision.AUTOMATIC:
            return None
        return bfloat16_speedup(self._measured, self._device)


def bfloat16_speedup(measured: Path, device: Device) -> float | None:
    """How many times as fast as float32 bfloat16 is on a CPU: as remembered in `measured`, else measured now.

    None where it cannot be remembered: another time another number might come out.
    """
    known = read_speedup(measured, device.name)
    if known is not None:
        return known
    speedup = round(measure_bfloat16(), 2)
    return speedup if keep_speedup(measured, device.name, speedup) else None


@torch.inference_mode()
def measure_bfloat16() -> float:
    """Time of float32 ÷ time of bfloat16, for what denoisers mostly do: a convolution and a product of matrices."""
    return _seconds(torch.float32) / _seconds(torch.bfloat16)


def _seconds(dtype: torch.dtype) -> float:
    left, right = torch.ones(1024, 1024, dtype=dtype), torch.ones(1024, 1024, dtype=dtype)
    picture = torch.ones(2, _WIDTH, 32, 32, dtype=dtype).to(memory_format=torch.channels_last)
    kernel = torch.ones(_WIDTH, _WIDTH, 3, 3, dtype=dtype).to(memory_format=torch.channels_last)
    convolve = torch.nn.functional.conv2d
    return _best(lambda: left @ right) + _best(lambda: convolve(picture, kernel, padding=1))


def _best(work: Callable[[], Tensor]) -> float:
    """Seconds of the processor, which other programs do not lengthen; the first time is warming up."""
    taken = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return max(min(taken), 1e-9)

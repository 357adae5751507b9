"""Where pictures are made: choosing the device and its number format, and measuring its memory."""

import contextlib
import gc
import os
import platform
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from studio.core.engine import DeviceInfo
from studio.core.errors import OutOfMemoryError

_GIB = 1 << 30
_WITH_MEMORY = ("cuda", "xpu")
"""Kinds of devices that have memory of their own."""
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Device:
    """A torch device, the name people know it by, and the format its weights are held in.

    Where `waits`, weights are put into main memory, from where they are brought when they are needed.
    """

    torch_device: torch.device
    name: str
    dtype: torch.dtype
    waits: bool = False

    @property
    def weights_device(self) -> torch.device:
        """Where weights are put when they are loaded."""
        return torch.device("cpu") if self.waits else self.torch_device

    def info(self) -> DeviceInfo:
        """As the window shows it, with the memory in use now."""
        return DeviceInfo(
            name=self.name,
            kind=self.torch_device.type,
            dtype=str(self.dtype).removeprefix("torch."),
            memory_gb=self.memory_gb(),
        )

    def memory_gb(self) -> float:
        """GiB held on a GPU, or resident in this process on a CPU."""
        if self.torch_device.type in _WITH_MEMORY:
            return torch.accelerator.memory_allocated(self.torch_device) / _GIB
        if self.torch_device.type == "mps":
            return torch.mps.current_allocated_memory() / _GIB
        return _resident_bytes() / _GIB

    def free(self) -> None:
        """Give back what is held but not used."""
        free_unused(self.torch_device)


def choose_device(name: str | None) -> Device:
    """The device called `name` ("cpu", "cuda", "cuda:1", "xpu", "mps"), or the best there is.

    float32 on a CPU, where `Precisions` may choose another for a large model, and on Apple's; float16 on others.
    """
    chosen = torch.device(name or _best())
    match chosen.type:
        case "cuda":
            return Device(chosen, torch.cuda.get_device_name(chosen), torch.float16)
        case "xpu":
            return Device(chosen, torch.xpu.get_device_name(chosen), torch.float16)
        case "mps":
            return Device(chosen, "Apple GPU", torch.float32)
        case _:
            threads = torch.get_num_threads()
            count = "1 thread" if threads == 1 else f"{threads} threads"
            return Device(chosen, f"{_cpu_name()}, {count}", torch.float32)


@contextlib.contextmanager
def out_of_memory_as_ours(device: Device, width: int, height: int) -> Iterator[None]:
    """Turn torch's and Python's out-of-memory errors into `OutOfMemoryError`; sizes in pixels."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemoryError(device.name, width, height, free_bytes(device.torch_device)) from error


def or_sparingly(work: Callable[[], _Made], make_room: Callable[[], object], again: Callable[[], _Made]) -> _Made:
    """What `work` makes. Where memory does not suffice for it: room is made, and then what `again` makes.

    Raises what they raise.
    """
    try:
        return work()
    except (OutOfMemoryError, RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # Only here, where the error is gone, nothing holds on to the tensors of its frames.
    gc.collect()
    make_room()
    return again()


def free_unused(device: torch.device) -> None:
    """Give back what torch holds on `device` but does not use."""
    if device.type != "cpu":
        torch.accelerator.empty_cache()


def free_bytes(device: torch.device) -> int | None:
    """Memory that could be taken now on `device`; None where the system does not tell."""
    if device.type in _WITH_MEMORY:
        return int(torch.accelerator.get_memory_info(device)[0])
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def total_bytes(device: torch.device) -> int | None:
    """All the memory of `device`; None where the system does not tell."""
    if device.type in _WITH_MEMORY:
        return int(torch.accelerator.get_memory_info(device)[1])
    with contextlib.suppress(OSError, ValueError, AttributeError):  # Windows has no sysconf
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """On GPUs torch has a class for it; on CPUs the allocator raises a bare RuntimeError."""
    marks = ("DefaultCPUAllocator", "not enough memory", "out of memory")
    kinds = (OutOfMemoryError, torch.OutOfMemoryError, MemoryError)
    return isinstance(error, kinds) or any(mark in str(error) for mark in marks)


def _best() -> str:
    there = torch.accelerator.current_accelerator(check_available=True)
    return there.type if there is not None and there.type in (*_WITH_MEMORY, "mps") else "cpu"


def _cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "CPU"


def _resident_bytes() -> int:
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    listing = ["tasklist", "/fi", f"PID eq {os.getpid()}", "/fo", "csv", "/nh"]
    if platform.system() != "Windows":
        listing = ["ps", "-o", "rss=", "-p", str(os.getpid())]
    answer = subprocess.run(listing, capture_output=True, text=True, check=False).stdout
    digits = "".join(character for character in answer.split('","')[-1] if character.isdigit())
    return int(digits or 0) * 1024

"""Where pictures are made: choosing the device and its number format, and measuring its memory."""

import contextlib
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from studio.core.engine import DeviceInfo
from studio.core.errors import OutOfMemoryError

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Device:
    """A torch device, the name people know it by, and the format its weights are held in."""

    torch_device: torch.device
    name: str
    dtype: torch.dtype

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
        if self.torch_device.type == "cuda":
            return torch.cuda.memory_allocated(self.torch_device) / _GIB
        if self.torch_device.type == "mps":
            return torch.mps.current_allocated_memory() / _GIB
        return _resident_bytes() / _GIB

    def free(self) -> None:
        """Give back what is held but not used."""
        if self.torch_device.type == "cuda":
            torch.cuda.empty_cache()
        elif self.torch_device.type == "mps":
            torch.mps.empty_cache()


def choose_device(name: str | None) -> Device:
    """The device called `name` ("cpu", "cuda", "cuda:1", "mps"), or the best there is.

    float32 on a CPU, where nothing else is faster and exact; float16 on CUDA.
    """
    chosen = torch.device(name or _best())
    match chosen.type:
        case "cuda":
            return Device(chosen, torch.cuda.get_device_name(chosen), torch.float16)
        case "mps":
            return Device(chosen, "Apple GPU", torch.float32)
        case _:
            return Device(chosen, f"{_cpu_name()}, {torch.get_num_threads()} threads", torch.float32)


@contextlib.contextmanager
def out_of_memory_as_ours(device: Device, width: int, height: int) -> Iterator[None]:
    """Turn torch's and Python's out-of-memory errors into `OutOfMemoryError`; sizes in pixels."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemoryError(device.name, width, height) from error


def is_out_of_memory(error: BaseException) -> bool:
    """On GPUs torch has a class for it; on CPUs the allocator raises a bare RuntimeError."""
    marks = ("DefaultCPUAllocator", "not enough memory", "out of memory")
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(mark in str(error) for mark in marks)


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


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

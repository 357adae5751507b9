"""One process a core: the gradient is averaged over single-threaded workers.

Two OpenMP threads collapse as soon as another process is busy; two single-threaded processes do not. On a GPU there
is one worker, and everything here is a no-op.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.multiprocessing.spawn import spawn


def pick_device() -> torch.device:
    """CUDA, else Metal, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def rank() -> int:
    """This worker's number; 0 when alone."""
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    """How many workers there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Mean of the gradients over all workers, in one message."""
    if world() == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.reshape(-1) for g in gradients])
    dist.all_reduce(flat)
    flat /= world()
    start = 0
    for gradient in gradients:
        count = gradient.numel()
        gradient.copy_(flat[start : start + count].view_as(gradient))
        start += count


@torch.no_grad()
def average_weights(parameters: Iterable[nn.Parameter]) -> None:
    """Mean of the weights over all workers: local steps with averaging now and then (Stich 2019, "Local SGD")."""
    if world() == 1:
        return
    weights = list(parameters)
    flat = torch.cat([p.reshape(-1) for p in weights])
    dist.all_reduce(flat)
    flat /= world()
    for parameter, mean in zip(weights, torch.split(flat, [p.numel() for p in weights]), strict=True):
        parameter.copy_(mean.view_as(parameter))


def agree(stop: bool) -> bool:
    """True for everybody as soon as the first worker says so."""
    if world() == 1:
        return stop
    flag = torch.tensor([float(stop)])
    dist.broadcast(flag, 0)
    return bool(flag.item())


def launch(count: int, work: Callable[[], None], meeting: Path) -> None:
    """Run `work` in `count` processes; `meeting` is a file that does not exist yet."""
    if count == 1:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "0")) or torch.get_num_threads())
        work()
        return
    meeting.unlink(missing_ok=True)
    spawn(_worker, args=(count, work, str(meeting)), nprocs=count)  # type: ignore[no-untyped-call]


def _worker(index: int, count: int, work: Callable[[], None], meeting: str) -> None:
    torch.set_num_threads(1)
    os.setsid()  # a scheduling group of its own: a whole core's share where Linux groups processes by session
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=index, world_size=count)
    try:
        work()
    finally:
        dist.destroy_process_group()

"""The device: named, measured, and its failures told from others."""

import pytest
import torch

from studio.core.errors import OutOfMemoryError
from studio.engine.device import choose_device, is_out_of_memory, out_of_memory_as_ours


def test_memory_rises_with_what_is_held() -> None:
    device = choose_device("cpu")
    before = device.memory_gb()
    held = torch.ones(100 << 20, dtype=torch.uint8)
    assert 0.05 < device.memory_gb() - before < 0.5
    del held


def test_a_cpu_works_in_float32() -> None:
    info = choose_device("cpu").info()
    assert (info.kind, info.dtype) == ("cpu", "float32")
    assert info.name


def test_the_best_device_is_chosen_where_none_is_named() -> None:
    there = torch.accelerator.current_accelerator(check_available=True)
    expected = "cpu" if there is None else there.type
    assert choose_device(None).torch_device.type == expected


def test_an_impossible_tensor_is_out_of_memory() -> None:
    device = choose_device("cpu")
    with pytest.raises(OutOfMemoryError, match="4096×2048 px"), out_of_memory_as_ours(device, 4096, 2048):
        torch.empty(1 << 60, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"), True),
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes."), True),
        (RuntimeError("The size of tensor a (4) must match"), False),
    ],
)
def test_what_counts_as_out_of_memory(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def test_other_errors_pass_through() -> None:
    with pytest.raises(ValueError, match="x"), out_of_memory_as_ours(choose_device("cpu"), 1, 1):
        raise ValueError("x")

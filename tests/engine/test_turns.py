"""Parts that take turns on a device: who is there when, and that no byte of the picture changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from studio.core.memory_plan import MemoryPlan, Placement
from studio.core.models import read_model
from studio.engine import memory
from studio.engine.device import Device
from studio.engine.local import LocalEngine
from studio.engine.turns import Turns
from tests.engine.helpers import Recorder, small
from tests.tiny_checkpoints import write_checkpoint

BY_TURNS = MemoryPlan(Placement.BY_TURNS)
LAYERED = MemoryPlan(Placement.LAYER_BY_LAYER, frozenset({"unet"}))


OTHER = torch.device("cpu", 0)
"""Another name of main memory, under which it passes for a device of its own."""


class Noted(nn.Linear):
    """A part that notes where it is sent, and when it works."""

    def __init__(self, name: str, notes: list[str], width: int = 2) -> None:
        super().__init__(2, width)
        self.name, self.notes = name, notes

    def to(self, *args: Any, **kwargs: Any) -> Any:
        self.notes.append(f"{self.name} to {args[0]}")
        return super().to(*args, **kwargs)

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        if not recurse:
            self.notes.append(f"{self.name} moves")
        return super()._apply(fn, recurse)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        self.notes.append(f"{self.name} works")
        return super().forward(values)


def test_whoever_works_comes_and_the_one_before_goes() -> None:
    notes: list[str] = []
    words, unet = Noted("words", notes), Noted("unet", notes)
    turns = Turns({"text_encoder": words, "unet": unet}, OTHER)
    turns.follow(BY_TURNS)
    assert notes == ["words to cpu", "unet to cpu"]
    notes.clear()
    for part in (words, unet, unet):
        part(torch.zeros(1, 2))
    whole = ["words to cpu:0", "words works", "words to cpu", "unet to cpu:0", "unet works", "unet works"]
    assert notes == whole


@pytest.mark.parametrize("plan", [BY_TURNS, LAYERED])
def test_the_picture_is_the_same_to_the_byte(models: Path, plan: MemoryPlan) -> None:
    mine = LocalEngine((models,), device="cpu")
    expected = mine.generate(small(), Recorder()).picture.tobytes()
    turns = mine._loader.load(read_model(models / "plain"), Recorder()).turns
    turns.follow(plan)
    assert mine.generate(small(), Recorder()).picture.tobytes() == expected
    assert mine.device().note == plan.placement.value != ""


def test_layers_come_one_by_one_and_go_even_where_one_fails() -> None:
    notes: list[str] = []
    part = nn.Sequential(Noted("first", notes, width=3), Noted("second", notes))  # the second takes two, not three
    Turns({"unet": part}, OTHER).follow(LAYERED)
    notes.clear()
    with pytest.raises(RuntimeError):
        part(torch.zeros(1, 2))
    expected = [f"{name} {does}" for name in ("first", "second") for does in ("moves", "works", "moves")]
    assert notes == expected


def test_what_a_part_is_called_with_comes_too() -> None:
    seen: list[Any] = []

    class Part(nn.Module):
        def forward(self, *args: Any, **kwargs: Any) -> None:
            seen.extend((args, kwargs))

    turns = Turns({"unet": Part()}, torch.device("meta"))
    turns.follow(BY_TURNS)
    turns._parts["unet"](torch.ones(1), [torch.ones(1)], told={"pooled": torch.ones(1)}, scale=None)
    (one, many), kwargs = seen
    assert {one.device.type, many[0].device.type, kwargs["told"]["pooled"].device.type} == {"meta"}
    assert kwargs["scale"] is None


def test_a_part_may_go_from_turns_to_layers_and_back() -> None:
    part = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    turns, given = Turns({"unet": part}, torch.device("cpu")), torch.ones(1, 2)
    expected = part(given)
    for plan in (BY_TURNS, LAYERED, LAYERED, MemoryPlan(Placement.TOGETHER)):
        turns.follow(plan)
        assert torch.equal(part(given), expected)
    assert not any(each._forward_pre_hooks or each._forward_hooks for each in part.modules()), "no trace is left"


def test_memory_that_ran_out_is_spared_step_by_step_but_main_memory_has_nowhere_to_go() -> None:
    there = Turns({"unet": Noted("unet", [])}, OTHER)
    there.follow(MemoryPlan(Placement.TOGETHER))
    there.spare()
    assert there.plan == BY_TURNS
    there.spare()
    assert there.plan == LAYERED
    here = Turns({"unet": Noted("unet", [])}, torch.device("cpu"))
    here.spare()
    assert here.plan.placement is Placement.TOGETHER


def free(graphics_gb: float, main_gb: float) -> Callable[[torch.device], int]:
    return lambda device: int((main_gb if device.type == "cpu" else graphics_gb) * 2**30)


def test_a_model_too_large_for_its_device_waits_in_main_memory(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = read_model(models / "plain")
    graphics = Device(torch.device("meta"), "a small GPU", torch.float32)
    monkeypatch.setattr(memory, "free_bytes", free(64, 64))
    assert memory.plan_placement(info, graphics).placement is Placement.TOGETHER
    monkeypatch.setattr(memory, "free_bytes", free(0, 64))
    memory.check_fits(info, graphics)
    plan = memory.plan_placement(info, graphics)
    assert plan == MemoryPlan(Placement.LAYER_BY_LAYER, frozenset({"text_encoder", "unet"}))


def test_the_parts_of_a_file_are_counted_as_those_of_its_folder(tmp_path: Path, models: Path) -> None:
    path = tmp_path / "file.safetensors"
    write_checkpoint("sd1", models / "plain", path)
    parts = ("text_encoder", "unet", "vae")
    folder = memory.part_bytes(read_model(models / "plain"), Device(torch.device("cpu"), "", torch.float32))
    counts = memory.file_counts(path, parts)
    for part in parts:
        assert counts[part] == pytest.approx(folder[part] / 4 / 1.05, rel=0.02)

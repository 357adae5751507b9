"""Checkpoints and the loop: a stage that was stopped takes exactly the step it would have taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from studio.training import checkpoint
from studio.training.config import LoopConfig
from studio.training.loop import Trainer


class LineTask:
    """Fit one line; stands in for the real stages."""

    def __init__(self) -> None:
        torch.manual_seed(4)
        self.modules = nn.ModuleDict({"line": nn.Linear(3, 1)})
        self.reports = 0

    def batch(self, count: int, generator: torch.Generator) -> Any:
        return torch.randn(count, 3, generator=generator)

    def loss(self, batch: Any, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        wanted = batch.sum(dim=1, keepdim=True) + 0.1 * torch.randn(len(batch), 1, generator=generator)
        return (self.modules["line"](batch).float() - wanted).square().mean(), {"constant": 2.0}

    def report(self, average: nn.ModuleDict, sheet: Path) -> dict[str, float]:
        self.reports += 1
        return {"held_out": 1.0}


CONFIG = LoopConfig(samples=400, batch=8, learning_rate=1e-2, warmup_steps=5, decay=0.5)


def trainer(folder: Path) -> Trainer:
    return Trainer(LineTask(), CONFIG, folder, torch.device("cpu"))


def test_resumed_training_takes_the_identical_next_step(tmp_path: Path) -> None:
    first = trainer(tmp_path)
    for _ in range(7):
        first.step()
    first.save()
    expected = [first.step()["loss"] for _ in range(3)]
    second = trainer(tmp_path)
    assert second.progress.step == 7
    assert [second.step()["loss"] for _ in range(3)] == expected
    for mine, theirs in zip(first.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_checkpoint_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainer(tmp_path)
    one.step()
    one.save()
    before = one.checkpoint.read_bytes()

    def broken(content: Any, stream: Any) -> None:
        stream.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        one.save()
    assert one.checkpoint.read_bytes() == before


def test_loading_refuses_pickled_code(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"average": LineTask(), "progress": [0, 0, 0.0]}, path)
    with pytest.raises(Exception, match=r"(?i)weights"):
        checkpoint.load_average(path, nn.ModuleDict())


def test_learning_rate_is_a_trapezoid(tmp_path: Path) -> None:
    one = trainer(tmp_path)
    rates = []
    while one.done() < 1.0:
        rates.append(one.learning_rate())
        one.step()
    assert rates[0] == pytest.approx(CONFIG.learning_rate / 5)
    assert max(rates) == CONFIG.learning_rate
    assert rates[-1] == pytest.approx(CONFIG.learning_rate * 0.04)
    assert one.learning_rate() == 0.0


def test_run_ends_and_reports(tmp_path: Path) -> None:
    one = trainer(tmp_path)
    one.run()
    assert one.progress.samples == CONFIG.samples
    assert one.task.reports == 1  # type: ignore[attr-defined]
    assert (tmp_path / "metrics.jsonl").read_text().count("\n") == 1
    assert one.checkpoint.exists()


def test_minutes_end_a_stage_too(tmp_path: Path) -> None:
    config = LoopConfig(samples=10**9, minutes=1.0, batch=8, learning_rate=1e-2)
    one = Trainer(LineTask(), config, tmp_path, torch.device("cpu"))
    one.progress.seconds = 45.0
    assert one.done() == pytest.approx(0.75)

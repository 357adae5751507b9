"""The one training loop of all stages.

The life of a step: the task draws a batch, its loss is computed under bf16 autocast, gradients are averaged over
workers and clipped, the optimizer moves, the moving average follows. Every few minutes the first worker writes a
sheet, a line of metrics and a checkpoint. A stage that was stopped continues from its last checkpoint.
"""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from studio.training import checkpoint, workers
from studio.training.checkpoint import Progress
from studio.training.config import LoopConfig


class Task(Protocol):
    """What a stage trains. `modules` holds the trained weights; parameters without gradients stay as they are."""

    modules: nn.ModuleDict

    def batch(self, count: int, generator: torch.Generator) -> Any:
        """A batch of `count` samples, chosen by `generator` alone."""
        ...

    def loss(self, batch: Any, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """The scalar loss, and figures for the log."""
        ...

    def report(self, average: nn.ModuleDict, sheet: Path) -> dict[str, float]:
        """Write a sample sheet made with the averaged weights, and return held-out figures."""
        ...


class Trainer:
    """One stage in training: weights, their average, optimizer, generator and progress."""

    def __init__(
        self,
        task: Task,
        config: LoopConfig,
        folder: Path,
        device: torch.device | None = None,
        *,
        samples_seen: int = 0,
    ) -> None:
        """Start from the task's weights, which have seen `samples_seen`, or from the folder's checkpoint."""
        self.task = task
        self.config = config
        self.folder = folder
        self.device = device or workers.pick_device()
        task.modules.to(self.device)
        self.average = copy.deepcopy(task.modules).requires_grad_(False).eval()
        self.parameters = [p for p in task.modules.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            config.learning_rate,
            betas=(0.9, config.beta2),
            weight_decay=config.weight_decay,
            fused=True,
        )
        self.generator = torch.Generator().manual_seed(config.seed * 1009 + workers.rank())
        self.progress = Progress(samples=samples_seen)
        if self.checkpoint.exists():
            self._resume()

    @property
    def is_first(self) -> bool:
        """Whether this worker is the one that writes files."""
        return workers.rank() == 0

    @property
    def checkpoint(self) -> Path:
        """The file this stage continues from."""
        return self.folder / "checkpoint.pt"

    def _resume(self) -> None:
        self.progress = checkpoint.load(self.checkpoint, **self._state())
        if workers.rank():
            self.generator.manual_seed(self.progress.step * 1009 + workers.rank())

    def save(self) -> None:
        """Write the checkpoint."""
        checkpoint.save(self.checkpoint, self.progress, **self._state())

    def _state(self) -> dict[str, Any]:
        return {
            "modules": self.task.modules,
            "average": self.average,
            "optimizer": self.optimizer,
            "generator": self.generator,
        }

    def done(self) -> float:
        """Share of the stage that is behind us, 0 to 1, by samples or by minutes, whichever is further."""
        share = self.progress.samples / self.config.samples
        if self.config.minutes:
            share = max(share, self.progress.seconds / 60.0 / self.config.minutes)
        return min(share, 1.0)

    def learning_rate(self) -> float:
        """Trapezoid: a rise over the first steps, flat, then a straight fall to zero at the end."""
        rise = min(1.0, (self.progress.step + 1) / max(1, self.config.warmup_steps))
        fall = min(1.0, (1.0 - self.done()) / self.config.decay) if self.config.decay else 1.0
        return self.config.learning_rate * rise * fall

    def step(self) -> dict[str, float]:
        """One optimizer step; returns the task's figures with the gradient's norm."""
        started = time.perf_counter()
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        batch = self.task.batch(self.config.batch, self.generator)
        with torch.autocast(self.device.type, torch.bfloat16):
            loss, figures = self.task.loss(batch, self.generator)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.config.sync_steps == 1:
            workers.average_gradients(self.parameters)
        norm = nn.utils.clip_grad_norm_(self.parameters, self.config.clip)
        self.optimizer.step()
        if self.config.sync_steps > 1 and self.progress.step % self.config.sync_steps == 0:
            workers.average_weights(self.parameters)
        self._follow()
        self.progress.step += 1
        self.progress.samples += self.config.batch * workers.world()
        self.progress.seconds += time.perf_counter() - started
        return {"loss": float(loss.detach()), "norm": float(norm), **figures}

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average, faster at the start so that it forgets the untrained weights."""
        decay = min(self.config.ema, (1.0 + self.progress.step) / (10.0 + self.progress.step))
        average: list[Tensor] = list(self.average.parameters())
        current = [p.detach() for p in self.task.modules.parameters()]
        torch._foreach_lerp_(average, current, 1.0 - decay)

    def run(self) -> None:
        """Train to the end of the stage, reporting on the way."""
        told, begun, first = time.monotonic(), time.monotonic(), self.progress.samples
        total: dict[str, float] = {}
        count = 0
        while not self._all_done():
            for name, value in self.step().items():
                total[name] = total.get(name, 0.0) + value
            count += 1
            due = time.monotonic() - told > 60.0 * self.config.report_minutes
            if workers.rank() == 0 and due:
                rate = (self.progress.samples - first) / (time.monotonic() - begun)
                self._report({name: value / count for name, value in total.items()}, rate)
                told, begun, first = time.monotonic(), time.monotonic(), self.progress.samples
                total, count = {}, 0
        if workers.rank() == 0:
            self._report({name: value / max(1, count) for name, value in total.items()}, 0.0)

    def _all_done(self) -> bool:
        """Asked by all workers at the same steps, answered by the first."""
        if self.progress.step % self.config.sync_steps:
            return False
        return workers.agree(self.done() >= 1.0)

    def _report(self, means: dict[str, float], rate: float) -> None:
        self.save()
        sheet = self.folder / f"sheet-{self.progress.samples:08d}.jpg"
        line: dict[str, float] = {"samples": self.progress.samples, "minutes": self.progress.seconds / 60}
        line |= means | self.task.report(self.average, sheet) | {"lr": self.learning_rate(), "samples_per_s": rate}
        line["minutes_left"] = self._minutes_left()
        with (self.folder / "metrics.jsonl").open("a") as stream:
            stream.write(json.dumps({key: float(f"{value:.5g}") for key, value in line.items()}) + "\n")
        print(" ".join(f"{key}={value:.5g}" for key, value in line.items()), flush=True)

    def _minutes_left(self) -> float:
        done = self.done()
        return self.progress.seconds / 60 * (1 - done) / done if done else float("inf")

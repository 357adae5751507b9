"""The stage `judge`: the classifier trained, its own accuracy measured on fresh drawn pictures, and kept."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from studio.training.config import JudgeConfig, read
from studio.training.judge.accuracy import accuracies
from studio.training.judge.classifier import Judge, loss
from studio.training.judge.lessons import Lessons, draw_lessons, shrunk
from studio.training.loop import Trainer
from studio.training.places import Places
from studio.training.scenes import draw_scene, sample_scene
from studio.training.shards import UInt8
from studio.training.vae_files import load_newest_vae

_REPORTED = 256
EXAM_FIRST_SEED = 500_000
"""Scenes that neither Horizon nor its judge has learned from; `evaluate` asks for those just below."""


class JudgeTask:
    """Answer every question about drawn pictures."""

    def __init__(self, lessons: Lessons, reported: int = _REPORTED) -> None:
        """`reported` pictures are asked about in every report."""
        self.modules = nn.ModuleDict({"judge": Judge()})
        self._lessons = lessons
        self._exam = shrunk(exam_pictures(reported))

    def batch(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Pictures with labels."""
        return self._lessons.batch(count, generator)

    def loss(self, batch: tuple[Tensor, Tensor], generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """Cross-entropy of all answers."""
        return loss(self.modules["judge"](batch[0]), batch[1]), {}

    @torch.no_grad()
    def report(self, average: nn.ModuleDict, sheet: Path) -> dict[str, float]:
        """Accuracy by question on pictures it has not learned from."""
        return dict(accuracies(average["judge"], self._exam, EXAM_FIRST_SEED))


def exam_pictures(count: int) -> UInt8:
    """Drawn pictures `(count, 256, 256, 3)` of seeds never learned from."""
    return np.stack([draw_scene(sample_scene(EXAM_FIRST_SEED + index)) for index in range(count)])


def train_judge(places: Places) -> None:
    """Draw, learn, keep the averaged weights beside the training's settings."""
    config = read(places.configs / "judge.toml", JudgeConfig)
    folder = places.run("judge")
    vae = load_newest_vae(places)
    draw_lessons(folder / "pictures", config.first_seed, config.count, vae, config.round_trips)
    torch.manual_seed(config.loop.seed)
    trainer = Trainer(JudgeTask(Lessons(folder / "pictures")), config.loop, folder)
    trainer.run()
    save_judge(trainer.average["judge"], places)


def save_judge(judge: nn.Module, places: Places) -> None:
    """Keep the judge in fp16."""
    path = _path(places)
    save_file({name: value.half().contiguous() for name, value in judge.state_dict().items()}, path)
    path.chmod(0o644)  # safetensors writes for the owner alone


def load_judge(places: Places) -> Judge:
    """The kept judge. Raises `FileNotFoundError` where there is none."""
    weights: Mapping[str, Tensor] = load_file(_path(places))
    judge = Judge()
    judge.load_state_dict({name: value.float() for name, value in weights.items()})
    return judge.requires_grad_(False).eval()


def _path(places: Places) -> Path:
    return places.configs / "judge.safetensors"

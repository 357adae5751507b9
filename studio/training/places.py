"""Where training reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one training.

    Attributes:
        work: checkpoints, caches and logs; ignored by git.
        configs: one TOML file a stage.
        model: the `StableDiffusionPipeline` folder that `export` writes.
    """

    work: Path = PROJECT / ".training"
    configs: Path = PROJECT / "resources" / "training"
    model: Path = PROJECT / "resources" / "models" / "horizon"

    def run(self, name: str) -> Path:
        """Folder of one stage's checkpoint, metrics and sheets, created if need be."""
        folder = self.work / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def pictures(self, size: int) -> Path:
        """Folder of drawn pictures of one size."""
        return self.work / "pictures" / str(size)

    def latents(self, bucket: str) -> Path:
        """Folder of encoded pictures of one `WIDTHxHEIGHT`."""
        return self.work / "latents" / bucket

    def held_out(self, bucket: str) -> Path:
        """Folder of encoded pictures of seeds never trained on."""
        return self.work / "latents-held-out" / bucket

    @property
    def tokenizer(self) -> Path:
        """Folder of the CLIP tokenizer, made by the captions' own vocabulary."""
        return self.model / "tokenizer"

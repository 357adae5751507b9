"""Small embeddings for the tests' tiny models, whose words are 32 numbers."""

from pathlib import Path

import torch
from safetensors.torch import save_file


def write_embedding(path: Path, *, vectors: int = 3, width: int = 32, key: str = "emb_params", seed: int = 5) -> Path:
    """Random vectors, large enough to be heard."""
    values = torch.randn(vectors, width, generator=torch.Generator().manual_seed(seed))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: values}, path)
    return path


def write_embedding_of_two(path: Path, *, vectors: int = 2, widths: tuple[int, int] = (32, 32)) -> Path:
    """For both text encoders of Stable Diffusion XL."""
    generator = torch.Generator().manual_seed(6)
    names = dict(zip(("clip_l", "clip_g"), widths, strict=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: torch.randn(vectors, width, generator=generator) for name, width in names.items()}, path)
    return path

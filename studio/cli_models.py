"""`latent-studio models`: what is on this machine, by headers and JSON alone; hashes only where they are asked for."""

import hashlib
import sys
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.model_facts import read_facts
from studio.core.model_info import ModelInfo
from studio.core.model_places import model_paths
from studio.core.models import read_model

_SHORT_HASH_DIGITS = 10
"""By so many digits AUTOMATIC1111 calls a model."""


def show_models(folders: tuple[Path, ...], *, hashes: bool) -> None:
    """Print every model; what is wrong with one goes to the standard error, and the others are told all the same."""
    found = False
    for path in model_paths(folders):
        try:
            info = read_model(path)
        except StudioError as error:
            print(error, file=sys.stderr)
            found = True
            continue
        found = True
        print("\n".join(_lines(info, hashes=hashes)))
    if not found:
        print(f"No models found. Put a model's folder or file into {folders[1]}.", file=sys.stderr)


def _lines(info: ModelInfo, *, hashes: bool) -> list[str]:
    wants = info.defaults
    size = f"{wants.width}×{wants.height} px"
    lines = [info.name, f"    {info.path}", f"    {size}, {wants.scheduler}, {wants.steps} steps"]
    lines.append(f"    {info.family}, {_weights(info)}")
    if info.note:
        lines.append(f"    {info.note}")
    if hashes and info.file is not None:
        with info.file.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"    SHA-256 {digest[:_SHORT_HASH_DIGITS]} {digest}")
    return lines


def _weights(info: ModelInfo) -> str:
    try:
        facts = read_facts(info)
    except StudioError:
        return "weights that cannot be read"
    return f"{facts.count / 1e6:,.0f} million weights, {facts.precision}, {facts.size_bytes / 2**30:.2f} GB"

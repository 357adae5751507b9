"""`latent-studio models`: what is on this machine, by headers and JSON alone; hashes only where they are asked for."""

import sys
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.model_facts import read_facts
from studio.core.model_info import ModelInfo
from studio.core.model_places import model_paths
from studio.core.models import read_model
from studio.core.weight_hash import SHORT_DIGITS, WeightHasher


def show_models(folders: tuple[Path, ...], hasher: WeightHasher | None) -> None:
    """Print every model, with its hash where there is a `hasher`.

    What is wrong with one goes to the standard error, and the others are told all the same.
    """
    found = False
    for path in model_paths(folders):
        try:
            info = read_model(path)
        except StudioError as error:
            print(error, file=sys.stderr)
            found = True
            continue
        found = True
        print("\n".join(_lines(info, hasher)))
    if not found:
        print(f"No models found. Put a model's folder or file into {folders[1]}.", file=sys.stderr)


def _lines(info: ModelInfo, hasher: WeightHasher | None) -> list[str]:
    wants = info.defaults
    size = f"{wants.width}×{wants.height} px"
    lines = [info.name, f"    {info.path}", f"    {size}, {wants.scheduler}, {wants.steps} steps"]
    lines.append(f"    {info.kind}, {_weights(info)}")
    if info.note:
        lines.append(f"    {info.note}")
    if hasher is not None:
        lines.append(f"    {_hash(info, hasher)}")
    return lines


def _hash(info: ModelInfo, hasher: WeightHasher) -> str:
    """A file's SHA-256, and first the digits by which other programs call it; a folder's is over all its weights."""
    try:
        digest = hasher.hash_of(info, lambda _: None)
    except OSError as error:
        return f"weights that cannot be read ({error.strerror})"
    return f"{'hash' if info.file is None else 'SHA-256'} {digest[:SHORT_DIGITS]} {digest}"


def _weights(info: ModelInfo) -> str:
    try:
        facts = read_facts(info)
    except StudioError:
        return "weights that cannot be read"
    return f"{facts.count / 1e6:,.0f} million weights, {facts.precision}, {facts.size_bytes / 2**30:.2f} GB"

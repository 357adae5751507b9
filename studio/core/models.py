"""The models on this machine, found by JSON files and headers only: no weights are opened here."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from studio.core.errors import ModelBrokenError, ModelError, ModelNotFoundError, UnsafeModelError
from studio.core.model_family import Defaults, ModelFamily
from studio.core.model_files import read_file
from studio.core.model_folders import PICKLES, read_folder
from studio.core.model_info import ModelInfo
from studio.core.model_places import model_paths
from studio.core.pipeline_folders import is_pipeline, read_pipeline

__all__ = ["Defaults", "ModelFamily", "ModelInfo", "find_models", "first_models", "read_model", "resolve_model"]

_HUB_PREFIX = "models--"


def find_models(folders: Iterable[Path]) -> tuple[ModelInfo, ...]:
    """Every readable model in `folders`, in order; unreadable ones are left out."""
    found: dict[str, ModelInfo] = {}
    for path in model_paths(folders):
        try:
            info = read_model(path)
        except ModelError:
            continue
        found.setdefault(info.name, info)
    return tuple(found.values())


def first_models(folders: Iterable[Path]) -> tuple[ModelInfo, ...]:
    """The models of the first of `folders` that has any: those to begin with, before all are looked through."""
    return next((found for folder in folders if (found := find_models((folder,)))), ())


def resolve_model(name: str, folders: Iterable[Path]) -> ModelInfo:
    """The model called `name`, or in the folder or file `name`. Raises ModelNotFoundError, or why it cannot be read."""
    if name and ("/" in name or "\\" in name or name.startswith((".", "~"))) and Path(name).expanduser().exists():
        return read_model(Path(name).expanduser().resolve())
    parents = tuple(folders)
    models = {model.name.casefold(): model for model in find_models(parents)}
    if name.casefold() in models:
        return models[name.casefold()]
    for parent in parents:  # a model that is there but broken tells why, rather than "not found"
        for candidate in (parent / f"{name}.safetensors", parent / name):
            if name and Path(name).name == name and candidate.exists():
                return read_model(candidate)
    raise ModelNotFoundError(name, [model.name for model in models.values()])


def read_model(path: Path) -> ModelInfo:
    """The model in a folder or a single file, read by its JSON files or its header. Raises ModelError."""
    if path.is_dir():
        info = read_pipeline(path) if is_pipeline(path) else read_folder(path)
        return msgspec.structs.replace(info, name=_hub_name(path)) if path.parent.name == "snapshots" else info
    if any(path.match(pattern) for pattern in PICKLES):
        raise UnsafeModelError(path)
    if path.suffix != ".safetensors":
        raise ModelBrokenError(path, "it is neither a model's folder nor a .safetensors file")
    return read_file(path)


def _hub_name(snapshot: Path) -> str:
    """`maker/name` of a snapshot in Hugging Face's cache."""
    folder = snapshot.parent.parent.name
    return folder.removeprefix(_HUB_PREFIX).replace("--", "/") if folder.startswith(_HUB_PREFIX) else snapshot.name

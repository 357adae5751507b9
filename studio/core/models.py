"""The models on this machine, found by JSON files and headers only: no weights are opened here."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from studio.core.adapter_files import PICKLES, holds_weights
from studio.core.errors import ModelBrokenError, ModelError, ModelNotFoundError, UnsafeModelError
from studio.core.model_family import Defaults, ModelFamily
from studio.core.model_files import read_file
from studio.core.model_folders import read_folder
from studio.core.model_info import ModelInfo
from studio.core.model_places import model_paths
from studio.core.pipeline_folders import is_pipeline, read_pipeline
from studio.core.reading import is_folder, is_there

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
    there = Path(os.path.expanduser(name))  # noqa: PTH111 pathlib raises where there is no such user
    if name and ("/" in name or "\\" in name or name.startswith((".", "~"))) and is_there(there):
        return read_model(there.resolve())
    parents = tuple(folders)
    models = {model.name.casefold(): model for model in find_models(parents)}
    if name.casefold() in models:
        return models[name.casefold()]
    if name and Path(name).name == name:
        for path in (*model_paths(parents), *(parent / name for parent in parents)):
            if _is_called(path, name) and is_there(path):
                return read_model(path)  # one that is there but broken tells why, rather than "not found"
    raise ModelNotFoundError(name, [model.name for model in models.values()])


def read_model(path: Path) -> ModelInfo:
    """The model in a folder or a single file, read by its JSON files or its header. Raises ModelError."""
    if is_folder(path):
        info = read_pipeline(path) if is_pipeline(path) else read_folder(path)
        return msgspec.structs.replace(info, name=_hub_name(path)) if path.parent.name == "snapshots" else info
    if path.suffix.casefold() in PICKLES:
        raise UnsafeModelError(path)
    if path.suffix != ".safetensors":
        raise ModelBrokenError(path, "it is neither a model's folder nor a .safetensors file")
    return read_file(path)


def _is_called(path: Path, name: str) -> bool:
    return name.casefold() in {path.name.casefold(), path.stem.casefold() if holds_weights(path) else ""}


def _hub_name(snapshot: Path) -> str:
    """`maker/name` of a snapshot in Hugging Face's cache."""
    folder = snapshot.parent.parent.name
    return folder.removeprefix(_HUB_PREFIX).replace("--", "/") if folder.startswith(_HUB_PREFIX) else snapshot.name

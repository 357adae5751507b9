"""Which models there are now, with what a list shows of each, and which folders to watch for more."""

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import msgspec

from studio.core.errors import ModelError
from studio.core.model_facts import ModelFacts, read_facts
from studio.core.model_info import ModelInfo
from studio.core.model_places import model_paths
from studio.core.models import read_model

_WATCHED_MAX = 200
"""Systems watch only so many folders for one program."""


Found: TypeAlias = tuple[ModelInfo, ModelFacts | None]
Tell: TypeAlias = Callable[[Mapping[str, Found]], None]


class ModelList(msgspec.Struct, frozen=True):
    """The readable models with their facts, as far as they can be counted; and the folders in which more may appear."""

    models: tuple[Found, ...]
    watched: tuple[Path, ...]


def look_for_models(folders: Iterable[Path], tell: Tell | None = None) -> ModelList:
    """Look through `folders`. Reads JSON files and headers; of two models of one name the first counts.

    `tell` hears what was found so far, after each file; what it raises ends the look.
    """
    roots = tuple(folders)
    found: dict[str, Found] = {}
    watched = dict.fromkeys(root if root.is_dir() else root.parent for root in roots)
    for root in roots:
        watched |= dict.fromkeys(each for each in _folders_in(root) if not (each / "model_index.json").is_file())
    for path in model_paths(roots):
        if tell is not None:
            tell(found)
        watched[path.parent] = None
        try:
            info = read_model(path)
        except ModelError:  # it may be in the middle of being copied
            watched |= dict.fromkeys([path, *_folders_in(path)])
            continue
        found.setdefault(info.name, (info, _facts(info)))
    there = (path for path in watched if path.exists())
    return ModelList(tuple(found.values()), tuple(islice(there, _WATCHED_MAX)))


def _facts(info: ModelInfo) -> ModelFacts | None:
    try:
        return read_facts(info)
    except (ModelError, OSError):
        return None


def _folders_in(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.is_dir() and entry.name[0] != ".")
    return []

"""Which models there are now, with what a list shows of each, and which folders to watch for more."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import msgspec

from studio.core.adapter_files import PICKLES
from studio.core.errors import ModelError
from studio.core.model_facts import ModelFacts, read_facts
from studio.core.model_info import ModelInfo
from studio.core.model_places import model_paths
from studio.core.models import read_model
from studio.core.reading import entries_in, is_file, is_folder, is_there

_WATCHED_MAX = 200
"""Systems watch only so many folders for one program."""


Found: TypeAlias = tuple[ModelInfo, ModelFacts | None]
Tell: TypeAlias = Callable[[Mapping[str, Found]], None]


class Refused(msgspec.Struct, frozen=True):
    """What lies where models do and cannot be used, and why."""

    path: Path
    sentence: str


class ModelList(msgspec.Struct, frozen=True):
    """The readable models with their facts, as far as they can be counted; and the folders in which more may appear."""

    models: tuple[Found, ...]
    watched: tuple[Path, ...]
    refused: tuple[Refused, ...] = ()


def look_for_models(folders: Iterable[Path], tell: Tell | None = None) -> ModelList:
    """Look through `folders`. Reads JSON files and headers; of two models of one name the first counts.

    `tell` hears what was found so far, after each file; what it raises ends the look.
    """
    roots = tuple(folders)
    found: dict[str, Found] = {}
    refused: dict[Path, str] = {}
    watched = dict.fromkeys(root if is_folder(root) else root.parent for root in roots)
    for root in roots:
        watched |= dict.fromkeys(each for each in _folders_in(root) if not is_file(each / "model_index.json"))
    for path in model_paths(roots):
        if tell is not None:
            tell(found)
        watched[path.parent] = None
        try:
            info = read_model(path)
        except ModelError as error:
            refused[path] = str(error)
            if path.suffix.casefold() not in PICKLES:  # it may be in the middle of being copied
                watched |= dict.fromkeys([path, *_folders_in(path)])
            continue
        found.setdefault(info.name, (info, _facts(info)))
    there = (path for path in watched if is_there(path))
    told = tuple(Refused(path, sentence) for path, sentence in refused.items())
    return ModelList(tuple(found.values()), tuple(islice(there, _WATCHED_MAX)), told)


def _facts(info: ModelInfo) -> ModelFacts | None:
    try:
        return read_facts(info)
    except (ModelError, OSError):
        return None


def _folders_in(folder: Path) -> list[Path]:
    return [path for path, holds_more in entries_in(folder) if holds_more and path.name[0] != "."]

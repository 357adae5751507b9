"""Which files of a repository are a model: its parts' configurations, tokenizers and safe weights, each once."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from studio.core.errors import DownloadError
from studio.core.hub import RemoteFile
from studio.core.model_family import KINDS, family_of_pipeline
from studio.core.pipelines import PIPELINES

INDEX = "model_index.json"
_NAME = re.compile(r"(\w[\w.-]*/)?\w[\w.-]*", re.ASCII)
"""A file, or a file of a part: nothing that leads anywhere else."""
_TEXTS = (".json", ".txt", ".model")
_WEIGHTS = ".safetensors"
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
_UNUSED = frozenset({"safety_checker", "feature_extractor", "image_encoder"})
_HALF = "fp16"


def files_of_model(repository: str, index: Mapping[str, Any], there: Iterable[RemoteFile]) -> tuple[RemoteFile, ...]:
    """Those of the files that are `there` which the model needs, by its `model_index.json`.

    The index comes first, weights come last, in half precision where that is offered. Raises DownloadError where the
    studio could not run it.
    """
    kind = index.get("_class_name")
    if not isinstance(kind, str) or (family_of_pipeline(kind) is None and kind not in PIPELINES):
        raise DownloadError(
            repository,
            f"it is a {str(kind)[:80]}, which the studio cannot run",
            f"Choose one of these kinds: {', '.join(KINDS)}.",
        )
    by_part: dict[str, list[RemoteFile]] = {}
    for file in there:
        if _NAME.fullmatch(file.name):
            by_part.setdefault(file.name.rpartition("/")[0], []).append(file)
    parts = [part for part, of in index.items() if isinstance(of, list) and all(of) and part not in _UNUSED]
    first = [file for file in by_part.get("", []) if file.name == INDEX]
    rest = [file for part in parts for file in _of_part(repository, part, by_part.get(part, []))]
    return (*first, *sorted(rest, key=lambda file: (file.name.endswith(_WEIGHTS), file.name)))


def _of_part(repository: str, part: str, files: list[RemoteFile]) -> list[RemoteFile]:
    weights = [file for file in files if file.name.endswith(_WEIGHTS)]
    if not weights and any(file.name.endswith(_PICKLES) for file in files):
        raise DownloadError(
            repository,
            f"its {part} is offered only as a pickle, which can run any program hidden in it",
            "Choose a model that offers .safetensors weights.",
        )
    variants = {_variant(file.name) for file in weights}
    wanted = next((each for each in (_HALF, "") if each in variants), min(variants, default=""))
    texts = [file for file in files if file.name.endswith(_TEXTS)]
    return [
        *(file for file in texts if ".index." not in file.name or _variant(file.name) == wanted),
        *(file for file in weights if _variant(file.name) == wanted),
    ]


def _variant(name: str) -> str:
    """What diffusers calls the variant of a weight file, or of the index of several; empty for the plain ones."""
    words = name.rpartition("/")[2].split(".")[1:]
    marks = (word.partition("-")[0] for word in words if word not in ("safetensors", "index", "json"))
    return next(marks, "")

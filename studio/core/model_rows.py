"""What a list of models shows of each: facts, hash, and a picture to know it by."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from studio.core.model_facts import ModelFacts
from studio.core.model_info import ModelInfo
from studio.core.reading import is_file
from studio.core.weight_hash import WeightHasher

_PICTURES = (".preview.png", ".png", ".preview.jpg", ".jpg", ".preview.jpeg", ".jpeg", ".preview.webp", ".webp")
"""What AUTOMATIC1111 and its kin look for beside a model of the same name."""


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """A model of the list. `hash` is empty until its weights were read once; `picture` is None where there is none."""

    info: ModelInfo
    facts: ModelFacts | None
    hash: str
    picture: Path | None


def rows_of(
    models: Iterable[tuple[ModelInfo, ModelFacts | None]], hasher: WeightHasher, newest: Callable[[str], Path | None]
) -> tuple[ModelRow, ...]:
    """A row for each. `newest` gives the newest picture made with the model of a name: for those without their own."""
    return tuple(
        ModelRow(info=info, facts=facts, hash=hasher.known_hash(info), picture=sidecar(info) or newest(info.name))
        for info, facts in models
    )


def sidecar(info: ModelInfo) -> Path | None:
    """The picture that lies beside the model and bears its name, or in its folder and is called `preview`."""
    beside = info.path.with_suffix("") if info.file is not None else info.path
    places = [beside.with_name(beside.name + suffix) for suffix in _PICTURES]
    if info.file is None:
        places += [info.folder / f"preview{suffix}" for suffix in (".png", ".jpg", ".webp")]
    return next((place for place in places if is_file(place)), None)

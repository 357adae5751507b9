"""What the judge looks for, as numbers: one label for each question about a scene."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import torch
from torch import Tensor

from studio.training.scenes import Color, Kind, Place, Scene, Size, SkyBody, Style, Terrain, Time, Weather

WHOLE: Mapping[str, type[StrEnum]] = MappingProxyType(
    {"terrain": Terrain, "time": Time, "weather": Weather, "style": Style, "sky_body": SkyBody}
)
"""Questions about the whole picture, each with one answer."""
OF_SUBJECT: Mapping[str, type[StrEnum]] = MappingProxyType({"color": Color, "size": Size, "place": Place})
"""Questions about each kind of subject that is there."""
KINDS = tuple(Kind)
ABSENT = -100
"""The label of a question that has no answer; `cross_entropy` passes it over."""
COLUMNS = len(WHOLE) + len(KINDS) * (1 + len(OF_SUBJECT))


def encode(scene: Scene) -> Tensor:
    """`(COLUMNS,)` int64: the whole picture's answers, then for every kind: present, colour, size, place."""
    row = [list(values).index(getattr(scene, name)) for name, values in WHOLE.items()]
    subjects = {subject.kind: subject for subject in scene.subjects}
    for kind in KINDS:
        found = subjects.get(kind)
        row.append(int(found is not None))
        for name, values in OF_SUBJECT.items():
            row.append(ABSENT if found is None else list(values).index(getattr(found, name)))
    return torch.tensor(row)


def split(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Labels `(n, COLUMNS)` as `(n, questions)` of the whole and `(n, kinds, 1 + questions)` of the subjects."""
    return labels[:, : len(WHOLE)], labels[:, len(WHOLE) :].view(len(labels), len(KINDS), 1 + len(OF_SUBJECT))

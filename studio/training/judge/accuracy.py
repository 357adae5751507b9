"""How often the judge is right about drawn pictures: what its word is worth."""

from collections.abc import Mapping

import torch
from torch import Tensor

from studio.training.judge import labels
from studio.training.judge.classifier import Judge, Opinion
from studio.training.judge.labels import KINDS, OF_SUBJECT, WHOLE
from studio.training.scenes import sample_scene

_AT_ONCE = 64


@torch.no_grad()
def opinion_of(judge: Judge, pictures: Tensor) -> Opinion:
    """The judge's opinion of any number of pictures `(n, 3, SIDE, SIDE)`."""
    parts = [judge(part) for part in torch.split(pictures, _AT_ONCE)]
    return Opinion(
        whole=tuple(torch.cat(logits) for logits in zip(*(part.whole for part in parts), strict=True)),
        present=torch.cat([part.present for part in parts]),
        subject=tuple(torch.cat(logits) for logits in zip(*(part.subject for part in parts), strict=True)),
        features=torch.cat([part.features for part in parts]),
    )


def accuracies(judge: Judge, pictures: Tensor, first_seed: int) -> Mapping[str, float]:
    """Share of right answers by question about the drawn pictures of consecutive seeds.

    `kind` is the share of subjects that are there and are seen, `kind_imagined` the share of kinds that are not there
    and are seen all the same; colour, size and place are asked of subjects that are there.
    """
    truth = torch.stack([labels.encode(sample_scene(first_seed + index)) for index in range(len(pictures))])
    whole, subjects = labels.split(truth)
    opinion = opinion_of(judge, pictures)
    right = {
        name: float((logits.argmax(1) == whole[:, index]).float().mean())
        for index, (name, logits) in enumerate(zip(WHOLE, opinion.whole, strict=True))
    }
    there = subjects[..., 0] > 0
    seen = opinion.present > 0
    right["kind"] = float(seen[there].float().mean())
    right["kind_imagined"] = float(seen[~there].float().mean())
    for index, (name, logits) in enumerate(zip(OF_SUBJECT, opinion.subject, strict=True), start=1):
        right[name] = float((logits.argmax(2) == subjects[..., index])[there].float().mean())
    return right


def answers(opinion: Opinion, row: int) -> dict[str, object]:
    """What is seen in one picture: the whole's answers by name, and `subjects`: kind to its answers."""
    found: dict[str, object] = {
        name: str(list(values)[int(logits[row].argmax())])
        for (name, values), logits in zip(WHOLE.items(), opinion.whole, strict=True)
    }
    subjects = {}
    for index, kind in enumerate(KINDS):
        if opinion.present[row, index] > 0:
            subjects[str(kind)] = {
                name: str(list(values)[int(logits[row, index].argmax())])
                for (name, values), logits in zip(OF_SUBJECT.items(), opinion.subject, strict=True)
            }
    found["subjects"] = subjects
    return found

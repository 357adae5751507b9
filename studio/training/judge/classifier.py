"""The judge's network: a small residual network whose subjects are looked for place by place."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from studio.training.judge.labels import KINDS, OF_SUBJECT, WHOLE, split

SIDE = 128
"""Pixels: pictures are averaged down to this."""
_WIDTHS = (24, 48, 96, 160)
_FLIPPED = torch.tensor([2, 1, 0])
"""Left, middle, right, seen in a mirror."""


class Opinion(NamedTuple):
    """Logits: `whole` one `(n, values)` a question; `present` `(n, kinds)`; `subject` one `(n, kinds, values)` each.

    `features` is `(n, 320)`, what Fréchet distances are measured in.
    """

    whole: tuple[Tensor, ...]
    present: Tensor
    subject: tuple[Tensor, ...]
    features: Tensor


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        inside = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            inside = conv(functional.silu(norm(inside)))
        return x + inside


class Judge(nn.Module):
    """From pictures `(n, 3, 128, 128)` in [-1, 1] to an `Opinion`."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, last = _WIDTHS
        self.trunk = nn.Sequential(
            nn.Conv2d(3, first, 5, stride=2, padding=2), nn.SiLU(),
            nn.Conv2d(first, second, 3, stride=2, padding=1), _Block(second),
            nn.Conv2d(second, third, 3, stride=2, padding=1), _Block(third), _Block(third),
            nn.Conv2d(third, last, 3, stride=2, padding=1), _Block(last),
            nn.GroupNorm(8, last), nn.SiLU(),
        )  # fmt: skip
        self.whole = nn.ModuleList(nn.Linear(2 * last, len(values)) for values in WHOLE.values())
        self.where = nn.Conv2d(last, len(KINDS), 1)
        self.subject = nn.ModuleList(nn.Linear(last + 2, len(values)) for values in OF_SUBJECT.values())

    def forward(self, pictures: Tensor) -> Opinion:
        """What is seen in the pictures."""
        seen = self.trunk(pictures)
        features = torch.cat([seen.mean(dim=(2, 3)), seen.amax(dim=(2, 3))], dim=1)
        score = self.where(seen).flatten(2)
        found = torch.einsum("nkp,nfp->nkf", score.softmax(dim=2), _with_place(seen).flatten(2))
        return Opinion(
            whole=tuple(head(features) for head in self.whole),
            present=score.logsumexp(dim=2) - 4.0,  # some 64 places: no subject anywhere should mean "no"
            subject=tuple(head(found) for head in self.subject),
            features=features,
        )


def _with_place(seen: Tensor) -> Tensor:
    count, _, height, width = seen.shape
    x = torch.linspace(-1, 1, width, device=seen.device).expand(count, 1, height, width)
    y = torch.linspace(-1, 1, height, device=seen.device)[:, None].expand(count, 1, height, width)
    return torch.cat([seen, x, y], dim=1)


def loss(opinion: Opinion, labels: Tensor) -> Tensor:
    """Mean cross-entropy of all questions, those about absent subjects passed over."""
    whole, subjects = split(labels)
    terms = [functional.cross_entropy(logits.float(), whole[:, i]) for i, logits in enumerate(opinion.whole)]
    present = functional.binary_cross_entropy_with_logits(opinion.present.float(), subjects[..., 0].float())
    terms.append(present * len(KINDS))
    for index, logits in enumerate(opinion.subject, start=1):
        answers = subjects[..., index].reshape(-1)
        if bool((answers >= 0).any()):
            terms.append(functional.cross_entropy(logits.float().flatten(0, 1), answers))
    return torch.stack(terms).sum()


def mirrored(pictures: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The pictures in a mirror, with left and right exchanged in their labels."""
    labels = labels.clone()
    subjects = split(labels)[1]
    place = subjects[..., 1 + list(OF_SUBJECT).index("place")]
    place[place >= 0] = _FLIPPED[place[place >= 0]]
    return pictures.flip(3), labels

"""Frames of a walk that come in late: their first steps are those of the frames around them.

Frames that lie close together are nearly the same picture for most of their way out of the noise. So a few of them
take the first steps, and the others join where their neighbours begin to differ. A frame's own noise is known: what is
interpolated is only what the model has added to it. How far neighbours may differ is judged at every step, by how well
each frame that is there can be told from those around it.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.core.blend import Blend, Keyframe, Law
from studio.core.recipe import Recipe
from studio.engine.solver import Solver

SPACING_MAX = 8
"""Of so many frames one takes the first step."""
NEAR = 0.05
"""What may be wrong with a frame that comes in, as a share of what the model has added to the noise until then."""
LAST = 0.9
"""The share of the steps after which all frames are there: the rest makes sharp what interpolation left soft."""
STEPS_MIN = 6
"""Of fewer steps each does too much to be left out."""
_SHRINKING = 4.0
"""How much less is wrong half way between frames than it is twice as far from them; at a sudden change it is less."""
_SURE_STEPS, _SUDDEN = 2, 0.16
"""A frame that came in later, and differs by this share of the latents' size from the next, may be a wrong one."""
_PARALLEL = 0.9999


class Filling:
    """Which frames are sampled, and where the others come in. What `sample` asks at every step; used for one walk.

    Latents are (frames that are there, C, h, w), and the `noise` that `sample` is given is that of all frames.
    """

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        """`recipes` of one size and one solver, in the order of the walk."""
        steps = [_step(one, other) for one, other in pairwise(recipes)]
        lengths = [1.0 if step is None else float(np.linalg.norm(step)) for step in steps]
        self._places = np.concatenate([[0.0], np.cumsum(lengths)])
        self._lines = list(_lines(steps))
        spaced = [range(first, last, _spacing(last - first)) for first, last in self._lines]
        self.present = sorted({number for line in spaced for number in line} | {len(recipes) - 1})
        self._came_in = dict.fromkeys(self.present, 0)

    def begin(self, solver: Solver, noise: Tensor) -> Tensor:
        """The first latents of the frames that are there from the start."""
        if solver.steps < STEPS_MIN:
            self.present = list(range(len(self._places)))
        return noise[self.present] * solver.initial_scale

    def shown(self, z: Tensor) -> Tensor:
        """What the model is shown: `z` itself."""
        return z

    def hold(self, solver: Solver, noise: Tensor, index: int, latents: Tensor, x0: Tensor) -> tuple[Tensor, Tensor]:
        """`latents` after evaluation `index`, and the `x0` it predicted, with those of the frames that come in now."""
        step = solver.evaluations[index].step + 1
        new = (
            []
            if step == solver.steps
            else self._wanted(latents, noise, must=step >= min(LAST * solver.steps, solver.steps - 1))
        )
        if not new:
            return latents, x0
        before, self.present = self.present, sorted([*self.present, *new])
        self._came_in |= dict.fromkeys(new, step)

        def filled(values: Tensor) -> Tensor:
            return self._filled(values, noise, before)

        _change_kept(solver.scheduler, len(before), filled)
        return filled(latents), filled(x0)

    def doubtful(self, latents: Tensor) -> list[int]:
        """The frames that came in late where the picture changes suddenly, by the clean `latents` of all frames."""
        sizes = (latents[1:] - latents[:-1]).square().mean(dim=(1, 2, 3)).sqrt()
        sudden = [False, *(sizes > _SUDDEN * latents.square().mean().sqrt()).tolist(), False]
        late = sorted(number for number, step in self._came_in.items() if step > _SURE_STEPS)
        return [number for number in late if sudden[number] or sudden[number + 1]]

    def _wanted(self, latents: Tensor, noise: Tensor, *, must: bool) -> list[int]:
        """The frames that are to come in: where interpolating them later would be wrong, or all that are missing."""
        if len(self.present) == len(self._places):
            return []
        added, _ = _without(latents, noise[self.present])
        wanted: list[int] = []
        for first, last in self._lines:
            nodes = [number for number in self.present if first <= number <= last]
            wrong = [math.inf] * (len(nodes) - 1) if must else self._errors(added, nodes)
            for (start, end), error in zip(pairwise(nodes), wrong, strict=True):
                wanted += _between(start, end, error)
        return wanted

    def _errors(self, added: Tensor, nodes: Sequence[int]) -> list[float]:
        """For each gap between `nodes`, what may be wrong in its middle: half of what is so with a frame beside it.

        That is found by leaving the frame out, and interpolating it from the two on either side.
        """
        if len(nodes) < 4:
            return [math.inf] * (len(nodes) - 1)
        rows = added[[self.present.index(number) for number in nodes]]
        size, wrong = float(added.square().mean().sqrt()), list[float]()
        for i in range(1, len(nodes) - 1):
            around = [k for k in range(max(0, i - 2), min(len(nodes), i + 3)) if k != i]
            weights = _lagrange(self._places[[nodes[k] for k in around]], self._places[nodes[i]])
            guess = torch.tensordot(torch.tensor(weights, dtype=rows.dtype, device=rows.device), rows[around], dims=1)
            wrong.append(float((rows[i] - guess).square().mean().sqrt()) / max(size, 1e-12))
        wrong = [wrong[0], *wrong, wrong[-1]]
        return [max(pair) / 2 for pair in pairwise(wrong)]

    def _filled(self, values: Tensor, noise: Tensor, before: Sequence[int]) -> Tensor:
        """`values` of the frames `before`, and of those that came in: each from the four around it."""
        added, share = _without(values, noise[before])
        weights = torch.zeros(len(self.present), len(before), dtype=values.dtype, device=values.device)
        for row, number in enumerate(self.present):
            if number not in before:
                around = self._around(number, before)
                known = _lagrange(self._places[around], self._places[number])
                weights[row, [before.index(each) for each in around]] = torch.tensor(known).to(weights)
        filled: Tensor = torch.tensordot(weights, added, dims=1) + share * noise[self.present]
        filled[[self.present.index(number) for number in before]] = values
        return filled

    def _around(self, number: int, before: Sequence[int]) -> list[int]:
        """The four of the frames `before` around frame `number` on its line, two on either side but at its ends."""
        first, last = next(line for line in self._lines if line[0] <= number <= line[1])
        nodes = [each for each in before if first <= each <= last]
        after = next(i for i, each in enumerate(nodes) if each > number)
        start = max(0, min(after - 2, len(nodes) - 4))
        return nodes[start : start + 4]


def _step(one: Recipe, other: Recipe) -> NDArray[np.float64] | None:
    """From one point to the next, in shares of noise and of prompts; None between other keyframes, or at rest."""
    if one.blend is None or other.blend is None or _ends(one) != _ends(other):
        return None
    step = np.array(_shares(other.blend)) - np.array(_shares(one.blend))
    return step if step.any() else None


def _shares(blend: Blend) -> tuple[float, ...]:
    return (*blend.noise_shares, *blend.prompt_shares)


def _ends(recipe: Recipe) -> tuple[Law, list[tuple[Keyframe, str, str]]]:
    """What the recipe is a blend of, whatever the shares."""
    assert recipe.blend is not None
    told = [
        (
            each,
            recipe.prompt if each.prompt is None else each.prompt,
            recipe.negative_prompt if each.negative_prompt is None else each.negative_prompt,
        )
        for each in recipe.blend.keyframes
    ]
    return recipe.blend.law, told


def _lines(steps: Sequence[NDArray[np.float64] | None]) -> Iterator[tuple[int, int]]:
    """First and last frame of every straight part of the walk; a frame at a corner is of both."""
    first = 0
    for number, (one, other) in enumerate(pairwise(steps), start=1):
        if one is None or other is None or one @ other < _PARALLEL * np.linalg.norm(one) * np.linalg.norm(other):
            yield first, number
            first = number
    if steps:
        yield first, len(steps)


def _spacing(length: int) -> int:
    """How far apart the frames of a line of `length` steps begin: five or more of them tell of the others."""
    return max(1, min(SPACING_MAX, length // 4))


def _between(start: int, end: int, error: float) -> list[int]:
    """Frames between two, each half way, until no more than `NEAR` is wrong between them."""
    if end - start < 2 or error <= NEAR:
        return []
    middle, less = (start + end) // 2, error / _SHRINKING
    return [*_between(start, middle, less), middle, *_between(middle, end, less)]


def _without(values: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """What is left of `values` (B, C, h, w) without the `noise` they began as, and its share in them (scalar).

    The share is that of least squares, whatever the scale a scheduler keeps its latents in.
    """
    share = (values * noise).sum() / noise.square().sum()
    return values - share * noise, share


def _lagrange(nodes: NDArray[np.float64], at: float) -> list[float]:
    """The weights of the values at `nodes`, all different, in that of their polynomial at `at`."""
    return [math.prod((at - q) / (p - q) for j, q in enumerate(nodes) if j != i) for i, p in enumerate(nodes)]


def _change_kept(scheduler: Any, count: int, change: Callable[[Tensor], Tensor]) -> None:
    """`change` what a scheduler remembers of `count` pictures' earlier steps, where it does: one tensor, or a list."""

    def changed(value: Any) -> Any:
        is_of_all = isinstance(value, Tensor) and value.ndim == 4 and len(value) == count
        return change(value) if is_of_all else value

    for name, value in vars(scheduler).items():
        new = [changed(each) for each in value] if isinstance(value, list) else changed(value)
        if new is not value:
            setattr(scheduler, name, new)

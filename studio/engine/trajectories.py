"""The ways that keyframes' pictures took out of the noise, and a start for drafts among them.

The first steps settle the composition. What lies between keyframes whose first steps are known may begin at a blend of
where these led, instead of at noise: Lunar Ring's latentblending does so for films of chains. Blended is what the model
is shown, still more noise than picture there, by the law of noise; so it is exact on a keyframe, and near to it close.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeAlias

import torch
from msgspec.structs import replace
from torch import Tensor

from studio.core.blend import Keyframe, Law
from studio.core.recipe import Recipe
from studio.engine.blending import blend_noise
from studio.engine.sampling import Predict
from studio.engine.solver import Evaluation, Solver
from studio.engine.walking import draws_noise
from studio.engine.x0 import predicted_x0

STEPS_MIN = 6
"""Of fewer steps, a trajectory leads elsewhere than the picture in full."""

Key: TypeAlias = tuple[Keyframe, Recipe]


@dataclass(frozen=True, slots=True, eq=False)
class Waypoint:
    """What was seen at one evaluation: the clean latents `x0` and the `noise` that the model told apart there.

    Both (1, C, h, w) float32 on the CPU; the model was shown `alpha`·x0 + `sigma`·noise.
    """

    alpha: float
    sigma: float
    x0: Tensor
    noise: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """A keyframe's waypoints, the noisiest first."""

    waypoints: tuple[Waypoint, ...]

    @property
    def size_bytes(self) -> int:
        """What they take in memory."""
        return sum(each.nbytes for point in self.waypoints for each in (point.x0, point.noise))

    def at(self, level: Evaluation) -> Tensor:
        """What the model would be shown at `level`, (1, C, h, w) float32 on the CPU.

        Between two waypoints x0 and noise are those of the noisier one: a step of DDIM (Song et al. 2020,
        arXiv 2010.02502, equation 12 without fresh noise).
        """
        passed = [point for point in self.waypoints if point.alpha <= level.alpha + 1e-4]
        point = (passed or self.waypoints[:1])[-1]
        return level.alpha * point.x0 + level.sigma * point.noise


class Trajectories:
    """The trajectories of the keyframes last drawn, within a budget in bytes. The least recently used go first."""

    def __init__(self, budget_bytes: int) -> None:
        """Nothing is kept yet."""
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[Key, Trajectory] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """What is kept now."""
        return sum(each.size_bytes for each in self._kept.values())

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def watched(self, predict: Predict, recipe: Recipe, solver: Solver) -> Predict:
        """`predict`, and where `recipe` (resolved) stands on a keyframe, its trajectory is kept when it is sampled."""
        shares = _shares(recipe)
        if 1.0 not in shares or recipe.steps < STEPS_MIN:
            return predict
        key, seen = _key(recipe, shares.index(1.0)), list[Waypoint]()

        def watch(z: Tensor, timestep: Tensor) -> Tensor:
            prediction = predict(z, timestep)
            now = solver.evaluations[len(seen)]
            seen.append(_waypoint(solver, now, z, prediction))
            if len(seen) == len(solver.evaluations):
                self._keep(key, Trajectory(tuple(seen)))
            return prediction

        return watch

    def start(self, recipe: Recipe, solver: Solver) -> Tensor | None:
        """The first latents (1, C, h, w) for `solver`, begun late, at the point of `recipe` (resolved).

        None where they are not known, or where the solver begins with less noise than picture: there, blending would
        lay one picture over the other. `solver` has one evaluation or more.
        """
        shares, level = _shares(recipe), solver.evaluations[0]
        keys = [(_key(recipe, number), share) for number, share in enumerate(shares) if share]
        if not keys or not 0 < level.alpha < level.sigma or any(key not in self._kept for key, _ in keys):
            return None
        for key, _ in keys:
            self._kept.move_to_end(key)
        shown = blend_noise([self._kept[key].at(level) for key, _ in keys], [share for _, share in keys], Law.GRAM)
        return solver.noised(shown / level.alpha, torch.zeros_like(shown), 0)

    def _keep(self, key: Key, trajectory: Trajectory) -> None:
        held = self._kept.get(key)
        if held is None or len(trajectory.waypoints) > len(held.waypoints):
            self._kept[key] = trajectory
        self._kept.move_to_end(key)
        while self.size_bytes > self._budget_bytes:
            self._kept.popitem(last=False)


def _shares(recipe: Recipe) -> tuple[float, ...]:
    """The shares of `recipe`, noise and prompt alike; none where its point has no trajectory."""
    blend = recipe.blend
    if blend is None or blend.noise_shares != blend.prompt_shares or blend.law is not Law.GRAM:
        return ()
    return () if recipe.start is not None or draws_noise(recipe) else blend.noise_shares


def _key(recipe: Recipe, number: int) -> Key:
    """What a keyframe's trajectory depends on; its steps do not count."""
    assert recipe.blend is not None
    own = recipe.blend.keyframes[number]
    prompt = recipe.prompt if own.prompt is None else own.prompt
    negative = recipe.negative_prompt if own.negative_prompt is None else own.negative_prompt
    base = replace(recipe, blend=None, seed=0, steps=1, prompt=prompt, negative_prompt=negative)
    return replace(own, prompt=None, negative_prompt=None, name=""), base


def _waypoint(solver: Solver, now: Evaluation, z: Tensor, prediction: Tensor) -> Waypoint:
    x0 = predicted_x0(solver.prediction, z, prediction, now.alpha, now.sigma)
    return Waypoint(now.alpha, now.sigma, x0.cpu(), ((z - now.alpha * x0) / now.sigma).cpu())

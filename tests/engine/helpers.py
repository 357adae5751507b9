"""What several engine tests need."""

from typing import Any

import numpy as np
import torch

from studio.core.errors import Cancelled
from studio.core.events import Event, Picture, Step
from studio.core.recipe import ModelRef, Recipe


class Recorder:
    """A report that keeps what it hears, and raises `Cancelled` at call number `stop_at`, counting from 1."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.events: list[Event] = []
        self._stop_at = stop_at

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) == self._stop_at:
            raise Cancelled

    @property
    def steps(self) -> list[Step]:
        """The sampler steps among the events."""
        return [event for event in self.events if isinstance(event, Step)]


def small(**changes: object) -> Recipe:
    """A recipe for a small picture of the model `plain`, in few steps."""
    fields: dict[str, object] = {
        "prompt": "a red sailboat",
        "width": 64,
        "height": 64,
        "steps": 4,
        "seed": 7,
        "model": ModelRef(name="plain"),
    }
    return Recipe(**{**fields, **changes})  # type: ignore[arg-type]


def called(pipe: Any, recipe: Recipe, **more: Any) -> Picture:
    """What diffusers' `pipe` makes of `recipe`, called by hand."""
    made = pipe(
        recipe.prompt,
        width=recipe.width,
        height=recipe.height,
        num_inference_steps=recipe.steps,
        guidance_scale=recipe.guidance,
        generator=torch.Generator("cpu").manual_seed(recipe.seed),
        output_type="np",
        **more,
    )
    picture: Picture = (made.images[0] * 255).round().astype(np.uint8)
    return picture


def psnr(one: Picture, other: Picture) -> float:
    """Peak signal-to-noise ratio in dB; 99 for identical pictures."""
    assert one.shape == other.shape
    error = np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2)
    return 99.0 if error == 0 else float(10 * np.log10(255.0**2 / error))


def correlation(one: Picture, other: Picture) -> float:
    """Pearson correlation of two pictures of one size; 0 where one of them is flat."""
    assert one.shape == other.shape
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one.ravel().astype(np.float64), other.ravel().astype(np.float64))[0, 1])

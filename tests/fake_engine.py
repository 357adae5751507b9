"""A scripted engine: as fast or slow, as good or bad as a test wants. No torch."""

import threading
import time
from pathlib import Path

import msgspec
import numpy as np

from studio.core.engine import DeviceInfo, NoiseLevels
from studio.core.errors import Cancelled, ModelError, OutOfMemoryError
from studio.core.events import Drafted, Finished, PreviewTier, Stage, Staged, Step
from studio.core.models import Defaults, ModelInfo
from studio.core.precision import Precision
from studio.core.schedulers import Schedule
from studio.core.tiled import tiled

MODEL = ModelInfo(
    name="Fake",
    folder=Path("/nowhere/fake"),
    prediction_type="epsilon",
    latent_channels=4,
    downsampling=8,
    size_multiple=16,
    token_limit=75,
    defaults=Defaults(width=256, height=256, steps=6, guidance=5.0, schedule=Schedule.KARRAS),
)
COLORS = np.array([[230, 60, 40], [40, 90, 230], [50, 200, 90], [240, 200, 60], [160, 70, 200]], np.float32)
"""Of keyframes, in their order."""


class FakeEngine:
    """Prompts are scripts: a word of the prompt says how the picture goes wrong.

    "fail": a ValueError in the middle. "memory": OutOfMemoryError. "hang": steps for ever, until cancelled.
    "slow": 50 ms a step. `step_ms` is the pace of all others; `room` is for how many pictures at once it has memory.
    """

    def __init__(self, step_ms: float = 1.0, models: tuple[ModelInfo, ...] = (MODEL,)) -> None:
        self.step_ms, self._models = step_ms, models
        self.room, self.walks = 1, []
        self.generated, self.loaded, self.cancelled = [], [], 0
        self.draft_step_ms, self.begun_drafts, self.drafts = 1.0, [], []
        self.tiers: list[PreviewTier] = []
        self.folders: list[tuple[Path, ...]] = []
        self.memories_gb: list[int] = []
        self.precisions: list[Precision] = []
        self.closed = False
        self.thread_names: set[str] = set()
        self.hold_load = threading.Event()
        self.hold_load.set()

    def use_models(self, models):
        self._models = tuple(models)

    def models(self):
        return self._models

    def device(self):
        return DeviceInfo(name="Fake CPU", kind="cpu", dtype="float32", memory_gb=1.25)

    def load(self, model, report):
        self.thread_names.add(threading.current_thread().name)
        if model in self.loaded[-1:]:
            return self._models[0]
        for part in range(4):
            report(Staged(stage=Stage.LOADING, fraction=part / 4, detail=model))
            while not self.hold_load.wait(0.005):
                report(Staged(stage=Stage.LOADING, fraction=part / 4, detail=model))
        report(Staged(stage=Stage.LOADING, fraction=1.0, detail=model))
        self.loaded.append(model)
        return next(each for each in self._models if each.name == model)

    def generate(self, recipe, report):
        try:
            return self._generate(recipe, report)
        except Cancelled:
            self.cancelled += 1
            raise

    def at_once(self, recipes):
        return min(len(recipes), self.room)

    def walk(self, recipes, report):
        """All in the steps of the first. "fail" in one of the prompts: a ModelError."""
        self.walks.append(list(recipes))
        if any("fail" in recipe.prompt.split() for recipe in recipes):
            raise ModelError("one of them is not to be had")
        mine = len(self.generated)

        def step_of_all(event):
            if isinstance(event, Step):
                preview = tiled([event.preview] * len(recipes))
                event = msgspec.structs.replace(event, preview=preview, together=len(recipes))
            report(event)

        first = self.generate(recipes[0], step_of_all)
        others = [self._generate(recipe, lambda event: None) for recipe in recipes[1:]]
        self.generated[mine:] = recipes
        return iter([first, *others])

    def draft(self, recipe, report, depth=0):
        """A colour that follows the shares. "nodraft": a ValueError instead."""
        self.load(recipe.model.name, report)
        self.thread_names.add(threading.current_thread().name)
        if "nodraft" in recipe.prompt.split():
            raise ValueError("the fake engine was told to fail")
        self.begun_drafts.append(recipe)
        began = time.perf_counter()
        for number in range(1, recipe.steps + 1):
            time.sleep(self.draft_step_ms / 1000)
            report(Step(number=number, count=recipe.steps, sigma=1.0, seconds=0.0))
        self.drafts.append(recipe)
        shares = recipe.blend.noise_shares
        color = sum(share * COLORS[index % len(COLORS)] for index, share in enumerate(shares))
        return Drafted(
            picture=np.broadcast_to(color.astype(np.uint8), (32, 32, 3)).copy(),
            signature=np.full((4, 4, 3), shares[1], np.float32),
            noise_norm=8.0,
            noise_dimension=64,
            sampling_seconds=time.perf_counter() - began,
            rest_seconds=0.001,
        )

    def noise_levels(self, recipe):
        sigmas = tuple(np.geomspace(14.6, 0.03, recipe.steps).tolist())
        return NoiseLevels((*sigmas, 0.0), tuple(np.linspace(999, 1, recipe.steps).tolist()))

    def count_tokens(self, text):
        return len(text.split())

    def set_preview(self, tier):
        self.tiers.append(tier)

    def set_model_folders(self, folders):
        self.folders.append(folders)

    def set_model_memory(self, memory_gb):
        self.memories_gb.append(memory_gb)

    def set_precision(self, precision):
        self.precisions.append(precision)

    def close(self):
        self.closed = True

    def _generate(self, recipe, report):
        self.load(recipe.model.name, report)
        words = recipe.prompt.split()
        report(Staged(stage=Stage.ENCODING))
        if "memory" in words:
            raise OutOfMemoryError("Fake CPU", recipe.width, recipe.height)
        report(Staged(stage=Stage.SAMPLING))
        picture = scene(recipe.width, recipe.height, recipe.seed)
        number = 0
        while number < recipe.steps:
            number += "hang" not in words
            if "fail" in words and number > recipe.steps // 2:
                raise ValueError("the fake engine was told to fail")
            seconds = (50.0 if "slow" in words else self.step_ms) / 1000
            time.sleep(seconds)
            amount = number / recipe.steps
            preview = picture[::8, ::8] * amount + 127 * (1 - amount)
            report(
                Step(
                    number=max(number, 1),
                    count=recipe.steps,
                    sigma=1.0 - amount + 0.03,
                    seconds=seconds,
                    preview=preview.astype(np.uint8),
                )
            )
        report(Staged(stage=Stage.DECODING))
        self.generated.append(recipe)
        resolved = msgspec.structs.replace(recipe, model=msgspec.structs.replace(recipe.model, hash="f" * 64))
        seconds = {Stage.ENCODING: 0.01, Stage.SAMPLING: recipe.steps * self.step_ms / 1000, Stage.DECODING: 0.02}
        return Finished(picture=picture, recipe=resolved, seconds=seconds)


def scene(width, height, seed):
    """A hill under a sky, (height, width, 3) uint8: something to look at in screenshots of the window."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    top, bottom = random.uniform(40, 255, 3), random.uniform(40, 255, 3)
    picture = top * (1 - y[..., None]) + bottom * y[..., None]
    for layer in range(3):
        line = 0.5 + 0.14 * layer + 0.08 * np.sin(x * random.uniform(3, 9) + random.uniform(0, 6))
        picture[y > line] = random.uniform(20, 160, 3) * (1 - 0.2 * layer)
    return picture.clip(0, 255).astype(np.uint8)

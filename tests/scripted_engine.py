"""An engine that makes a picture of nothing in no time, or fails as it is told. For tests without torch."""

import hashlib
import signal

import msgspec
import numpy as np

from studio.core.events import Drafted, Finished, Stage, Staged, Step
from studio.core.models import resolve_model
from studio.core.recipe_json import recipe_to_json


class ScriptedEngine:
    """Keeps what it was asked for in `recipes`; raises `failure` after the first step; presses Ctrl+C if told to."""

    def __init__(self, folders, *, failure=None, interrupts=0):
        self.folders = folders
        self.recipes, self.drafts, self.walks = [], [], []
        self.closed = False
        self._failure = failure
        self._interrupts = interrupts

    def generate(self, recipe, report):
        self.recipes.append(recipe)
        info = resolve_model(recipe.model.name, self.folders)
        model = msgspec.structs.replace(recipe.model, hash=hashlib.sha256(info.name.encode()).hexdigest())
        report(Staged(stage=Stage.LOADING))
        for number in range(recipe.steps):
            for _ in range(self._interrupts):
                signal.raise_signal(signal.SIGINT)
            report(Step(number=number + 1, count=recipe.steps, sigma=1.0, seconds=0.0))
            if self._failure is not None:
                raise self._failure
        resolved = msgspec.structs.replace(recipe, model=model)
        seed = int.from_bytes(hashlib.sha256(recipe_to_json(resolved).encode()).digest()[:4])
        picture = np.random.default_rng(seed).integers(0, 256, (recipe.height, recipe.width, 3), np.uint8)
        return Finished(picture=picture, recipe=resolved, seconds={Stage.SAMPLING: 0.1})

    def walk(self, recipes, report):
        self.walks.append(recipes)
        return (self.generate(recipe, report) for recipe in recipes)

    def draft(self, recipe, report, depth=0):
        """A signature that changes ten times as fast in the first fifth of the way between two keyframes."""
        self.drafts.append(recipe)
        t = recipe.blend.noise_shares[1]
        signature = np.full((2, 2, 3), np.interp(t, [0, 0.2, 1], [0, 0.8, 1.0]), np.float32)
        picture = np.zeros((recipe.height, recipe.width, 3), np.uint8)
        return Drafted(
            picture=picture,
            signature=signature,
            noise_norm=1.0,
            noise_dimension=1,
            sampling_seconds=0.0,
            rest_seconds=0.0,
        )

    def close(self):
        self.closed = True


def write_model(folder, name="Horizon", size=64):
    """The JSON files of a model folder, and weights of no bytes: enough to be found, not to be loaded."""
    parts = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
    for part in parts:
        (folder / part).mkdir(parents=True)
    for part in ("unet", "vae", "text_encoder"):
        (folder / part / "model.safetensors").write_bytes(b"")
    files = {
        "model_index.json": {part: ["library", "class"] for part in parts},
        "unet/config.json": {"sample_size": size // 8},
        "vae/config.json": {"block_out_channels": [1, 2, 3, 4], "latent_channels": 4},
        "text_encoder/config.json": {"max_position_embeddings": 77},
        "scheduler/scheduler_config.json": {"prediction_type": "epsilon"},
        "horizon.json": {
            "name": name,
            "default_scheduler": "DPM++ 2M",
            "default_schedule": "SGM Uniform",
            "default_steps": 3,
            "default_guidance": 4.5,
            "size_multiple": 16,
        },
    }
    for path, content in files.items():
        (folder / path).write_bytes(msgspec.json.encode(content))
    return folder

"""The noises of keyframes: drawn from a seed, or found by inverting a picture."""

import io
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from studio.core.blend import Keyframe, Law
from studio.core.errors import PictureError
from studio.core.events import Picture
from studio.core.model_family import FLOW
from studio.core.models import ModelInfo
from studio.core.recipe import Recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings
from studio.engine.adapting import weights_key
from studio.engine.blending import blend_noise
from studio.engine.embeddings import Embeddings
from studio.engine.inversion import invert
from studio.engine.loading import Loaded
from studio.engine.noise import draw_noise, generator_for
from studio.engine.solver import build_solver

INVERSION_STEPS = 20
"""Steps of the inversion, whatever the recipe's own: so that a keyframe's noise is one and the same for all drafts."""
_KEPT = 24
"""Noises of pictures kept in memory; a canvas has at most 12 keyframes."""

Key: TypeAlias = tuple[Keyframe, str, int, int, str]
Tick: TypeAlias = Callable[[float], None]


class KeyframeNoises:
    """Finds keyframes' noises with one model, and keeps those that took long to find."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._kept: OrderedDict[Key, Tensor] = OrderedDict()

    def noise_of(
        self, keyframe: Keyframe, recipe: Recipe, loaded: Loaded, embeddings: Embeddings, tick: Tick
    ) -> Tensor:
        """The noise (1, C, h, w) float32 on the CPU of `keyframe`, for a picture of the size of `recipe`.

        `recipe` is resolved; `embeddings` are those of the keyframe's prompt. A picture's noise is mixed with its
        seed's as its closeness says. Raises PictureError, and whatever `tick` raises.
        """
        shape = loaded.family.noise_shape(recipe.width, recipe.height)
        drawn = draw_noise(shape, generator_for(keyframe.seed))
        if not keyframe.picture:
            return drawn
        inverted = self._inverted(keyframe, recipe, loaded, embeddings, tick)
        return blend_noise([inverted, drawn], (keyframe.closeness, 1.0 - keyframe.closeness), Law.GRAM)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def _inverted(
        self, keyframe: Keyframe, recipe: Recipe, loaded: Loaded, embeddings: Embeddings, tick: Tick
    ) -> Tensor:
        bare = msgspec.structs.replace(keyframe, seed=0, closeness=1.0, name="")
        key = (bare, recipe.prompt, recipe.width, recipe.height, weights_key(recipe))
        if key not in self._kept:
            picture = decode_picture(keyframe.picture, recipe.width, recipe.height)
            mean = loaded.family.encode(picture).mean
            solver = build_solver(_plain(recipe, loaded.info), loaded.noise, generator_for(0))

            def predict(z: Tensor, timestep: Tensor) -> Tensor:
                return loaded.family.predict(z, timestep, embeddings)

            self._kept[key] = invert(predict, solver, mean, tick).cpu()
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


def decode_picture(data: bytes, width: int, height: int) -> Picture:
    """The picture (height, width, 3) uint8 in PNG bytes, resized where it was stored for another size.

    Raises PictureError for bytes that are not a PNG of a size that any keyframe has.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
                fitted = image.convert("RGB")
                if fitted.size != (width, height):
                    fitted = fitted.resize((width, height), Image.Resampling.LANCZOS)
                picture: Picture = np.array(fitted, dtype=np.uint8)
                return picture
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("The keyframe's picture", "it is not a PNG picture of a usable size") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise PictureError("The keyframe's picture", "it is damaged") from error


def _plain(recipe: Recipe, info: ModelInfo) -> Recipe:
    """DDIM over the whole range of noise levels; trailing, so that the noisiest is the last one inverted to.

    On a flow a step of Euler's is one of DDIM's.
    """
    flows = info.prediction_type == FLOW
    return msgspec.structs.replace(
        recipe,
        scheduler=Scheduler.EULER if flows else Scheduler.DDIM,
        schedule=Schedule.NORMAL if flows else Schedule.SGM_UNIFORM,
        steps=INVERSION_STEPS,
        scheduler_settings=SchedulerSettings(),
        blend=None,
        start=None,
    )

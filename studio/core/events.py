"""What an engine reports. Frozen values: they cross threads, and could cross processes.

Pictures outside the engine are numpy uint8 (height, width, 3), sRGB.
"""

import enum
from typing import Annotated, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from studio.core.recipe import Recipe

Picture: TypeAlias = NDArray[np.uint8]
"""(height, width, 3) uint8 sRGB."""


class Stage(enum.StrEnum):
    """What the engine is busy with."""

    STARTING = "starting the engine"
    LOADING = "loading the model"
    ENCODING = "reading the prompt"
    SAMPLING = "sampling"
    DECODING = "decoding"
    SAVING = "saving"


class PreviewTier(enum.StrEnum):
    """How latents become a preview."""

    LINEAR = "linear"
    TINY = "tiny"
    FULL = "full"


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """A stage began, or is `fraction` (0 to 1) through."""

    stage: Stage
    fraction: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    detail: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One sampler step was taken.

    `number` counts from 1 to `count`; `sigma` is the noise level the step started from; `preview` shows the clean
    picture predicted at this step (`x0`), never the noisy latents, and may be smaller than the picture. Where several
    are made `together`, it shows them side by side, in `tiled.grid_of` their number.
    """

    number: int
    count: int
    sigma: float
    seconds: float
    preview: Picture | None = None
    together: int = 1


class Finished(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A picture is done. `recipe` is resolved: with the model's hash, every default made explicit.

    `seconds` are measured per stage; `path` is where the picture was saved, once it is.
    """

    picture: Picture
    recipe: Recipe
    seconds: dict[Stage, float]
    path: str = ""


class Drafted(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A draft is done: the recipe's noise and embeddings in few steps, decoded the fastest way.

    `signature` is the linear preview of the finished latents, (h, w, 3) float32 of 0 to 1: drafts are compared by it.
    `noise_norm` is the Euclidean norm of the blended noise; for noise of `noise_dimension` values sqrt of it is right.
    `sampling_seconds` and `rest_seconds` add up to what the draft took. `depth` of the recipe's steps were not taken:
    the keyframes' trajectories led past them. Where the model's few-step student drew it, `student_steps` are the most
    that it may draw in; else 0.
    """

    picture: Picture
    signature: NDArray[np.float32]
    noise_norm: float
    noise_dimension: int
    sampling_seconds: float
    rest_seconds: float
    depth: int = 0
    student_steps: int = 0


class Stopped(msgspec.Struct, frozen=True):
    """The artist stopped the job."""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The job failed. `sentence` is the error's own; `option` names the field to correct, or is empty.

    `part` names the `SharedPart` that the model lacks, or is empty.
    """

    sentence: str
    option: str = ""
    kind: str = "StudioError"
    part: str = ""


Event: TypeAlias = Staged | Step | Finished | Stopped | Failed

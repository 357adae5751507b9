"""The recipe: everything that determines one picture, and nothing else.

It is the queue item, the cache key, the undo value and the metadata. The same recipe on the same machine gives the
same bytes.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from studio.core.adapters import AdapterUse, check_adapters
from studio.core.blend import Blend, check_blend
from studio.core.errors import OptionError
from studio.core.learned_words import LearnedWord, check_learned
from studio.core.options import check
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings, check_scheduler
from studio.core.start import Area, Start, check_start, png_size

SEED_MAX = 2**32 - 1
"""Seeds are 32-bit unsigned, as in every other studio."""
PROMPT_MAX = 20_000
"""Characters in a prompt; far above what any text encoder reads, low enough that no step stalls on it."""


class ModelRef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which weights. `hash` is the hexadecimal SHA-256 of the weights, or empty for "whatever bears this name"."""

    name: Annotated[str, Meta(max_length=1024)] = "Horizon"
    hash: Annotated[str, Meta(max_length=64)] = ""


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that determines one picture. Frozen, comparable, hashable, serialisable."""

    prompt: Annotated[str, Meta(max_length=PROMPT_MAX, title="Prompt", description="What the picture shows.")] = ""
    negative_prompt: Annotated[
        str, Meta(max_length=PROMPT_MAX, title="Negative prompt", description="What the picture avoids.")
    ] = ""
    width: Annotated[
        int, Meta(ge=64, le=4096, title="Width", description="Picture width.", extra={"unit": "px", "step": 16})
    ] = 256
    height: Annotated[
        int, Meta(ge=64, le=4096, title="Height", description="Picture height.", extra={"unit": "px", "step": 16})
    ] = 256
    seed: Annotated[
        int, Meta(ge=0, le=SEED_MAX, title="Seed", description="Where the noise starts: one seed, one picture.")
    ] = 0
    steps: Annotated[
        int, Meta(ge=1, le=1000, title="Steps", description="Sampler steps: more are slower and finer.")
    ] = 20
    guidance: Annotated[
        float,
        Meta(
            ge=1.0,
            le=30.0,
            title="Guidance",
            description="Classifier-free guidance scale: how hard the prompt pulls. 1 is none.",
            extra={"step": 0.5},
        ),
    ] = 5.0
    scheduler: Annotated[Scheduler, Meta(title="Scheduler", description="The solver.")] = Scheduler.DPMPP_2M
    schedule: Annotated[Schedule, Meta(title="Schedule", description="How noise levels are spaced.")] = (
        Schedule.SGM_UNIFORM
    )
    scheduler_settings: SchedulerSettings = SchedulerSettings()
    model: ModelRef = ModelRef()
    blend: Blend | None = None
    """Where set, noise and embeddings come from its keyframes; prompts and seed above fill what they leave open."""
    adapters: tuple[AdapterUse, ...] = ()
    """In the order they were chosen; the order changes nothing but rounding."""
    learned_words: tuple[LearnedWord, ...] | None = None
    """The embeddings that words of the prompts stand for, these and no others; None: whatever files bear the names."""
    vae: ModelRef | None = None
    """The VAE that takes the place of the model's own, where set."""
    start: Start | None = None
    """Where set, the picture begins there and not at noise alone."""

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the finished picture in pixels: a start of which a part is worked on keeps its own."""
        own = png_size(self.start.picture) if self.start is not None and self.start.area is Area.MASKED else None
        return own or (self.width, self.height)


def check_recipe(recipe: Recipe, *, size_multiple: int = 8) -> None:
    """Raise `OptionError` unless every value is in range and the values go together.

    `size_multiple` is the model's: its autoencoder's downsampling times what its U-Net needs, in pixels.
    """
    check(recipe)
    check(recipe.scheduler_settings)
    check_scheduler(recipe.scheduler, recipe.schedule, recipe.scheduler_settings)
    if recipe.blend is not None:
        check_blend(recipe.blend)
    check_adapters(recipe.adapters)
    check_learned(recipe.learned_words)
    if recipe.start is not None:
        kept = 0 if recipe.blend is None else sum(len(each.picture) for each in recipe.blend.keyframes)
        has_blend = recipe.blend is not None
        check_start(recipe.start, recipe.width, recipe.height, has_blend=has_blend, blend_bytes=kept)
    for name in ("width", "height"):
        value = getattr(recipe, name)
        if value % size_multiple:
            below = max(size_multiple, value // size_multiple * size_multiple)
            raise OptionError(
                name,
                f"{name.capitalize()}: {value} px is not a multiple of {size_multiple}, which this model needs. "
                f"Use {below} or {below + size_multiple}.",
            )

"""What an engine promises. The window and the command line know engines only by this."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import msgspec

from studio.core.events import Drafted, Event, Finished, PreviewTier
from studio.core.models import ModelInfo
from studio.core.precision import Precision
from studio.core.recipe import Recipe

Report: TypeAlias = Callable[[Event], None]
"""Takes what the engine did. Raises `Cancelled` where the artist pressed Stop."""


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Where pictures are made. `memory_gb` is the device's, or the process's resident memory on a CPU.

    `dtype` is that of the model in memory; `note` says what is special about how it lies there, or is empty.
    """

    name: str
    kind: str
    dtype: str
    memory_gb: float
    note: str = ""


class NoiseLevels(msgspec.Struct, frozen=True):
    """The noise levels a scheduler will visit, noisiest first.

    `sigmas` in the variance-exploding convention, σ = sqrt((1 − ᾱ)/ᾱ), ending at the level of the picture itself.
    `timesteps` are what the U-Net is told; one for each evaluation, so second-order schedulers have more.
    """

    sigmas: tuple[float, ...]
    timesteps: tuple[float, ...]


class Engine(Protocol):
    """Makes pictures. Lives on one thread; nothing here is called from another."""

    def models(self) -> tuple[ModelInfo, ...]:
        """The models this engine can load."""
        ...

    def device(self) -> DeviceInfo:
        """What it runs on, with the memory in use now."""
        ...

    def load(self, model: str, report: Report) -> ModelInfo:
        """Load the model of that name or folder, unless it is loaded. Raises ModelError, Cancelled."""
        ...

    def generate(self, recipe: Recipe, report: Report) -> Finished:
        """Make the picture. Reports every stage, and every step with its preview.

        Raises OptionError, ModelError, OutOfMemoryError; and whatever `report` raises, having freed everything.
        """
        ...

    def walk(self, recipes: Sequence[Recipe], report: Report) -> Iterator[Finished]:
        """The pictures of all recipes in their order, several at once where that is faster.

        Near enough to what `generate` makes that a walk looks the same, not always to the byte: of frames between
        others, the first steps may be told from those around them. Reports steps, with previews where no frame is a
        blend. Raises as `generate`.
        """
        ...

    def at_once(self, recipes: Sequence[Recipe]) -> int:
        """How many of `recipes`, from the first, `walk` makes together and but for rounding as `generate` would.

        By the memory that is free; 1 while their model is not in it.
        """
        ...

    def draft(self, recipe: Recipe, report: Report, depth: int = 0) -> Drafted:
        """A quick look at what `generate` would make, in the recipe's own (few) steps, decoded the fastest way.

        The first `depth` steps are not taken where the keyframes' own pictures, made before, tell where they lead.
        A model's few-step student takes them where there is one and it was taught such a recipe.
        May be called from within `report` of a picture being made with the same model, which goes on unchanged after
        it. Reports steps without previews. Raises as `generate`.
        """
        ...

    def noise_levels(self, recipe: Recipe) -> NoiseLevels:
        """The levels `generate` would visit. Cheap: may be called between the steps of a picture."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens of the loaded model's text encoder `text` takes, without start and end marks."""
        ...

    def set_preview(self, tier: PreviewTier) -> None:
        """How previews are made from now on."""
        ...

    def set_model_folders(self, folders: tuple[Path, ...]) -> None:
        """Where models and what goes with them are looked for from now on. Those in memory stay."""
        ...

    def set_model_memory(self, memory_gb: int) -> None:
        """How many GiB models may take together from now on; 0: as the engine thinks best."""
        ...

    def set_precision(self, precision: Precision) -> None:
        """The number format of models from now on. Those in memory go, where it is another than before."""
        ...

    def close(self) -> None:
        """Free everything."""
        ...

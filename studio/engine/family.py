"""What an architecture must do for the engine to run it."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from torch import Tensor, nn

from studio.core.events import Picture
from studio.engine.embeddings import Embeddings
from studio.engine.lexicon import NO_WORDS, Lexicon

if TYPE_CHECKING:
    from studio.engine.autoencoder import Autoencoder

Tick: TypeAlias = Callable[[float, str], None]
"""Hears the fraction of a work that is done, and what is special about how it is done."""


def quiet(fraction: float, detail: str) -> None:
    """A `Tick` for whom nobody waits."""


class Guidance(enum.Enum):
    """How a model takes the guidance scale."""

    CLASSIFIER_FREE = enum.auto()
    """Asked with both prompts; the scale stretches the difference."""
    DISTILLED = enum.auto()
    """Asked once and told the scale; there is no negative prompt."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """What the VAE encoder gives for a picture: `mean` and `std`, (1, C, h, w) float32, in the sampler's units.

    A sample is mean + std·ε (Kingma & Welling 2013, arXiv 1312.6114, equation 10).
    """

    mean: Tensor
    std: Tensor


class Family(Protocol):
    """An architecture with its weights, on a device. Latents are (B, C, h, w) float32 in the sampler's units."""

    components: Mapping[str, nn.Module]
    """The modules whose weights adapters may change: the denoiser and the text encoders, by the parts' names."""

    @property
    def autoencoder(self) -> "Autoencoder":
        """What decodes and encodes: the model's own, or another that was put in its place."""
        ...

    def use_autoencoder(self, autoencoder: "Autoencoder") -> None:
        """Decode and encode with another from now on."""
        ...

    @property
    def guidance(self) -> Guidance:
        """How the guidance scale reaches this model."""
        ...

    @property
    def inpaints(self) -> bool:
        """Whether `predict` may be shown a mask and a masked picture beside the latents: see `starting.Held`."""
        ...

    def encode_prompt(self, name: str, text: str, words: Lexicon = NO_WORDS) -> Embeddings:
        """Embeddings of `text`, which is the recipe's field `name`, with `words` in it. Raises PromptTooLongError."""
        ...

    def count_tokens(self, text: str, words: Lexicon = NO_WORDS) -> int:
        """Tokens of `text`, without start and end marks; each of `words` has as many as it has vectors."""
        ...

    @property
    def is_sparing(self) -> bool:
        """Whether it takes less memory than it could use, and more time."""
        ...

    def set_sparing(self, on: bool) -> None:
        """Take less memory from now on, or as much as is fast again. Pictures agree to rounding."""
        ...

    def noise_shape(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Shape (1, C, h, w) of the latents of a picture, in pixels."""
        ...

    def predict(self, z: Tensor, timestep: Tensor, embeddings: Embeddings) -> Tensor:
        """What the model sees in `z` (B, C, h, w), told `embeddings` of B prompts; float32, (B, C, h, w).

        A model that `inpaints` takes 2C + 1 channels too: the mask and the masked picture's latents behind z.
        """
        ...

    def prepare(self, width: int, height: int) -> None:
        """Do now what the first pictures of this size, in pixels, would otherwise wait for."""
        ...

    def decode(self, latents: Tensor, tick: Tick = quiet) -> Picture:
        """The picture of clean latents (1, C, h, w). What `tick` raises ends the work."""
        ...

    def decode_tensor(self, latents: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) float32, −1…1 and a little beyond, of latents."""
        ...

    def encode(self, picture: Picture) -> Posterior:
        """The latents of a picture (H, W, 3) uint8."""
        ...

    def encode_tensor(self, pictures: Tensor) -> Posterior:
        """The latents of pictures (B, 3, H, W) float32, −1…1."""
        ...

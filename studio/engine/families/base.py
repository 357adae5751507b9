"""What every family with a KL autoencoder has in common."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from studio.core.events import Picture
from studio.core.models import ModelInfo
from studio.engine.attention import slice_attention
from studio.engine.autoencoder import Autoencoder
from studio.engine.family import Posterior, Tick, quiet


class LatentFamily:
    """The half of a `Family` between pictures and latents. The other half, words and prediction, is each one's own."""

    def __init__(self, info: ModelInfo, autoencoder: Autoencoder) -> None:
        """Takes the loaded autoencoder."""
        self._info, self._autoencoder = info, autoencoder
        self._is_sparing = False
        self._nothing: Tensor | None = None
        self.components: Mapping[str, nn.Module] = {}  # set by who assembles the family

    @property
    def autoencoder(self) -> Autoencoder:
        """What decodes and encodes: the model's own, or another that was put in its place."""
        return self._autoencoder

    def use_autoencoder(self, autoencoder: Autoencoder) -> None:
        """Decode and encode with another from now on."""
        if autoencoder is not self._autoencoder:
            self._autoencoder, self._nothing = autoencoder, None

    @property
    def inpaints(self) -> bool:
        """Whether the U-Net is shown a mask and a masked picture."""
        return self._info.inpaints

    @property
    def is_sparing(self) -> bool:
        """Whether one prompt and one attention head is worked on at a time."""
        return self._is_sparing

    def set_sparing(self, on: bool) -> None:
        """Work on one prompt and one attention head at a time, or on all at once again."""
        self._is_sparing = on
        for part in self.components.values():
            slice_attention(part, on=on)

    def noise_shape(self, width: int, height: int) -> tuple[int, int, int, int]:
        """(1, C, height/f, width/f) for a picture of width × height pixels."""
        f = self._info.downsampling
        return (1, self._info.latent_channels, height // f, width // f)

    def prepare(self, width: int, height: int) -> None:
        """Nothing, where nothing can be made ready."""

    def with_mask(self, z: Tensor) -> Tensor:
        """`z` (B, C, h, w) with what an inpainting U-Net is shown beside it where there is no picture: grey, masked.

        So AUTOMATIC1111 does too, and such a model makes pictures from words alone. `z` as it is for other models, and
        where the mask is there already.
        """
        if not self.inpaints or z.shape[1] != self._info.latent_channels:
            return z
        height, width = z.shape[-2:]
        if self._nothing is None or self._nothing.shape[-2:] != z.shape[-2:]:
            f = self._info.downsampling
            grey = self.encode_tensor(torch.zeros(1, 3, height * f, width * f)).mean.to(z.device)
            self._nothing = torch.cat([torch.ones_like(grey[:, :1]), grey], dim=1)
        return torch.cat([z, self._nothing.expand(len(z), -1, -1, -1)], dim=1)

    def decode(self, latents: Tensor, tick: Tick = quiet) -> Picture:
        """The picture (H, W, 3) of clean latents (1, C, h, w) in the sampler's units.

        `tick` hears of tiles and of a second try; what it raises ends the work.
        """
        return self._autoencoder.decode(latents, tick)

    def decode_tensor(self, latents: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) float32, −1…1 and a little beyond, of latents (B, C, h, w) in the sampler's units."""
        return self._autoencoder.decode_tensor(latents)

    def encode(self, picture: Picture) -> Posterior:
        """The posterior of a picture (H, W, 3) uint8 whose sides are multiples of the downsampling.

        In the sampler's units: the VAE's own mean and standard deviation times its scaling factor.
        """
        return self._autoencoder.encode(picture)

    def encode_tensor(self, pictures: Tensor) -> Posterior:
        """The posteriors of pictures (B, 3, H, W) float32, −1…1."""
        return self._autoencoder.encode_tensor(pictures)

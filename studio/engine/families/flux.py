"""Flux.1: a transformer with double and single blocks, flow matching, packed latents, the guidance scale distilled.

Black Forest Labs 2024 (github.com/black-forest-labs/flux). The schnell variant is not told a scale.
"""

from typing import Any

import torch
from torch import Tensor

from studio.core.models import ModelInfo
from studio.engine.autoencoder import Autoencoder
from studio.engine.device import Device
from studio.engine.embeddings import Embeddings
from studio.engine.families.base import LatentFamily
from studio.engine.families.encoders import ClipEncoder, T5Encoder
from studio.engine.family import Guidance
from studio.engine.lexicon import NO_WORDS, Lexicon


class Flux(LatentFamily):
    """A `Family`."""

    guidance = Guidance.DISTILLED

    def __init__(
        self, info: ModelInfo, device: Device, *, text: ClipEncoder, long_text: T5Encoder, transformer: Any, vae: Any
    ) -> None:
        """Takes the loaded components."""
        super().__init__(info, Autoencoder(vae))
        self._device, self._text, self._long_text, self._transformer = device, text, long_text, transformer

    def encode_prompt(self, name: str, text: str, words: Lexicon = NO_WORDS) -> Embeddings:
        """T5's tokens (1, 512, 4096), and CLIP's pooled text (1, 768). Raises PromptTooLongError."""
        tokens, _ = self._long_text.encode(name, text)
        return Embeddings(tokens, self._text.encode(name, text)[1])

    def count_tokens(self, text: str, words: Lexicon = NO_WORDS) -> int:
        """Tokens of `text` for T5, without the end mark."""
        return self._long_text.count(text)

    @torch.inference_mode()
    def predict(self, z: Tensor, timestep: Tensor, embeddings: Embeddings) -> Tensor:
        """The flow v = ε − x0 of `z` (B, C, h, w) at `timestep` (scalar, 1000·σ), told B prompts; float32."""
        shown = z.to(self._device.torch_device, self._transformer.dtype)
        places = _places(shown)
        flow: Tensor = self._transformer(
            hidden_states=pack(shown),
            timestep=timestep.to(shown.device, shown.dtype).expand(len(shown)) / 1000,
            guidance=self._scale(embeddings, shown),
            pooled_projections=embeddings.pooled,
            encoder_hidden_states=embeddings.tokens,
            txt_ids=places.new_zeros(embeddings.tokens.shape[1], 3),
            img_ids=places,
            return_dict=False,
        )[0]
        return unpack(flow, z.shape[-2], z.shape[-1]).to(torch.float32)

    def _scale(self, embeddings: Embeddings, z: Tensor) -> Tensor | None:
        if not self._transformer.config.guidance_embeds:
            return None
        return z.new_ones(len(z)) if embeddings.guidance is None else embeddings.guidance


def pack(latents: Tensor) -> Tensor:
    """Each 2×2 block of latents (B, C, h, w) as one token: (B, h/2·w/2, 4C)."""
    batch, channels, height, width = latents.shape
    blocks = latents.view(batch, channels, height // 2, 2, width // 2, 2).permute(0, 2, 4, 1, 3, 5)
    return blocks.reshape(batch, height // 2 * (width // 2), channels * 4)


def unpack(tokens: Tensor, height: int, width: int) -> Tensor:
    """The latents (B, C, height, width) of tokens (B, h/2·w/2, 4C)."""
    batch, _, channels = tokens.shape
    blocks = tokens.view(batch, height // 2, width // 2, channels // 4, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return blocks.reshape(batch, channels // 4, height, width)


def _places(latents: Tensor) -> Tensor:
    """(0, row, column) of every token of latents (B, C, h, w): (h/2·w/2, 3), for the rotary embedding."""
    rows, columns = latents.shape[-2] // 2, latents.shape[-1] // 2
    places = latents.new_zeros(rows, columns, 3)
    places[..., 1] = torch.arange(rows, device=latents.device)[:, None]
    places[..., 2] = torch.arange(columns, device=latents.device)[None, :]
    return places.reshape(rows * columns, 3)

"""PixArt-Σ: a diffusion transformer with adaptive norms and cross-attention to T5.

Chen et al. 2024 (arXiv 2403.04692), on the transformer of Peebles & Xie 2022 (arXiv 2212.09748).
"""

from typing import Any

import torch
from torch import Tensor

from studio.core.models import ModelInfo
from studio.engine.autoencoder import Autoencoder
from studio.engine.device import Device
from studio.engine.embeddings import Embeddings
from studio.engine.families.base import LatentFamily
from studio.engine.families.encoders import T5Encoder
from studio.engine.family import Guidance
from studio.engine.lexicon import NO_WORDS, Lexicon

_NO_SIZES: dict[str, Any] = {"resolution": None, "aspect_ratio": None}
"""Σ is not told them; its forerunner α was."""


class PixArtSigma(LatentFamily):
    """A `Family`."""

    guidance = Guidance.CLASSIFIER_FREE

    def __init__(self, info: ModelInfo, device: Device, *, text: T5Encoder, transformer: Any, vae: Any) -> None:
        """Takes the loaded components."""
        super().__init__(info, Autoencoder(vae))
        self._device, self._text, self._transformer = device, text, transformer

    def encode_prompt(self, name: str, text: str, words: Lexicon = NO_WORDS) -> Embeddings:
        """T5's tokens (1, 300, 4096) and which of them are words. Raises PromptTooLongError.

        In lower case, as the captions it was trained on.
        """
        tokens, mask = self._text.encode(name, text.lower().strip())
        return Embeddings(tokens, mask=mask)

    def count_tokens(self, text: str, words: Lexicon = NO_WORDS) -> int:
        """Tokens of `text`, without the end mark."""
        return self._text.count(text.lower().strip())

    @torch.inference_mode()
    def predict(self, z: Tensor, timestep: Tensor, embeddings: Embeddings) -> Tensor:
        """ε of `z` (B, C, h, w) float32 at `timestep` (scalar), told `embeddings` of B prompts; float32.

        The transformer also foretells how sure it is, in as many channels again; samplers do not ask for it.
        """
        shown = z.to(self._device.torch_device, self._transformer.dtype)
        prediction: Tensor = self._transformer(
            shown,
            encoder_hidden_states=embeddings.tokens,
            encoder_attention_mask=embeddings.mask,
            timestep=timestep.to(shown.device).expand(len(shown)),
            added_cond_kwargs=_NO_SIZES,
            return_dict=False,
        )[0]
        return prediction[:, : z.shape[1]].to(torch.float32)

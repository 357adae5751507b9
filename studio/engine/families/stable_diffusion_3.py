"""Stable Diffusion 3 and 3.5: a transformer over picture and words alike (MM-DiT), flow matching, three text encoders.

Esser et al. 2024 (arXiv 2403.03206). The third encoder, T5, may be left out (section 5.3.3).
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from studio.core.models import ModelInfo
from studio.engine.autoencoder import Autoencoder
from studio.engine.device import Device
from studio.engine.embeddings import Embeddings
from studio.engine.families.base import LatentFamily
from studio.engine.families.encoders import ClipEncoder, T5Encoder
from studio.engine.family import Guidance
from studio.engine.lexicon import NO_WORDS, Lexicon

_T5_TOKENS = 256


class StableDiffusion3(LatentFamily):
    """A `Family`."""

    guidance = Guidance.CLASSIFIER_FREE

    def __init__(
        self,
        info: ModelInfo,
        device: Device,
        *,
        texts: tuple[ClipEncoder, ClipEncoder],
        long_text: T5Encoder | None,
        transformer: Any,
        vae: Any,
    ) -> None:
        """Takes the loaded components; without T5, `long_text` is None."""
        super().__init__(info, Autoencoder(vae))
        self._device, self._texts, self._long_text, self._transformer = device, texts, long_text, transformer

    def encode_prompt(self, name: str, text: str, words: Lexicon = NO_WORDS) -> Embeddings:
        """The CLIP tokens side by side, widened with zeros to T5's, and T5's after them; both pooled texts joined.

        (1, 77 + 256, 4096) and (1, 768 + 1280): section 4. Raises PromptTooLongError.
        """
        (first, one), (second, other) = (encoder.encode(name, text) for encoder in self._texts)
        clip = torch.cat([first, second], dim=-1)
        width = int(self._transformer.config.joint_attention_dim)
        if self._long_text is None:
            long = clip.new_zeros(1, _T5_TOKENS, width)
        else:
            long = self._long_text.encode(name, text)[0].to(clip.dtype)
        tokens = torch.cat([functional.pad(clip, (0, width - clip.shape[-1])), long], dim=1)
        return Embeddings(tokens, torch.cat([one, other], dim=-1))

    def count_tokens(self, text: str, words: Lexicon = NO_WORDS) -> int:
        """Tokens of `text` as the encoder that reads furthest cuts it, without marks."""
        return self._texts[0].count(text) if self._long_text is None else self._long_text.count(text)

    @torch.inference_mode()
    def predict(self, z: Tensor, timestep: Tensor, embeddings: Embeddings) -> Tensor:
        """The flow v = ε − x0 of `z` (B, C, h, w) at `timestep` (scalar, 1000·σ), told B prompts; float32."""
        shown = z.to(self._device.torch_device, self._transformer.dtype)
        flow: Tensor = self._transformer(
            hidden_states=shown,
            timestep=timestep.to(shown.device).expand(len(shown)),
            encoder_hidden_states=embeddings.tokens,
            pooled_projections=embeddings.pooled,
            return_dict=False,
        )[0]
        return flow.to(torch.float32)

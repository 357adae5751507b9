"""Stable Diffusion XL: two CLIP text encoders, a U-Net that is told the pooled text and the picture's size.

Podell et al. 2023 (arXiv 2307.01952). Turbo and Lightning are of this family.
"""

from typing import Any

import torch
from torch import Tensor

from studio.core.models import ModelInfo
from studio.engine.autoencoder import Autoencoder
from studio.engine.device import Device
from studio.engine.embeddings import Embeddings
from studio.engine.families.base import LatentFamily
from studio.engine.families.encoders import ClipEncoder
from studio.engine.families.scale import embedded_scale
from studio.engine.family import Guidance
from studio.engine.lexicon import NO_WORDS, Lexicon


class StableDiffusionXL(LatentFamily):
    """A `Family`. Weights and activations lie channels-last."""

    def __init__(
        self,
        info: ModelInfo,
        device: Device,
        *,
        texts: tuple[ClipEncoder, ClipEncoder],
        unet: Any,
        vae: Any,
        zero_when_empty: bool,
    ) -> None:
        """Takes the loaded components. `zero_when_empty`: no negative prompt is zeros, not the embedding of nothing."""
        super().__init__(info, Autoencoder(vae))
        self._device, self._texts, self._unet, self._zero = device, texts, unet, zero_when_empty
        self._scale_width: int | None = unet.config.time_cond_proj_dim
        self.guidance = Guidance.CLASSIFIER_FREE if self._scale_width is None else Guidance.DISTILLED

    def encode_prompt(self, name: str, text: str, words: Lexicon = NO_WORDS) -> Embeddings:
        """Both encoders' tokens side by side (1, chunks · 77, 768 + 1280), and the second's pooled text.

        Raises PromptTooLongError.
        """
        (first, _), (second, pooled) = (encoder.encode(name, text, words) for encoder in self._texts)
        made = Embeddings(torch.cat([first, second], dim=-1), pooled)
        return made.zeros() if self._zero and name == "negative_prompt" and not text else made

    def count_tokens(self, text: str, words: Lexicon = NO_WORDS) -> int:
        """Tokens of `text`, without start and end marks: the same for both encoders."""
        return self._texts[0].count(text, words)

    @torch.inference_mode()
    def predict(self, z: Tensor, timestep: Tensor, embeddings: Embeddings) -> Tensor:
        """ε or v of `z` (B, C, h, w) float32 at `timestep` (scalar), told `embeddings` of B prompts; float32."""
        shown = self.with_mask(z).to(self._device.torch_device, self._device.dtype, memory_format=torch.channels_last)
        told: dict[str, Any] = {"text_embeds": embeddings.pooled, "time_ids": self._sizes(shown)}
        scale = None
        if self._scale_width is not None and embeddings.guidance is not None:
            scale = embedded_scale(embeddings.guidance - 1.0, self._scale_width).to(shown.device, shown.dtype)
        prediction: Tensor = self._unet(
            shown,
            timestep,
            encoder_hidden_states=embeddings.tokens,
            timestep_cond=scale,
            added_cond_kwargs=told,
            return_dict=False,
        )[0]
        return prediction.to(torch.float32)

    def _sizes(self, z: Tensor) -> Tensor:
        """The picture's height and width, where it was cropped (nowhere), and its size again: section 2.2, (B, 6)."""
        height, width = (side * self._info.downsampling for side in z.shape[-2:])
        sizes = torch.tensor([[height, width, 0, 0, height, width]], device=z.device, dtype=z.dtype)
        return sizes.repeat(len(z), 1)

"""The Stable Diffusion 1 and 2 family: one CLIP text encoder, one U-Net, one KL autoencoder.

Rombach et al. 2022 (arXiv 2112.10752). Horizon is of this family. Latent consistency models (Luo et al. 2023, arXiv
2310.04378) are too; theirs is a U-Net that is told the guidance scale.
"""

import copy
from typing import Any

import torch
from torch import Tensor

from studio.core.models import ModelInfo
from studio.engine.autoencoder import Autoencoder, to_picture
from studio.engine.device import Device
from studio.engine.embeddings import Embeddings
from studio.engine.families.base import LatentFamily
from studio.engine.families.scale import embedded_scale
from studio.engine.family import Guidance
from studio.engine.lexicon import NO_WORDS, Lexicon
from studio.engine.text import TextEncoder
from studio.engine.tracing import TracedUNet

__all__ = ["StableDiffusion", "to_picture"]


class StableDiffusion(LatentFamily):
    """A `Family`. Weights and activations lie channels-last, which convolutions on CPUs and GPUs prefer."""

    def __init__(self, info: ModelInfo, device: Device, *, text: TextEncoder, unet: Any, vae: Any) -> None:
        """Takes the loaded components, on `device`."""
        super().__init__(info, Autoencoder(vae))
        self._device, self._text, self._unet = device, text, unet
        self._traced = TracedUNet(unet)
        self._scale_width: int | None = unet.config.time_cond_proj_dim
        self.guidance = Guidance.CLASSIFIER_FREE if self._scale_width is None else Guidance.DISTILLED

    def encode_prompt(self, name: str, text: str, words: Lexicon = NO_WORDS) -> Embeddings:
        """Embeddings (1, tokens, width) in the device's dtype. Raises PromptTooLongError."""
        return Embeddings(self._text.encode(name, text, words))

    def count_tokens(self, text: str, words: Lexicon = NO_WORDS) -> int:
        """Tokens of `text`, without start and end marks."""
        return self._text.count(text, words)

    @torch.inference_mode()
    def prepare(self, width: int, height: int, prompts: int = 2) -> None:
        """Record the U-Net for pictures of this size, guided or of one prompt, where it may be: see `TracedUNet`."""
        if self._scale_width is not None or not self._traced.may_record:
            return
        tokens = self._text.encode("prompt", "").expand(prompts, -1, -1).contiguous()
        z = torch.zeros(prompts, *self.noise_shape(width, height)[1:], device=tokens.device)
        shown = self._shown(z)
        self._traced.prepare(shown, torch.tensor(1), tokens)  # most schedulers count in whole numbers

    def with_unet(self, unet: Any) -> "StableDiffusion":
        """The same model around another U-Net of its shape, with recordings of its own."""
        other = copy.copy(self)
        other._unet, other._traced = unet, TracedUNet(unet)
        other.components = {**self.components, "unet": unet}
        return other

    def set_sparing(self, on: bool) -> None:
        """Work on one prompt and one attention head at a time, or on all at once again: as nothing was recorded."""
        super().set_sparing(on)
        self._traced.drop()

    @torch.inference_mode()
    def predict(self, z: Tensor, timestep: Tensor, embeddings: Embeddings) -> Tensor:
        """ε or v of `z` (B, C, h, w) float32 at `timestep` (scalar), told `embeddings` of B prompts; float32."""
        shown = self._shown(z)
        if self._scale_width is None:
            return self._traced(shown, timestep, embeddings.tokens).to(torch.float32)
        scale = self._scale(embeddings, shown)
        prediction: Tensor = self._unet(
            shown, timestep, encoder_hidden_states=embeddings.tokens, return_dict=False, timestep_cond=scale
        )[0]
        return prediction.to(torch.float32)

    def _shown(self, z: Tensor) -> Tensor:
        whole = self.with_mask(z)
        return whole.to(self._device.torch_device, self._device.dtype, memory_format=torch.channels_last)

    def _scale(self, embeddings: Embeddings, z: Tensor) -> Tensor:
        assert self._scale_width is not None
        scale = torch.ones(len(z)) if embeddings.guidance is None else embeddings.guidance
        return embedded_scale(scale - 1.0, self._scale_width).to(z.device, z.dtype)

"""Which class of diffusers or transformers each part of each family is, and in which number format it works."""

import enum
from typing import Any

import torch

from studio.core.model_family import FAMILIES, ModelFamily
from studio.core.model_info import ModelInfo
from studio.engine import libraries
from studio.engine.device import Device

TINY_VAE = "tiny_vae"
_BRAIN_FLOAT = frozenset({ModelFamily.SD3, ModelFamily.FLUX, ModelFamily.PIXART_SIGMA, ModelFamily.OTHER})
"""Families whose text encoder, T5, overflows in float16; they were trained in bfloat16. Of others nobody knows."""


class TokenizerKind(enum.StrEnum):
    """How a text is cut into tokens."""

    CLIP = "clip"
    T5 = "t5"


_UNETS: dict[str, type[Any]] = {
    "text_encoder": libraries.CLIPTextModel,
    "text_encoder_2": libraries.CLIPTextModelWithProjection,
    "unet": libraries.UNet2DConditionModel,
}
_CLASSES: dict[ModelFamily, dict[str, type[Any]]] = {
    ModelFamily.SD1: _UNETS,
    ModelFamily.SD2: _UNETS,
    ModelFamily.SDXL: _UNETS,
    ModelFamily.SD3: {
        "text_encoder": libraries.CLIPTextModelWithProjection,
        "text_encoder_2": libraries.CLIPTextModelWithProjection,
        "text_encoder_3": libraries.T5EncoderModel,
        "transformer": libraries.SD3Transformer2DModel,
    },
    ModelFamily.FLUX: {
        "text_encoder": libraries.CLIPTextModel,
        "text_encoder_2": libraries.T5EncoderModel,
        "transformer": libraries.FluxTransformer2DModel,
    },
    ModelFamily.PIXART_SIGMA: {
        "text_encoder": libraries.T5EncoderModel,
        "transformer": libraries.PixArtTransformer2DModel,
    },
}
_SHARED: dict[str, type[Any]] = {"vae": libraries.AutoencoderKL, TINY_VAE: libraries.AutoencoderTiny}


def part_class(family: ModelFamily, part: str) -> type[Any]:
    """The class of `part`, which holds weights."""
    return _SHARED.get(part) or _CLASSES[family][part]


def tokenizer_kind(family: ModelFamily, tokenizer: str) -> TokenizerKind:
    """What cuts the text for the encoder of the same number."""
    kind = part_class(family, tokenizer.replace("tokenizer", "text_encoder"))
    return TokenizerKind.T5 if kind is libraries.T5EncoderModel else TokenizerKind.CLIP


def part_dtype(family: ModelFamily, part: str, device: Device) -> torch.dtype:
    """The format a part works in. Where we call the VAE it stays float32: in float16 some overflow."""
    if part in _SHARED and family is not ModelFamily.OTHER:
        return torch.float32
    half = device.dtype is torch.float16 and family in _BRAIN_FLOAT
    return torch.bfloat16 if half else device.dtype


def part_place(part: str, device: Device) -> torch.device:
    """Where a part is put when it is loaded: an autoencoder, which is small, on the device that it works on."""
    return device.torch_device if part in _SHARED else device.weights_device


def part_names(info: ModelInfo, present: frozenset[str]) -> tuple[str, ...]:
    """Everything to be loaded, in order; of what may be missing, that which is `present`."""
    facts = FAMILIES[info.family]
    wanted = (*facts.tokenizers, *facts.weighted, TINY_VAE)
    optional = (*facts.optional, TINY_VAE)
    return tuple(part for part in wanted if part not in optional or part in present)

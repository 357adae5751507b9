"""From loaded parts to a family."""

from collections.abc import Mapping
from typing import Any

from studio.core.model_family import ModelFamily
from studio.core.model_info import ModelInfo
from studio.engine.attention import keep_keys_and_values
from studio.engine.device import Device
from studio.engine.families.encoders import ClipEncoder, T5Encoder
from studio.engine.families.flux import Flux
from studio.engine.families.pixart_sigma import PixArtSigma
from studio.engine.families.stable_diffusion_3 import StableDiffusion3
from studio.engine.families.stable_diffusion_xl import StableDiffusionXL
from studio.engine.family import Family
from studio.engine.stable_diffusion import StableDiffusion
from studio.engine.text import TextEncoder

_ADAPTABLE = ("unet", "transformer", "text_encoder")
"""How the parts begin that adapters may change."""


def assemble(info: ModelInfo, device: Device, parts: Mapping[str, Any], *, zero_when_empty: bool) -> Family:
    """The family of `info` made of its loaded `parts`; `zero_when_empty` as SDXL's pipeline states it."""
    if "unet" in parts:
        keep_keys_and_values(parts["unet"])
    family = _family(info, device, parts, zero_when_empty=zero_when_empty)
    family.components = {name: part for name, part in parts.items() if name.startswith(_ADAPTABLE)}
    return family


def _family(info: ModelInfo, device: Device, parts: Mapping[str, Any], *, zero_when_empty: bool) -> Family:
    match info.family:
        case ModelFamily.SD1 | ModelFamily.SD2:
            text = TextEncoder(parts["tokenizer"], parts["text_encoder"], info.token_limit)
            return StableDiffusion(info, device, text=text, unet=parts["unet"], vae=parts["vae"])
        case ModelFamily.SDXL:
            return StableDiffusionXL(
                info,
                device,
                texts=_two(parts, leads=True, weighs=True),
                unet=parts["unet"],
                vae=parts["vae"],
                zero_when_empty=zero_when_empty,
            )
        case ModelFamily.SD3:
            long = _long(info, parts, "_3") if "text_encoder_3" in parts else None
            return StableDiffusion3(
                info,
                device,
                texts=_two(parts, leads=long is None),
                long_text=long,
                transformer=parts["transformer"],
                vae=parts["vae"],
            )
        case ModelFamily.FLUX:
            text_of_all = ClipEncoder(parts["tokenizer"], parts["text_encoder"], leads=False)
            return Flux(
                info,
                device,
                text=text_of_all,
                long_text=_long(info, parts, "_2"),
                transformer=parts["transformer"],
                vae=parts["vae"],
            )
        case ModelFamily.PIXART_SIGMA:
            words = T5Encoder(parts["tokenizer"], parts["text_encoder"], info.token_limit, masks=True)
            return PixArtSigma(info, device, text=words, transformer=parts["transformer"], vae=parts["vae"])
        case ModelFamily.OTHER:
            raise ValueError("a pipeline that is run whole is of no family")


def _two(parts: Mapping[str, Any], *, leads: bool, weighs: bool = False) -> tuple[ClipEncoder, ClipEncoder]:
    first = ClipEncoder(parts["tokenizer"], parts["text_encoder"], leads=leads, weighs=weighs)
    part = "text_encoder_2"
    return first, ClipEncoder(parts["tokenizer_2"], parts[part], leads=leads, weighs=weighs, part=part)


def _long(info: ModelInfo, parts: Mapping[str, Any], number: str) -> T5Encoder:
    return T5Encoder(parts[f"tokenizer{number}"], parts[f"text_encoder{number}"], info.token_limit, masks=False)

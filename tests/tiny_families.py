"""Tiny models with random weights of the larger families, as diffusers' own folders; see `tiny_model`.

Each is made by diffusers' `save_pretrained`, so that nothing of the layout is ours.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

from tests.tiny_model import TOKENS, WORDS, write_tokenizer

WIDTH = 32


def build_family(name: str, folder: Path, seed: int = 0) -> Path:
    """Write a tiny model of the family called `name`, one of `BUILDERS`, into `folder`, and return it."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        pipe = BUILDERS[name](folder)
        for part in pipe.components.values():
            if isinstance(part, torch.nn.Module):
                part.eval()
        pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def clip_tokenizer(folder: Path) -> CLIPTokenizer:
    write_tokenizer(folder / "tokenizer")
    return CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)


def clip_config(tokenizer: Any, **changes: Any) -> CLIPTextConfig:
    size = len(tokenizer)
    fields = {
        "vocab_size": size,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "projection_dim": WIDTH,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "max_position_embeddings": TOKENS,
        "bos_token_id": size - 2,
        "eos_token_id": size - 1,
        "pad_token_id": size - 1,
    }
    return CLIPTextConfig(**{**fields, **changes})


def t5_tokenizer(length: int) -> T5TokenizerFast:
    """A tokenizer of T5's kind: unigrams with the space as a letter, an end mark, and unknown letters."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(f"▁{word}", -1.0) for word in WORDS]
    pieces += [("▁", -4.0), *((chr(code), -5.0) for code in range(97, 123))]
    inner = Tokenizer(models.Unigram(pieces, unk_id=2))
    inner.normalizer = normalizers.NFKC()
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return T5TokenizerFast(
        tokenizer_object=inner,
        vocab=pieces,
        model_max_length=length,
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        extra_ids=0,
    )


def t5(tokenizer: Any) -> T5EncoderModel:
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=WIDTH,
        d_kv=8,
        d_ff=2 * WIDTH,
        num_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        relative_attention_num_buckets=8,
        is_encoder_decoder=False,
        use_cache=False,
        pad_token_id=0,
        eos_token_id=1,
    )
    return T5EncoderModel(config)


def vae(channels: int, **changes: Any) -> AutoencoderKL:
    fields = {
        "block_out_channels": (8, 8, 8, 16),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "latent_channels": channels,
        "sample_size": 64,
    }
    made = AutoencoderKL(**{**fields, **changes})
    if made.config.latent_channels == 16:  # so that its pictures have contrast
        made.decoder.conv_out.weight.data.mul_(3.0)
    return made


def louder(model: torch.nn.Module, part: str, factor: float) -> torch.nn.Module:
    """So that random weights listen to the prompt: without it, prompts that are not heard would agree too."""
    for name, weights in model.named_parameters():
        if part in name:
            weights.data.mul_(factor)
    return model


def unet(**changes: Any) -> Any:
    fields = {
        "sample_size": 8,
        "in_channels": 4,
        "out_channels": 4,
        "block_out_channels": (32, 64),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": WIDTH,
        "attention_head_dim": 8,
        "norm_num_groups": 8,
    }
    return louder(diffusers.UNet2DConditionModel(**{**fields, **changes}), "attn2.to_v", 4.0)


def sd_noise(kind: str = "DDIMScheduler", **changes: Any) -> Any:
    fields = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
    return getattr(diffusers, kind)(**{**fields, **changes})


def xl(folder: Path) -> Any:
    tokenizer = clip_tokenizer(folder)
    return diffusers.StableDiffusionXLPipeline(
        vae=vae(4, scaling_factor=0.13025),
        text_encoder=CLIPTextModel(clip_config(tokenizer)),
        text_encoder_2=CLIPTextModelWithProjection(clip_config(tokenizer, hidden_act="gelu", num_hidden_layers=4)),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet(
            cross_attention_dim=2 * WIDTH,
            transformer_layers_per_block=(1, 2),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=WIDTH + 6 * 8,
        ),
        scheduler=sd_noise("EulerDiscreteScheduler", timestep_spacing="leading"),
    )


def xl_turbo(folder: Path) -> Any:
    pipe = xl(folder)
    pipe.scheduler = sd_noise("EulerAncestralDiscreteScheduler", timestep_spacing="trailing")
    return pipe


def lcm(folder: Path) -> Any:
    tokenizer = clip_tokenizer(folder)
    return diffusers.LatentConsistencyModelPipeline(
        vae=vae(4),
        text_encoder=CLIPTextModel(clip_config(tokenizer)),
        tokenizer=tokenizer,
        unet=louder(unet(time_cond_proj_dim=WIDTH), "cond_proj", 4.0),
        scheduler=sd_noise("LCMScheduler"),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sd3(folder: Path, *, with_t5: bool = True, **changes: Any) -> Any:
    tokenizer, long = clip_tokenizer(folder), t5_tokenizer(256)
    fields = {
        "sample_size": 8,
        "patch_size": 2,
        "in_channels": 16,
        "out_channels": 16,
        "num_layers": 3,
        "attention_head_dim": 8,
        "num_attention_heads": 4,
        "joint_attention_dim": 2 * WIDTH,
        "caption_projection_dim": 32,
        "pooled_projection_dim": 2 * WIDTH,
        "pos_embed_max_size": 16,
    }
    transformer = diffusers.SD3Transformer2DModel(**{**fields, **changes})
    config = T5Config(**{**t5(long).config.to_dict(), "d_model": 2 * WIDTH})
    return diffusers.StableDiffusion3Pipeline(
        transformer=louder(louder(transformer, "context_embedder", 4.0), "proj_out", 2.0),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(16, scaling_factor=1.5305, shift_factor=0.0609, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=CLIPTextModelWithProjection(clip_config(tokenizer)),
        tokenizer=tokenizer,
        text_encoder_2=CLIPTextModelWithProjection(clip_config(tokenizer, num_hidden_layers=4)),
        tokenizer_2=tokenizer,
        text_encoder_3=T5EncoderModel(config) if with_t5 else None,
        tokenizer_3=long if with_t5 else None,
    )


def sd3_without_t5(folder: Path) -> Any:
    return sd3(folder, with_t5=False)


def sd35(folder: Path) -> Any:
    return sd3(folder, qk_norm="rms_norm", dual_attention_layers=(0, 1))


def flux(folder: Path, *, distilled: bool = False) -> Any:
    tokenizer, long = clip_tokenizer(folder), t5_tokenizer(512)
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1,
        in_channels=64,
        num_layers=2,
        num_single_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=WIDTH,
        pooled_projection_dim=WIDTH,
        guidance_embeds=not distilled,
        axes_dims_rope=(4, 6, 6),
    )
    if distilled:
        scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=1.0)
    else:
        scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True)
    return diffusers.FluxPipeline(
        transformer=louder(louder(transformer, "context_embedder", 4.0), "guidance_embedder", 4.0),
        scheduler=scheduler,
        vae=vae(16, scaling_factor=0.3611, shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=CLIPTextModel(clip_config(tokenizer)),
        tokenizer=tokenizer,
        text_encoder_2=t5(long),
        tokenizer_2=long,
    )


def flux_schnell(folder: Path) -> Any:
    return flux(folder, distilled=True)


def pixart(folder: Path) -> Any:
    long = t5_tokenizer(300)
    transformer = diffusers.PixArtTransformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        out_channels=8,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        cross_attention_dim=32,
        caption_channels=WIDTH,
        use_additional_conditions=False,
    )
    return diffusers.PixArtSigmaPipeline(
        transformer=louder(louder(transformer, "attn2.to_v", 4.0), "proj_out", 4.0),
        scheduler=diffusers.DPMSolverMultistepScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="linear"),
        vae=vae(4, scaling_factor=0.13025),
        text_encoder=t5(long),
        tokenizer=long,
    )


BUILDERS: dict[str, Callable[[Path], Any]] = {
    "sdxl": xl,
    "sdxl-turbo": xl_turbo,
    "lcm": lcm,
    "sd3": sd3,
    "sd3-clip": sd3_without_t5,
    "sd35": sd35,
    "flux": flux,
    "flux-schnell": flux_schnell,
    "pixart": pixart,
}

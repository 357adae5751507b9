"""Tiny pipelines with random weights of kinds that have no family of their own; see `tiny_families`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
from transformers import (
    CLIPImageProcessor,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    Gemma2Config,
    Gemma2Model,
)

from tests.tiny_families import WIDTH, clip_config, clip_tokenizer, louder, sd_noise, t5, t5_tokenizer, unet, vae


def build_pipeline(name: str, folder: Path, seed: int = 0) -> Path:
    """Write the tiny pipeline called `name`, one of `PIPELINES`, into `folder`, and return it."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        pipe = PIPELINES[name](folder)
        pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def sana(folder: Path) -> Any:
    """A transformer on an autoencoder that shrinks by 2, told by a decoder-only language model."""
    words = t5_tokenizer(300)
    transformer = diffusers.SanaTransformer2DModel(
        patch_size=1,
        in_channels=4,
        out_channels=4,
        num_layers=1,
        num_attention_heads=2,
        attention_head_dim=4,
        num_cross_attention_heads=2,
        cross_attention_head_dim=4,
        cross_attention_dim=8,
        caption_channels=8,
        sample_size=32,
    )
    blocks = {
        "block_types": ("ResBlock", "EfficientViTBlock"),
        "block_out_channels": (8, 8),
        "layers_per_block": (1, 1),
    }
    codec = diffusers.AutoencoderDC(
        latent_channels=4,
        attention_head_dim=2,
        **{f"{half}_{name}": value for half in ("encoder", "decoder") for name, value in blocks.items()},
        encoder_qkv_multiscales=((), (5,)),
        decoder_qkv_multiscales=((), (5,)),
        downsample_block_type="conv",
        upsample_block_type="interpolate",
        decoder_norm_types="rms_norm",
        decoder_act_fns="silu",
        scaling_factor=0.41407,
    )
    text = Gemma2Config(
        vocab_size=len(words),
        hidden_size=8,
        intermediate_size=16,
        head_dim=4,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    return diffusers.SanaPipeline(
        tokenizer=words,
        text_encoder=Gemma2Model(text),
        vae=codec,
        transformer=louder(transformer, "attn2.to_v", 4.0),
        scheduler=diffusers.DPMSolverMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0, final_sigmas_type="zero"
        ),
    )


def aura_flow(folder: Path) -> Any:
    words = t5_tokenizer(256)
    transformer = diffusers.AuraFlowTransformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_mmdit_layers=1,
        num_single_dit_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        caption_projection_dim=32,
        joint_attention_dim=WIDTH,
        pos_embed_max_size=64,
    )
    return diffusers.AuraFlowPipeline(
        tokenizer=words,
        text_encoder=t5(words),
        vae=vae(4, scaling_factor=0.13025),
        transformer=louder(transformer, "context_embedder", 4.0),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=1.73),
    )


def kandinsky(folder: Path) -> Any:
    """A U-Net that is told by a picture's embedding, which another network makes of the words first."""
    words = clip_tokenizer(folder)
    vision = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
    )
    prior = diffusers.PriorTransformer(num_attention_heads=2, attention_head_dim=12, embedding_dim=WIDTH, num_layers=1)
    prior.clip_std.data.fill_(1.0)
    movq = diffusers.VQModel(
        block_out_channels=(32,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=8,
        norm_type="spatial",
        num_vq_embeddings=12,
        vq_embed_dim=4,
    )
    return diffusers.KandinskyV22CombinedPipeline(
        unet=unet(
            out_channels=8,
            down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
            mid_block_type="UNetMidBlock2DSimpleCrossAttn",
            up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
            addition_embed_type="image",
            encoder_hid_dim=WIDTH,
            encoder_hid_dim_type="image_proj",
            resnet_time_scale_shift="scale_shift",
        ),
        scheduler=diffusers.DDPMScheduler(
            beta_start=0.00085, beta_end=0.012, clip_sample=False, variance_type="learned_range"
        ),
        movq=movq,
        prior_prior=prior,
        prior_image_encoder=CLIPVisionModelWithProjection(vision),
        prior_text_encoder=CLIPTextModelWithProjection(clip_config(words)),
        prior_tokenizer=words,
        prior_scheduler=diffusers.UnCLIPScheduler(
            variance_type="fixed_small_log", prediction_type="sample", clip_sample_range=10.0
        ),
        prior_image_processor=CLIPImageProcessor(crop_size=32, size=32),
    )


def latent_diffusion(folder: Path) -> Any:
    """The oldest: it takes no negative prompt, and calls nobody back."""
    from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertConfig, LDMBertModel

    words = clip_tokenizer(folder)
    text = LDMBertConfig(
        vocab_size=len(words),
        d_model=WIDTH,
        encoder_layers=1,
        encoder_ffn_dim=WIDTH,
        encoder_attention_heads=2,
        max_position_embeddings=77,
        head_dim=16,
    )
    return diffusers.LDMTextToImagePipeline(
        vqvae=vae(4), bert=LDMBertModel(text), tokenizer=words, unet=unet(), scheduler=sd_noise("DDIMScheduler")
    )


PIPELINES: dict[str, Callable[[Path], Any]] = {
    "sana": sana,
    "aura-flow": aura_flow,
    "kandinsky": kandinsky,
    "latent-diffusion": latent_diffusion,
}

"""A tiny Stable Diffusion model with random weights: the whole machinery in three megabytes, made in a second.

Its pictures mean nothing, but every formula, file and failure is that of the real thing.
"""

import json
from pathlib import Path

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

WORDS = ("a", "red", "blue", "sailboat", "mountain", "lake", "at", "sunset", "on", "calm", "sea", "night")
TOKENS = 77


def build_tiny_model(
    folder: Path,
    *,
    prediction_type: str = "epsilon",
    zero_snr: bool = False,
    downsampling: int = 8,
    latent_channels: int = 4,
    tiny_vae: bool = False,
    seed: int = 0,
) -> Path:
    """Write a model folder in the diffusers layout, with safetensors weights, and return it.

    `downsampling` is a power of two; `tiny_vae` adds an `AutoencoderTiny` in `tiny_vae/`.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vocabulary = write_tokenizer(folder / "tokenizer")
        _text_encoder(vocabulary).save_pretrained(folder / "text_encoder")
        _unet(latent_channels).save_pretrained(folder / "unet")
        _vae(downsampling, latent_channels).save_pretrained(folder / "vae")
        if tiny_vae:
            _tiny_vae(downsampling, latent_channels).save_pretrained(folder / "tiny_vae")
    _write(folder / "scheduler" / "scheduler_config.json", scheduler_config(prediction_type, zero_snr=zero_snr))
    _write(folder / "model_index.json", _index())
    return folder


def scheduler_config(prediction_type: str, *, zero_snr: bool) -> dict[str, object]:
    """Stable Diffusion's own noise schedule; with `zero_snr` as Lin et al. 2023 (arXiv 2305.08891) would have it."""
    return {
        "_class_name": "DDIMScheduler",
        "num_train_timesteps": 1000,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "clip_sample": False,
        "set_alpha_to_one": False,
        "steps_offset": 1,
        "prediction_type": prediction_type,
        "timestep_spacing": "trailing" if zero_snr else "leading",
        "rescale_betas_zero_snr": zero_snr,
    }


def write_tokenizer(folder: Path) -> int:
    """Write a CLIP byte-pair tokenizer that knows `WORDS` whole; returns the size of its vocabulary."""
    letters = [chr(code) for code in (*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324))]
    merges: list[str] = []
    for word in WORDS:
        pieces = [*word[:-1], word[-1] + "</w>"]
        while len(pieces) > 1:
            merges.append(f"{pieces[0]} {pieces[1]}")
            pieces[:2] = ["".join(pieces[:2])]
    merges = list(dict.fromkeys(merges))
    tokens = [*letters, *(letter + "</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    tokens = [*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"]
    _write(folder / "vocab.json", {token: number for number, token in enumerate(tokens)})
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    marks = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": TOKENS, "unk_token": "<|endoftext|>", **marks}
    _write(folder / "tokenizer_config.json", config)
    return len(tokens)


def _text_encoder(vocabulary: int) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=TOKENS,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=vocabulary - 1,
    )
    return CLIPTextModel(config).eval()


def _unet(latent_channels: int) -> UNet2DConditionModel:
    unet = UNet2DConditionModel(
        sample_size=8,
        in_channels=latent_channels,
        out_channels=latent_channels,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=8,
        norm_num_groups=8,
    ).eval()
    for name, weights in unet.named_parameters():
        if "attn2.to_v" in name:  # so that random weights listen to the prompt
            weights.data.mul_(4.0)
    return unet


def _vae(downsampling: int, latent_channels: int) -> AutoencoderKL:
    blocks = downsampling.bit_length()
    return AutoencoderKL(
        block_out_channels=(8,) * (blocks - 1) + (16,),
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        layers_per_block=1,
        norm_num_groups=4,
        latent_channels=latent_channels,
        sample_size=8 * downsampling,
    ).eval()


def _tiny_vae(downsampling: int, latent_channels: int) -> AutoencoderTiny:
    blocks = downsampling.bit_length()
    return AutoencoderTiny(
        encoder_block_out_channels=(8,) * blocks,
        decoder_block_out_channels=(8,) * blocks,
        num_encoder_blocks=(1,) * blocks,
        num_decoder_blocks=(1,) * blocks,
        latent_channels=latent_channels,
    ).eval()


def _index() -> dict[str, object]:
    return {
        "_class_name": "StableDiffusionPipeline",
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")

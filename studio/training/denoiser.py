"""The denoiser and its text encoder, trained together on frozen latents.

A `UNet2DConditionModel` whose two lower levels attend to the tokens of a small `CLIPTextModel`. Attention is computed
by plain matrix products while training: at these sizes that is 1.7 times faster forward and backward on a CPU
than the fused kernel.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from studio.training import noise
from studio.training.channels import channel_weights
from studio.training.config import DenoiserConfig
from studio.training.sampling import SHEET_PROMPTS, assemble, draw
from studio.training.shards import LatentBatch, LatentStore
from studio.training.sheets import write_sheet


def build_unet(config: DenoiserConfig, latent_channels: int) -> UNet2DConditionModel:
    """An untrained U-Net for `(n, latent_channels, h, w)` and text `(n, tokens, config.text.width)`."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=latent_channels,
        out_channels=latent_channels,
        block_out_channels=config.widths,
        layers_per_block=config.layers,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * (len(config.widths) - 1),
        up_block_types=("CrossAttnUpBlock2D",) * (len(config.widths) - 1) + ("UpBlock2D",),
        cross_attention_dim=config.text.width,
        attention_head_dim=config.heads,
        norm_num_groups=32,
    )


def build_text_encoder(config: DenoiserConfig, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """An untrained text encoder for the words of `tokenizer`, padding and end as CLIP has them."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.text.width,
            intermediate_size=4 * config.text.width,
            num_hidden_layers=config.text.layers,
            num_attention_heads=config.text.heads,
            max_position_embeddings=77,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            projection_dim=config.text.width,
        )
    )


def start_from(modules: nn.ModuleDict, model: Path) -> int:
    """Copy the weights of an exported pipeline folder into `unet` and `text`; returns the samples it has seen."""
    modules["unet"].load_state_dict(load_file(model / "unet" / "diffusion_pytorch_model.safetensors"))
    modules["text"].load_state_dict(load_file(model / "text_encoder" / "model.safetensors"))
    return int(json.loads((model / "horizon.json").read_text())["samples_seen"])


def use_plain_attention(unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    """Matrix products instead of fused attention; the function computed is the same."""
    unet.set_attn_processor(AttnProcessor())
    text.set_attn_implementation("eager")


FOCUS_SNR = 0.3
"""Signal-to-noise ratio from which on subjects have their full extra weight: their place is decided before."""


def picture_weights(clean: Tensor, channels: Tensor, power: float) -> Tensor:
    """Loss weights `(n,)` of clean latents `(n, c, h, w)`, 1 on average: their variance to the power of -`power`.

    So dusk and fog are heard beside linocuts, whose errors are larger.
    """
    weights = (clean.var(dim=(2, 3)) @ channels).clamp_min(1e-4) ** -power
    return weights / weights.mean()


class DenoiserTask:
    """Predict v at several noise levels of each captioned picture."""

    def __init__(
        self,
        modules: nn.ModuleDict,
        config: DenoiserConfig,
        stores: Sequence[LatentStore],
        *,
        vae: AutoencoderKL,
        tokenizer: CLIPTokenizer,
        held_out: LatentBatch | None = None,
    ) -> None:
        """`modules` holds `unet` and `text`; `vae` is frozen and only decodes sheets and weighs channels."""
        self.modules = modules
        self._config = config
        self._stores = stores
        self._vae = vae
        self._tokenizer = tokenizer
        self._levels = noise.noise_levels()
        self._held_out = held_out
        self._empty = torch.tensor(tokenizer("", padding="max_length", max_length=77).input_ids)
        self._channels = channel_weights(vae, config.channel_power)
        use_plain_attention(modules["unet"], modules["text"])

    def batch(self, count: int, generator: torch.Generator) -> LatentBatch:
        """`count / levels` latents with one caption each, all of one size; a share of the captions is empty."""
        weights = torch.tensor(self._config.bucket_weights)
        store = self._stores[int(torch.multinomial(weights, 1, generator=generator))]
        batch = store.sample(count // self._config.levels, generator, self._config.prefer_subjects)
        dropped = torch.rand(len(batch.ids), generator=generator) < self._config.drop
        batch.ids[dropped] = self._empty
        return batch

    def loss(self, batch: LatentBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """Weighted squared error of v."""
        error, weights = self._errors(self.modules, batch, generator)
        return (error * weights).mean(), {"v": float(error.detach().mean())}

    def _errors(self, modules: nn.ModuleDict, batch: LatentBatch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Squared error of v for every sample, channels weighted, and the weights of the samples' noise levels."""
        each = self._config.levels
        device = next(modules.parameters()).device
        clean = batch.latents.repeat_interleave(each, 0)
        noises = torch.randn(clean.shape, generator=generator)
        timesteps = noise.stratified_timesteps(len(batch.latents), each, generator, self._config.toward_noise)
        noisy = self._levels.noisy(clean, noises, timesteps).to(device)
        target = self._levels.velocity(clean, noises, timesteps).to(device)
        hidden = modules["text"](batch.ids.to(device)).last_hidden_state.repeat_interleave(each, 0)
        predicted = modules["unet"](noisy, timesteps.to(device), hidden).sample.float()
        places = self._place_weights(batch.focus.repeat_interleave(each, 0), timesteps).to(device)
        error = (predicted - target).square().mul(places[:, None]).mean(dim=(2, 3)) @ self._channels.to(device)
        weights = self._levels.weights(timesteps, self._config.snr_gamma)
        return error, (weights * picture_weights(clean, self._channels, self._config.quiet_power)).to(device)

    def _place_weights(self, focus: Tensor, timesteps: Tensor) -> Tensor:
        """Loss weights `(n, h, w)` of places: more on subjects, once the noise no longer hides where they stand.

        Weighting them while they could be anywhere would teach to expect them everywhere.
        """
        visible = (self._levels.snr(timesteps) / FOCUS_SNR).clamp_max(1.0)
        return 1.0 + self._config.focus * visible[:, None, None] * focus

    @torch.no_grad()
    def report(self, average: nn.ModuleDict, sheet: Path) -> dict[str, float]:
        """Held-out loss of the averaged weights, and pictures of fixed prompts from fixed seeds."""
        use_plain_attention(average["unet"], average["text"])
        figures = {}
        if self._held_out is not None:
            generator = torch.Generator().manual_seed(0)
            error, weights = self._errors(average, self._held_out, generator)
            figures["held_out"] = float((error * weights).mean())
        size = self._config.buckets[-1].split("x")
        pipeline = assemble(self._vae, average["text"], self._tokenizer, average["unet"])
        pictures = draw(pipeline, SHEET_PROMPTS, width=int(size[0]), height=int(size[1]))
        write_sheet(sheet, pictures, 8)
        return figures

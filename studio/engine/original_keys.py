"""Where each weight of a diffusers model lies in a single file with the original keys.

Every table goes from our side: for a weight that a model wants, which tensor holds it, and which part of that tensor.
What a file has besides is not looked at. The originals: CompVis' latent-diffusion, Stability's sd3-ref, Black Forest
Labs' flux, OpenAI's and LAION's CLIP.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from studio.core.model_family import ModelFamily


@dataclass(frozen=True, slots=True)
class Source:
    """The tensor `key`; of its rows those from `start` to `stop`; `swaps` its two halves; `turned` on its side."""

    key: str
    start: int = 0
    stop: int | None = None
    swaps: bool = False
    turned: bool = False


Config: TypeAlias = Mapping[str, Any]
Renames: TypeAlias = tuple[tuple[str, str], ...]

_RESNET: Renames = (
    ("norm1.", "in_layers.0."),
    ("conv1.", "in_layers.2."),
    ("time_emb_proj.", "emb_layers.1."),
    ("norm2.", "out_layers.0."),
    ("conv2.", "out_layers.3."),
    ("conv_shortcut.", "skip_connection."),
)
_UNET: Renames = (
    ("time_embedding.linear_1.", "time_embed.0."),
    ("time_embedding.linear_2.", "time_embed.2."),
    ("add_embedding.linear_1.", "label_emb.0.0."),
    ("add_embedding.linear_2.", "label_emb.0.2."),
    ("conv_in.", "input_blocks.0.0."),
    ("conv_norm_out.", "out.0."),
    ("conv_out.", "out.2."),
)
_VAE: Renames = (
    ("mid_block.resnets.0.", "mid.block_1."),
    ("mid_block.resnets.1.", "mid.block_2."),
    ("mid_block.attentions.0.", "mid.attn_1."),
    ("group_norm.", "norm."),
    ("to_q.", "q."),
    ("to_k.", "k."),
    ("to_v.", "v."),
    ("to_out.0.", "proj_out."),
    ("conv_norm_out.", "norm_out."),
    ("conv_shortcut.", "nin_shortcut."),
)
_OPEN_CLIP: Renames = (
    ("embeddings.token_embedding.weight", "token_embedding.weight"),
    ("embeddings.position_embedding.weight", "positional_embedding"),
    ("final_layer_norm.", "ln_final."),
    ("encoder.layers.", "transformer.resblocks."),
    ("layer_norm1.", "ln_1."),
    ("layer_norm2.", "ln_2."),
    ("mlp.fc1.", "mlp.c_fc."),
    ("mlp.fc2.", "mlp.c_proj."),
    ("self_attn.out_proj.", "attn.out_proj."),
)
_THIRDS = {"q": 0, "k": 1, "v": 2}


def is_alike(shape: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two shapes are one, but for 1s at the end: a linear layer may be kept as a convolution of one pixel."""
    return _bare(shape) == _bare(other)


def _bare(shape: Sequence[int]) -> tuple[int, ...]:
    sides = tuple(shape)
    while sides and sides[-1] == 1:
        sides = sides[:-1]
    return sides


def unet_source(key: str, config: Config) -> Source:  # noqa: PLR0911 - one return for each kind of place
    """For a U-Net of Stable Diffusion 1, 2 or XL; without the prefix."""
    layers = int(config["layers_per_block"]) + 1
    if found := re.match(r"down_blocks\.(\d+)\.(resnets|attentions)\.(\d+)\.(.+)", key):
        block = 1 + int(found[1]) * layers + int(found[3])
        return Source(f"input_blocks.{block}.{_in_block(found[2], found[4])}")
    if found := re.match(r"down_blocks\.(\d+)\.downsamplers\.0\.conv\.(.+)", key):
        return Source(f"input_blocks.{(int(found[1]) + 1) * layers}.0.op.{found[2]}")
    if found := re.match(r"mid_block\.resnets\.(\d+)\.(.+)", key):
        return Source(f"middle_block.{2 * int(found[1])}.{_renamed(found[2], _RESNET)}")
    if found := re.match(r"mid_block\.attentions\.0\.(.+)", key):
        return Source(f"middle_block.1.{found[1]}")
    if found := re.match(r"up_blocks\.(\d+)\.(resnets|attentions)\.(\d+)\.(.+)", key):
        return Source(f"output_blocks.{int(found[1]) * layers + int(found[3])}.{_in_block(found[2], found[4])}")
    if found := re.match(r"up_blocks\.(\d+)\.upsamplers\.0\.(.+)", key):
        place = 2 if "CrossAttn" in config["up_block_types"][int(found[1])] else 1
        return Source(f"output_blocks.{(int(found[1]) + 1) * layers - 1}.{place}.{found[2]}")
    return Source(_renamed(key, _UNET))


def vae_source(key: str, config: Config) -> Source:
    """For a KL autoencoder; without the prefix."""
    last = len(config["block_out_channels"]) - 1
    if found := re.match(r"encoder\.down_blocks\.(\d+)\.(?:resnets\.(\d+)|downsamplers\.0)\.(.+)", key):
        place = "downsample" if found[2] is None else f"block.{found[2]}"
        return Source(f"encoder.down.{found[1]}.{place}.{_renamed(found[3], _VAE)}")
    if found := re.match(r"decoder\.up_blocks\.(\d+)\.(?:resnets\.(\d+)|upsamplers\.0)\.(.+)", key):
        place = "upsample" if found[2] is None else f"block.{found[2]}"
        return Source(f"decoder.up.{last - int(found[1])}.{place}.{_renamed(found[3], _VAE)}")
    return Source(_renamed(key, _VAE))


def open_clip_source(key: str, config: Config) -> Source:
    """For a CLIP text encoder as LAION keeps it; without the prefix. Queries, keys and values lie in one tensor."""
    key = key.removeprefix("text_model.")
    if key == "text_projection.weight":
        return Source("text_projection", turned=True)
    if found := re.match(r"encoder\.layers\.(\d+)\.self_attn\.([qkv])_proj\.(weight|bias)", key):
        return _third(f"transformer.resblocks.{found[1]}.attn.in_proj_{found[3]}", found[2], int(config["hidden_size"]))
    return Source(_renamed(key, _OPEN_CLIP))


def clip_source(key: str, config: Config) -> Source:
    """For a CLIP text encoder as transformers keeps it; without the prefix."""
    return Source(key if key.startswith(("text_model.", "text_projection.")) else f"text_model.{key}")


def same_source(key: str, config: Config) -> Source:
    """For a T5 encoder, whose keys are transformers' own. Its words are kept once."""
    return Source("shared.weight" if key == "encoder.embed_tokens.weight" else key)


def _in_block(kind: str, key: str) -> str:
    return f"1.{key}" if kind == "attentions" else f"0.{_renamed(key, _RESNET)}"


def _renamed(key: str, renames: Renames) -> str:
    for ours, original in renames:
        key = key.replace(ours, original)
    return key


def _third(key: str, which: str, width: int) -> Source:
    """The rows for queries, keys or values, where the three lie one after the other."""
    start = _THIRDS[which] * width
    return Source(key, start, start + width)


_SD3_TOP: Renames = (
    ("pos_embed.proj.", "x_embedder.proj."),
    ("pos_embed.pos_embed", "pos_embed"),
    ("time_text_embed.timestep_embedder.linear_1.", "t_embedder.mlp.0."),
    ("time_text_embed.timestep_embedder.linear_2.", "t_embedder.mlp.2."),
    ("time_text_embed.text_embedder.linear_1.", "y_embedder.mlp.0."),
    ("time_text_embed.text_embedder.linear_2.", "y_embedder.mlp.2."),
    ("proj_out.", "final_layer.linear."),
)
_SD3_BLOCK: Renames = (
    ("norm1.linear.", "x_block.adaLN_modulation.1."),
    ("norm1_context.linear.", "context_block.adaLN_modulation.1."),
    ("attn.norm_q.", "x_block.attn.ln_q."),
    ("attn.norm_k.", "x_block.attn.ln_k."),
    ("attn.norm_added_q.", "context_block.attn.ln_q."),
    ("attn.norm_added_k.", "context_block.attn.ln_k."),
    ("attn.to_out.0.", "x_block.attn.proj."),
    ("attn.to_add_out.", "context_block.attn.proj."),
    ("attn2.norm_q.", "x_block.attn2.ln_q."),
    ("attn2.norm_k.", "x_block.attn2.ln_k."),
    ("attn2.to_out.0.", "x_block.attn2.proj."),
    ("ff.net.0.proj.", "x_block.mlp.fc1."),
    ("ff.net.2.", "x_block.mlp.fc2."),
    ("ff_context.net.0.proj.", "context_block.mlp.fc1."),
    ("ff_context.net.2.", "context_block.mlp.fc2."),
)
_PROJECTION = r"(attn2?)\.(?:to_([qkv])|add_([qkv])_proj)\.(weight|bias)"


def sd3_source(key: str, config: Config) -> Source:
    """For the transformer of Stable Diffusion 3; without the prefix.

    The last norms put scale and shift the other way round than diffusers does.
    """
    width = int(config["num_attention_heads"]) * int(config["attention_head_dim"])
    if key.startswith("norm_out.linear."):
        return Source(key.replace("norm_out.linear.", "final_layer.adaLN_modulation.1."), swaps=True)
    found = re.match(r"transformer_blocks\.(\d+)\.(.+)", key)
    if found is None:
        return Source(_starting(key, _SD3_TOP))
    block, rest = f"joint_blocks.{found[1]}.", found[2]
    if part := re.match(_PROJECTION, rest):
        side = "x_block" if part[2] else "context_block"
        return _third(f"{block}{side}.{part[1]}.qkv.{part[4]}", part[2] or part[3], width)
    is_last = int(found[1]) == int(config["num_layers"]) - 1
    return Source(block + _starting(rest, _SD3_BLOCK), swaps=is_last and rest.startswith("norm1_context."))


_FLUX_TOP: Renames = (
    ("time_text_embed.timestep_embedder.linear_1.", "time_in.in_layer."),
    ("time_text_embed.timestep_embedder.linear_2.", "time_in.out_layer."),
    ("time_text_embed.text_embedder.linear_1.", "vector_in.in_layer."),
    ("time_text_embed.text_embedder.linear_2.", "vector_in.out_layer."),
    ("time_text_embed.guidance_embedder.linear_1.", "guidance_in.in_layer."),
    ("time_text_embed.guidance_embedder.linear_2.", "guidance_in.out_layer."),
    ("context_embedder.", "txt_in."),
    ("x_embedder.", "img_in."),
    ("proj_out.", "final_layer.linear."),
)
_FLUX_DOUBLE: Renames = (
    ("norm1.linear.", "img_mod.lin."),
    ("norm1_context.linear.", "txt_mod.lin."),
    ("attn.norm_q.weight", "img_attn.norm.query_norm.scale"),
    ("attn.norm_k.weight", "img_attn.norm.key_norm.scale"),
    ("attn.norm_added_q.weight", "txt_attn.norm.query_norm.scale"),
    ("attn.norm_added_k.weight", "txt_attn.norm.key_norm.scale"),
    ("attn.to_out.0.", "img_attn.proj."),
    ("attn.to_add_out.", "txt_attn.proj."),
    ("ff.net.0.proj.", "img_mlp.0."),
    ("ff.net.2.", "img_mlp.2."),
    ("ff_context.net.0.proj.", "txt_mlp.0."),
    ("ff_context.net.2.", "txt_mlp.2."),
)
_FLUX_SINGLE: Renames = (
    ("norm.linear.", "modulation.lin."),
    ("attn.norm_q.weight", "norm.query_norm.scale"),
    ("attn.norm_k.weight", "norm.key_norm.scale"),
    ("proj_out.", "linear2."),
)


def flux_source(key: str, config: Config) -> Source:
    """For the transformer of Flux; without the prefix. In a single block the feed-forward lies behind q, k and v."""
    width = int(config["num_attention_heads"]) * int(config["attention_head_dim"])
    if key.startswith("norm_out.linear."):
        return Source(key.replace("norm_out.linear.", "final_layer.adaLN_modulation.1."), swaps=True)
    found = re.match(r"(single_)?transformer_blocks\.(\d+)\.(.+)", key)
    if found is None:
        return Source(_starting(key, _FLUX_TOP))
    block, rest = f"{'single' if found[1] else 'double'}_blocks.{found[2]}.", found[3]
    part = re.match(_PROJECTION, rest)
    if part and found[1]:
        return _third(f"{block}linear1.{part[4]}", part[2], width)
    if part:
        return _third(f"{block}{'img' if part[2] else 'txt'}_attn.qkv.{part[4]}", part[2] or part[3], width)
    if found[1] and rest.startswith("proj_mlp."):
        return Source(f"{block}linear1.{rest.removeprefix('proj_mlp.')}", start=3 * width)
    return Source(block + _starting(rest, _FLUX_SINGLE if found[1] else _FLUX_DOUBLE))


def _starting(key: str, renames: Renames) -> str:
    """The key with its beginning renamed."""
    return next((original + key[len(ours) :] for ours, original in renames if key.startswith(ours)), key)


SOURCES = {
    ModelFamily.SD1: {"text_encoder": clip_source, "unet": unet_source},
    ModelFamily.SD2: {"text_encoder": open_clip_source, "unet": unet_source},
    ModelFamily.SDXL: {"text_encoder": clip_source, "text_encoder_2": open_clip_source, "unet": unet_source},
    ModelFamily.SD3: {
        "text_encoder": clip_source,
        "text_encoder_2": clip_source,
        "text_encoder_3": same_source,
        "transformer": sd3_source,
    },
    ModelFamily.FLUX: {"text_encoder": clip_source, "text_encoder_2": same_source, "transformer": flux_source},
}
"""How each part finds its weights; the VAE's is `vae_source` everywhere."""

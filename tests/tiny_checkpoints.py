"""Single files with the original keys, written from the tiny models of `tiny_model` and `tiny_families`.

Walks the original layouts block by block, as their authors built them; it shares nothing with the studio's reading,
which goes by diffusers' keys.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

Weights = dict[str, Tensor]


def write_checkpoint(kind: str, folder: Path, path: Path, *, dtype: torch.dtype = torch.float32) -> Path:
    """Write the model in `folder`, of the architecture `kind`, as one file, with its small parts beside it.

    Configurations and tokenizers go into the folder that bears the file's name: these models are smaller than the
    configurations the studio ships say.
    """
    made = {key: value.contiguous().clone().to(dtype) for key, value in WRITERS[kind](folder).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(made, path)
    for part in folder.iterdir():
        for file in part.iterdir() if part.is_dir() else ():
            if file.suffix != ".safetensors":
                target = path.with_suffix("") / part.name / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
    return path


def _weights(folder: Path, part: str) -> Weights:
    return load_file(next((folder / part).glob("*.safetensors")))


def _config(folder: Path, part: str) -> dict:
    return json.loads((folder / part / "config.json").read_text(encoding="utf-8"))


def _under(weights: Weights, start: str) -> Weights:
    return {key[len(start) :]: value for key, value in weights.items() if key.startswith(start)}


def _put(made: Weights, prefix: str, weights: Weights, names: dict[str, str] | None = None) -> None:
    """Add `weights` under `prefix`; of `names`, the first that a key starts with is replaced."""
    for key, value in weights.items():
        found = next((each for each in names or {} if key.startswith(each)), None)
        made[prefix + (key if found is None else names[found] + key[len(found) :])] = value


RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}


def _unet(folder: Path) -> Weights:
    weights, config = _weights(folder, "unet"), _config(folder, "unet")
    made: Weights = {}
    p = "model.diffusion_model."
    _put(made, f"{p}input_blocks.0.0.", _under(weights, "conv_in."))
    for ours, theirs in (("time_embedding", "time_embed"), ("add_embedding", "label_emb.0")):
        _put(made, f"{p}{theirs}.0.", _under(weights, f"{ours}.linear_1."))
        _put(made, f"{p}{theirs}.2.", _under(weights, f"{ours}.linear_2."))
    number = 0
    for b, kind in enumerate(config["down_block_types"]):
        for layer in range(config["layers_per_block"]):
            number += 1
            _put(made, f"{p}input_blocks.{number}.0.", _under(weights, f"down_blocks.{b}.resnets.{layer}."), RESNET)
            if "CrossAttn" in kind:
                _put(made, f"{p}input_blocks.{number}.1.", _under(weights, f"down_blocks.{b}.attentions.{layer}."))
        number += 1
        _put(made, f"{p}input_blocks.{number}.0.op.", _under(weights, f"down_blocks.{b}.downsamplers.0.conv."))
    _put(made, f"{p}middle_block.0.", _under(weights, "mid_block.resnets.0."), RESNET)
    _put(made, f"{p}middle_block.1.", _under(weights, "mid_block.attentions.0."))
    _put(made, f"{p}middle_block.2.", _under(weights, "mid_block.resnets.1."), RESNET)
    number = -1
    for b, kind in enumerate(config["up_block_types"]):
        for layer in range(config["layers_per_block"] + 1):
            number += 1
            inside = 1
            _put(made, f"{p}output_blocks.{number}.0.", _under(weights, f"up_blocks.{b}.resnets.{layer}."), RESNET)
            if "CrossAttn" in kind:
                _put(made, f"{p}output_blocks.{number}.1.", _under(weights, f"up_blocks.{b}.attentions.{layer}."))
                inside = 2
        _put(made, f"{p}output_blocks.{number}.{inside}.", _under(weights, f"up_blocks.{b}.upsamplers.0."))
    _put(made, f"{p}out.0.", _under(weights, "conv_norm_out."))
    _put(made, f"{p}out.2.", _under(weights, "conv_out."))
    assert len(made) == len(weights)
    return made


def _vae(folder: Path, prefix: str) -> Weights:
    weights, config = _weights(folder, "vae"), _config(folder, "vae")
    made: Weights = {}
    shortcut = {"conv_shortcut": "nin_shortcut"}
    attention = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
    for side in ("encoder", "decoder"):
        half = _under(weights, f"{side}.")
        for name, original in (("conv_in", "conv_in"), ("conv_out", "conv_out"), ("conv_norm_out", "norm_out")):
            _put(made, f"{prefix}{side}.{original}.", _under(half, f"{name}."))
        for i in range(2):
            _put(made, f"{prefix}{side}.mid.block_{i + 1}.", _under(half, f"mid_block.resnets.{i}."), shortcut)
        for key, value in _under(half, "mid_block.attentions.0.").items():
            turned = value[:, :, None, None] if value.ndim == 2 else value  # kept as a convolution of one pixel
            _put(made, f"{prefix}{side}.mid.attn_1.", {key: turned}, attention)
        blocks = len(config["block_out_channels"])
        for b in range(blocks):
            ours, theirs = (
                (f"down_blocks.{b}.", f"down.{b}")
                if side == "encoder"
                else (
                    f"up_blocks.{b}.",
                    f"up.{blocks - 1 - b}",
                )
            )
            word = "down" if side == "encoder" else "up"
            for layer in range(config["layers_per_block"] + (side == "decoder")):
                resnet = _under(half, f"{ours}resnets.{layer}.")
                _put(made, f"{prefix}{side}.{theirs}.block.{layer}.", resnet, shortcut)
            _put(made, f"{prefix}{side}.{theirs}.{word}sample.", _under(half, f"{ours}{word}samplers.0."))
    for name in ("quant_conv.", "post_quant_conv."):
        _put(made, prefix + name, _under(weights, name))
    assert len(made) == len(weights)
    return made


def write_vae(folder: Path, path: Path) -> Path:
    """The VAE of the model in `folder` as a file of its own, with the original keys."""
    save_file({key: value.contiguous().clone() for key, value in _vae(folder, "").items()}, path)
    return path


def _clip(folder: Path, part: str, prefix: str) -> Weights:
    """As transformers has always kept it, with the words `text_model` that newer versions leave out."""
    weights = _weights(folder, part)
    return {
        prefix + (key if key.startswith(("text_model.", "text_projection.")) else f"text_model.{key}"): value
        for key, value in weights.items()
    }


def _open_clip(folder: Path, part: str, prefix: str) -> Weights:
    weights = {key.removeprefix("text_model."): value for key, value in _weights(folder, part).items()}
    made = {
        f"{prefix}token_embedding.weight": weights["embeddings.token_embedding.weight"],
        f"{prefix}positional_embedding": weights["embeddings.position_embedding.weight"],
        f"{prefix}logit_scale": torch.tensor(1.0),  # what the studio has no use for
    }
    _put(made, f"{prefix}ln_final.", _under(weights, "final_layer_norm."))
    if "text_projection.weight" in weights:
        made[f"{prefix}text_projection"] = weights["text_projection.weight"].T
    names = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj"}
    for n in range(_config(folder, part)["num_hidden_layers"]):
        layer = _under(weights, f"encoder.layers.{n}.")
        block = f"{prefix}transformer.resblocks.{n}."
        for kind in ("weight", "bias"):
            thirds = [layer.pop(f"self_attn.{each}_proj.{kind}") for each in "qkv"]
            made[f"{block}attn.in_proj_{kind}"] = torch.cat(thirds)
        _put(made, block, layer, {**names, "self_attn.out_proj": "attn.out_proj"})
    return made


def _t5(folder: Path, part: str) -> Weights:
    return {f"text_encoders.t5xxl.transformer.{key}": value for key, value in _weights(folder, part).items()}


def sd1(folder: Path) -> Weights:
    text = _clip(folder, "text_encoder", "cond_stage_model.transformer.")
    return _unet(folder) | _vae(folder, "first_stage_model.") | text


def sd2(folder: Path) -> Weights:
    text = _open_clip(folder, "text_encoder", "cond_stage_model.model.")
    return _unet(folder) | _vae(folder, "first_stage_model.") | text


def sdxl(folder: Path) -> Weights:
    text = _clip(folder, "text_encoder", "conditioner.embedders.0.transformer.")
    text |= _open_clip(folder, "text_encoder_2", "conditioner.embedders.1.model.")
    return _unet(folder) | _vae(folder, "first_stage_model.") | text


def _swapped(value: Tensor) -> Tensor:
    first, second = value.chunk(2)
    return torch.cat([second, first])


def sd3(folder: Path) -> Weights:
    weights, config = _weights(folder, "transformer"), _config(folder, "transformer")
    p = "model.diffusion_model."
    made: Weights = {f"{p}pos_embed": weights["pos_embed.pos_embed"]}
    _put(made, f"{p}x_embedder.proj.", _under(weights, "pos_embed.proj."))
    for ours, theirs in (("timestep", "t_embedder"), ("text", "y_embedder")):
        for half, place in (("linear_1", 0), ("linear_2", 2)):
            _put(made, f"{p}{theirs}.mlp.{place}.", _under(weights, f"time_text_embed.{ours}_embedder.{half}."))
    _put(made, f"{p}context_embedder.", _under(weights, "context_embedder."))
    _put(made, f"{p}final_layer.linear.", _under(weights, "proj_out."))
    for key, value in _under(weights, "norm_out.linear.").items():
        made[f"{p}final_layer.adaLN_modulation.1.{key}"] = _swapped(value)
    for n in range(config["num_layers"]):
        _sd3_block(
            made, f"{p}joint_blocks.{n}.", _under(weights, f"transformer_blocks.{n}."), n + 1 == config["num_layers"]
        )
    made |= _vae(folder, "first_stage_model.")
    made |= _clip(folder, "text_encoder", "text_encoders.clip_l.transformer.")
    made |= _clip(folder, "text_encoder_2", "text_encoders.clip_g.transformer.")
    return made | (_t5(folder, "text_encoder_3") if (folder / "text_encoder_3").is_dir() else {})


def _sd3_block(made: Weights, p: str, block: Weights, is_last: bool) -> None:
    for kind in ("weight", "bias"):
        made[f"{p}x_block.attn.qkv.{kind}"] = torch.cat([block[f"attn.to_{each}.{kind}"] for each in "qkv"])
        made[f"{p}context_block.attn.qkv.{kind}"] = torch.cat([block[f"attn.add_{each}_proj.{kind}"] for each in "qkv"])
        if f"attn2.to_q.{kind}" in block:
            made[f"{p}x_block.attn2.qkv.{kind}"] = torch.cat([block[f"attn2.to_{each}.{kind}"] for each in "qkv"])
        context = block[f"norm1_context.linear.{kind}"]
        made[f"{p}context_block.adaLN_modulation.1.{kind}"] = _swapped(context) if is_last else context
    for ours, theirs in (
        ("norm1.linear", "x_block.adaLN_modulation.1"),
        ("attn.to_out.0", "x_block.attn.proj"),
        ("attn.to_add_out", "context_block.attn.proj"),
        ("attn2.to_out.0", "x_block.attn2.proj"),
        ("attn.norm_q", "x_block.attn.ln_q"),
        ("attn.norm_k", "x_block.attn.ln_k"),
        ("attn.norm_added_q", "context_block.attn.ln_q"),
        ("attn.norm_added_k", "context_block.attn.ln_k"),
        ("attn2.norm_q", "x_block.attn2.ln_q"),
        ("attn2.norm_k", "x_block.attn2.ln_k"),
        ("ff.net.0.proj", "x_block.mlp.fc1"),
        ("ff.net.2", "x_block.mlp.fc2"),
        ("ff_context.net.0.proj", "context_block.mlp.fc1"),
        ("ff_context.net.2", "context_block.mlp.fc2"),
    ):
        _put(made, f"{p}{theirs}.", _under(block, f"{ours}."))


def flux(folder: Path) -> Weights:
    weights, config = _weights(folder, "transformer"), _config(folder, "transformer")
    p = "model.diffusion_model."
    made: Weights = {}
    for ours, theirs in (("timestep", "time_in"), ("text", "vector_in"), ("guidance", "guidance_in")):
        for half, place in (("linear_1", "in_layer"), ("linear_2", "out_layer")):
            _put(made, f"{p}{theirs}.{place}.", _under(weights, f"time_text_embed.{ours}_embedder.{half}."))
    for ours, theirs in (("context_embedder", "txt_in"), ("x_embedder", "img_in"), ("proj_out", "final_layer.linear")):
        _put(made, f"{p}{theirs}.", _under(weights, f"{ours}."))
    for key, value in _under(weights, "norm_out.linear.").items():
        made[f"{p}final_layer.adaLN_modulation.1.{key}"] = _swapped(value)
    for n in range(config["num_layers"]):
        _flux_double(made, f"{p}double_blocks.{n}.", _under(weights, f"transformer_blocks.{n}."))
    for n in range(config["num_single_layers"]):
        block, q = _under(weights, f"single_transformer_blocks.{n}."), f"{p}single_blocks.{n}."
        for kind in ("weight", "bias"):
            names = [f"attn.to_{each}.{kind}" for each in "qkv"] + [f"proj_mlp.{kind}"]
            made[f"{q}linear1.{kind}"] = torch.cat([block[name] for name in names])
        _put(made, f"{q}linear2.", _under(block, "proj_out."))
        _put(made, f"{q}modulation.lin.", _under(block, "norm.linear."))
        made[f"{q}norm.query_norm.scale"] = block["attn.norm_q.weight"]
        made[f"{q}norm.key_norm.scale"] = block["attn.norm_k.weight"]
    made |= _vae(folder, "vae.") | _t5(folder, "text_encoder_2")
    return made | _clip(folder, "text_encoder", "text_encoders.clip_l.transformer.")


def _flux_double(made: Weights, p: str, block: Weights) -> None:
    for side, q in (("img", "to_{}"), ("txt", "add_{}_proj")):
        for kind in ("weight", "bias"):
            made[f"{p}{side}_attn.qkv.{kind}"] = torch.cat([block[f"attn.{q.format(each)}.{kind}"] for each in "qkv"])
    for side, added, after, norm in (("img", "", "to_out.0", ""), ("txt", "added_", "to_add_out", "_context")):
        made[f"{p}{side}_attn.norm.query_norm.scale"] = block[f"attn.norm_{added}q.weight"]
        made[f"{p}{side}_attn.norm.key_norm.scale"] = block[f"attn.norm_{added}k.weight"]
        _put(made, f"{p}{side}_attn.proj.", _under(block, f"attn.{after}."))
        _put(made, f"{p}{side}_mod.lin.", _under(block, f"norm1{norm}.linear."))
        _put(made, f"{p}{side}_mlp.0.", _under(block, f"ff{norm}.net.0.proj."))
        _put(made, f"{p}{side}_mlp.2.", _under(block, f"ff{norm}.net.2."))


WRITERS = {"sd1": sd1, "sd2": sd2, "sdxl": sdxl, "sd3": sd3, "flux": flux}

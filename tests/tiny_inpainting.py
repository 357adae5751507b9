"""Tiny inpainting models with random weights, whose U-Nets are shown a mask and a masked picture; see `tiny_model`."""

import json
from pathlib import Path

import diffusers
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

from tests.tiny_families import build_family
from tests.tiny_model import build_tiny_model

CHANNELS = 9


def build_inpainting(name: str, folder: Path, seed: int = 0) -> Path:
    """Write a tiny model of `name`, "sd1", "sd2" or "sdxl", for inpainting, into `folder`, and return it."""
    if name == "sdxl":
        build_family("sdxl", folder, seed=seed)
    else:
        build_tiny_model(folder, seed=seed)
    config = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet = UNet2DConditionModel.from_config(config | {"in_channels": CHANNELS}).eval()
        for weights_name, weights in unet.named_parameters():
            if "attn2.to_v" in weights_name:  # so that random weights listen to the prompt
                weights.data.mul_(4.0)
            if weights_name == "conv_in.weight":  # and look at what is beside the latents
                weights.data[:, 4:].mul_(8.0)
        unet.save_pretrained(folder / "unet")
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    index["_class_name"] = (
        diffusers.StableDiffusionXLInpaintPipeline if name == "sdxl" else diffusers.StableDiffusionInpaintPipeline
    ).__name__
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder

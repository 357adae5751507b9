"""A few-step student for the tests' tiny models: random changes of every layer of their U-Nets."""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from studio.engine.student import FILE

RANK = 2


def write_student(model: Path, *, steps: str = "2,3,4", guidance: str = "3", shift: str = "0", **facts: str) -> Path:
    """Write the student of the model in that folder; `facts` replace or add to what it says of itself."""
    weights = model / "unet" / "diffusion_pytorch_model.safetensors"
    generator, tensors = torch.Generator().manual_seed(3), {}
    for name, weight in load_file(weights).items():
        if weight.ndim > 1:
            layer, (outputs, *inputs) = f"unet.{name.removesuffix('.weight')}", weight.shape
            tensors[f"{layer}.lora_A.weight"] = torch.randn(RANK, *inputs, generator=generator).half()
            up = torch.randn(outputs, RANK, *[1] * (weight.ndim - 2), generator=generator)
            tensors[f"{layer}.lora_B.weight"] = (0.3 * up / weight[0].numel() ** 0.5).half()
    said = {"made_for": hashlib.sha256(weights.read_bytes()).hexdigest(), "guidance": guidance, "steps": steps}
    said |= {"timestep_shift": shift, **facts}
    path = model / FILE
    path.parent.mkdir(exist_ok=True)
    save_file(tensors, path, said)
    return path


def merge_student(model: Path) -> None:
    """Put the changes into the U-Net's own weights, and take the student away."""
    weights, path = model / "unet" / "diffusion_pytorch_model.safetensors", model / FILE
    changes, merged = load_file(path), load_file(weights)
    for name in [each for each in changes if ".lora_A." in each]:
        down, up = changes[name].float(), changes[name.replace("lora_A", "lora_B")].float()
        key = name.removeprefix("unet.").replace(".lora_A", "")
        merged[key] += (up.flatten(1) @ down.flatten(1)).view_as(merged[key])
    save_file(merged, weights)
    path.unlink()

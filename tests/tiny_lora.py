"""Small LoRA files for the tests' tiny model, in kohya's names: random ones, and one that is trained."""

from pathlib import Path

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor
from torch.func import functional_call

UNET_LAYERS = (
    "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q",
    "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_v",
    "mid_block.attentions.0.transformer_blocks.0.attn2.to_k",
    "mid_block.resnets.0.conv1",
)
TEXT_LAYERS = ("text_model.encoder.layers.0.self_attn.v_proj", "text_model.encoder.layers.1.mlp.fc1")
RANK = 2
Halves = dict[str, tuple[Tensor, Tensor]]
"""By layer: B (out, r, …) and A (r, in, …)."""


def random_halves(model: Path, *, seed: int = 0, unet: bool = True, text: bool = True) -> Halves:
    """Halves for layers of the model in that folder, large enough to be seen."""
    generator = torch.Generator().manual_seed(seed)
    shapes = _shapes(model / "unet", UNET_LAYERS if unet else ()) | _shapes(
        model / "text_encoder", TEXT_LAYERS if text else ()
    )
    return {
        layer: (
            torch.randn(shape[0], RANK, *[1] * (len(shape) - 2), generator=generator),
            torch.randn(RANK, *shape[1:], generator=generator) / shape[1] ** 0.5,
        )
        for layer, shape in shapes.items()
    }


def write_lora(path: Path, halves: Halves, *, alpha: float = RANK) -> Path:
    """A file in kohya's names, as its trainer writes it."""
    tensors = {}
    for layer, (up, down) in halves.items():
        flat = ("lora_te_" if layer.startswith("text_model.") else "lora_unet_") + layer.replace(".", "_")
        tensors |= {f"{flat}.lora_up.weight": up, f"{flat}.lora_down.weight": down}
        tensors[f"{flat}.alpha"] = torch.tensor(float(alpha))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)
    return path


def train_halves(model: Path, *, steps: int = 12) -> tuple[Halves, list[float]]:
    """A few steps of gradient descent towards predicting nothing but the noise's mean; and the loss at each step."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = UNet2DConditionModel.from_pretrained(model / "unet", low_cpu_mem_usage=False).requires_grad_(False)
        halves = {
            layer: (torch.zeros(shape[0], RANK, requires_grad=True), torch.randn(RANK, shape[1], requires_grad=True))
            for layer, shape in _shapes(model / "unet", UNET_LAYERS[:3]).items()
        }
        optimizer = torch.optim.Adam([each for pair in halves.values() for each in pair], lr=0.05)
        z, tokens = torch.randn(2, 4, 8, 8), torch.randn(2, 77, 32)
        losses = []
        for _ in range(steps):
            loss = _predict(unet, halves, z, tokens).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
    return {layer: (up.detach(), down.detach()) for layer, (up, down) in halves.items()}, losses


def _predict(unet: UNet2DConditionModel, halves: Halves, z: Tensor, tokens: Tensor) -> Tensor:
    changes = {f"{layer}.weight": up @ down for layer, (up, down) in halves.items()}
    changed = {name: unet.get_parameter(name) + change for name, change in changes.items()}
    given = {"encoder_hidden_states": tokens, "return_dict": False}
    return functional_call(unet, changed, (z, torch.tensor(500)), given)[0]


def _shapes(part: Path, layers: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    from safetensors import safe_open

    with safe_open(next(part.glob("*.safetensors")), framework="pt") as file:
        names = {name.removeprefix("text_model."): name for name in file.keys()}  # noqa: SIM118 it is no mapping
        keys = {layer: names[f"{layer.removeprefix('text_model.')}.weight"] for layer in layers}
        return {layer: tuple(file.get_slice(key).get_shape()) for layer, key in keys.items()}

"""Low-rank adapters: W + s·(α/r)·B·A, put into the weights and taken out without a trace (Hu et al. 2021, 2106.09685).

Files carry the names of their trainers: kohya's (`lora_unet_down_blocks_0_…_to_q.lora_down.weight`), diffusers' own
(`unet.down_blocks.0.….to_q.lora_A.weight`), and older forms of these. All are matched to the model's modules by name
with every separator made alike, so one rule serves every architecture.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from studio.core.errors import AdapterError, UnsafeModelError
from studio.core.safetensors_header import read_header

_PART = re.compile(
    r"\.(lora_down|lora_up|lora_A|lora_B|lora\.down|lora\.up|lora_linear_layer\.down|lora_linear_layer\.up)"
    r"(?:\.default)?\.weight$|\.(alpha)$"
)
_DOWN = frozenset({"lora_down", "lora_A", "lora.down", "lora_linear_layer.down"})
_COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "unet": ("lora_unet_", "unet.", "base_model.model."),
    "transformer": ("lora_transformer_", "lora_unet_", "transformer.", "diffusion_model."),
    "text_encoder": ("lora_te_", "lora_te1_", "text_encoder."),
    "text_encoder_2": ("lora_te2_", "text_encoder_2."),
}
"""How the names of each component's layers begin, by trainer."""


@dataclass(frozen=True, slots=True)
class Delta:
    """One layer's low-rank change: B (out, r) · A (r, in), times `scale` = α / r. Convolutions flattened."""

    down: Tensor
    up: Tensor
    scale: float

    def of(self, weight: Tensor) -> Tensor:
        """The change of `weight`, float32, of its shape."""
        return (self.scale * self.up @ self.down).view(weight.shape)


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter in memory: the changes by component and layer path."""

    deltas: Mapping[tuple[str, str], Delta]


def load_lora(path: Path, components: Mapping[str, nn.Module]) -> Lora:
    """Read an adapter for a model's `components` (`unet`, `text_encoder` …). CPU, float32.

    Raises:
        UnsafeModelError: a pickle.
        ModelBrokenError: a damaged file.
        AdapterError: a file that is no LoRA, or one for another family.
    """
    if path.suffix != ".safetensors":
        raise UnsafeModelError(path)
    names = read_header(path).tensors
    layers = _layers(names)
    if not layers:
        raise AdapterError(path.name, "it holds no low-rank weights")
    places = _places(components)
    found = {name: places[_alike(name)] for name in layers if _alike(name) in places}
    if len(found) < len(layers):
        raise AdapterError(path.name, f"{len(layers) - len(found)} of its {len(layers)} layers are not in this model")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return Lora({found[name]: _delta(file, parts) for name, parts in layers.items()})
    except (SafetensorError, OSError, RuntimeError) as error:
        raise AdapterError(path.name, f"it cannot be read ({error})") from error


class Adapters:
    """What is in a model's weights now. Originals are kept, so that taking adapters out restores the very bytes."""

    def __init__(self, components: Mapping[str, nn.Module]) -> None:
        """`components` are the loaded model's; their weights are as they came."""
        self._components = components
        self._originals: dict[tuple[str, str], Tensor] = {}
        self._in: tuple[tuple[Lora, float], ...] = ()

    @torch.no_grad()
    def use(self, wanted: Iterable[tuple[Lora, float]]) -> bool:
        """Have exactly these adapters in, each with its strength; True where weights changed.

        Raises AdapterError, having changed nothing, where a change does not fit its layer.
        """
        wanted = tuple((lora, strength) for lora, strength in wanted if strength != 0.0)
        if [(id(lora), strength) for lora, strength in wanted] == [(id(lora), strength) for lora, strength in self._in]:
            return False
        changes = self._changes(wanted)
        self._restore()
        for place, change in changes.items():
            weight = self._weight(place)
            self._originals[place] = weight.detach().clone()
            weight.copy_(weight.float() + change.to(weight.device))
        self._in = wanted
        return True

    def _changes(self, wanted: tuple[tuple[Lora, float], ...]) -> dict[tuple[str, str], Tensor]:
        """The sum of all deltas for each layer, float32."""
        total: dict[tuple[str, str], Tensor] = {}
        for lora, strength in wanted:
            for place, delta in lora.deltas.items():
                weight = self._weight(place)
                if delta.up.shape[0] * delta.down.shape[1] != weight.numel():
                    raise AdapterError(".".join(place), f"its change does not fit a layer of {tuple(weight.shape)}")
                change = strength * delta.of(weight)
                total[place] = total[place] + change if place in total else change
        return total

    def _restore(self) -> None:
        for place, original in self._originals.items():
            self._weight(place).copy_(original)
        self._originals.clear()
        self._in = ()

    def _weight(self, place: tuple[str, str]) -> Tensor:
        component, path = place
        weight: Tensor = self._components[component].get_parameter(path + ".weight")
        return weight


def _layers(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Layer name → part ("down", "up", "alpha") → tensor name; layers without both halves are left out."""
    layers: dict[str, dict[str, str]] = {}
    for name in names:
        found = _PART.search(name)
        if found:
            kind = "alpha" if found[2] else "down" if found[1] in _DOWN else "up"
            layers.setdefault(name[: found.start()], {})[kind] = name
    return {name: parts for name, parts in layers.items() if {"down", "up"} <= parts.keys()}


def _places(components: Mapping[str, nn.Module]) -> dict[str, tuple[str, str]]:
    """Every name a layer may go by in a file → (component, path)."""
    places = {}
    for component, module in components.items():
        for path, layer in module.named_modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                for prefix in _COMPONENTS.get(component, ()):
                    places[_alike(prefix + path)] = (component, path)
    return places


def _alike(name: str) -> str:
    return name.replace(".processor.", ".").replace(".", "_").replace("_to_out_lora", "_to_out_0_lora").casefold()


def _delta(file: Any, parts: Mapping[str, str]) -> Delta:
    down = file.get_tensor(parts["down"]).float().flatten(1)
    up = file.get_tensor(parts["up"]).float().flatten(1)
    rank = down.shape[0]
    if up.shape[1] != rank:
        raise RuntimeError(f"{parts['up']} has rank {up.shape[1]}, its other half {rank}")
    alpha = float(file.get_tensor(parts["alpha"])) if "alpha" in parts else float(rank)
    return Delta(down, up, alpha / rank)

"""Low-rank adapters: W + s·(α/r)·B·A, put into the weights and taken out without a trace (Hu et al. 2021, 2106.09685).

Files carry the names of their trainers: kohya's (`lora_unet_down_blocks_0_…_to_q.lora_down.weight`), diffusers' own
(`unet.down_blocks.0.….to_q.lora_A.weight`), and older forms of these; some call the layers as the single files with the
original keys do, where queries, keys and values may be one layer. All are matched to the model's modules by name with
every separator made alike, so one rule serves every architecture.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from studio.core.errors import AdapterError, UnsafeModelError
from studio.core.safetensors_header import check_formats, read_header
from studio.engine.original_keys import Source, is_alike
from studio.engine.packing import unpack

_PART = re.compile(
    r"\.(lora_down|lora_up|lora_A|lora_B|lora\.down|lora\.up|lora_linear_layer\.down|lora_linear_layer\.up)"
    r"(?:\.default)?\.weight$|\.(alpha)$"
)
_DOWN = frozenset({"lora_down", "lora_A", "lora.down", "lora_linear_layer.down"})
_OTHER = re.compile(r"\.(dora_scale|lora_mid\.weight|hada_\w+|lokr_\w+|oft_\w+|diff|diff_b)$")
"""Changes of other kinds, by the ends of their names: LoHa, LoKr, DoRA and their like."""
_COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "unet": ("lora_unet_", "unet.", "base_model.model."),
    "transformer": ("lora_transformer_", "lora_unet_", "transformer.", "diffusion_model."),
    "text_encoder": ("lora_te_", "lora_te1_", "text_encoder."),
    "text_encoder_2": ("lora_te2_", "text_encoder_2."),
    "text_encoder_3": ("lora_te3_", "text_encoder_3."),
}
"""How the names of each component's layers begin, by trainer."""
_DENOISERS = frozenset({"unet", "transformer"})

Sources: TypeAlias = Mapping[str, Callable[[str, Any], Source]]
"""By component: where a weight of ours lies in a single file with the original keys, by the model's configuration."""


@dataclass(frozen=True, slots=True)
class Delta:
    """One layer's low-rank change: B (out, r) · A (r, in, …), times `scale` = α / r."""

    down: Tensor
    up: Tensor
    scale: float

    def fits(self, weight: Tensor) -> bool:
        """Whether it is a change of such a weight, which may be kept as the matrix it is with its last sides as one."""
        own = (len(self.up), *self.down.shape[1:])
        return is_alike(own, weight.shape) or own == weight.flatten(1).shape

    def of(self, weight: Tensor) -> Tensor:
        """The change of a `weight` that it fits, float32, of its shape and on its device."""
        down, up = self.down.flatten(1).to(weight.device), self.up.to(weight.device)
        return (self.scale * up @ down).view(weight.shape)


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter in memory: the changes by component and layer path."""

    deltas: Mapping[tuple[str, str], Delta]
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A layer of the model, and which part of a layer in a file it is."""

    component: str
    path: str
    source: Source = field(default_factory=lambda: Source(""))


def load_lora(path: Path, components: Mapping[str, nn.Module], sources: Sources | None = None) -> Lora:
    """Read an adapter for a model's `components` (`unet`, `text_encoder` …). CPU, float32.

    With `sources`, layers of the denoiser may also bear their original names.

    Raises:
        UnsafeModelError: a pickle.
        ModelBrokenError: a damaged file.
        AdapterError: a file that is no LoRA, or one for another family.
    """
    if path.suffix.casefold() != ".safetensors":
        raise UnsafeModelError(path)
    header = read_header(path, "adapter")
    check_formats(path, header, "adapter")
    names = header.tensors
    layers = _layers(names)
    other = next((match[1] for name in names if (match := _OTHER.search(name))), "")
    if other or not layers:
        kind = f"a kind of change ({other}) that is not a plain LoRA" if other else "no low-rank weights"
        raise AdapterError(path.name, f"it holds {kind}")
    places = _places(components, sources or {})
    found = {name: places[_alike(name)] for name in layers if _alike(name) in places}
    if len(found) < len(layers):
        raise AdapterError(path.name, f"{len(layers) - len(found)} of its {len(layers)} layers are not in this model")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            deltas = [each for name, parts in layers.items() for each in _deltas(_delta(file, parts), found[name])]
            return Lora(dict(deltas), path.stem)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise AdapterError(path.name, f"it cannot be read ({error})") from error


class Adapters:
    """What is in a model's weights now. Originals are kept, so that taking adapters out restores the very bytes."""

    def __init__(self, components: Mapping[str, nn.Module]) -> None:
        """`components` are the loaded model's; their weights are as they came."""
        self._components = components
        self._originals: dict[tuple[str, str], Tensor] = {}
        self._in: tuple[tuple[Lora, float], ...] = ()

    @property
    def now(self) -> tuple[tuple[Lora, float], ...]:
        """Those that are in, each with its strength."""
        return self._in

    @torch.inference_mode()
    def use(self, wanted: Iterable[tuple[Lora, float]]) -> bool:
        """Have exactly these adapters in, each with its strength; True where weights changed.

        Raises AdapterError, having changed nothing, where a change does not fit its layer.
        """
        wanted = tuple((lora, strength) for lora, strength in wanted if strength != 0.0)
        if [(id(lora), strength) for lora, strength in wanted] == [(id(lora), strength) for lora, strength in self._in]:
            return False
        changes = self._changes(wanted)
        self._restore()
        try:
            for place, deltas in changes.items():
                weight = self._weight(place)
                self._originals[place] = weight.detach().to("cpu", copy=True)
                self._write(place, sum((strength * delta.of(weight) for delta, strength in deltas), weight.float()))
        except BaseException:  # the device may be full: none is in then, not half of one
            self._restore()
            raise
        self._in = wanted
        return True

    def _changes(self, wanted: tuple[tuple[Lora, float], ...]) -> dict[tuple[str, str], list[tuple[Delta, float]]]:
        """What is added to each layer, with its strengths."""
        changes: dict[tuple[str, str], list[tuple[Delta, float]]] = {}
        for lora, strength in wanted:
            for place, delta in lora.deltas.items():
                weight = self._weight(place)
                if not delta.fits(weight):
                    raise AdapterError(lora.name, f"its {'.'.join(place)} does not fit one of {tuple(weight.shape)}")
                changes.setdefault(place, []).append((delta, strength))
        return changes

    def _restore(self) -> None:
        for place, original in self._originals.items():
            self._write(place, original)
        self._originals.clear()
        self._in = ()

    def _write(self, place: tuple[str, str], value: Tensor) -> None:
        component, path = place
        self._weight(place).copy_(value)
        unpack(self._components[component].get_submodule(path))

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


def _places(components: Mapping[str, nn.Module], sources: Sources) -> dict[str, list[_Place]]:
    """Every name a layer may go by in a file → what it is here."""
    places: dict[str, list[_Place]] = {}
    for component, module in components.items():
        for path, layer in module.named_modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                for name, place in _names(component, path, module, sources):
                    for prefix in _COMPONENTS.get(component, ()):
                        places.setdefault(_alike(prefix + name), []).append(place)
    return places


def _names(component: str, path: str, module: nn.Module, sources: Sources) -> Iterator[tuple[str, _Place]]:
    yield path, _Place(component, path)
    if component not in _DENOISERS:
        # transformers' CLIP had one more level when most of these files were made.
        yield (
            path.removeprefix("text_model.") if path.startswith("text_model.") else f"text_model.{path}",
            _Place(component, path),
        )
    elif component in sources:
        source = sources[component](f"{path}.weight", module.config)
        name = source.key.removesuffix(".weight")
        if name != path:
            yield name, _Place(component, path, source)


def _alike(name: str) -> str:
    return name.replace(".processor.", ".").replace(".", "_").replace("_to_out_lora", "_to_out_0_lora").casefold()


def _delta(file: Any, parts: Mapping[str, str]) -> Delta:
    down, up = (file.get_tensor(parts[half]).float() for half in ("down", "up"))
    if min(down.dim(), up.dim()) <= 1:
        raise RuntimeError(f"{parts['up']} and its other half are no matrices")
    rank, up = len(down), up.flatten(1)
    if up.shape[1] != rank or not rank:
        raise RuntimeError(f"{parts['up']} has rank {up.shape[1]}, its other half {rank}")
    given = file.get_tensor(parts["alpha"]) if "alpha" in parts else torch.tensor(rank)
    if given.numel() != 1:
        raise RuntimeError(f"{parts['alpha']} holds {given.numel()} numbers, not one")
    alpha = float(given)
    if not (math.isfinite(alpha) and down.isfinite().all() and up.isfinite().all()):
        raise RuntimeError(f"{parts['up']} holds something that is no number")
    return Delta(down, up, alpha / rank)


def _deltas(whole: Delta, places: list[_Place]) -> Iterator[tuple[tuple[str, str], Delta]]:
    """The change of a file's layer, for each layer that it is here: its rows, in our order."""
    for place in places:
        source, up = place.source, whole.up
        if source.swaps:
            up = torch.cat(up.chunk(2)[::-1])
        elif source.start or source.stop:
            up = up[source.start : source.stop]
        yield (place.component, place.path), Delta(whole.down, up, whole.scale)

"""Reading a single safetensors file with the original keys: each part built empty, then filled from the file.

Nothing is downloaded, no weight is drawn at random first, and the file is mapped, not read whole.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor
from torch.overrides import TorchFunctionMode

from studio.core.errors import ModelBrokenError, ModelPartMissingError, SharedPartMissingError
from studio.core.model_detection import PART_PREFIXES, Detected
from studio.core.model_family import FAMILIES
from studio.core.model_files import companion, companion_config, config_of, detect_file, inpainting_config, part_config
from studio.core.model_info import ModelInfo
from studio.core.model_json import read_json
from studio.core.safetensors_header import Header, read_header
from studio.core.shared_parts import SHARED, SharedPart, find_shared
from studio.engine.device import Device
from studio.engine.families.assembly import assemble
from studio.engine.original_keys import SOURCES, Source, is_alike, vae_source
from studio.engine.parts import (
    TINY_VAE,
    TokenizerKind,
    part_class,
    part_dtype,
    part_names,
    part_place,
    tokenizer_kind,
)
from studio.engine.pipeline_folder import LoadedParts, guarded, load_part, load_tokenizer, ready

_SHELF_DISTANCE = 3
"""Folders from the file upwards, in which tokenizers may lie that many models share."""
_IDENTITY = "text_projection.weight"
"""Stable Diffusion 3 projects the pooled text of its first CLIP by nothing, and its files leave it out."""


def load_single_file(
    info: ModelInfo, device: Device, begin: Callable[[str, float], None], folders: tuple[Path, ...] = ()
) -> LoadedParts:
    """Load the parts one by one. `begin` hears each one's name and the fraction done; what it raises ends the work.

    Tokenizers are looked for in `folders`, which hold models, too. Raises ModelBrokenError, or ModelPartMissingError
    for what is neither in the file nor beside it.
    """
    assert info.file is not None
    path, header, found = info.file, read_header(info.file), detect_file(info.file)
    names = file_parts(info, found)
    tokenizers = {name: find_tokenizer(info, name, folders) for name in names if name.startswith("tokenizer")}
    check_parts(path, found, names)
    parts: dict[str, Any] = {}
    for number, name in enumerate(names):
        begin(name.replace("_", " "), number / len(names))
        if name in tokenizers:
            kind = tokenizer_kind(info.family, name)
            parts[name] = _tokenizer(info, name, tokenizers[name], kind)
        elif companion(path, name) is not None and name not in found.parts:
            parts[name] = load_part(path.with_suffix(""), name, info.family, device)
        else:
            parts[name] = _load_part(path, header, found, name, device)
    return LoadedParts(assemble(info, device, parts, zero_when_empty=True), parts.get(TINY_VAE))


def file_parts(info: ModelInfo, found: Detected) -> tuple[str, ...]:
    """The parts of the model in a file, those beside it included, in the order they are loaded."""
    assert info.file is not None
    beside = {name for name in (*FAMILIES[info.family].optional, TINY_VAE) if companion(info.file, name)}
    present = found.parts | beside
    return part_names(info, present | {"tokenizer_3"} if "text_encoder_3" in present else present - {"tokenizer_3"})


def check_parts(path: Path, found: Detected, names: tuple[str, ...]) -> None:
    """Raise ModelPartMissingError for a part with weights that is neither in the file nor beside it."""
    for name in names:
        if not name.startswith("tokenizer") and name not in found.parts and companion(path, name) is None:
            raise ModelPartMissingError(path, name.replace("_", " "), path.with_suffix("") / name)


def find_tokenizer(info: ModelInfo, name: str, folders: tuple[Path, ...]) -> Path:
    """The folder of the tokenizer `name`: the file's own, else a shared one. Raises SharedPartMissingError."""
    assert info.file is not None
    own = companion(info.file, name)
    if own is not None:
        return own
    part = SharedPart(f"{tokenizer_kind(info.family, name)}-tokenizer")
    found = find_shared(part, (*list(info.file.parents)[:_SHELF_DISTANCE], *folders))
    if found is None:
        facts = SHARED[part]
        raise SharedPartMissingError(info.file, part, facts.title, info.file.parent / facts.place)
    return found


def _tokenizer(info: ModelInfo, name: str, folder: Path, kind: TokenizerKind) -> Any:
    made = load_tokenizer(folder.parent, folder.name, kind)
    if (
        info.file is not None and companion(info.file, name) is None
    ):  # shared: what differs from model to model is the padding
        made.pad_token = read_json(config_of(info.family, name), "tokenizer_config.json")["pad_token"]
    return made


def _load_part(path: Path, header: Header, found: Detected, name: str, device: Device) -> Any:
    assert found.family is not None
    config = part_config_for(path, found, name, header)
    kind, kept = part_class(found.family, name), (part_place(name, device), part_dtype(found.family, name, device))
    model = guarded(path, name, lambda: _empty(kind, config))
    prefix = _prefix(header, found, name)
    source_of = vae_source if name == "vae" else SOURCES[found.family][name]
    wanted = model.state_dict()
    sources = {key: source_of(key, config) for key in wanted}
    weights = guarded(path, name, lambda: dict(_read(path, header, prefix, sources, wanted, kept=kept)))
    model.load_state_dict(weights, strict=True, assign=True)
    if hasattr(model, "tie_weights"):
        model.tie_weights()
    return ready(model.to(kept[1]), kept[0])


def part_config_for(path: Path, found: Detected, name: str, header: Header) -> dict[str, Any]:
    """The configuration of a part: the companion's as it is, else the family's, sized by what the header shows."""
    config = part_config(path, found, name)
    return config if companion_config(path, name) is not None else sized(config, found, name, header)


def _prefix(header: Header, found: Detected, name: str) -> str:
    assert found.family is not None
    if name == FAMILIES[found.family].denoiser:
        return found.prefix
    prefixes = PART_PREFIXES[found.family][name]
    return next(prefix for prefix in prefixes if any(key.startswith(prefix) for key in header.tensors))


def _read(
    path: Path,
    header: Header,
    prefix: str,
    sources: dict[str, Source],
    wanted: dict[str, Tensor],
    *,
    kept: tuple[torch.device, torch.dtype],
) -> Iterator[tuple[str, Tensor]]:
    """Every weight that is wanted, in the shape in which it is, on the device and in the format it is `kept` in.

    Raises ModelBrokenError for one that is not there.
    """
    with safe_open(path, framework="pt") as file:
        for key, source in sources.items():
            name, shape = prefix + source.key, wanted[key].shape
            if name not in header.tensors:
                if key == _IDENTITY and not source.turned:
                    yield key, _kept(torch.eye(shape[0]), *kept)
                    continue
                raise ModelBrokenError(path, f"the weight {name} is missing")
            value = _part_of(file.get_tensor(name), source)
            if not is_alike(value.shape, shape):
                raise ModelBrokenError(path, f"the weight {name} is of shape {tuple(value.shape)}, not {tuple(shape)}")
            yield key, _kept(value.reshape(shape), *kept)


def _kept(value: Tensor, place: torch.device, dtype: torch.dtype) -> Tensor:
    """A weight as it is kept: converted and laid channels-last, where it is a convolution's, in one pass."""
    value = value.to(place)
    return value.to(dtype, memory_format=torch.channels_last) if value.dim() == 4 else value.to(dtype).contiguous()


def _part_of(tensor: Tensor, source: Source) -> Tensor:
    if source.swaps:
        return torch.cat(tensor.chunk(2)[::-1])
    part = tensor[source.start : source.stop] if source.start or source.stop else tensor
    return part.T if source.turned else part


def _empty(kind: type[Any], config: dict[str, Any]) -> Any:
    """A model with its weights allocated but not touched."""
    with _NoInitialWeights():
        if hasattr(kind, "config_class") and kind.__module__.startswith("transformers."):
            return kind(kind.config_class(**config))
        return kind.from_config({key: value for key, value in config.items() if not key.startswith("_")})


class _NoInitialWeights(TorchFunctionMode):
    """Leaves tensors as they were allocated: they are replaced before anybody reads them."""

    # By name: transformers puts functions of its own in the place of torch's while it builds a model.
    _FILLING = frozenset({"uniform_", "normal_", "trunc_normal_", "kaiming_uniform_", "xavier_uniform_"})

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in self._FILLING:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def sized(config: dict[str, Any], found: Detected, name: str, header: Header) -> dict[str, Any]:
    """The family's configuration with the sizes in which its members differ, as the header shows them."""
    if name == "unet" and found.inpaints:
        return config | inpainting_config(found)
    if name != "transformer":
        return config
    keys = [key.removeprefix(found.prefix) for key in header.tensors if key.startswith(found.prefix)]
    return _flux_sizes(config, keys) if "guidance_embeds" in config else _sd3_sizes(config, found, keys, header)


def _flux_sizes(config: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    return config | {
        "num_layers": _count(keys, "double_blocks."),
        "num_single_layers": _count(keys, "single_blocks."),
        "guidance_embeds": "guidance_in.in_layer.weight" in keys,
    }


def _sd3_sizes(config: dict[str, Any], found: Detected, keys: list[str], header: Header) -> dict[str, Any]:
    layers = _count(keys, "joint_blocks.")
    places = header.tensors.get(f"{found.prefix}pos_embed")
    width = config["attention_head_dim"] * layers
    return config | {
        "num_layers": layers,
        # One head a layer, 64 wide, in all of them.
        "num_attention_heads": layers,
        "caption_projection_dim": width,
        "pos_embed_max_size": round(places.shape[1] ** 0.5) if places is not None else config["pos_embed_max_size"],
        "qk_norm": "rms_norm" if "joint_blocks.0.x_block.attn.ln_q.weight" in keys else None,
        "dual_attention_layers": tuple(
            number for number in range(layers) if f"joint_blocks.{number}.x_block.attn2.qkv.weight" in keys
        ),
    }


def _count(keys: list[str], start: str) -> int:
    """How many blocks there are whose keys start so."""
    return 1 + max((int(key[len(start) :].partition(".")[0]) for key in keys if key.startswith(start)), default=-1)

"""Reading a model folder in the diffusers layout: piece by piece, offline, safetensors only, every fault named."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from studio.core.errors import ModelBrokenError
from studio.core.model_family import ModelFamily
from studio.core.model_json import read_json
from studio.core.models import ModelInfo
from studio.engine import libraries
from studio.engine.device import Device, is_out_of_memory
from studio.engine.families.assembly import assemble
from studio.engine.family import Family
from studio.engine.parts import TINY_VAE, TokenizerKind, part_class, part_dtype, part_names, part_place, tokenizer_kind

_FORESEEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
    libraries.StrictDataclassError,
)
"""What libraries say of files that they do not understand."""


@dataclass(frozen=True, slots=True)
class LoadedParts:
    """The pieces of a model, loaded and on their device."""

    family: Family
    tiny_vae: Any | None


def load_pipeline_folder(info: ModelInfo, device: Device, begin: Callable[[str, float], None]) -> LoadedParts:
    """Load the pieces one by one. `begin` hears each one's name and the fraction done; what it raises ends the work.

    Raises ModelBrokenError, which names the file.
    """
    names = folder_parts(info)
    parts: dict[str, Any] = {}
    for number, name in enumerate(names):
        begin(name.replace("_", " "), number / len(names))
        if name.startswith("tokenizer"):
            parts[name] = load_tokenizer(info.folder, name, tokenizer_kind(info.family, name))
        else:
            parts[name] = load_part(info.folder, name, info.family, device)
    zero = read_json(info.folder, "model_index.json").get("force_zeros_for_empty_prompt", True)
    return LoadedParts(assemble(info, device, parts, zero_when_empty=bool(zero)), parts.get(TINY_VAE))


def folder_parts(info: ModelInfo) -> tuple[str, ...]:
    """The parts of the model in a folder, in the order they are loaded."""
    return part_names(info, frozenset(path.name for path in info.folder.iterdir() if path.is_dir()))


def load_tokenizer(folder: Path, name: str, tokenizer: TokenizerKind) -> Any:
    """The tokenizer `name` of the model in `folder`. Raises ModelBrokenError."""
    part = folder / name
    if not (part / "tokenizer.json").is_file():
        if tokenizer is TokenizerKind.T5:
            raise ModelBrokenError(folder, f"{name}/tokenizer.json is missing")
        # Without its vocabulary, transformers makes a tokenizer that knows no word, and says nothing.
        if not (part / "merges.txt").is_file():
            raise ModelBrokenError(folder, f"{name}/merges.txt is missing")
        read_json(folder, f"{name}/vocab.json")
    for path in sorted(part.glob("*.json")):
        if path.name != "tokenizer.json":  # T5's is larger than any configuration
            read_json(folder, f"{name}/{path.name}")
    kind = libraries.T5TokenizerFast if tokenizer is TokenizerKind.T5 else libraries.CLIPTokenizer
    return guarded(folder, name, lambda: kind.from_pretrained(part, local_files_only=True))


def load_part(folder: Path, name: str, family: ModelFamily, device: Device) -> Any:
    """One piece with weights, ready to use on `device`, channels-last. Raises ModelBrokenError."""
    read_json(folder, f"{name}/config.json")
    model = load_weights(folder, name, part_class(family, name), part_dtype(family, name, device))
    return ready(model, part_place(name, device))


def load_weights(folder: Path, name: str, kind: type[Any], dtype: torch.dtype) -> Any:
    """The part `name`, a network of the class `kind`, with every weight it needs. Raises ModelBrokenError."""
    for path in weight_files(folder, name):
        check_safetensors(folder, path)
    model, facts = guarded(folder, name, lambda: _from_pretrained(kind, folder / name, dtype))
    absent = sorted(facts["missing_keys"])
    if absent:
        raise ModelBrokenError(folder, f"{name} lacks {len(absent)} of its weights, such as {absent[0]}")
    return model


def ready(model: Any, place: torch.device) -> Any:
    """The model in its place, channels-last, for use only."""
    return model.to(place).to(memory_format=torch.channels_last).eval().requires_grad_(False)


def weight_files(folder: Path, name: str) -> list[Path]:
    """The .safetensors files that `load_part` reads: the plain ones, or those of a variant such as fp16."""
    files = sorted((folder / name).glob("*.safetensors"))
    plain = [path for path in files if path.name.count(".") == 1]
    return plain or files


def check_safetensors(folder: Path, path: Path) -> None:
    """Raise ModelBrokenError unless `path` is as long as its header says."""
    try:
        with safe_open(path, framework="pt"):
            pass
    except (SafetensorError, OSError) as error:
        name = path.relative_to(folder).as_posix()
        raise ModelBrokenError(folder, f"{name} is truncated or not safetensors ({said_by(error)})") from error


def guarded(path: Path, name: str, load: Callable[[], Any]) -> Any:
    """What `load` gives. What it cannot read of the part `name` of the model in `path` becomes ModelBrokenError."""
    try:
        return load()
    except Exception as error:
        # The tokenizers library, written in Rust, raises the bare class; anything else not listed is our own mistake.
        if is_out_of_memory(error) or not (isinstance(error, _FORESEEN) or type(error) is Exception):
            raise
        raise ModelBrokenError(path, f"{name} cannot be read ({said_by(error)})") from error


def _from_pretrained(kind: type[Any], part: Path, dtype: torch.dtype) -> Any:
    files = weight_files(part.parent, part.name)
    variant = files[0].name.split(".")[1].split("-")[0] if files and files[0].name.count(".") > 1 else None
    of_transformers = not issubclass(kind, libraries.ModelMixin)  # some of its heirs live in diffusers
    extra = {"dtype": dtype} if of_transformers else {"torch_dtype": dtype, "low_cpu_mem_usage": False}
    return kind.from_pretrained(
        part, local_files_only=True, use_safetensors=True, variant=variant, output_loading_info=True, **extra
    )


def said_by(error: BaseException) -> str:
    """The first two lines of what a library said, as a part of our sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300].rstrip(".") or type(error).__name__

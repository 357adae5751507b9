"""Single safetensors files with their original keys: what they are, from their headers and our configurations."""

import functools
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import ModelBrokenError, ModelError
from studio.core.model_detection import Detected, FileKind, detect
from studio.core.model_family import FAMILIES, ModelFamily, inpainting_channels
from studio.core.model_folders import describe
from studio.core.model_info import ModelInfo
from studio.core.model_json import read_json
from studio.core.places import resources_dir
from studio.core.reading import is_file, is_folder
from studio.core.safetensors_header import read_header

_SD2_INPAINTING_SIDE = 64
"""In latents: that release is for 512 px, and the family's others are for 768."""
_REMEMBERED = 4096
"""Files whose header was read; each takes some hundred bytes."""


def detect_file(path: Path, what: str = "model") -> Detected:
    """What the safetensors file `path` is; remembered while its size and time stay. Raises ModelBrokenError.

    `what` it is taken for, as artists call it.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelBrokenError(path, f"it cannot be read ({error.strerror})", what) from error
    return _detect(path, stat.st_size, stat.st_mtime_ns, what)


def read_file(path: Path) -> ModelInfo:
    """The model in the single file `path`. Raises ModelBrokenError, or ModelError for a file that is no such model."""
    found = detect_file(path)
    if found.kind is not FileKind.CHECKPOINT or found.family is None:
        raise ModelError(f"{path.name} is no model: it holds {_article(found.kind)}. Choose a checkpoint.")
    if found.purpose:
        raise ModelError(f"{path.name} is a model for {found.purpose}, which cannot be run yet. Choose another model.")
    facts = FAMILIES[found.family]
    noise = part_config(path, found, "scheduler")
    noise = noise | {"prediction_type": found.prediction_type} if companion_config(path, "scheduler") is None else noise
    vae, denoiser = part_config(path, found, "vae"), part_config(path, found, facts.denoiser)
    if found.inpaints:
        denoiser = denoiser | inpainting_config(found)
    if found.few_steps:
        denoiser = denoiser | {"guidance_embeds": False}
    try:
        info = describe(found.family, vae, denoiser, noise, has_long_text=_has_long_text(path, found))
    except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
        raise ModelBrokenError(path, f"its configuration is not understood ({error})") from error
    if found.latent_channels and found.latent_channels != info.latent_channels:
        raise ModelBrokenError(
            path, f"its VAE makes latents of {info.latent_channels} channels, but it takes {found.latent_channels}"
        )
    return msgspec.structs.replace(info, name=path.stem, folder=path.parent, file=path)


def companion(path: Path, part: str) -> Path | None:
    """The folder `part` in the folder that bears the file's name and lies beside it; None where there is none.

    What lies there comes before what is shipped: configurations, tokenizers, and parts that the file lacks.
    """
    folder = path.with_suffix("") / part
    return folder if is_folder(folder) else None


def part_config(path: Path, found: Detected, part: str) -> dict[str, Any]:
    """The configuration of `part`: the companion's, else the family's. Raises ModelBrokenError."""
    assert found.family is not None
    beside = companion_config(path, part)
    if beside is not None:
        return read_json(beside.parent, beside.name)
    return read_json(config_of(found.family, part), _config_name(part))


def inpainting_config(found: Detected) -> dict[str, Any]:
    """In what the denoiser's configuration of an inpainting checkpoint differs from its family's."""
    release = {"sample_size": _SD2_INPAINTING_SIDE} if found.family is ModelFamily.SD2 else {}
    return {"in_channels": inpainting_channels(found.latent_channels), **release}


def companion_config(path: Path, part: str) -> Path | None:
    """The configuration of `part` beside the file; None where there is none."""
    folder = companion(path, part)
    file = None if folder is None else folder / _config_name(part)
    return file if file is not None and is_file(file) else None


def config_of(family: ModelFamily, part: str) -> Path:
    """The folder with the configuration of `part` that is shipped for `family`."""
    return resources_dir() / "configs" / FAMILIES[family].slug / part


@functools.lru_cache(maxsize=_REMEMBERED)
def _detect(path: Path, size: int, changed_ns: int, what: str) -> Detected:
    """`size` and `changed_ns` are part of what is remembered: another file under this name is read again."""
    return detect(read_header(path, what))


def _config_name(part: str) -> str:
    return "scheduler_config.json" if part == "scheduler" else "config.json"


def _has_long_text(path: Path, found: Detected) -> bool:
    return "text_encoder_3" in found.parts or companion(path, "text_encoder_3") is not None


def _article(kind: FileKind) -> str:
    return str(kind) if kind is FileKind.OTHER else f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"

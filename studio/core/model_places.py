"""Where models lie in the folders that artists have: our own layout, and those of the programs they used before.

Nothing is ever written there.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from studio.core.adapter_files import PICKLES
from studio.core.reading import entries_in, is_file, is_folder

FILES_MAX = 2000
"""Model files looked at in one folder: a wrong folder, such as a whole disk, must not keep the window shut."""
PICKLES_MAX = 100
"""Pickles told of in one folder. They take no model's place among the files."""
_DEPTH = 3
"""Artists sort their checkpoints into folders; deeper than this nobody does."""
_INSIDE = (
    Path("models") / "Stable-diffusion",  # AUTOMATIC1111, Forge
    Path("models") / "checkpoints",  # ComfyUI
    Path("models") / "diffusion_models",
    Path("models") / "unet",
    Path("Stable-diffusion"),  # the same, where the artist names `models` itself
    Path("checkpoints"),
    Path("diffusion_models"),
    Path("unet"),
)
_NO_MODELS = frozenset({"tokenizers", "embeddings", "loras", "Lora", "vae", "VAE", "configs", "__pycache__"})


def model_paths(folders: Iterable[Path]) -> Iterator[Path]:
    """Everything in `folders` that may be a model: folders with a `model_index.json`, safetensors files, and pickles.

    In order, and those of one folder by name. What cannot be listed holds no models. A pickle is left out where its
    safetensors version lies beside it.
    """
    for folder in folders:
        insides = [folder / inside for inside in _INSIDE if is_folder(folder / inside)]
        yield from _in_folder(folder, 0 if insides else _DEPTH - 1)
        for inside in insides:
            yield from _in_folder(inside, _DEPTH)
        yield from _in_hub_cache(folder)


def hub_cache(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Hugging Face's cache of downloaded models, where there is one."""
    home = Path(environment.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    folder = Path(environment.get("HF_HUB_CACHE") or home / "hub")
    return folder if is_folder(folder) else None


def _in_folder(folder: Path, depth: int) -> Iterator[Path]:
    left = {False: FILES_MAX, True: PICKLES_MAX}
    for path in _walk(folder, depth):
        is_pickle = _is_pickle(path)
        left[is_pickle] -= 1
        if left[False] < 0:
            return
        if left[is_pickle] >= 0:
            yield path


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """Models in `folder` and, `depth` levels deep, in those inside that are no models themselves."""
    files, deeper = [], []
    for path, holds_more in _listing(folder):
        if not holds_more or is_file(path / "model_index.json"):
            files.append(path)
        elif depth > 0 and path.name not in _NO_MODELS and not path.name.startswith((".", "models--")):
            deeper.append(path)
    names = {path.stem for path in files if path.suffix == ".safetensors"}
    yield from (path for path in files if path.stem not in names or not _is_pickle(path))
    for each in deeper:
        if each.name not in names:  # a companion, which belongs to the file beside it
            yield from _walk(each, depth - 1)


def _listing(folder: Path) -> list[tuple[Path, bool]]:
    """The folders, safetensors files and pickles in `folder` by name, and whether each is a folder."""
    found = entries_in(folder)
    return [each for each in found if each[1] or each[0].suffix == ".safetensors" or _is_pickle(each[0])]


def _is_pickle(path: Path) -> bool:
    return path.suffix.casefold() in PICKLES


def _in_hub_cache(folder: Path) -> Iterator[Path]:
    """Models of Hugging Face's cache: `models--maker--name/snapshots/revision`, of which the newest counts."""
    for model, _ in entries_in(folder):
        if model.name.startswith("models--"):
            inside = (snapshot for snapshot, _ in entries_in(model / "snapshots"))
            snapshots = [each for each in inside if is_file(each / "model_index.json")]
            if snapshots:
                yield max(snapshots, key=_age)


def _age(snapshot: Path) -> tuple[int, str]:
    """The older the smaller."""
    try:
        return snapshot.stat().st_mtime_ns, snapshot.name
    except OSError:  # it was just taken away
        return 0, snapshot.name

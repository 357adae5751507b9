"""Where models lie in the folders that artists have: our own layout, and those of the programs they used before.

Nothing is ever written there.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

FILES_MAX = 2000
"""Model files looked at in one folder: a wrong folder, such as a whole disk, must not keep the window shut."""
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
    """Everything in `folders` that may be a model: folders with a `model_index.json`, and safetensors files.

    In order, and those of one folder by name. What cannot be listed holds no models.
    """
    for folder in folders:
        insides = [folder / inside for inside in _INSIDE if (folder / inside).is_dir()]
        yield from _in_folder(folder, 0 if insides else _DEPTH - 1)
        for inside in insides:
            yield from _in_folder(inside, _DEPTH)
        yield from _in_hub_cache(folder)


def hub_cache(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Hugging Face's cache of downloaded models, where there is one."""
    home = Path(environment.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    folder = Path(environment.get("HF_HUB_CACHE") or home / "hub")
    return folder if folder.is_dir() else None


def _in_folder(folder: Path, depth: int) -> Iterator[Path]:
    left = FILES_MAX
    for path in _walk(folder, depth):
        left -= 1
        if left < 0:
            return
        yield path


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """Models in `folder` and, `depth` levels deep, in those inside that are no models themselves."""
    files, deeper = [], []
    for path, is_folder in _listing(folder):
        if not is_folder or (path / "model_index.json").is_file():
            files.append(path)
        elif depth > 0 and path.name not in _NO_MODELS and not path.name.startswith((".", "models--")):
            deeper.append(path)
    names = {path.stem for path in files if path.suffix == ".safetensors"}
    yield from files
    for each in deeper:
        if each.name not in names:  # a companion, which belongs to the file beside it
            yield from _walk(each, depth - 1)


def _listing(folder: Path) -> list[tuple[Path, bool]]:
    """The folders and safetensors files in `folder` by name, and whether each is a folder."""
    try:
        with os.scandir(folder) as entries:
            found = [(Path(entry.path), entry.is_dir()) for entry in entries]
    except OSError:
        return []
    return sorted((path, is_folder) for path, is_folder in found if is_folder or path.suffix == ".safetensors")


def _in_hub_cache(folder: Path) -> Iterator[Path]:
    """Models of Hugging Face's cache: `models--maker--name/snapshots/revision`, of which the newest counts."""
    for model in sorted(folder.glob("models--*")):
        snapshots = [index.parent for index in model.glob("snapshots/*/model_index.json")]
        if snapshots:
            yield max(snapshots, key=lambda snapshot: (snapshot.stat().st_mtime_ns, snapshot.name))

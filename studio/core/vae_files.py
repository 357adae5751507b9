"""Where VAEs lie that may take the place of a model's own: in folders called `vae` or `VAE` beside models.

So it is in our own data directory, in ComfyUI's `models/vae` and in AUTOMATIC1111's `models/VAE`. A VAE is one
.safetensors file, or a folder as diffusers writes it.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path

from studio.core.adapter_files import PICKLES, SUFFIX, beside_models, files_in
from studio.core.errors import AdapterNotFoundError, UnsafeModelError
from studio.core.reading import is_file

VAE = "VAE"
CONFIG = "config.json"
_FOLDER = "vae"
_DIFFUSERS = "diffusion_pytorch_model"


def vae_folders(model_folders: Iterable[Path]) -> tuple[Path, ...]:
    """The folders of VAEs that go with these folders of models, each once; whether or not they exist."""
    return beside_models(model_folders, (_FOLDER, VAE))


def find_vaes(folders: Iterable[Path]) -> dict[str, Path]:
    """The weight files of the VAEs in `folders`, by their names; of two with one name, the first. Alphabetical."""
    found: dict[str, tuple[str, Path]] = {}
    for path in files_in(folders):
        if path.suffix.casefold() == SUFFIX:
            name = vae_name(path)
            found.setdefault(name.casefold(), (name, path))
    return dict(found[key] for key in sorted(found))


def folder_of(path: Path) -> Path | None:
    """The folder that is the VAE with the weight file `path`, with a configuration; None where the file is it."""
    is_whole = path.name.startswith(_DIFFUSERS) and is_file(path.parent / CONFIG)
    return path.parent if is_whole else None


def vae_name(path: Path) -> str:
    """What the VAE with the weight file `path` is called: by the file, or by its folder as diffusers writes it."""
    folder = folder_of(path)
    return path.stem if folder is None else folder.name


def resolve_vae(name: str, folders: Iterable[Path]) -> Path:
    """The weight file of the VAE called `name`, whatever its capitals.

    Raises AdapterNotFoundError, which names one that is called nearly so, or UnsafeModelError for a pickle.
    """
    folders = tuple(folders)
    found = {each.casefold(): path for each, path in find_vaes(folders).items()}
    if name.casefold() in found:
        return found[name.casefold()]
    for path in files_in(folders):
        if path.suffix.casefold() in PICKLES and vae_name(path).casefold() == name.casefold():
            raise UnsafeModelError(path)
    near = difflib.get_close_matches(name.casefold(), found, n=1)
    raise AdapterNotFoundError(name, vae_name(found[near[0]]) if near else "", VAE, _FOLDER)

"""The files that a recipe uses beside its model: LoRAs, embeddings, a VAE: found, and new ones taken in."""

import enum
from collections.abc import Iterable
from pathlib import Path

from studio.core.adapter_files import PICKLES, adapter_folders, copy_in, resolve_adapter
from studio.core.adapters_used import adapters_used
from studio.core.embedding_files import embedding_folders, read_facts, words_used
from studio.core.errors import AdapterError, ModelError, UnsafeModelError
from studio.core.model_detection import FileKind
from studio.core.model_files import detect_file
from studio.core.places import Places
from studio.core.recipe import Recipe
from studio.core.vae_files import resolve_vae, vae_folders

BYTES_MAX = 4 << 30
"""The largest of these files has a few hundred megabytes."""


class Companion(enum.Enum):
    """What a file is to a model."""

    LORA = enum.auto()
    EMBEDDING = enum.auto()
    VAE = enum.auto()


def check_files_found(recipe: Recipe, model_folders: Iterable[Path]) -> None:
    """Raise OptionError, AdapterNotFoundError or UnsafeModelError for files that are not in or beside those folders."""
    folders = tuple(model_folders)
    for use in adapters_used(recipe):
        if use.strength:
            resolve_adapter(use.name, adapter_folders(folders))
    words_used(recipe, embedding_folders(folders))
    if recipe.vae is not None:
        resolve_vae(recipe.vae.name, vae_folders(folders))


def take_in(path: Path, places: Places) -> tuple[Companion, Path]:
    """Copy a LoRA, an embedding or a VAE into its folder in the data directory: what it is, and the copy's path.

    Raises UnsafeModelError for a pickle, ModelBrokenError for a damaged file, AdapterError or ModelError for any other
    kind of file, SaveError, NoRoomError.
    """
    kind = _kind(path, places.models)
    homes = {Companion.LORA: places.adapters, Companion.EMBEDDING: places.embeddings, Companion.VAE: places.vaes}
    return kind, copy_in(path, homes[kind])


def _kind(path: Path, models: Path) -> Companion:
    if path.suffix.casefold() in PICKLES:
        raise UnsafeModelError(path)
    found, size = detect_file(path, "file").kind, path.stat().st_size
    if found is FileKind.CHECKPOINT:
        raise ModelError(f"{path.name} is a whole model. Copy it into the folder {models}: then it is in the list.")
    if found is FileKind.OTHER:
        read_facts(path)
        return Companion.EMBEDDING
    if found not in (FileKind.ADAPTER, FileKind.AUTOENCODER) or size > BYTES_MAX:
        raise AdapterError(
            path.name, f"it is no LoRA, embedding or VAE but a file of another kind ({found}, {size / 2**30:.1f} GB)"
        )
    return Companion.LORA if found is FileKind.ADAPTER else Companion.VAE

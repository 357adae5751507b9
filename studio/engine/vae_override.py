"""Another VAE in the place of a model's own, put in and taken out with the picture that asks for it.

The model's own is never written to: it waits, so that taking the other out leaves the very bytes.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from studio.core.errors import AdapterChangedError, AdapterError, NumbersOverflowedError, UnsafeModelError
from studio.core.model_json import read_json
from studio.core.recipe import ModelRef, Recipe
from studio.core.safetensors_header import Header, check_formats, read_header
from studio.core.vae_files import CONFIG, VAE, folder_of, resolve_vae, vae_folders, vae_name
from studio.core.weight_hash import WeightHasher
from studio.engine.autoencoder import Autoencoder
from studio.engine.family import Family
from studio.engine.linear_preview import LinearPreview, fit_linear_preview
from studio.engine.loading import Loaded
from studio.engine.original_keys import is_alike, vae_source

_PREFIXES = ("", "first_stage_model.", "vae.")
_HALVES = ("encoder.", "decoder.", "quant_conv.", "post_quant_conv.")
_ALIKE = ("latent_channels", "scaling_factor", "shift_factor", "block_out_channels", "layers_per_block", "in_channels")
"""What two VAEs must have in common, as diffusers' configurations state it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Eyes:
    """An autoencoder with the linear preview that was fitted to it; `hash` is empty for the model's own."""

    hash: str
    autoencoder: Autoencoder
    linear: LinearPreview


@dataclass(slots=True)
class _Kit:
    """What belongs to one model in memory."""

    own: _Eyes
    now: _Eyes


class VaeOverrides:
    """Keeps loaded models with the VAE that the picture in the making wants."""

    def __init__(self, model_folders: tuple[Path, ...], hasher: WeightHasher) -> None:
        """VAEs are looked for in and beside `model_folders`."""
        self._folders, self._hasher = vae_folders(model_folders), hasher
        self._kits: WeakKeyDictionary[Family, _Kit] = WeakKeyDictionary()

    def look_in(self, model_folders: tuple[Path, ...]) -> None:
        """Look in and beside these from now on."""
        self._folders = vae_folders(model_folders)

    def put_in(self, recipe: Recipe, loaded: Loaded, tick: Callable[[float], None]) -> Recipe:
        """Have the VAE of `recipe` in the model, or its own, and give the recipe with the VAE's hash.

        Raises AdapterError, ModelBrokenError and whatever `tick` raises, having changed nothing.
        """
        kit, wanted = self._kit(loaded), recipe.vae
        if wanted is None:
            self._show(loaded, kit.own)
            return recipe
        path = resolve_vae(wanted.name, self._folders)
        digest = self._digest(path, tick)
        if not digest.startswith(wanted.hash.casefold()):
            raise AdapterChangedError(wanted.name, wanted.hash, digest, VAE)
        if kit.now.hash != digest:
            self._show(loaded, _fitted(loaded, path, digest, Autoencoder(load_vae(path, kit.own.autoencoder.vae))))
        return msgspec.structs.replace(recipe, vae=ModelRef(name=vae_name(path), hash=digest))

    def keeping(self, loaded: Loaded) -> Callable[[], None]:
        """What puts back the VAE that is in now."""
        return partial(self._show, loaded, self._kit(loaded).now)

    def _kit(self, loaded: Loaded) -> _Kit:
        if loaded.family not in self._kits:
            own = _Eyes("", loaded.family.autoencoder, loaded.previewer.linear)
            self._kits[loaded.family] = _Kit(own, own)
        return self._kits[loaded.family]

    def _show(self, loaded: Loaded, eyes: _Eyes) -> None:
        loaded.family.use_autoencoder(eyes.autoencoder)
        loaded.previewer.linear = eyes.linear
        self._kits[loaded.family].now = eyes

    def _digest(self, path: Path, tick: Callable[[float], None]) -> str:
        try:
            return self._hasher.file_hash(path, tick)
        except OSError as error:
            raise AdapterError(path.name, f"it cannot be read ({error.strerror})", VAE) from error


def _fitted(loaded: Loaded, path: Path, digest: str, autoencoder: Autoencoder) -> _Eyes:
    """With a linear preview of its own: the model's knows another decoder. Raises AdapterError."""

    def codec(pictures: Tensor) -> tuple[Tensor, Tensor]:
        latents = autoencoder.encode_tensor(pictures).mean
        return latents, autoencoder.decode_tensor(latents)

    try:
        linear = fit_linear_preview(codec, loaded.info.latent_channels, loaded.info.downsampling)
    except NumbersOverflowedError as error:
        raise AdapterError(path.name, "it turns pictures into something that is no number", VAE) from error
    return _Eyes(digest, autoencoder, linear)


def load_vae(path: Path, own: Any) -> Any:
    """The VAE with the weight file `path`, built as the model's `own` is, on its device and in its number format.

    Its tensors may bear diffusers' names or the original ones. Raises UnsafeModelError for a pickle, ModelBrokenError
    for a damaged file, AdapterError for what is no VAE, or one of another family or architecture.
    """
    if path.suffix.casefold() != ".safetensors":
        raise UnsafeModelError(path)
    header = read_header(path, VAE)
    check_formats(path, header, VAE)
    _check_config(path, own)
    names = _names(path, header, own)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            weights = {key: file.get_tensor(name) for key, name in names.items()}
    except (SafetensorError, OSError, RuntimeError) as error:
        raise AdapterError(path.name, f"it cannot be read ({error})", VAE) from error
    wanted = own.state_dict()
    if not all(bool(value.isfinite().all()) for value in weights.values()):
        raise AdapterError(path.name, "it holds something that is no number", VAE)
    made = copy.deepcopy(own)
    with torch.no_grad():
        made.load_state_dict({key: value.reshape(wanted[key].shape) for key, value in weights.items()}, strict=True)
    return made


def _check_config(path: Path, own: Any) -> None:
    """A folder says how its latents are to be scaled; a file does not, and is taken by its shapes."""
    folder = folder_of(path)
    if folder is None:
        return
    config = read_json(folder, CONFIG, VAE)
    for name in _ALIKE:
        theirs, ours = config.get(name, own.config.get(name)), own.config.get(name)
        if _plain(theirs) != _plain(ours):
            what = name.replace("_", " ")
            raise _other(path, f"its {what} is {_plain(theirs)}, and that of this model's own is {_plain(ours)}")


def _names(path: Path, header: Header, own: Any) -> Mapping[str, str]:
    """By our name of a weight: that in the file. Raises AdapterError."""
    wanted = own.state_dict()
    sources = {key: vae_source(key, own.config).key for key in wanted}
    for names in (sources, {key: key for key in wanted}):
        for prefix in _PREFIXES:
            found = {key: prefix + name for key, name in names.items()}
            if header.tensors.keys() >= set(found.values()):
                _check_shapes(path, header, found, wanted, prefix)
                return found
    if not any(f"{prefix}decoder.conv_in.weight" in header.tensors for prefix in _PREFIXES):
        raise AdapterError(path.name, "it is no VAE", VAE)
    raise _other(path, "it is built otherwise than this model's own")


def _check_shapes(
    path: Path, header: Header, found: Mapping[str, str], wanted: Mapping[str, Tensor], prefix: str
) -> None:
    for key, name in found.items():
        entry = header.tensors[name]
        if not is_alike(entry.shape, wanted[key].shape):
            raise _other(path, f"its {name} is of shape {entry.shape}, not {tuple(wanted[key].shape)}")
    halves = tuple(prefix + half for half in _HALVES)
    more = [name for name in header.tensors if name.startswith(halves) and name not in set(found.values())]
    if more:
        raise _other(path, f"it holds {len(more)} weights that this model's own has not, such as {more[0]}")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value


def _other(path: Path, reason: str) -> AdapterError:
    return AdapterError(path.name, reason, VAE)

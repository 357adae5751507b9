"""A recipe's adapters in the weights of the model that makes its picture: found, checked, put in, taken out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec

from studio.core.adapter_files import adapter_folders, resolve_adapter
from studio.core.adapters import AdapterUse
from studio.core.adapters_used import adapters_used
from studio.core.engine import Report
from studio.core.errors import AdapterChangedError, AdapterError
from studio.core.events import Stage, Staged
from studio.core.recipe import Recipe
from studio.core.recipe_files import check_files_found
from studio.core.weight_hash import WeightHasher
from studio.engine.family import Family
from studio.engine.learning import Learning
from studio.engine.loading import Loaded
from studio.engine.lora import Adapters, Lora, load_lora
from studio.engine.original_keys import SOURCES
from studio.engine.vae_override import VaeOverrides


@dataclass(slots=True)
class _Kit:
    """What belongs to one model in memory: what is in its weights, and the files read for it, by their hashes."""

    adapters: Adapters
    read: dict[str, Lora] = field(default_factory=dict)


class Adapting:
    """Keeps the weights of loaded models as the picture in the making wants them.

    Adapters stay in after a picture, for the next one is likely to want the same; a picture without any takes them out.
    A draft made in the middle of a picture puts back what that picture had.
    """

    def __init__(self, model_folders: tuple[Path, ...]) -> None:
        """Adapters are looked for in and beside `model_folders`."""
        self._model_folders, self._folders = model_folders, adapter_folders(model_folders)
        self._hasher = WeightHasher()
        self.learning = Learning(model_folders, self._hasher)
        self._vaes = VaeOverrides(model_folders, self._hasher)
        self._kits: WeakKeyDictionary[Family, _Kit] = WeakKeyDictionary()
        self._put_back: list[list[Callable[[], object]]] = []
        """For each picture in the making, the outermost first."""

    def look_in(self, model_folders: tuple[Path, ...]) -> None:
        """Look for adapters, embeddings and VAEs in and beside these from now on."""
        self._model_folders, self._folders = model_folders, adapter_folders(model_folders)
        self.learning.look_in(model_folders)
        self._vaes.look_in(model_folders)

    def check(self, recipe: Recipe) -> None:
        """Raise OptionError, AdapterNotFoundError or UnsafeModelError for files that cannot be had."""
        check_files_found(recipe, self._model_folders)

    @contextmanager
    def picture(self) -> Iterator[None]:
        """While a picture is made. One within another leaves the weights as the outer one has them."""
        self._put_back.append([])
        try:
            yield
        finally:
            for put_back in reversed(self._put_back.pop()):
                put_back()

    def put_in(self, recipe: Recipe, loaded: Loaded, report: Report) -> Recipe:
        """Have exactly the adapters of `recipe` in the weights, and give the recipe with their hashes.

        And its VAE, and with the hashes of the embeddings that its prompts name. Within `picture`. Raises OptionError,
        AdapterError, ModelBrokenError and whatever `report` raises.
        """
        named = []
        wanted: dict[str, tuple[Lora, float]] = {}
        kit = self._kit(loaded)
        recipe = self.learning.named(recipe, loaded, _ticking(report, "checking embeddings"))
        for asked in adapters_used(recipe):
            use = asked
            if asked.strength:
                path = resolve_adapter(asked.name, self._folders)
                use = self._named(asked, path, report)
                wanted[use.name] = kit.read.get(use.hash) or _read(path, loaded), use.strength
            named.append(use)
        if len(self._put_back) > 1:
            before = kit.adapters.now
            self._put_back[-1] += [lambda: kit.adapters.use(before), self._vaes.keeping(loaded)]
        recipe = self._vaes.put_in(recipe, loaded, _ticking(report, "checking the VAE"))
        kit.adapters.use(wanted.values())
        kit.read = {use.hash: wanted[use.name][0] for use in named if use.strength}
        return msgspec.structs.replace(recipe, adapters=tuple(named))

    def _kit(self, loaded: Loaded) -> _Kit:
        if loaded.family not in self._kits:
            self._kits[loaded.family] = _Kit(Adapters(loaded.family.components))
        return self._kits[loaded.family]

    def _named(self, use: AdapterUse, path: Path, report: Report) -> AdapterUse:
        """`use` by the file's own name and hash. Raises AdapterChangedError."""
        try:
            digest = self._hasher.file_hash(path, _ticking(report, f"checking the adapter {use.name}"))
        except OSError as error:
            raise AdapterError(path.name, f"it cannot be read ({error.strerror})") from error
        if use.hash and use.hash.casefold() != digest:
            raise AdapterChangedError(use.name, use.hash, digest)
        return msgspec.structs.replace(use, name=path.stem, hash=digest)


def weights_key(recipe: Recipe) -> str:
    """The files that make a resolved `recipe`, by their hashes: the model's, adapters', embeddings', the VAE's."""
    adapters = (f"+{use.hash}*{use.strength!r}" for use in recipe.adapters if use.strength)
    words = (f"+{word.hash}" for word in recipe.learned_words or ())
    vae = "" if recipe.vae is None else f"|{recipe.vae.hash}"
    return "".join((recipe.model.hash, *adapters, *words, vae))


def _ticking(report: Report, detail: str) -> Callable[[float], None]:
    return lambda _: report(Staged(stage=Stage.ENCODING, detail=detail))


def _read(path: Path, loaded: Loaded) -> Lora:
    return load_lora(path, loaded.family.components, SOURCES.get(loaded.info.family))

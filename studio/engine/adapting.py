"""A recipe's adapters in the weights of the model that makes its picture: found, checked, put in, taken out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec

from studio.core.adapter_files import adapter_folders, resolve_adapter
from studio.core.adapters import AdapterUse
from studio.core.adapters_used import adapters_used, check_adapters_found
from studio.core.engine import Report
from studio.core.errors import AdapterChangedError, AdapterError
from studio.core.events import Stage, Staged
from studio.core.recipe import Recipe
from studio.engine.family import Family
from studio.engine.hashing import WeightHasher
from studio.engine.loading import Loaded
from studio.engine.lora import Adapters, Lora, load_lora
from studio.engine.original_keys import SOURCES


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
        self._folders = adapter_folders(model_folders)
        self._hasher = WeightHasher()
        self._kits: WeakKeyDictionary[Family, _Kit] = WeakKeyDictionary()
        self._put_back: list[list[Callable[[], object]]] = []
        """For each picture in the making, the outermost first."""

    def check(self, recipe: Recipe) -> None:
        """Raise OptionError, AdapterNotFoundError or UnsafeModelError for adapters that cannot be had."""
        check_adapters_found(recipe, self._folders)

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

        Within `picture`. Raises AdapterError, ModelBrokenError and whatever `report` raises, having changed nothing.
        """
        named = []
        wanted: dict[str, tuple[Lora, float]] = {}
        kit = self._kit(loaded)
        for asked in adapters_used(recipe):
            use = asked
            if asked.strength:
                path = resolve_adapter(asked.name, self._folders)
                use = self._named(asked, path, report)
                wanted[use.name] = kit.read.get(use.hash) or _read(path, loaded), use.strength
            named.append(use)
        if len(self._put_back) > 1:
            before = kit.adapters.now
            self._put_back[-1].append(lambda: kit.adapters.use(before))
        kit.adapters.use(wanted.values())
        kit.read = {use.hash: wanted[use.name][0] for use in named if use.strength}
        return msgspec.structs.replace(recipe, adapters=tuple(named))

    def _kit(self, loaded: Loaded) -> _Kit:
        if loaded.family not in self._kits:
            self._kits[loaded.family] = _Kit(Adapters(loaded.family.components))
        return self._kits[loaded.family]

    def _named(self, use: AdapterUse, path: Path, report: Report) -> AdapterUse:
        """`use` by the file's own name and hash. Raises AdapterChangedError."""

        def tick(_: float) -> None:
            report(Staged(stage=Stage.ENCODING, detail=f"checking the adapter {use.name}"))

        try:
            digest = self._hasher.file_hash(path, tick)
        except OSError as error:
            raise AdapterError(path.name, f"it cannot be read ({error.strerror})") from error
        if use.hash and use.hash.casefold() != digest:
            raise AdapterChangedError(use.name, use.hash, digest)
        return msgspec.structs.replace(use, name=path.stem, hash=digest)


def weights_key(recipe: Recipe) -> str:
    """What the weights are that make a resolved `recipe`: the model's hash, and each adapter's with its strength."""
    adapters = (f"+{use.hash}*{use.strength!r}" for use in recipe.adapters if use.strength)
    return recipe.model.hash + "".join(adapters)


def _read(path: Path, loaded: Loaded) -> Lora:
    return load_lora(path, loaded.family.components, SOURCES.get(loaded.info.family))

"""Models in memory: found by their folders, checked by their weights, the least recently used swapped for the next."""

import gc
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from torch import Tensor

from studio.core.engine import Report
from studio.core.errors import ModelBrokenError, ModelChangedError, ModelError, NumbersOverflowedError
from studio.core.events import Stage, Staged
from studio.core.memory_plan import Placement
from studio.core.model_facts import read_facts
from studio.core.model_family import FLOW, ModelFamily
from studio.core.model_files import detect_file, part_config
from studio.core.model_json import read_json
from studio.core.models import ModelInfo
from studio.core.recipe import ModelRef, Recipe
from studio.core.weight_hash import WeightHasher
from studio.engine.device import Device, free_bytes, out_of_memory_as_ours
from studio.engine.family import Family
from studio.engine.flow_schedulers import EVEN_SIGMAS, PATCH_PIXELS, check_shift
from studio.engine.linear_preview import Codec, LinearPreview, fit_linear_preview
from studio.engine.memory import check_fits, needed_bytes, plan_placement
from studio.engine.pipeline_folder import guarded, load_pipeline_folder
from studio.engine.precision import Precisions
from studio.engine.preview import Previewer
from studio.engine.schedulers import NoiseConfig, check_betas, resolve_settings
from studio.engine.single_file import load_single_file
from studio.engine.turns import Turns
from studio.engine.whole_loading import load_whole_pipeline
from studio.engine.whole_pipeline import WholePipeline
from studio.engine.x0 import PredictionType

_HASHED, _READ = 0.2, 0.9
"""Where in the whole of loading the weights are hashed, and read."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory, of `size_bytes`. `hash` is of its weights, `noise` its scheduler's configuration.

    `device` has the format it is held in; `turns` says which of its parts are on it.
    """

    info: ModelInfo
    hash: str
    noise: NoiseConfig
    family: Family
    previewer: Previewer
    size_bytes: int
    device: Device
    turns: Turns


@dataclass(frozen=True, slots=True)
class LoadedPipeline:
    """A pipeline in memory, of `size_bytes`, that is run whole. The rest as of `Loaded`."""

    info: ModelInfo
    hash: str
    noise: NoiseConfig
    pipeline: WholePipeline
    size_bytes: int
    device: Device


class Loader:
    """Holds models within a budget; the least recently used go first. Loads one again only where its files differ."""

    def __init__(
        self,
        device: Device,
        budget_bytes: int,
        folders: tuple[Path, ...] = (),
        hashes: Path | None = None,
        measured: Path | None = None,
    ) -> None:
        """Nothing is loaded yet. The model used last is held, however large it is.

        What single files lack is looked for in `folders`, which hold models; `hashes` is the file that remembers them,
        `measured` that which remembers how fast the machine is.
        """
        self.precisions = Precisions(device, measured)
        self.folders = folders
        self._device, self._budget_bytes = device, budget_bytes
        self._hasher = WeightHasher(hashes)
        self._held: OrderedDict[Path, Loaded | LoadedPipeline] = OrderedDict()

    @property
    def loaded(self) -> Loaded | LoadedPipeline | None:
        """The model used last."""
        return next(reversed(self._held.values()), None)

    def add_bytes(self, loaded: Loaded, added_bytes: int) -> None:
        """Count so much more for `loaded`, which is used now, and hold no more than the budget allows."""
        self._held[loaded.info.path] = replace(loaded, size_bytes=loaded.size_bytes + added_bytes)
        self.set_budget(self._budget_bytes)

    def set_budget(self, budget_bytes: int) -> None:
        """Hold no more than that from now on."""
        self._budget_bytes = budget_bytes
        while len(self._held) > 1 and self._held_bytes > budget_bytes:
            self._drop(next(iter(self._held)))

    def drop(self, *, but: Path | None = None) -> None:
        """Free all models but that of the path `but`."""
        for path in [each for each in self._held if each != but]:
            self._drop(path)

    def load(self, info: ModelInfo, report: Report) -> Loaded:
        """The model of `info`, of a known family. Raises as `take`."""
        held = self.take(info, report)
        if isinstance(held, LoadedPipeline):
            raise ModelError(f"{info.kind} runs as its makers wrote it, and cannot be drafted. Make a picture.")
        return held

    def load_pipeline(self, info: ModelInfo, report: Report) -> LoadedPipeline:
        """The model of `info`, a pipeline that is run whole. Raises as `take`."""
        held = self.take(info, report)
        assert isinstance(held, LoadedPipeline)
        return held

    def take(self, info: ModelInfo, report: Report) -> Loaded | LoadedPipeline:
        """The model of `info`. Reports before every piece. Raises ModelError, OutOfMemoryError, Cancelled."""
        digest, noise = self._hash(info, report), noise_config(info)
        held = self._held.pop(info.path, None)
        if held is None or (held.info, held.hash, held.noise) != (info, digest, noise):
            held = None  # before the next one comes: two may not fit
            held = self._load(info, digest, noise, report)
        self._held[info.path] = held
        return held

    @property
    def _held_bytes(self) -> int:
        return sum(each.size_bytes for each in self._held.values())

    def _make_room(self, needed: int) -> None:
        """Drop models until one of `needed` bytes is within the budget and the memory, if that can be."""
        while self._held:
            free = free_bytes(self._device.torch_device)
            is_within = self._held_bytes + needed <= self._budget_bytes
            if is_within and (free is None or needed <= free):
                return
            self._drop(next(iter(self._held)))

    def _drop(self, path: Path) -> None:
        del self._held[path]
        gc.collect()
        self._device.free()

    def _hash(self, info: ModelInfo, report: Report) -> str:
        def tick(fraction: float) -> None:
            report(Staged(stage=Stage.LOADING, fraction=_HASHED * fraction, detail="checking weights"))

        try:
            return self._hasher.hash_of(info, tick)
        except OSError as error:
            raise ModelBrokenError(info.folder, f"{error.filename} cannot be read ({error.strerror})") from error

    def _load(self, info: ModelInfo, digest: str, noise: NoiseConfig, report: Report) -> Loaded | LoadedPipeline:
        def begin(detail: str, fraction: float) -> None:
            report(Staged(stage=Stage.LOADING, fraction=_HASHED + (_READ - _HASHED) * fraction, detail=detail))

        with out_of_memory_as_ours(self._device, info.defaults.width, info.defaults.height):
            device = self.precisions.device_for(read_facts(info).count)
            size = needed_bytes(info, read_facts(info), device)
            self._make_room(size)
            check_fits(info, device)
            if info.pipeline is not None:
                return LoadedPipeline(info, digest, noise, load_whole_pipeline(info, device, begin), size, device)
            plan = plan_placement(info, device)
            device = replace(device, waits=plan.placement is not Placement.TOGETHER)
            if info.file is None:
                parts = load_pipeline_folder(info, device, begin)
            else:
                parts = load_single_file(info, device, begin, self.folders)
            turns = Turns(parts.family.components, device.torch_device)
            turns.follow(plan)
            begin("previews", 1.0)
            linear = _fitted_preview(parts.family, info)
        report(Staged(stage=Stage.LOADING, fraction=1.0))
        previewer = Previewer(parts.family, linear, parts.tiny_vae)
        return Loaded(info, digest, noise, parts.family, previewer, size, device, turns)


def check_weights(loaded: Loaded) -> None:
    """Raise ModelBrokenError where weights in memory are no numbers: why a picture without adapters overflowed."""
    for name, module in loaded.family.components.items():
        if not all(each.isfinite().all() for each in module.parameters()):
            raise ModelBrokenError(loaded.info.path, f"the weights of its {name} hold something that is no number")


def noise_config(info: ModelInfo) -> NoiseConfig:
    """The model's `scheduler_config.json`. Raises ModelBrokenError where no levels of noise can be made by it."""
    config = _scheduler_config(info)
    if info.pipeline is not None:
        return config
    if info.prediction_type == FLOW:
        even = info.family is ModelFamily.FLUX
        config = {**config, "prediction_type": FLOW, PATCH_PIXELS: info.size_multiple, EVEN_SIGMAS: even}
        check_shift(info.path, config)
        return config
    kind = config.get("prediction_type", PredictionType.EPSILON)
    known = (PredictionType.EPSILON, PredictionType.V_PREDICTION)
    if kind not in known:
        raise ModelBrokenError(info.folder, f"its prediction type “{kind}” is not {' or '.join(known)}")
    check_betas(info.path, config)
    return config


def _scheduler_config(info: ModelInfo) -> NoiseConfig:
    if info.file is None:
        return read_json(info.folder, "scheduler/scheduler_config.json")
    config = part_config(info.file, detect_file(info.file), "scheduler")
    if info.prediction_type == FLOW:
        # Schnell's levels are not shifted: it was distilled to four that are even.
        return {**config, "shift": 1.0, "use_dynamic_shifting": False} if info.few_steps else config
    return config | {"prediction_type": info.prediction_type}


def resolve(recipe: Recipe, info: ModelInfo, digest: str) -> Recipe:
    """The same recipe with nothing left open: the weights' hash, the scheduler's settings.

    Raises ModelChangedError where the recipe was made with other weights.
    """
    named = recipe.model
    if named.hash and named.hash.casefold() != digest:
        raise ModelChangedError(named.name, named.hash, digest)
    name = info.name if named.name.casefold() == info.name.casefold() else named.name
    settings = resolve_settings(recipe.scheduler, recipe.scheduler_settings)
    return msgspec.structs.replace(recipe, model=ModelRef(name=name, hash=digest), scheduler_settings=settings)


def _fitted_preview(family: Family, info: ModelInfo) -> LinearPreview:
    """The VAE's first work, by which it shows that it can. Raises ModelBrokenError."""
    try:
        fitted: LinearPreview = guarded(
            info.path, "vae", lambda: fit_linear_preview(_codec(family), info.latent_channels, info.downsampling)
        )
    except NumbersOverflowedError as error:
        raise ModelBrokenError(info.path, "its vae turns pictures into something that is no number") from error
    return fitted


def _codec(family: Family) -> Codec:
    def codec(pictures: Tensor) -> tuple[Tensor, Tensor]:
        latents = family.encode_tensor(pictures).mean
        return latents, family.decode_tensor(latents)

    return codec

"""A model's few-step student: its U-Net with low-rank changes, which draws drafts in few steps and unguided.

In the folder `draft/` of a model's own. It was taught to land on the ways of the guided model itself, from the same
noise (as by Salimans & Ho 2022, arXiv 2202.00512, and Meng et al. 2022, arXiv 2210.03142, from a model's own steps), so
a draft by it shows the composition of the picture in full, in half the time a step. Pictures in full are not its work.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias
from weakref import WeakKeyDictionary

import msgspec
from torch import Generator
from torch.nn import Module

from studio.core.adapters_used import adapters_used
from studio.core.engine import Report
from studio.core.errors import AdapterError, ModelBrokenError, ModelError
from studio.core.events import Stage, Staged
from studio.core.recipe import Recipe
from studio.core.safetensors_header import read_header
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings
from studio.core.weight_hash import WeightHasher
from studio.engine.family import Family, Guidance
from studio.engine.guidance import Conditioning, guided
from studio.engine.loading import Loaded
from studio.engine.lora import Adapters, load_lora
from studio.engine.packing import WEIGHT_BYTES_MAX
from studio.engine.pipeline_folder import weight_files
from studio.engine.sampling import Predict
from studio.engine.schedulers import NoiseConfig, resolve_settings
from studio.engine.solver import Solver, build_solver
from studio.engine.stable_diffusion import StableDiffusion
from studio.engine.walking import draws_noise

FILE = Path("draft") / "pytorch_lora_weights.safetensors"
"""Within a model's folder."""
FILE_BYTES_MAX = 64 << 20
GUIDANCE_TOLERANCE = 0.5
"""How far from the guidance scale it was taught at a student's pictures pass for the model's own."""
_STEPS_MAX, _SHIFT_MAX = 50, 100
AddBytes: TypeAlias = Callable[[Loaded, int], None]
"""Takes how many bytes more a model in memory takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Student:
    """A model with the changed U-Net: it draws in so many `steps`, unguided, what the model draws with `guidance`.

    For each step fewer than its most it is told a timestep lower by `timestep_shift`: how far a step is to lead.
    """

    family: StableDiffusion
    guidance: float
    steps: frozenset[int]
    timestep_shift: int

    def serves(self, recipe: Recipe) -> bool:
        """Whether the pictures of `recipe`, which has no adapters, are like those it was taught."""
        blend = recipe.blend
        negatives = (recipe.negative_prompt, *(each.negative_prompt for each in (blend.keyframes if blend else ())))
        plain = recipe.start is None and not draws_noise(recipe) and not any(negatives)
        return plain and recipe.steps in self.steps and abs(recipe.guidance - self.guidance) <= GUIDANCE_TOLERANCE

    def solver(self, recipe: Recipe, noise: NoiseConfig, generator: Generator, depth: int = 0) -> Solver:
        """That of the steps it was taught, whichever the recipe's own: all that draw no noise lead to one picture."""
        settings = resolve_settings(Scheduler.DDIM, SchedulerSettings())
        own = msgspec.structs.replace(
            recipe, scheduler=Scheduler.DDIM, schedule=Schedule.SGM_UNIFORM, scheduler_settings=settings
        )
        return build_solver(own, noise, generator, depth)

    def predict(self, conditioning: Conditioning, steps: int) -> Predict:
        """Its prediction for one of so many steps: asked once, told the prompt."""
        ask = guided(self.family, replace(conditioning, scale=1.0))
        shift = self.timestep_shift * (max(self.steps) - steps)
        return lambda z, timestep: ask(z, timestep - shift)


class Students:
    """The students of the models in memory, each read when its model is loaded, or first drafted."""

    def __init__(self, add_bytes: AddBytes, *, wanted: bool = True) -> None:
        """None is read yet, and none ever where they are not `wanted`. `add_bytes` hears what each one takes."""
        self._add_bytes, self._wanted = add_bytes, wanted
        self._hasher = WeightHasher()
        self._known: WeakKeyDictionary[Family, Student | None] = WeakKeyDictionary()

    def serving(self, recipe: Recipe, loaded: Loaded, report: Report) -> Student | None:
        """Who draws the drafts of `recipe` instead of the model, whose weights are those that `recipe` wants."""
        if any(each.strength for each in adapters_used(recipe)):
            return None
        student = self.of(loaded, report)
        return student if student is not None and student.serves(recipe) else None

    def of(self, loaded: Loaded, report: Report) -> Student | None:
        """The student in the folder of a model, whose weights are as they came; None where there is none.

        One that cannot be used is reported once, as a detail of loading. Raises what `report` raises.
        """
        if loaded.family not in self._known:
            self._known[loaded.family] = self._read(loaded, report)
        return self._known[loaded.family]

    def _read(self, loaded: Loaded, report: Report) -> Student | None:
        path = loaded.info.folder / FILE
        if not self._wanted or loaded.info.file is not None or not path.is_file():
            return None
        try:
            student = _load(path, loaded, self._hasher)
        except (ModelError, OSError) as error:
            report(Staged(stage=Stage.LOADING, detail=f"drafts are drawn without {FILE.as_posix()}: {error}"))
            return None
        self._add_bytes(loaded, _size_bytes(student.family.components["unet"]))
        student.family.prepare(loaded.info.defaults.width, loaded.info.defaults.height, prompts=1)
        return student


def _load(path: Path, loaded: Loaded, hasher: WeightHasher) -> Student:
    """The student in the file `path`. Raises ModelError, which says why it cannot be used."""
    family, size = loaded.family, path.stat().st_size
    if size > FILE_BYTES_MAX:
        raise AdapterError(path.name, f"it has {size / 2**20:.0f} MB, and a student has at most {FILE_BYTES_MAX >> 20}")
    if not isinstance(family, StableDiffusion) or family.guidance is not Guidance.CLASSIFIER_FREE:
        raise AdapterError(path.name, "only guided models of Stable Diffusion's family have students")
    unet = family.components["unet"]
    if _size_bytes(unet) > WEIGHT_BYTES_MAX:
        raise AdapterError(path.name, "the model is too large to be held twice")
    facts = read_header(path).metadata
    digests = [hasher.file_hash(each, lambda _: None) for each in weight_files(loaded.info.folder, "unet")]
    if digests != [facts.get("made_for")]:
        raise AdapterError(path.name, "it was made for other weights than the model's; make it again")
    changed = copy.deepcopy(unet)
    Adapters({"unet": changed}).use([(load_lora(path, {"unet": changed}), 1.0)])
    return Student(family.with_unet(changed), *_taught(path, facts))


def _size_bytes(module: Module) -> int:
    return sum(each.numel() * each.element_size() for each in module.parameters())


def _taught(path: Path, facts: Mapping[str, str]) -> tuple[float, frozenset[int], int]:
    """At which guidance scale, in how many steps, and its shift. Raises ModelBrokenError where that is not said."""
    try:
        guidance, shift = float(facts["guidance"]), int(facts["timestep_shift"])
        steps = frozenset(int(each) for each in facts["steps"].split(","))
    except (KeyError, ValueError) as error:
        raise ModelBrokenError(path, "it does not say for which guidance and steps it was made") from error
    if not (math.isfinite(guidance) and all(1 <= each <= _STEPS_MAX for each in steps) and 0 <= shift <= _SHIFT_MAX):
        raise ModelBrokenError(path, "the guidance or the steps it was made for are impossible")
    return guidance, steps, shift

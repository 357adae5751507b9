"""The engine of this machine: models loaded into its memory, pictures made on its device."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec
import torch
from torch import Generator, Tensor

from studio.core.adapters_used import adapters_used
from studio.core.blend import Keyframe
from studio.core.engine import DeviceInfo, NoiseLevels, Report
from studio.core.errors import ModelError, NumbersOverflowedError
from studio.core.events import Drafted, Finished, PreviewTier, Stage, Staged, Step
from studio.core.model_checks import check_for_model
from studio.core.models import ModelInfo, find_models, read_model, resolve_model
from studio.core.precision import Precision
from studio.core.recipe import Recipe, check_recipe
from studio.core.start_region import with_kept_pixels
from studio.engine.adapting import Adapting, weights_key
from studio.engine.device import choose_device, or_sparingly, out_of_memory_as_ours
from studio.engine.guidance import Conditioner, Conditioning, guided
from studio.engine.keyframes import KeyframeNoises
from studio.engine.loading import Loaded, LoadedPipeline, Loader, check_weights, noise_config, resolve
from studio.engine.memory import model_budget_bytes
from studio.engine.noise import starting_noise
from studio.engine.preview import Stopwatch
from studio.engine.sampling import Sampled, sample
from studio.engine.schedulers import check_steps
from studio.engine.solver import build_solver, noise_levels
from studio.engine.starting import Held, encode_start, in_place
from studio.engine.student import Student, Students
from studio.engine.text import EmbeddingCache
from studio.engine.trajectories import Trajectories
from studio.engine.walking import at_once, batches, make_together

EMBEDDING_BUDGET_BYTES = 64 << 20
"""Some 270 prompts of Stable Diffusion 1."""
TRAJECTORY_BUDGET_BYTES = 64 << 20
"""Those of 12 keyframes of Stable Diffusion XL at 1024×1024 px, in ten steps."""


class LocalEngine:
    """An `Engine` on this machine. Lives on one thread."""

    def __init__(
        self,
        model_folders: tuple[Path, ...],
        *,
        device: str | None = None,
        hashes: Path | None = None,
        measured: Path | None = None,
        few_step: bool = True,
    ) -> None:
        """`model_folders` hold model folders; `device` as torch names it ("cpu", "cuda:1"), or None for the best.

        `hashes` is the file in which the weights' hashes are remembered; `measured` remembers how fast the machine is.
        Without `few_step`, models draw all drafts themselves.
        """
        self._folders = model_folders
        self._device = choose_device(device)
        self._loader = Loader(self._device, model_budget_bytes(self._device, 0), model_folders, hashes, measured)
        self._embeddings = EmbeddingCache(EMBEDDING_BUDGET_BYTES)
        self._noises = KeyframeNoises()
        self._trajectories = Trajectories(TRAJECTORY_BUDGET_BYTES)
        self._adapting = Adapting(model_folders)
        self._students = Students(self._loader.add_bytes, wanted=few_step)
        self._tier = PreviewTier.LINEAR

    def models(self) -> tuple[ModelInfo, ...]:
        """The models in the folders that can be read."""
        return find_models(self._folders)

    def device(self) -> DeviceInfo:
        """The device, with the memory in use now, and how the model that was used last lies there."""
        loaded = self._loader.loaded
        if loaded is None:
            return self._device.info()
        note = loaded.turns.plan.placement.value if isinstance(loaded, Loaded) else ""
        return msgspec.structs.replace(loaded.device.info(), note=note)

    def load(self, model: str, report: Report) -> ModelInfo:
        """Load the model of that name or folder, unless its very weights are loaded, and make it ready for pictures.

        Raises ModelError, OutOfMemoryError, and whatever `report` raises.
        """
        info, held = resolve_model(model, self._folders), self._loader.loaded

        def load() -> Loaded | LoadedPipeline:
            return self._loader.take(info, report)

        loaded = or_sparingly(load, lambda: self._make_room(info), load)
        if loaded is not held and isinstance(loaded, Loaded):
            loaded.family.prepare(loaded.info.defaults.width, loaded.info.defaults.height)
            self._students.of(loaded, report)
        return loaded.info

    def generate(self, recipe: Recipe, report: Report) -> Finished:
        """Make the picture. The same recipe on the same machine gives the same bytes.

        Raises OptionError, ModelError, OutOfMemoryError, NumbersOverflowedError, and whatever `report` raises.
        """
        info = self._check(recipe)
        with self._working(recipe):
            return or_sparingly(
                lambda: self._generate(recipe, info, report),
                lambda: self._make_room(info),
                lambda: self._generate_sparingly(recipe, info, report),
            )

    def walk(self, recipes: Sequence[Recipe], report: Report) -> Iterator[Finished]:
        """The pictures in their order, several at once where that is faster, and near to `generate`'s (see `filling`).

        Raises as `generate`.
        """
        for batch in batches(recipes):
            apart = len(batch) == 1 or self._find(batch[0].model.name).pipeline is not None
            yield from (self.generate(each, report) for each in batch) if apart else self._together(batch, report)

    def at_once(self, recipes: Sequence[Recipe]) -> int:
        """How many of `recipes`, from the first, `walk` makes together, by the memory that is free.

        Blends, pictures of a start and of schedulers that draw noise go alone; so does what loads its model first.
        Raises ModelError.
        """
        held = self._loader.loaded
        if not isinstance(held, Loaded) or held.info.path != self._find(recipes[0].model.name).path:
            return 1
        return at_once(recipes, held.device.torch_device)

    def draft(self, recipe: Recipe, report: Report, depth: int = 0) -> Drafted:
        """A quick look at the picture: its latents, decoded by the tiny autoencoder, or linearly where there is none.

        The first `depth` steps are not taken where the keyframes' trajectories, known from their own pictures, lead
        past them. The model's few-step student draws where it was taught such a recipe. Changes no picture, so that it
        may be called from within `report`. Raises as `generate`.
        """
        started = time.perf_counter()
        info = self._check(recipe)
        with self._working(recipe):
            loaded = self._loader.load(info, report)
            recipe = self._adapting.put_in(resolve(recipe, loaded.info, loaded.hash), loaded, report)
            conditioning, noise, generator = self._begin(recipe, loaded, report)
            held = encode_start(recipe, loaded.family, report)
            student = self._students.serving(recipe, loaded, report)
            before = time.perf_counter()
            latents = noise if held is None else held.latents
            deep = self._deep_steps(recipe, loaded, conditioning, generator, depth=depth, student=student)
            whole = partial(self._steps, recipe, loaded, conditioning, noise, generator, held=held, student=student)
            for taken in deep or whole():
                latents = taken.latents
                report(Step(number=taken.number, count=taken.count, sigma=taken.sigma, seconds=0.0))
            sampling_seconds = time.perf_counter() - before
            picture, signature = loaded.previewer.draft(latents)
            picture = picture if held is None else held.placed(picture)
        return Drafted(
            picture=picture,
            signature=signature,
            noise_norm=float(noise.norm()),
            noise_dimension=noise.numel(),
            sampling_seconds=sampling_seconds,
            rest_seconds=time.perf_counter() - started - sampling_seconds,
            depth=depth if deep else 0,
            student_steps=0 if student is None else max(student.steps),
        )

    def noise_levels(self, recipe: Recipe) -> NoiseLevels:
        """The levels `generate` would visit, from the model's JSON alone. Raises OptionError, ModelError."""
        info = self._check(recipe)
        return NoiseLevels((), ()) if info.pipeline else noise_levels(recipe, noise_config(info))

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` for the loaded model, without start and end marks. Raises ModelError where none is."""
        loaded = self._loader.loaded
        if loaded is None:
            raise ModelError("No model is loaded yet. Wait until it is, or choose one.")
        if isinstance(loaded, LoadedPipeline):
            return loaded.pipeline.count_tokens(text)
        return loaded.family.count_tokens(text, self._adapting.learning.lexicon_of(text, loaded))

    def set_preview(self, tier: PreviewTier) -> None:
        """How previews are made from the next step on. *Tiny* is linear where the model has no tiny autoencoder."""
        self._tier = tier

    def set_model_folders(self, folders: tuple[Path, ...]) -> None:
        """Where models and what goes with them are looked for from now on. Those in memory stay."""
        self._folders = self._loader.folders = folders
        self._adapting.look_in(folders)

    def set_model_memory(self, memory_gb: int) -> None:
        """How many GiB models may take together; 0: half of what the device has."""
        self._loader.set_budget(model_budget_bytes(self._device, memory_gb))

    def set_precision(self, precision: Precision) -> None:
        """The number format of models from now on. Those in memory go, and what was derived from them."""
        if precision is not self._loader.precisions.wished:
            self._loader.precisions.wished = precision
            self._make_room()

    def close(self) -> None:
        """Free everything. The engine loads again when it is asked for the next picture."""
        self._make_room()

    def _find(self, name: str) -> ModelInfo:
        """The model of that name as it is on disk; the one in memory first: to read all of many takes too long."""
        held = self._loader.loaded
        if held is not None and held.info.name.casefold() == name.casefold():
            with suppress(ModelError):
                found = read_model(held.info.file or held.info.folder)
                if found.name == held.info.name:
                    return found
        return resolve_model(name, self._folders)

    def _check(self, recipe: Recipe) -> ModelInfo:
        info = self._find(recipe.model.name)
        check_recipe(recipe, size_multiple=info.size_multiple)
        check_for_model(recipe, info)
        check_steps(recipe, noise_config(info))
        return info

    @contextmanager
    def _working(self, recipe: Recipe) -> Iterator[None]:
        self._adapting.check(recipe)
        out_of_memory = out_of_memory_as_ours(self._device, recipe.width, recipe.height)
        try:
            with out_of_memory, torch.inference_mode(), self._adapting.picture():
                yield
        except NumbersOverflowedError:
            held = self._loader.loaded
            if isinstance(held, Loaded) and not adapters_used(recipe):
                check_weights(held)
            raise
        finally:
            self._device.free()

    def _generate(self, recipe: Recipe, info: ModelInfo, report: Report) -> Finished:
        if info.pipeline is not None:
            return self._generate_whole(recipe, info, report)
        seconds: dict[Stage, float] = {}
        with _timed(seconds, Stage.LOADING):
            loaded = self._loader.load(info, report)
        with _timed(seconds, Stage.ENCODING):
            recipe = self._adapting.put_in(resolve(recipe, loaded.info, loaded.hash), loaded, report)
            conditioning, noise, generator = self._begin(recipe, loaded, report)
            held = encode_start(recipe, loaded.family, report)
        with _timed(seconds, Stage.SAMPLING):
            report(Staged(stage=Stage.SAMPLING))
            steps = self._steps(recipe, loaded, conditioning, noise, generator, held=held)
            started = noise if held is None else held.latents
            latents = self._sample(started, loaded, steps, in_place(report, held))
        with _timed(seconds, Stage.DECODING):
            report(Staged(stage=Stage.DECODING))
            picture = loaded.family.decode(latents, partial(_report_decoding, report))
            report(Staged(stage=Stage.DECODING, fraction=1.0))
        loaded.previewer.refine(latents, picture)
        return Finished(picture=with_kept_pixels(picture, recipe.start), recipe=recipe, seconds=seconds)

    def _generate_sparingly(self, recipe: Recipe, info: ModelInfo, report: Report) -> Finished:
        """After memory ran out: no other model in it, one part of this one, one prompt and one head at a time."""
        report(Staged(stage=Stage.LOADING, detail="memory ran out: once more, sparingly"))
        held = self._loader.take(info, report)
        works = held.pipeline if isinstance(held, LoadedPipeline) else held.family
        if isinstance(held, Loaded):
            held.turns.spare()
        works.set_sparing(True)
        try:
            return self._generate(recipe, info, report)
        finally:
            works.set_sparing(False)

    def _generate_whole(self, recipe: Recipe, info: ModelInfo, report: Report) -> Finished:
        seconds: dict[Stage, float] = {}
        with _timed(seconds, Stage.LOADING):
            loaded = self._loader.load_pipeline(info, report)
        resolved = resolve(recipe, loaded.info, loaded.hash)
        recipe = msgspec.structs.replace(resolved, scheduler_settings=recipe.scheduler_settings)  # its own are not ours
        return loaded.pipeline.make(recipe, self._tier, report, seconds)

    def _make_room(self, wanted: ModelInfo | None = None) -> None:
        """Free everything but the model that is wanted now."""
        self._loader.drop(but=None if wanted is None else wanted.path)
        for cache in (self._embeddings, self._noises, self._trajectories):
            cache.clear()
        self._device.free()

    def _together(self, recipes: list[Recipe], report: Report) -> list[Finished]:
        """All in one batch, or one after the other where memory does not suffice."""
        return or_sparingly(
            lambda: self._batch(recipes, report),
            lambda: self._make_room(self._check(recipes[0])),
            lambda: [self.generate(recipe, report) for recipe in recipes],
        )

    def _batch(self, recipes: list[Recipe], report: Report) -> list[Finished]:
        infos = [self._check(recipe) for recipe in recipes]
        with self._working(recipes[0]):
            loaded = self._loader.load(infos[0], report)
            known = [resolve(recipe, loaded.info, loaded.hash) for recipe in recipes]
            resolved = [self._adapting.put_in(recipe, loaded, report) for recipe in known]  # all have the same ones
            show = partial(loaded.previewer.show, tier=self._tier, clock=Stopwatch())
            return make_together(resolved, loaded, lambda each: self._begin(each, loaded, report), show, report)

    def _begin(self, recipe: Recipe, loaded: Loaded, report: Report) -> tuple[Conditioning, Tensor, Generator]:
        """What steers a resolved recipe, the noise it starts from, and the stream its scheduler draws from."""
        words = self._adapting.learning.lexicon(recipe, loaded)
        conditioner = Conditioner(loaded.family, weights_key(recipe), self._embeddings, words)
        report(Staged(stage=Stage.ENCODING))
        positive = conditioner.prompt(recipe)
        report(Staged(stage=Stage.ENCODING, fraction=0.5))
        negative = conditioner.negative_prompt(recipe)

        def noise_of(keyframe: Keyframe) -> Tensor:
            embeddings = conditioner.keyframe(keyframe, recipe)
            return self._noises.noise_of(keyframe, recipe, loaded, embeddings, tick)

        def tick(fraction: float) -> None:
            report(Staged(stage=Stage.ENCODING, fraction=fraction, detail="finding a picture's noise"))

        shape = loaded.family.noise_shape(recipe.width, recipe.height)
        noise, generator = starting_noise(recipe, shape, noise_of)
        report(Staged(stage=Stage.ENCODING, fraction=1.0))
        return conditioner.conditioning(positive, negative, recipe.guidance), noise, generator

    def _steps(
        self,
        recipe: Recipe,
        loaded: Loaded,
        conditioning: Conditioning,
        noise: Tensor,
        generator: Generator,
        *,
        held: Held | None,
        student: Student | None = None,
    ) -> Iterator[Sampled]:
        if student is not None:
            solver = student.solver(recipe, loaded.noise, generator)
            return sample(student.predict(conditioning, recipe.steps), solver, noise.to(self._device.torch_device))
        solver = build_solver(recipe, loaded.noise, generator)
        predict = self._trajectories.watched(guided(loaded.family, conditioning), recipe, solver)
        return sample(predict, solver, noise.to(self._device.torch_device), held)

    def _deep_steps(
        self,
        recipe: Recipe,
        loaded: Loaded,
        conditioning: Conditioning,
        generator: Generator,
        *,
        depth: int,
        student: Student | None,
    ) -> Iterator[Sampled] | None:
        """The steps after the first `depth`, from the keyframes' trajectories; None where those are not known."""
        if not 0 < depth < recipe.steps:
            return None
        build = build_solver if student is None else student.solver
        solver = build(recipe, loaded.noise, generator, depth)
        start = self._trajectories.start(recipe, solver)
        if start is None:
            return None
        noise = start.to(self._device.torch_device) / solver.initial_scale  # `sample` multiplies by it
        if student is not None:
            return sample(student.predict(conditioning, recipe.steps), solver, noise)
        return sample(guided(loaded.family, conditioning), solver, noise)

    def _sample(self, latents: Tensor, loaded: Loaded, steps: Iterator[Sampled], report: Report) -> Tensor:
        """The latents after the last of `steps`; those given where there is none."""
        clock = Stopwatch()
        for taken in steps:
            preview = loaded.previewer.show(taken.x0, self._tier, clock)
            latents, seconds = taken.latents, clock.lap_seconds()
            report(Step(number=taken.number, count=taken.count, sigma=taken.sigma, seconds=seconds, preview=preview))
            clock.begin_lap()
        return latents


def _report_decoding(report: Report, fraction: float, detail: str) -> None:
    report(Staged(stage=Stage.DECODING, fraction=fraction, detail=detail))


@contextmanager
def _timed(seconds: dict[Stage, float], stage: Stage) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - started

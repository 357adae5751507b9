"""The engine of this machine: models loaded into its memory, pictures made on its device."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Generator, Tensor

from studio.core.blend import Keyframe
from studio.core.engine import DeviceInfo, NoiseLevels, Report
from studio.core.errors import ModelError, OptionError
from studio.core.events import Drafted, Finished, PreviewTier, Stage, Staged, Step
from studio.core.model_family import check_offered
from studio.core.models import ModelInfo, find_models, resolve_model
from studio.core.prompt_grammar import parse_prompt
from studio.core.recipe import Recipe, check_recipe
from studio.engine.device import choose_device, out_of_memory_as_ours
from studio.engine.guidance import Conditioner, Conditioning, guided
from studio.engine.keyframes import KeyframeNoises
from studio.engine.loading import Loaded, Loader, noise_config, resolve
from studio.engine.noise import starting_noise
from studio.engine.preview import Stopwatch
from studio.engine.sampling import Sampled, sample
from studio.engine.schedulers import check_steps
from studio.engine.solver import build_solver, noise_levels
from studio.engine.text import EmbeddingCache
from studio.engine.walking import batches, make_together

EMBEDDING_BUDGET_BYTES = 64 << 20
"""Some 270 prompts of Stable Diffusion 1."""


class LocalEngine:
    """An `Engine` on this machine, which holds one model at a time. Lives on one thread."""

    def __init__(self, model_folders: tuple[Path, ...], *, device: str | None = None) -> None:
        """`model_folders` hold model folders; `device` as torch names it ("cpu", "cuda:1"), or None for the best."""
        self._folders = model_folders
        self._device = choose_device(device)
        self._loader = Loader(self._device)
        self._embeddings = EmbeddingCache(EMBEDDING_BUDGET_BYTES)
        self._noises = KeyframeNoises()
        self._tier = PreviewTier.LINEAR

    def models(self) -> tuple[ModelInfo, ...]:
        """The models in the folders that can be read."""
        return find_models(self._folders)

    def device(self) -> DeviceInfo:
        """The device, with the memory in use now."""
        return self._device.info()

    def load(self, model: str, report: Report) -> ModelInfo:
        """Load the model of that name or folder, unless its very weights are loaded, and make it ready for pictures.

        Raises ModelError, OutOfMemoryError, and whatever `report` raises.
        """
        held, loaded = self._loader.loaded, self._loader.load(resolve_model(model, self._folders), report)
        if loaded is not held:
            loaded.family.prepare(loaded.info.defaults.width, loaded.info.defaults.height)
        return loaded.info

    def generate(self, recipe: Recipe, report: Report) -> Finished:
        """Make the picture. The same recipe on the same machine gives the same bytes.

        Raises OptionError, ModelError, OutOfMemoryError, and whatever `report` raises.
        """
        info = self._check(recipe)
        with self._working(recipe):
            return self._generate(recipe, info, report)

    def walk(self, recipes: Sequence[Recipe], report: Report) -> Iterator[Finished]:
        """The pictures in their order, several at once where that is faster: equal to `generate`'s but for rounding.

        Raises as `generate`.
        """
        for batch in batches(recipes):
            yield from [self.generate(batch[0], report)] if len(batch) == 1 else self._together(batch, report)

    def draft(self, recipe: Recipe, report: Report) -> Drafted:
        """A quick look at the picture: its latents, decoded by the tiny autoencoder, or linearly where there is none.

        Keeps nothing and changes nothing, so that it may be called from within `report`. Raises as `generate`.
        """
        started = time.perf_counter()
        info = self._check(recipe)
        with self._working(recipe):
            loaded = self._loader.load(info, report)
            recipe = resolve(recipe, loaded.info, loaded.hash)
            conditioning, noise, generator = self._begin(recipe, loaded, report)
            before = time.perf_counter()
            latents = noise
            for taken in self._steps(recipe, loaded, conditioning, noise, generator):
                latents = taken.latents
                report(Step(number=taken.number, count=recipe.steps, sigma=taken.sigma, seconds=0.0))
            sampling_seconds = time.perf_counter() - before
            picture, signature = loaded.previewer.draft(latents)
        return Drafted(
            picture=picture,
            signature=signature,
            noise_norm=float(noise.norm()),
            noise_dimension=noise.numel(),
            sampling_seconds=sampling_seconds,
            rest_seconds=time.perf_counter() - started - sampling_seconds,
        )

    def noise_levels(self, recipe: Recipe) -> NoiseLevels:
        """The levels `generate` would visit, from the model's JSON alone. Raises OptionError, ModelError."""
        return noise_levels(recipe, noise_config(self._check(recipe)))

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` for the loaded model, without start and end marks. Raises ModelError where none is."""
        if self._loader.loaded is None:
            raise ModelError("No model is loaded yet. Wait until it is, or choose one.")
        return self._loader.loaded.family.count_tokens(text)

    def set_preview(self, tier: PreviewTier) -> None:
        """How previews are made from the next step on. *Tiny* is linear where the model has no tiny autoencoder."""
        self._tier = tier

    def close(self) -> None:
        """Free everything. The engine loads again when it is asked for the next picture."""
        self._loader.loaded = None
        self._embeddings.clear()
        self._noises.clear()
        self._device.free()

    def _check(self, recipe: Recipe) -> ModelInfo:
        info = resolve_model(recipe.model.name, self._folders)
        for use in parse_prompt(recipe.prompt).adapters[:1]:
            raise OptionError("prompt", f"Adapters cannot be used yet. Take <lora:{use.name}> out of the prompt.")
        check_recipe(recipe, size_multiple=info.size_multiple)
        check_offered(info.prediction_type, recipe.scheduler, recipe.schedule, recipe.scheduler_settings)
        check_steps(recipe, noise_config(info))
        return info

    @contextmanager
    def _working(self, recipe: Recipe) -> Iterator[None]:
        try:
            with out_of_memory_as_ours(self._device, recipe.width, recipe.height), torch.inference_mode():
                yield
        finally:
            self._device.free()

    def _generate(self, recipe: Recipe, info: ModelInfo, report: Report) -> Finished:
        seconds: dict[Stage, float] = {}
        with _timed(seconds, Stage.LOADING):
            loaded = self._loader.load(info, report)
        recipe = resolve(recipe, loaded.info, loaded.hash)
        with _timed(seconds, Stage.ENCODING):
            conditioning, noise, generator = self._begin(recipe, loaded, report)
        with _timed(seconds, Stage.SAMPLING):
            report(Staged(stage=Stage.SAMPLING))
            steps = self._steps(recipe, loaded, conditioning, noise, generator)
            latents = self._sample(recipe, loaded, steps, report)
        with _timed(seconds, Stage.DECODING):
            report(Staged(stage=Stage.DECODING))
            picture = loaded.family.decode(latents)
            report(Staged(stage=Stage.DECODING, fraction=1.0))
        loaded.previewer.refine(latents, picture)
        return Finished(picture=picture, recipe=recipe, seconds=seconds)

    def _together(self, recipes: list[Recipe], report: Report) -> list[Finished]:
        infos = [self._check(recipe) for recipe in recipes]
        with self._working(recipes[0]):
            loaded = self._loader.load(infos[0], report)
            resolved = [resolve(recipe, loaded.info, loaded.hash) for recipe in recipes]
            device = self._device.torch_device
            return make_together(resolved, loaded, lambda each: self._begin(each, loaded, report), device, report)

    def _begin(self, recipe: Recipe, loaded: Loaded, report: Report) -> tuple[Conditioning, Tensor, Generator]:
        """What steers a resolved recipe, the noise it starts from, and the stream its scheduler draws from."""
        conditioner = Conditioner(loaded.family, loaded.hash, self._embeddings)
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
        self, recipe: Recipe, loaded: Loaded, conditioning: Conditioning, noise: Tensor, generator: Generator
    ) -> Iterator[Sampled]:
        solver = build_solver(recipe, loaded.noise, generator)
        return sample(guided(loaded.family, conditioning), solver, noise.to(self._device.torch_device))

    def _sample(self, recipe: Recipe, loaded: Loaded, steps: Iterator[Sampled], report: Report) -> Tensor:
        clock = Stopwatch()
        latents = torch.empty(0)
        for taken in steps:
            preview = loaded.previewer.show(taken.x0, self._tier, clock)
            latents, seconds = taken.latents, clock.lap_seconds()
            report(Step(number=taken.number, count=recipe.steps, sigma=taken.sigma, seconds=seconds, preview=preview))
            clock.begin_lap()
        return latents


@contextmanager
def _timed(seconds: dict[Stage, float], stage: Stage) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - started

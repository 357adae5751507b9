"""A pipeline of diffusers that is run whole, through its own call, and watched while it runs."""

import inspect
import time
import warnings
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch

from studio.core.engine import Report
from studio.core.errors import PipelineError, PromptTooLongError
from studio.core.events import Finished, Picture, PreviewTier, Stage, Staged, Step
from studio.core.model_info import ModelInfo
from studio.core.prompt_grammar import plain_text
from studio.core.recipe import Recipe
from studio.engine.device import is_out_of_memory
from studio.engine.noise import generator_for
from studio.engine.pipeline_folder import said_by
from studio.engine.preview import Stopwatch
from studio.engine.watching import Watched, watching
from studio.engine.whole_preview import pipeline_previewer

_FORESEEN = (ArithmeticError, AttributeError, ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""What a pipeline may say of a recipe, or of parts that do not go together."""
_AS_ASKED = {"use_resolution_binning": False, "clean_caption": False}
"""Some would otherwise make another size than they are asked for, or read another prompt."""


class WholePipeline:
    """Makes pictures by the call of a loaded pipeline. The same recipe gives the same bytes."""

    def __init__(self, info: ModelInfo, pipe: Any) -> None:
        """`pipe` is loaded and on its device."""
        assert info.pipeline is not None
        self._facts, self._pipe = info.pipeline.facts, pipe
        pipe.set_progress_bar_config(disable=True)
        self._takes = inspect.signature(pipe.__call__).parameters
        self._previewer = pipeline_previewer(info, pipe)
        self._tokenizer = pipe.components[max(each for each in pipe.components if "tokenizer" in each)]

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` for the text encoder that reads furthest, without start and end marks."""
        marks = self._tokenizer.num_special_tokens_to_add()
        return len(self._tokenizer(plain_text(text), truncation=False).input_ids) - int(marks)

    def set_sparing(self, on: bool) -> None:
        """Decode in tiles and attend by heads from now on, as far as the parts can, or not any more."""
        word = "enable" if on else "disable"
        getattr(self._pipe, f"{word}_attention_slicing")()
        for part in self._pipe.components.values():
            switch = getattr(part, f"{word}_tiling", None)
            if switch is not None:
                switch()

    def make(self, recipe: Recipe, tier: PreviewTier, report: Report, seconds: dict[Stage, float]) -> Finished:
        """The picture of a resolved recipe. Puts the seconds of its stages into `seconds`.

        Raises PromptTooLongError, PipelineError, and what `report` raises.
        """
        for name in ("prompt", "negative_prompt"):
            tokens = self.count_tokens(getattr(recipe, name))
            if tokens > self._facts.token_limit:
                raise PromptTooLongError(name, tokens, self._facts.token_limit)
        watch = _Watch(self, recipe, tier, report)
        report(Staged(stage=Stage.ENCODING))
        picture = self._picture(recipe, watch)
        report(Staged(stage=Stage.DECODING, fraction=1.0))
        seconds.update(watch.seconds())
        return Finished(picture=picture, recipe=recipe, seconds=seconds)

    def show(self, watched: Watched, tier: PreviewTier, clock: Stopwatch) -> Picture | None:
        """The preview of a step, where there can be one."""
        if self._previewer is None or watched.x0 is None:
            return None
        return self._previewer.show(watched.x0.to(torch.float32), tier, clock)

    def _picture(self, recipe: Recipe, watch: "_Watch") -> Picture:
        components = self._pipe.components
        with ExitStack() as stack, warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # what diffusers tells programmers, of its own calls too
            stack.enter_context(watching(components["scheduler"], watch.on_begun, watch.on_step))
            if "prior_scheduler" in components:
                stack.enter_context(watching(components["prior_scheduler"], lambda: None, watch.on_prior_step))
            try:
                made = np.asarray(self._pipe(**self._call(recipe)).images[0])
            except _FORESEEN as error:
                if is_out_of_memory(error):
                    raise
                raise PipelineError(self._facts.name, said_by(error)) from error
        return self._checked(made, recipe)

    def _call(self, recipe: Recipe) -> dict[str, Any]:
        call = {
            "prompt": plain_text(recipe.prompt),
            "width": recipe.width,
            "height": recipe.height,
            "num_inference_steps": recipe.steps,
            self._facts.guidance_name: recipe.guidance,
            "generator": generator_for(recipe.seed),
            "output_type": "np",
            **_AS_ASKED,
        }
        if recipe.negative_prompt:
            call["negative_prompt"] = plain_text(recipe.negative_prompt)
        return {name: value for name, value in call.items() if name in self._takes}

    def _checked(self, made: Any, recipe: Recipe) -> Picture:
        """The picture (H, W, 3) uint8 of floats 0…1. Raises PipelineError where it is none, or of another size."""
        if made.shape != (recipe.height, recipe.width, 3):
            size = "×".join(str(side) for side in made.shape[1::-1])
            raise PipelineError(self._facts.name, f"it makes {size} px where {recipe.width}×{recipe.height} are asked")
        if not np.isfinite(made).all():
            raise PipelineError(self._facts.name, "its numbers overflowed")
        picture: Picture = np.ascontiguousarray((made * 255).round().astype(np.uint8))
        return picture


class _Watch:
    """Follows one picture from its pipeline's first step to its last, and reports."""

    def __init__(self, whole: WholePipeline, recipe: Recipe, tier: PreviewTier, report: Report) -> None:
        self._whole, self._steps, self._tier, self._report = whole, recipe.steps, tier, report
        self._clock, self._reported = Stopwatch(), 0
        self._times = [time.perf_counter()]
        """When it began, when sampling began, and when that ended."""

    def seconds(self) -> dict[Stage, float]:
        """How long each stage took, as far as it was watched."""
        times = [*self._times, time.perf_counter()]
        stages = (Stage.ENCODING, Stage.SAMPLING, Stage.DECODING)
        return {stage: after - before for stage, before, after in zip(stages, times, times[1:], strict=False)}

    def on_prior_step(self, watched: Watched) -> None:
        """A step towards what the words look like."""
        self._report(Staged(stage=Stage.ENCODING, fraction=watched.number / watched.count))

    def on_begun(self) -> None:
        """The words are read."""
        self._times = [*self._times[:1], time.perf_counter()]
        self._report(Staged(stage=Stage.SAMPLING))
        self._clock = Stopwatch()

    def on_step(self, watched: Watched) -> None:
        """The scheduler counts its calls of the network; the artist counts steps."""
        number = self._steps * watched.number // watched.count
        if number > self._reported:
            self._reported = number
            preview = self._whole.show(watched, self._tier, self._clock)
            seconds = self._clock.lap_seconds()
            self._report(Step(number=number, count=self._steps, sigma=watched.sigma, seconds=seconds, preview=preview))
            self._clock.begin_lap()
        if watched.number == watched.count:
            self._times.append(time.perf_counter())
            self._report(Staged(stage=Stage.DECODING))

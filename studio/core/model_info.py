"""What is known of a model before it is loaded."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from studio.core.abilities import EVERY_ABILITY, Ability
from studio.core.model_family import FAMILIES, Defaults, ModelFamily, offered_schedulers
from studio.core.pipelines import Pipeline
from studio.core.prompt_grammar import CHUNKS_MAX
from studio.core.schedulers import Scheduler, SchedulerInfo


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A model: a folder in the diffusers layout, or a single safetensors `file` in `folder`.

    `size_multiple` in pixels; `latent_channels` C and `downsampling` f: a picture H×W×3 has latents (C, H/f, W/f);
    `token_limit` counts the prompt's own tokens that are read at once (the encoder's length less its two marks).
    `few_steps`: it was distilled to need few; `inpaints`: it is shown the mask, and what lies outside of it; `note`
    says in a sentence what is special about it, or is empty; `abilities` can be asked of it; `pipeline` is set where it
    is run whole.
    """

    name: str
    folder: Path
    prediction_type: str
    latent_channels: int
    downsampling: int
    size_multiple: int
    token_limit: int
    defaults: Defaults
    vocabulary: Path | None = None
    family: ModelFamily = ModelFamily.SD1
    file: Path | None = None
    few_steps: bool = False
    inpaints: bool = False
    note: str = ""
    abilities: frozenset[Ability] = EVERY_ABILITY
    pipeline: Pipeline | None = None

    @property
    def path(self) -> Path:
        """What the artist would point to: the file, or the folder."""
        return self.file or self.folder

    @property
    def schedulers(self) -> Mapping[Scheduler, SchedulerInfo]:
        """The schedulers offered for it, by what it predicts; where it keeps its own, that one."""
        if Ability.SCHEDULERS in self.abilities:
            return offered_schedulers(self.prediction_type)
        own = SchedulerInfo(description="The model's own: it takes no other.", schedules=(self.defaults.schedule,))
        return {self.defaults.scheduler: own}

    @property
    def prompt_limit(self) -> int:
        """Tokens that a prompt may have: `token_limit`, or as many again for each chunk where it is read in chunks."""
        in_chunks = self.pipeline is None and FAMILIES[self.family].weighs_words
        return self.token_limit * (CHUNKS_MAX if in_chunks else 1)

    @property
    def kind(self) -> str:
        """What artists call its architecture."""
        return self.family if self.pipeline is None else self.pipeline.facts.name

    @property
    def weighted(self) -> tuple[str, ...]:
        """The parts with weights that determine its pictures, in the order they are loaded."""
        return FAMILIES[self.family].weighted if self.pipeline is None else self.pipeline.weighted

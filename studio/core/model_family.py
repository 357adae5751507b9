"""The families of models the studio runs, and what each wants: parts, sizes, schedulers, defaults."""

import enum
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from studio.core.errors import OptionError
from studio.core.pipelines import PIPELINES
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler, SchedulerInfo, SchedulerSettings


class ModelFamily(enum.StrEnum):
    """An architecture the engine can run, as artists call it."""

    SD1 = "Stable Diffusion 1"
    SD2 = "Stable Diffusion 2"
    SDXL = "Stable Diffusion XL"
    SD3 = "Stable Diffusion 3"
    FLUX = "Flux.1"
    PIXART_SIGMA = "PixArt-Σ"
    OTHER = "Other"
    """A pipeline of diffusers that is run whole: see `pipelines`."""


FLOW = "flow"
"""The prediction type of flow matching; the others are named as diffusers names them."""


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """What a model wants when the artist has not chosen. Sizes in pixels."""

    width: int = 512
    height: int = 512
    steps: int = 25
    guidance: float = 7.0
    scheduler: Scheduler = Scheduler.DPMPP_2M
    schedule: Schedule = Schedule.KARRAS


class FamilyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What all models of a family have in common.

    `slug` names its folder in `resources/configs`; `pipelines` are diffusers' names for it; `weighted` are the parts
    that hold weights, in the order they are loaded, `tokenizers` those that do not; `optional` may be missing;
    `size_multiple` in pixels: the autoencoder's downsampling times the patches of the denoiser. `weighs_words`: the
    prompt's brackets and BREAK count; elsewhere they are left out.
    """

    slug: str
    pipelines: tuple[str, ...]
    tokenizers: tuple[str, ...]
    weighted: tuple[str, ...]
    optional: tuple[str, ...] = ()
    size_multiple: int = 8
    token_limit: int = 75
    weighs_words: bool = True
    defaults: Defaults = Defaults()

    @property
    def denoiser(self) -> str:
        """The part that predicts."""
        return "unet" if "unet" in self.weighted else "transformer"


_TWO = ("tokenizer", "tokenizer_2")
FAMILIES: Mapping[ModelFamily, FamilyFacts] = MappingProxyType(
    {
        ModelFamily.SD1: FamilyFacts(
            slug="sd1",
            pipelines=("StableDiffusionPipeline", "LatentConsistencyModelPipeline", "StableDiffusionInpaintPipeline"),
            tokenizers=("tokenizer",),
            weighted=("text_encoder", "unet", "vae"),
        ),
        ModelFamily.SD2: FamilyFacts(
            slug="sd2",
            pipelines=(),
            tokenizers=("tokenizer",),
            weighted=("text_encoder", "unet", "vae"),
            defaults=Defaults(width=768, height=768),
        ),
        ModelFamily.SDXL: FamilyFacts(
            slug="sdxl",
            pipelines=("StableDiffusionXLPipeline", "StableDiffusionXLInpaintPipeline"),
            tokenizers=_TWO,
            weighted=("text_encoder", "text_encoder_2", "unet", "vae"),
            defaults=Defaults(width=1024, height=1024, steps=30, guidance=5.0),
        ),
        ModelFamily.SD3: FamilyFacts(
            slug="sd3",
            pipelines=("StableDiffusion3Pipeline",),
            tokenizers=(*_TWO, "tokenizer_3"),
            weighted=("text_encoder", "text_encoder_2", "text_encoder_3", "transformer", "vae"),
            optional=("tokenizer_3", "text_encoder_3"),
            size_multiple=16,
            token_limit=255,
            weighs_words=False,
            defaults=Defaults(
                width=1024, height=1024, steps=28, guidance=5.0, scheduler=Scheduler.EULER, schedule=Schedule.NORMAL
            ),
        ),
        ModelFamily.FLUX: FamilyFacts(
            slug="flux",
            pipelines=("FluxPipeline",),
            tokenizers=_TWO,
            weighted=("text_encoder", "text_encoder_2", "transformer", "vae"),
            size_multiple=16,
            token_limit=511,
            weighs_words=False,
            defaults=Defaults(
                width=1024, height=1024, steps=28, guidance=3.5, scheduler=Scheduler.EULER, schedule=Schedule.NORMAL
            ),
        ),
        ModelFamily.PIXART_SIGMA: FamilyFacts(
            slug="pixart-sigma",
            pipelines=("PixArtSigmaPipeline",),
            tokenizers=("tokenizer",),
            weighted=("text_encoder", "transformer", "vae"),
            size_multiple=16,
            token_limit=299,
            weighs_words=False,
            defaults=Defaults(width=1024, height=1024, steps=20, guidance=4.5, schedule=Schedule.NORMAL),
        ),
        ModelFamily.OTHER: FamilyFacts(slug="", pipelines=(), tokenizers=(), weighted=()),
    }
)

KINDS = (*(each for each in ModelFamily if each is not ModelFamily.OTHER), *(each.name for each in PIPELINES.values()))
"""All that can be run, as artists call it."""

FLOW_SCHEDULERS: Mapping[Scheduler, SchedulerInfo] = MappingProxyType(
    {
        Scheduler.EULER: SchedulerInfo(
            description="First-order steps along the flow (Lipman 2022): what flow models are made for.",
            schedules=(Schedule.NORMAL, Schedule.BETA),
        ),
        Scheduler.HEUN: SchedulerInfo(
            description="Second-order steps along the flow: two evaluations a step.",
            schedules=(Schedule.NORMAL,),
            evaluations=2,
        ),
    }
)
"""What is offered for flow matching. Karras and its like space the σ of noise that is added, not of noise mixed in."""


def family_of_pipeline(name: str) -> ModelFamily | None:
    """The family whose pipeline diffusers calls `name`, from a folder's `model_index.json`; None for others."""
    return next((family for family, facts in FAMILIES.items() if name in facts.pipelines), None)


def inpainting_channels(latent_channels: int) -> int:
    """What an inpainting U-Net takes: the latents, the mask, and the masked picture's latents."""
    return 2 * latent_channels + 1


def offered_schedulers(prediction_type: str) -> Mapping[Scheduler, SchedulerInfo]:
    """The schedulers that suit what a model predicts, with what each offers there."""
    return FLOW_SCHEDULERS if prediction_type == FLOW else SCHEDULERS


def check_offered(prediction_type: str, scheduler: Scheduler, schedule: Schedule, settings: SchedulerSettings) -> None:
    """Raise OptionError where a model of that prediction type cannot be sampled so.

    A setting left at what the scheduler has anyway is no wish, so that a finished picture's recipe stays usable.
    """
    offered = offered_schedulers(prediction_type)
    if scheduler not in offered:
        raise OptionError(
            "scheduler", f"{scheduler} is not offered for flow-matching models. Choose one of: {', '.join(offered)}."
        )
    info = offered[scheduler]
    if schedule not in info.schedules:
        raise OptionError(
            "schedule",
            f"{scheduler} is not offered with {schedule} for this model. Choose one of: {', '.join(info.schedules)}.",
        )
    usual = SCHEDULERS[scheduler].settings
    for name, value in msgspec.structs.asdict(settings).items():
        if value is not None and name not in info.settings and value != usual.get(name):
            raise OptionError(name, f"{scheduler} takes no setting “{name}” for this model. Leave it out.")

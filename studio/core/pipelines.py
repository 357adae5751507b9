"""Pipelines of diffusers that the engine runs whole: it knows what they take, not how they are made.

Only what is listed here runs. Defaults are those of diffusers' own calls; where these leave the size open, it is the
denoiser's own. Not listed are pipelines that want a picture, make films, or keep schedulers whose noise is unknown.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from studio.core.schedulers import Scheduler


class PipelineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one before its files are read.

    `side` in pixels, 0: the denoiser's own. `token_limit` counts the prompt's own tokens. `guidance_name` is the call's
    word for the guidance scale. `autoencoder` is the part whose latents (C, h, w) the scheduler sees, empty where it
    sees the picture's own pixels, and None where it sees what cannot be shown, such as latents in packets.
    """

    name: str
    steps: int
    guidance: float
    token_limit: int
    side: int = 0
    size_multiple: int = 16
    guidance_name: str = "guidance_scale"
    takes_negative: bool = True
    autoencoder: str | None = "vae"


_WEIGHTLESS = re.compile(r"(Scheduler|Tokenizer|Processor|FeatureExtractor)(Fast|Pil)?$")


class Part(msgspec.Struct, frozen=True):
    """A part of a pipeline: the folder it is in, and the library and class that it says it is."""

    name: str
    library: str
    class_name: str

    @property
    def has_weights(self) -> bool:
        """Whether it is a network, and no tokenizer, scheduler or the like."""
        return _WEIGHTLESS.search(self.class_name) is None


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline as a folder's `model_index.json` has it: its class, its parts, and its plain settings."""

    class_name: str
    parts: tuple[Part, ...]
    settings: tuple[tuple[str, bool | int | float], ...] = ()

    @property
    def facts(self) -> PipelineFacts:
        """What is known of its class."""
        return PIPELINES[self.class_name]

    @property
    def weighted(self) -> tuple[str, ...]:
        """The names of its networks."""
        return tuple(part.name for part in self.parts if part.has_weights)


_KANDINSKY = PipelineFacts(
    name="Kandinsky 2.1", steps=100, guidance=4.0, token_limit=75, side=512, size_multiple=64, autoencoder="movq"
)
PIPELINES: Mapping[str, PipelineFacts] = MappingProxyType(
    {
        "AuraFlowPipeline": PipelineFacts(name="AuraFlow", steps=50, guidance=3.5, token_limit=255, side=1024),
        "ChromaPipeline": PipelineFacts(name="Chroma", steps=35, guidance=5.0, token_limit=511, autoencoder=None),
        "CogView3PlusPipeline": PipelineFacts(name="CogView3-Plus", steps=50, guidance=5.0, token_limit=223),
        "CogView4Pipeline": PipelineFacts(name="CogView4", steps=50, guidance=5.0, token_limit=1023, size_multiple=32),
        "HunyuanDiTPipeline": PipelineFacts(name="Hunyuan-DiT", steps=50, guidance=5.0, token_limit=255),
        "IFPipeline": PipelineFacts(
            name="DeepFloyd IF", steps=100, guidance=7.0, token_limit=76, size_multiple=8, autoencoder=""
        ),
        "Kandinsky3Pipeline": PipelineFacts(
            name="Kandinsky 3",
            steps=25,
            guidance=3.0,
            token_limit=127,
            side=1024,
            size_multiple=64,
            autoencoder="movq",
        ),
        "KandinskyCombinedPipeline": _KANDINSKY,
        "KandinskyV22CombinedPipeline": msgspec.structs.replace(_KANDINSKY, name="Kandinsky 2.2"),
        "LDMTextToImagePipeline": PipelineFacts(
            name="Latent Diffusion",
            steps=50,
            guidance=1.0,
            token_limit=75,
            size_multiple=8,
            takes_negative=False,
            autoencoder="vqvae",
        ),
        "Lumina2Pipeline": PipelineFacts(name="Lumina 2", steps=30, guidance=4.0, token_limit=255),
        "LuminaPipeline": PipelineFacts(name="Lumina", steps=30, guidance=4.0, token_limit=255),
        "PixArtAlphaPipeline": PipelineFacts(name="PixArt-α", steps=20, guidance=4.5, token_limit=119),
        "QwenImagePipeline": PipelineFacts(
            name="Qwen-Image",
            steps=50,
            guidance=4.0,
            token_limit=511,
            side=1024,
            guidance_name="true_cfg_scale",
            autoencoder=None,
        ),
        "SanaPipeline": PipelineFacts(
            name="Sana", steps=20, guidance=4.5, token_limit=299, side=1024, size_multiple=32
        ),
        "ZImagePipeline": PipelineFacts(name="Z-Image", steps=50, guidance=5.0, token_limit=511, side=1024),
    }
)
"""By diffusers' names for them."""

OWN_SCHEDULERS: Mapping[str, Scheduler] = MappingProxyType(
    {
        "CogVideoXDDIMScheduler": Scheduler.DDIM,
        "DDIMScheduler": Scheduler.DDIM,
        "DDPMScheduler": Scheduler.DDPM,
        "DEISMultistepScheduler": Scheduler.DEIS,
        "DPMSolverMultistepScheduler": Scheduler.DPMPP_2M,
        "DPMSolverSinglestepScheduler": Scheduler.DPMPP_2S,
        "EulerAncestralDiscreteScheduler": Scheduler.EULER_A,
        "EulerDiscreteScheduler": Scheduler.EULER,
        "FlowMatchEulerDiscreteScheduler": Scheduler.EULER,
        "LCMScheduler": Scheduler.LCM,
        "LMSDiscreteScheduler": Scheduler.LMS,
        "PNDMScheduler": Scheduler.PNDM,
        "UniPCMultistepScheduler": Scheduler.UNIPC,
    }
)
"""What artists call the schedulers that such a pipeline may come with. It keeps the one it came with."""

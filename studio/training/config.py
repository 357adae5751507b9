"""Configuration of the training stages: frozen structs read from one TOML file a stage."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")
Positive = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, Meta(ge=0.0)]


class Stage(enum.Enum):
    """What `python -m studio.training` can do."""

    PICTURES = "pictures"
    AUTOENCODER = "autoencoder"
    DECODER = "decoder"
    TINY_DECODER = "tiny-decoder"
    LATENTS = "latents"
    DENOISER = "denoiser"
    WAYS = "ways"
    STUDENT = "student"
    JUDGE = "judge"
    EVALUATE = "evaluate"
    EXPORT = "export"
    SAMPLES = "samples"
    MEASURE = "measure"


class LoopConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long and how fast a stage trains.

    Attributes:
        samples: training ends when so many samples were seen.
        minutes: training also ends after so many minutes of training time, over all runs; 0 for no limit.
        batch: samples a step and worker.
        learning_rate: the flat part's; it rises over `warmup_steps` and falls to zero over the last `decay` share.
        clip: largest norm of the gradient.
        ema: decay of the moving average of the weights at its slowest.
        sync_steps: 1 averages gradients over workers at every step; more lets every worker step alone and averages
            their weights after so many steps, which waits less for a busy machine.
        report_minutes: time between sample sheets, each with one line of metrics and a checkpoint.
    """

    samples: Positive
    batch: Positive
    learning_rate: Annotated[float, Meta(gt=0.0)]
    minutes: Weight = 0.0
    warmup_steps: Annotated[int, Meta(ge=0)] = 50
    decay: Share = 0.3
    weight_decay: Weight = 0.0
    beta2: Share = 0.99
    sync_steps: Positive = 1
    clip: Weight = 1.0
    ema: Share = 0.999
    report_minutes: Annotated[float, Meta(gt=0.0)] = 4.0
    seed: int = 0


class PicturesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Drawn pictures kept on disk for the autoencoder's training."""

    size: Positive = 256
    count: Positive = 20_000
    shard: Positive = 500
    first_seed: int = 1_000_000


class VaeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shape of the `AutoencoderKL`; it halves the picture `len(widths) - 1` times.

    Attributes:
        spectrum: latent channels have as deviations their effects on the picture, relative to the largest, to this
            power. 0 makes all alike; above 0, noise hides detail before it hides the composition, as it does in
            pictures themselves.
    """

    widths: tuple[int, ...] = (16, 32, 64, 128, 128)
    latent_channels: Positive = 12
    spectrum: Weight = 0.0
    layers: Positive = 1
    groups: Positive = 4
    start_sigma: float = 0.1
    start_pictures: Positive = 400


class AutoencoderConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stages `autoencoder` (both halves) and `decoder` (encoder frozen).

    Attributes:
        crop: side of the training crops; the pictures' own size trains on whole pictures.
        noise: the share of samples that are decoded from the posterior instead of from its mean.
    """

    loop: LoopConfig
    vae: VaeConfig = VaeConfig()
    crop: Positive = 128
    gradient: Weight = 0.5
    multiscale: Weight = 0.5
    squared: Weight = 2.0
    kl: Weight = 1e-4
    noise: Share = 1.0


class TinyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stage `tiny-decoder`: an `AutoencoderTiny` with the VAE's latents.

    Attributes:
        width: channels of every stage; `AutoencoderTiny` wants them all equal.
        decoder_blocks: residual blocks a stage, from the latents' size up to the picture's.
        encoder_blocks: residual blocks a stage, from the picture's size down.
    """

    loop: LoopConfig
    width: Positive = 32
    decoder_blocks: tuple[int, ...] = (2, 1, 1, 0, 0)
    encoder_blocks: tuple[int, ...] = (0, 0, 0, 1, 2)
    crop: Positive = 128


class BucketConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One size of encoded pictures: `count` scenes from `first_seed` on."""

    width: Positive
    height: Positive
    count: Positive
    first_seed: int

    @property
    def name(self) -> str:
        """`WIDTHxHEIGHT`."""
        return f"{self.width}x{self.height}"


class LatentsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Encoded pictures with tokenised captions: what the denoiser reads.

    Attributes:
        captions: different captions kept for each scene.
        held_out: pictures of each size, from seeds never trained on, for the held-out loss.
    """

    buckets: tuple[BucketConfig, ...]
    shard: Positive = 500
    captions: Positive = 4
    held_out: Positive = 256


class TextConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shape of the `CLIPTextModel` trained with the denoiser."""

    width: Positive = 192
    layers: Positive = 3
    heads: Positive = 4


class DenoiserConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stage `denoiser`.

    Attributes:
        buckets: `WIDTHxHEIGHT` of the latent caches trained on, each step one of them.
        bucket_weights: how often each bucket is drawn, relative to the others.
        start_from_model: where there is no checkpoint, go on from the exported model's weights.
        levels: noise levels trained for each captioned picture of a batch; the text is encoded once for all.
        drop: share of captions replaced by the empty one, for classifier-free guidance (Ho & Salimans 2022).
        snr_gamma: ceiling of the loss weight of clean samples (min-SNR, Hang et al. 2023).
        focus: extra loss weight where subjects are, at noise levels that show where that is.
        prefer_subjects: share of pictures chosen from two as the one whose subjects cover more.
        channel_power: loss weight of latent channels by their effect on the picture, to this power.
        toward_noise: the share of timesteps below a share t of the schedule is t to this power; 1 is evenly.
        quiet_power: loss weight of pictures by the inverse of their latents' variance, to this power.
    """

    loop: LoopConfig
    buckets: tuple[str, ...] = ("128x128",)
    bucket_weights: tuple[float, ...] = (1.0,)
    widths: tuple[int, ...] = (64, 128, 192)
    layers: Positive = 1
    heads: Positive = 4
    text: TextConfig = TextConfig()
    start_from_model: bool = False
    levels: Positive = 4
    drop: Share = 0.1
    snr_gamma: float = 5.0
    channel_power: float = 0.5
    focus: Weight = 0.0
    prefer_subjects: Share = 0.0
    toward_noise: Annotated[float, Meta(ge=1.0)] = 1.0
    quiet_power: Weight = 0.0


class WaysConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stage `ways`: the teacher's pictures on their way out of the noise.

    Attributes:
        count: ways in all, a multiple of `shard`.
        minutes: a run also ends after so many minutes, and the next goes on; 0 for no limit.
        shard: ways in one file, all of one size.
        buckets: sizes of one file after the other, again and again.
        captions: how often a way is told one caption, a blend of two, of three, and so on, relative to the others.
        first_seed: of the scenes whose captions are told, and of the noises.
        held_out: ways of scenes never trained on, of the first bucket's size.
    """

    count: Positive
    minutes: Weight = 0.0
    shard: Positive = 64
    buckets: tuple[str, ...] = ("256x256",)
    captions: tuple[float, ...] = (1.0,)
    first_seed: int = 50_000_000
    held_out: Positive = 24


class StudentConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stages `ways` and `student`.

    Attributes:
        steps: numbers of steps it learns to draw in; both its ways and its walks visit the nodes of all.
        rank: of the change of every layer, where the layer itself is not smaller.
        drift: share of the batches that start from where the student's own steps led, instead of the teacher's.
        channel_power: loss weight of latent channels by their effect on the picture, to this power.
        start_from_model: where there is no checkpoint, go on from the exported student, whatever it was taught by.
    """

    loop: LoopConfig
    ways: WaysConfig
    steps: tuple[int, ...] = (2, 3, 4)
    rank: Positive = 64
    drift: Share = 0.5
    channel_power: float = 1.0
    start_from_model: bool = False


class JudgeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stage `judge`.

    Attributes:
        count: drawn pictures it learns from, a multiple of 500, from `first_seed` on.
        round_trips: how many of them are encoded and decoded by the VAE first.
    """

    loop: LoopConfig
    count: Positive = 20_000
    round_trips: Annotated[int, Meta(ge=0)] = 3_000
    first_seed: int = 40_000_000


class Solver(enum.Enum):
    """Schedulers tried for the default."""

    DDIM = "ddim"
    EULER = "euler"
    DPM_MULTISTEP = "dpm++2m"
    UNIPC = "unipc"


class DefaultsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the exported model samples with unless told otherwise, chosen by looking."""

    solver: Solver = Solver.DDIM
    steps: Positive = 20
    guidance: float = 4.0
    size: Positive = 256


def read(path: Path, kind: type[T]) -> T:
    """One stage's settings from its TOML file; raises `msgspec.ValidationError` naming what is wrong."""
    return msgspec.toml.decode(path.read_bytes(), type=kind)

"""`python -m studio.training STAGE [--workers N]`: Horizon from drawn pictures to a pipeline folder."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable

from studio.training import export, latents, measure, samples, stages, student, ways, workers
from studio.training.config import Stage
from studio.training.judge import evaluation, learning
from studio.training.places import Places

TOGETHER = frozenset(
    {
        Stage.AUTOENCODER,
        Stage.DECODER,
        Stage.TINY_DECODER,
        Stage.LATENTS,
        Stage.DENOISER,
        Stage.WAYS,
        Stage.STUDENT,
    }
)
"""Stages that several workers can share."""


def main() -> None:
    """Parse the command line and run one stage."""
    parser = argparse.ArgumentParser(prog="python -m studio.training", description=__doc__)
    names = "|".join(stage.value for stage in Stage)
    parser.add_argument("stage", type=Stage, choices=list(Stage), metavar=names)
    parser.add_argument("--workers", type=int, default=1, help="processes that work together (default 1)")
    options = parser.parse_args()
    places = Places()
    work = functools.partial(stage_functions()[options.stage], places)
    if options.stage in TOGETHER:
        workers.launch(options.workers, work, places.work / f"{options.stage.value}.meeting")
    else:
        work()


def stage_functions() -> dict[Stage, Callable[[Places], None]]:
    """What each stage runs."""
    return {
        Stage.PICTURES: stages.draw_pictures,
        Stage.AUTOENCODER: stages.train_autoencoder,
        Stage.DECODER: stages.train_decoder,
        Stage.TINY_DECODER: stages.train_tiny_decoder,
        Stage.LATENTS: latents.encode_latents,
        Stage.DENOISER: stages.train_denoiser,
        Stage.WAYS: ways.draw_ways,
        Stage.STUDENT: student.train_student,
        Stage.JUDGE: learning.train_judge,
        Stage.EVALUATE: evaluation.evaluate,
        Stage.EXPORT: export.export,
        Stage.SAMPLES: samples.write_samples,
        Stage.MEASURE: measure.measure,
    }


if __name__ == "__main__":
    main()

"""The stage `evaluate`: everything the judge says of the exported model, as one table in the model's card."""

from collections.abc import Sequence

import msgspec
import numpy as np
import torch
from torch import Tensor

from studio.core.blend import Blend, Keyframe
from studio.training.generator import Generator
from studio.training.judge import card, drafts, figures
from studio.training.judge.accuracy import accuracies, answers, opinion_of
from studio.training.judge.classifier import Judge
from studio.training.judge.learning import EXAM_FIRST_SEED, exam_pictures, load_judge
from studio.training.judge.lessons import shrunk
from studio.training.judge.questions import Question, Tally, questions, tally
from studio.training.places import Places
from studio.training.scenes import draw_scene, sample_scene
from studio.training.shards import UInt8

SEEN, HELD_OUT = 192, 96
EXAM = 1024
FRESH_FIRST_SEED = 600_000
TRAINED_FIRST_SEED, NEIGHBOURS = 20_000_000, 20_000
VARIED_PROMPTS, VARIED_SEEDS = 8, 6
WALKS, FRAMES = 6, 9
FEW_STEPS = (2, 3, 4, 8)
_NEIGHBOUR_DRAWN_PX = 64
Rows = list[tuple[str, str]]


def evaluate(places: Places) -> None:
    """Ask, paint, judge; print the tables and write them into the model's card."""
    judge, generator = load_judge(places), Generator(places)
    exam = shrunk(exam_pictures(EXAM))
    known = accuracies(judge, exam, EXAM_FIRST_SEED)
    seen, held_out = questions(SEEN, held_out=False), questions(HELD_OUT, held_out=True)
    painted = _paint_all(generator, seen)
    tallies = (_tally(judge, seen, painted), _tally(judge, held_out, _paint_all(generator, held_out, 10_001)))
    rows = _likeness(judge, painted, exam) + _variety(judge, generator, seen) + _novelty(painted)
    rows += _walks(generator, seen) + _few_steps(generator, seen)
    rows.append(("one picture, median, this machine", f"{np.median(generator.seconds):.2f} s"))
    text = card.attribute_table(tallies, known) + "\n" + card.figure_table(rows)
    print(text)
    card.write(places.model / "README.md", text)


def _paint_all(generator: Generator, asked: Sequence[Question], first_seed: int = 1) -> UInt8:
    """One picture a question, each from its own seed: `(n, h, w, 3)`."""
    return generator.paint_all([question.prompt for question in asked], first_seed)


def _tally(judge: Judge, asked: Sequence[Question], pictures: UInt8) -> Tally:
    opinion = opinion_of(judge, shrunk(pictures))
    return tally(asked, (answers(opinion, row) for row in range(len(pictures))))


def _features(judge: Judge, pictures: Tensor) -> Tensor:
    return opinion_of(judge, pictures).features


def _likeness(judge: Judge, painted: UInt8, exam: Tensor) -> Rows:
    """Fréchet distance to drawn pictures; between drawn and drawn for comparison."""
    fresh = _drawn(FRESH_FIRST_SEED, len(painted))
    reference = _features(judge, exam)
    distance = figures.frechet_distance(_features(judge, shrunk(painted)), reference)
    floor = figures.frechet_distance(_features(judge, shrunk(fresh)), reference)
    return [("Fréchet distance to drawn pictures (drawn to drawn: the floor)", f"{distance:.1f} ({floor:.1f})")]


def _variety(judge: Judge, generator: Generator, asked: Sequence[Question]) -> Rows:
    """How far pictures of one prompt lie apart, as a share of drawn ones of one scene."""
    ratios = []
    for question in asked[:VARIED_PROMPTS]:
        painted = np.stack([generator.paint(question.prompt, 2_000 + seed) for seed in range(VARIED_SEEDS)])
        layouts = (msgspec.structs.replace(question.scene, layout=seed) for seed in range(VARIED_SEEDS))
        drawn = np.stack([draw_scene(scene) for scene in layouts])
        ratios.append(
            figures.spread(_features(judge, shrunk(painted))) / figures.spread(_features(judge, shrunk(drawn)))
        )
    return [("distance between seeds of one prompt ÷ between drawn layouts of one scene", f"{np.mean(ratios):.2f}")]


def _novelty(painted: UInt8) -> Rows:
    """Distance to the nearest of the pictures it was trained on, beside that of drawn pictures it never saw."""
    seeds = range(TRAINED_FIRST_SEED, TRAINED_FIRST_SEED + NEIGHBOURS)
    side = _NEIGHBOUR_DRAWN_PX
    trained = torch.cat([figures.thumbnails(draw_scene(sample_scene(s), side, side)[None]) for s in seeds])
    own, _ = figures.nearest(figures.thumbnails(painted), trained)
    fresh, _ = figures.nearest(figures.thumbnails(_drawn(FRESH_FIRST_SEED, len(painted))), trained)
    value = f"{own.median():.1f}, least {own.min():.1f} (new drawings: {fresh.median():.1f}, least {fresh.min():.1f})"
    return [("levels to the nearest of 20,000 training pictures at 32×32, median", value)]


def _walks(generator: Generator, asked: Sequence[Question]) -> Rows:
    """Contrast half way between two seeds, and how even the steps of a walk are."""
    contrast, steps = [], []
    for question in asked[:WALKS]:
        ends = tuple(Keyframe(seed=seed) for seed in (31, 32))
        shares = [(1.0 - t, t) for t in np.linspace(0.0, 1.0, FRAMES).tolist()]
        blends = [Blend(keyframes=ends, noise_shares=share, prompt_shares=share) for share in shares]
        frames = np.stack([generator.paint(question.prompt, 31, blend=blend) for blend in blends])
        contrast.append(figures.middle_contrast(frames))
        steps.append(figures.largest_step(frames))
    return [
        ("contrast half way between two seeds ÷ at the ends", f"{np.mean(contrast):.2f}"),
        (f"largest of {FRAMES - 1} steps between two seeds ÷ the mean", f"{np.mean(steps):.2f}"),
    ]


def _few_steps(generator: Generator, asked: Sequence[Question]) -> Rows:
    """Correlation of a picture in few steps with the full one from the same noise; of drafts, too."""
    few, first_seed = asked[: drafts.COUNT], drafts.FIRST_SEED
    finals = _paint_all(generator, few, first_seed)
    rows = []
    for steps in FEW_STEPS:
        painted = generator.paint_all([question.prompt for question in few], first_seed, steps=steps)
        found = [figures.correlation(*pair) for pair in zip(painted, finals, strict=True)]
        rows.append((f"{steps} steps against {generator.recipe.steps}, correlation: mean, least",
                     f"{np.mean(found):.3f}, {min(found):.3f}"))  # fmt: skip
    return rows + drafts.rows(generator, few, finals)


def _drawn(first_seed: int, count: int) -> UInt8:
    return np.stack([draw_scene(sample_scene(seed)) for seed in range(first_seed, first_seed + count)])

"""What the generator is asked for, and how much of it the judge finds in the picture."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from studio.training.captions import attributes_said, caption
from studio.training.judge.labels import OF_SUBJECT, WHOLE
from studio.training.scenes import Scene, sample_scene
from studio.training.world import CAPTION_STEP

FIRST_SEED = 400_000
"""A grammar seed that neither Horizon nor its judge has heard of."""
ATTRIBUTES = (*WHOLE, "kind", *OF_SUBJECT)


class Question(NamedTuple):
    """A scene, one way to ask for it, and what that asks for."""

    scene: Scene
    prompt: str
    asked: Mapping[str, Any]


class Tally(NamedTuple):
    """How often each attribute was asked for, and how often it was found."""

    asked: Counter[str]
    found: Counter[str]

    def share(self, names: Iterable[str] = ATTRIBUTES) -> float:
        """Of everything asked under these names, the share found; not a number where nothing was asked."""
        names = tuple(names)
        asked = sum(self.asked[name] for name in names)
        return sum(self.found[name] for name in names) / asked if asked else float("nan")


def questions(count: int, *, held_out: bool) -> tuple[Question, ...]:
    """Prompts from the grammar; with `held_out` each asks for a combination that training never showed."""
    made = []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        scene = sample_scene(seed, held_out=held_out)
        prompt = caption(scene, seed * CAPTION_STEP)
        made.append(Question(scene, prompt, attributes_said(prompt)))
    return tuple(made)


def tally(asked: Iterable[Question], seen: Iterable[Mapping[str, Any]]) -> Tally:
    """Compare what was asked with what the judge saw, picture by picture."""
    counted = Tally(Counter(), Counter())
    for question, answer in zip(asked, seen, strict=True):
        for name in WHOLE.keys() & question.asked.keys():
            counted.asked[name] += 1
            counted.found[name] += answer[name] == question.asked[name]
        for subject in question.asked.get("subjects", ()):
            _count_subject(counted, subject, answer["subjects"])
    return counted


def _count_subject(counted: Tally, subject: Mapping[str, str], seen: Mapping[str, Mapping[str, str]]) -> None:
    """A subject that is not seen has none of its colour, size and place."""
    found = seen.get(subject["kind"])
    counted.asked["kind"] += 1
    counted.found["kind"] += found is not None
    for name in OF_SUBJECT.keys() & subject.keys():
        counted.asked[name] += 1
        counted.found[name] += found is not None and found[name] == subject[name]

"""How like the finished picture drafts are, and how long they take: the model's own, and its few-step student's."""

from collections.abc import Sequence

import numpy as np

from studio.training.generator import Generator
from studio.training.judge.figures import correlation
from studio.training.judge.questions import Question
from studio.training.shards import UInt8

COUNT, STEPS = 24, (2, 3, 4)
FIRST_SEED = 5_000
_DRAWS = ("the model itself, guided", "its student")


def rows(generator: Generator, asked: Sequence[Question], finals: UInt8) -> list[tuple[str, str]]:
    """Of drafts as the canvas shows them, from the noises of the pictures `finals` (n, h, w, 3), seeds `FIRST_SEED` on.

    No rows of a student where the model has none.
    """
    found = []
    for by_student, name in enumerate(_DRAWS):
        for steps in STEPS:
            drafts = [
                generator.draft(question.prompt, FIRST_SEED + index, steps, by_student=bool(by_student))
                for index, question in zip(range(len(finals)), asked, strict=False)
            ]
            if bool(drafts[0].student_steps) is not bool(by_student):
                continue
            alike = [correlation(draft.picture, final) for draft, final in zip(drafts, finals, strict=True)]
            seconds = np.median([draft.sampling_seconds + draft.rest_seconds for draft in drafts])
            label = f"draft in {steps} steps by {name}, correlation with {generator.recipe.steps}: mean, least; time"
            found.append((label, f"{np.mean(alike):.3f}, {min(alike):.3f}; {1000 * seconds:.0f} ms"))
    return found

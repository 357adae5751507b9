import pytest
from msgspec.structs import replace

from studio.core.blend import Keyframe, Law
from studio.core.canvas import Canvas, Placed
from studio.core.recipe import ModelRef, Recipe
from studio.core.session import State
from studio.core.step_words import canvas_step, step_name

A, B, C = (Placed(keyframe=Keyframe(seed=seed), x=0.1 * seed) for seed in (1, 2, 3))
TWO = Canvas(placed=(A, B))


def moved(each):
    return replace(each, x=0.9)


def of(each, **fields):
    return replace(each, keyframe=replace(each.keyframe, **fields))


@pytest.mark.parametrize(
    ("after", "name"),
    [
        (State(recipe=Recipe(steps=30)), "Steps 20 → 30"),
        (State(recipe=Recipe(prompt="dawn")), "Prompt: +dawn"),
        (State(recipe=Recipe(seed=7), seed_locked=True), "Seed 0 → 7"),
        (State(recipe=Recipe(model=ModelRef(hash="ab"))), "Other weights"),
        (State(seed_locked=True), "Lock the seed"),
        (State(count=4), "Count 1 → 4"),
        (State(notes="x"), "Notes"),
        (State(canvas=TWO), "Add 2 keyframes"),
        (State(), "No change"),
    ],
)
def test_a_step_is_named_by_what_changed(after, name):
    assert step_name(State(), after) == name


def test_a_long_name_is_cut():
    name = step_name(State(), State(recipe=Recipe(prompt="lighthouse " * 3 + "sea " * 300, seed=4, width=1024)))
    assert len(name) <= 60


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (replace(TWO, placed=(A, B, C)), "add keyframe 3"),
        (replace(TWO, placed=(B,)), "delete keyframe 1"),
        (replace(TWO, placed=()), "delete 2 keyframes"),
        (replace(TWO, placed=(A, moved(B))), "move keyframe 2"),
        (replace(TWO, placed=(of(A, name="dawn"), B)), "rename keyframe 1"),
        (replace(TWO, placed=(of(A, seed=9), B)), "reseed keyframe 1"),
        (replace(TWO, placed=(of(A, prompt="sea"), B)), "edit keyframe 1"),
        (replace(TWO, placed=(B, A)), "order of the keyframes"),
        (replace(TWO, placed=(moved(A), moved(B))), "arrange the keyframes"),
        (replace(TWO, puck=(0.5, 0.5)), "move the puck"),
        (replace(TWO, linked=False), "unlink the pucks"),
        (replace(TWO, sharpness=3.0), "sharpness 2 → 3"),
        (replace(TWO, law=Law.SLERP), f"law {Law.GRAM} → {Law.SLERP}"),
        (replace(TWO, noise_shares=(0.5, 0.5)), "weights"),
    ],
)
def test_a_step_on_the_canvas_is_named(after, words):
    assert canvas_step(TWO, after) == words

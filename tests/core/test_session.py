import pytest

from studio.core.recipe import Recipe
from studio.core.session import MERGE_SECONDS, UNDO_DEPTH, Session, State, changed_fields


class Clock:
    """Stands still until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def pause(self):
        self.now += MERGE_SECONDS


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def session(clock):
    return Session(State(), clock)


def test_a_change_replaces_the_state_and_tells_which_fields(session):
    heard, before = [], session.state
    session.listen(heard.append)
    session.change_recipe(seed=7, steps=4)
    session.change(count=3)
    assert (session.recipe.seed, session.recipe.steps, session.state.count) == (7, 4, 3)
    assert heard == [{"seed", "steps"}, {"count"}]
    assert before == State()


def test_a_change_to_the_same_value_is_none(session):
    heard = []
    session.listen(heard.append)
    session.change_recipe(seed=0)
    session.change(recipe=Recipe())
    assert heard == []
    assert not session.can_undo


def test_undo_and_redo_walk_through_the_states(session, clock):
    for seed in (1, 2, 3):
        session.change_recipe(seed=seed)
        clock.pause()
    seen = [session.recipe.seed]
    while session.can_undo:
        session.undo()
        seen.append(session.recipe.seed)
    while session.can_redo:
        session.redo()
        seen.append(session.recipe.seed)
    assert seen == [3, 2, 1, 0, 1, 2, 3]


def test_undo_and_redo_tell_their_listeners_and_do_nothing_at_the_ends(session):
    heard = []
    session.listen(heard.append)
    session.undo()
    session.redo()
    session.change_recipe(prompt="sea")
    session.undo()
    session.redo()
    assert heard == [{"prompt"}] * 3
    assert session.recipe.prompt == "sea"


def test_changes_of_one_field_within_a_pause_are_one_step(session, clock):
    for text in ("s", "se", "sea"):
        session.change_recipe(prompt=text)
        clock.now += MERGE_SECONDS / 2
    session.undo()
    assert session.recipe.prompt == ""
    assert not session.can_undo


def test_a_pause_or_another_field_begins_a_new_step(session, clock):
    session.change_recipe(prompt="sea")
    clock.pause()
    session.change_recipe(prompt="sea at night")
    session.change_recipe(seed=1)
    session.undo()
    assert (session.recipe.prompt, session.recipe.seed) == ("sea at night", 0)
    session.undo()
    assert session.recipe.prompt == "sea"


def test_a_change_after_undo_is_never_merged_into_what_was_undone(session):
    session.change_recipe(seed=1)
    session.undo()
    session.change_recipe(seed=2)
    session.undo()
    assert session.recipe.seed == 0
    assert not session.can_undo


def test_a_change_after_undo_forgets_what_was_undone(session, clock):
    session.change_recipe(seed=1)
    clock.pause()
    session.undo()
    session.change_recipe(seed=2)
    assert not session.can_redo


def test_the_oldest_steps_are_forgotten(session, clock):
    for seed in range(1, UNDO_DEPTH + 11):
        session.change_recipe(seed=seed)
        clock.pause()
    steps = 0
    while session.can_undo:
        session.undo()
        steps += 1
    assert (steps, session.recipe.seed) == (UNDO_DEPTH, 10)


def test_a_listener_may_change_the_session(session):
    def _on_width_changed(names):
        if "width" in names:
            session.change_recipe(height=session.recipe.width)

    session.listen(_on_width_changed)
    session.change_recipe(width=128)
    assert session.recipe.height == 128


def test_changed_fields_counts_the_recipes_one_by_one():
    old = State()
    new = State(recipe=Recipe(seed=1, prompt="sea"), count=2, seed_locked=True)
    assert changed_fields(old, new) == {"seed", "prompt", "count", "seed_locked"}
    assert changed_fields(old, old) == frozenset()

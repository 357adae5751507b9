import pytest

from studio.core.history import History, Step
from studio.core.session import MERGE_SECONDS, Session, State


def step(log, name):
    return Step(lambda: name, lambda: log.append(f"undo {name}"), lambda: log.append(f"redo {name}"))


@pytest.fixture
def log():
    return []


@pytest.fixture
def history(log):
    made = History(3)
    for name in "abc":
        made.add(step(log, name))
    return made


def test_going_to_a_place_takes_every_step_on_the_way(history, log):
    history.go_to(1)
    assert (log, history.place, history.names) == (["undo c", "undo b"], 1, ("a", "b", "c"))
    history.go_to(99)
    assert log[2:] == ["redo b", "redo c"]
    history.go_to(-5)
    assert history.place == 0


def test_a_new_step_forgets_the_undone_and_the_oldest(history, log):
    history.undo()
    history.add(step(log, "d"))
    assert history.names == ("a", "b", "d")
    history.add(step(log, "e"))
    assert (history.names, history.place) == (("b", "d", "e"), 3)


def test_at_the_ends_nothing_happens(history, log):
    history.redo()
    assert log == []
    history.go_to(0)
    log.clear()
    history.undo()
    assert log == []


def test_the_last_step_may_go_on_and_drops_what_was_undone(history, log):
    history.undo()
    history.replace_last(step(log, "B"))
    assert (history.names, history.place) == (("a", "B"), 2)
    history.go_to(0)
    with pytest.raises(IndexError):
        history.replace_last(step(log, "x"))


def test_one_step_is_taken_back_alone_and_is_the_next_to_be_taken_again(history, log):
    first = step(log, "first")
    history.add(first)
    history.add(step(log, "last"))
    history.undo()
    history.add(step(log, "new"))
    log.clear()
    history.take_back(first)
    assert (log, history.names, history.place) == (["undo first"], ("c", "new", "first"), 2)
    history.take_back(first)  # stands no more
    history.redo()
    assert (log, history.place) == (["undo first", "redo first"], 3)


def test_listeners_hear_every_change_of_list_and_place(history, log):
    heard = []
    history.listen(lambda: heard.append(history.place))
    history.go_to(1)
    history.redo()
    history.add(step(log, "d"))
    assert heard == [2, 1, 2, 3]


def test_recorded_deeds_and_changes_are_undone_in_one_order():
    clock, log = [0.0], []
    session = Session(State(), lambda: clock[0])
    session.change_recipe(seed=1)
    session.record("Delete picture", lambda: log.append("restored"), lambda: log.append("deleted"))
    session.change_recipe(seed=2)
    assert session.history.names == ("Seed 0 → 1", "Delete picture", "Seed 1 → 2")
    session.undo()
    assert (session.recipe.seed, log) == (1, [])
    session.undo()
    assert (session.recipe.seed, log) == (1, ["restored"])
    session.undo()
    assert session.recipe.seed == 0
    session.history.go_to(3)
    assert (session.recipe.seed, log) == (2, ["restored", "deleted"])
    clock[0] += MERGE_SECONDS / 2
    session.change_recipe(seed=3)  # after going there, it is a step of its own
    assert len(session.history) == 4


def test_putting_a_state_is_no_step_but_is_told():
    session, heard = Session(State(), lambda: 0.0), []
    session.listen(heard.append)
    session.put(State(count=4, notes="x"))
    assert heard == [{"count", "notes"}]
    assert not session.can_undo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.session import MERGE_SECONDS, Session, State
from studio.core.typing_steps import Edit, edit_between


@given(st.text(), st.text())
def test_the_edit_makes_the_new_text_of_the_old(old, new):
    edit = edit_between(old, new)
    end = edit.start + len(edit.removed)
    assert old[edit.start : end] == edit.removed
    assert old[: edit.start] + edit.inserted + old[end:] == new


def test_the_edit_is_the_smallest():
    assert edit_between("a sea", "a red sea") == Edit(2, "", "red ")
    assert edit_between("abc", "ac") == Edit(1, "b", "")
    assert edit_between("same", "same") == Edit(4, "", "")


def steps_of(texts, seconds=0.1):
    """The texts one sees on the way back, after these were shown one after the other."""
    clock = [0.0]
    session = Session(State(), lambda: clock[0])
    for text in texts:
        clock[0] += seconds
        session.change_recipe(prompt=text)
    seen = []
    while session.can_undo:
        session.undo()
        seen.append(session.recipe.prompt)
    return seen


def typed(text):
    return [text[:length] for length in range(1, len(text) + 1)]


@pytest.mark.parametrize(
    ("texts", "seen"),
    [
        (typed("sea"), [""]),
        (typed("red sea"), ["red ", ""]),
        (typed("a\n\nb"), ["a\n\n", ""]),
        (["s", "se", "sea", "se", "s"], ["sea", ""]),  # typing, then deleting
        (["sea", "se", "s", ""], ["sea", ""]),
        (["sea", "sea at night", "sea at night!"], ["sea at night", "sea", ""]),  # a paste is a step
        (["s", "se", "xse"], ["se", ""]),  # elsewhere
        (["s", "se", "te"], ["se", ""]),  # a replacement
    ],
)
def test_typing_is_grouped_as_an_editor_does(texts, seen):
    assert steps_of(texts) == seen


def test_a_pause_ends_a_step():
    assert steps_of(["s", "se"], MERGE_SECONDS) == ["s", ""]

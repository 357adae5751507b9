import pytest
from PySide6.QtCore import Qt


@pytest.fixture
def steps(shown):
    """The list, with three steps in it."""
    shown.window.action("history").trigger()
    for fields in ({"steps": 9}, {"seed": 7}):
        shown.session.change_recipe(**fields)
    log = []
    shown.session.record("Delete picture", lambda: log.append("restored"), lambda: log.append("deleted"))
    found = shown.find("undoList")
    found.log = log
    shown.wait(lambda: found.count() == 4)
    return found


def texts(rows):
    return [rows.item(row).text() for row in range(rows.count())]


def test_the_list_names_every_step_and_marks_the_present(shown, steps):
    assert texts(steps)[:2] == ["Beginning", "Steps 6 → 9"]
    assert texts(steps)[3] == "Delete picture"
    assert steps.currentRow() == 3
    shown.window.action("undo").trigger()
    shown.wait(lambda: steps.currentRow() == 2)
    assert len(texts(steps)) == 4  # what was undone can still be seen


def test_a_click_goes_to_the_step(shown, steps):
    place = steps.visualItemRect(steps.item(1)).center()
    shown.qtbot.mouseClick(steps.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert shown.session.history.place == 1
    assert (shown.session.recipe.steps, steps.log) == (9, ["restored"])
    shown.qtbot.keyClick(steps, Qt.Key.Key_End)
    assert shown.session.history.place == 3
    assert (shown.session.recipe.seed, steps.log) == (7, ["restored", "deleted"])


def test_the_menu_follows_the_recorded_steps(shown):
    assert not shown.window.action("undo").isEnabled()
    shown.session.record("Delete picture", lambda: None, lambda: None)
    assert shown.window.action("undo").isEnabled()
    shown.window.action("undo").trigger()
    assert not shown.window.action("undo").isEnabled()
    assert shown.window.action("redo").isEnabled()

"""The model holds pages near those looked at, drops answers that are late, and keeps its places true."""

import threading
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.recipe import Recipe
from studio.library.library import PictureRow
from studio.library.marks import Marks
from studio.library.search import Query
from studio.ui.library_model import LibraryModel
from studio.ui.library_reader import PAGE
from studio.ui.thumbnails import Thumbnails

NOON = datetime(2026, 11, 21, 12)


def row(name):
    return PictureRow(path=Path(f"/p/{name}.png"), recipe=Recipe(prompt=name), created=NOON, width=8, height=8)


class Shelf:
    """Finds names that hold the text; can be made to wait, and to fail."""

    def __init__(self, names):
        self.names, self.error, self.asked = list(names), None, []
        self.hold = threading.Event()
        self.hold.set()

    def matching(self, query):
        return [name for name in self.names if query.text in name]

    def find(self, query, limit, offset=0):
        self.asked.append((query.text, offset, threading.current_thread() is threading.main_thread()))
        if self.error:
            raise self.error
        if threading.current_thread() is not threading.main_thread():
            assert self.hold.wait(30)
        return tuple(row(name) for name in self.matching(query)[offset : offset + limit])

    def count(self, query):
        return len(self.matching(query))


@pytest.fixture
def make(qtbot):
    made = []

    def build(names):
        shelf = Shelf(names)
        model = LibraryModel(shelf, Thumbnails(lambda path: np.zeros((4, 4, 3), np.uint8)))
        model.reload()
        made.append((model, shelf))
        return model, shelf

    yield build
    for model, shelf in made:
        shelf.hold.set()
        model.close()


def names_of(model, numbers):
    return [model.row(number).recipe.prompt for number in numbers]


def test_all_are_counted_and_the_first_page_is_held(make):
    model, _ = make(f"n{n}" for n in range(1000))
    assert model.rowCount() == 1000
    assert model.row(0).recipe.prompt == "n0"
    assert model.row(PAGE - 1) is not None


def test_other_pages_are_read_off_the_ui_thread_when_they_are_looked_at(make, qtbot):
    model, shelf = make(f"n{n}" for n in range(1000))
    assert model.row(905) is None
    qtbot.waitUntil(lambda: model.row(905) is not None, timeout=10_000)
    assert names_of(model, (900, 905)) == ["n900", "n905"]
    assert shelf.asked[-1] == ("", 900, False)


def test_what_is_far_is_let_go(make, qtbot):
    model, _ = make(f"n{n}" for n in range(20_000))
    for number in range(0, 20_000, PAGE):
        qtbot.waitUntil(lambda number=number: model.row(number) is not None, timeout=10_000)
    assert len(model._rows) <= 4000 + PAGE
    assert model.row(19_999) is not None
    qtbot.waitUntil(lambda: model.row(3) is not None, timeout=10_000)  # and read again


def test_the_latest_search_wins(make, qtbot):
    model, shelf = make(["red", "green", "blue"])
    shelf.hold.clear()
    for text in ("r", "g", "e", "bl"):
        model.search(Query(text=text))
    shelf.hold.set()
    qtbot.waitUntil(lambda: model.query.text == "bl" and model.is_settled, timeout=10_000)
    assert names_of(model, range(model.rowCount())) == ["blue"]
    assert {text for text, _, is_ui in shelf.asked if not is_ui} <= {"r", "bl"}  # the others were never asked


def test_a_late_page_of_an_older_list_is_dropped(make, qtbot):
    model, shelf = make(f"n{n}" for n in range(1000))
    shelf.hold.clear()
    assert model.row(500) is None
    model.remove(row("n0").path)
    shelf.hold.set()
    qtbot.waitUntil(lambda: model.row(500) is not None, timeout=10_000)
    assert model.rowCount() == 999
    shelf.names.remove("n0")
    assert model.row(500).recipe.prompt in {"n500", "n501"}
    assert names_of(model, (0, 98)) == ["n1", "n99"]


def test_new_pictures_come_in_front(make):
    model, shelf = make(["old"])
    shelf.names[:0] = ["newest", "newer"]
    model.reload_newest()
    assert names_of(model, range(3)) == ["newest", "newer", "old"]
    assert model.index_of(row("old").path).row() == 2


def test_marks_are_taken_over(make):
    model, _ = make(["a", "b"])
    model.show_marks([Marks(path=row("b").path, favourite=True, rating=3, tags=("x",))])
    shown = model.row(1)
    assert (shown.favourite, shown.rating, shown.tags) == (True, 3, ("x",))
    assert not model.row(0).favourite
    assert "★★★" in model.index(1).data(3)  # the tooltip


def test_a_library_that_cannot_be_read_is_told_once(make, qtbot):
    model, shelf = make(f"n{n}" for n in range(1000))
    told = []
    model.failed.connect(told.append)
    shelf.error = StudioError("The disk is gone.")
    model.row(700)
    qtbot.waitUntil(lambda: bool(told) and model.is_settled, timeout=10_000)
    model.row(700)
    assert model.is_settled
    assert told == ["The disk is gone."]


def test_rows_that_are_not_held_are_read_for_those_who_change_them(make):
    model, _ = make(f"n{n}" for n in range(1000))
    rows = model.rows_between(95, 305)
    assert [each.recipe.prompt for each in rows] == [f"n{n}" for n in range(95, 306)]

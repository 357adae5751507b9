"""What stands in for a library that cannot be opened: it has nothing, keeps nothing, and says why."""

import inspect
from pathlib import Path

import pytest

from studio.core.errors import StudioError
from studio.library.library import Changes, Facets, Library, Lineage, Marks, Query, Trashed
from studio.ui.shelf import NoShelf, Shelf

PATH = Path("/pictures/a.png")


@pytest.fixture
def shelf():
    return NoShelf(StudioError("The disk is gone."))


def test_it_has_nothing(shelf):
    assert shelf.find(Query(text="boat"), 10) == shelf.marks_of([PATH]) == shelf.duplicates() == ()
    assert shelf.count(Query()) == 0
    assert shelf.facets() == Facets()
    assert shelf.lineage(PATH) == Lineage()
    assert shelf.reconcile() == Changes()


@pytest.mark.parametrize(
    "change",
    [
        lambda shelf: shelf.mark([PATH], favourite=True),
        lambda shelf: shelf.tag([PATH], ["x"]),
        lambda shelf: shelf.collect([PATH], "x"),
        lambda shelf: shelf.restore_marks([Marks(path=PATH)]),
        lambda shelf: shelf.trash(PATH),
        lambda shelf: shelf.restore(Trashed(path=PATH, kept=None, marks=Marks(path=PATH))),
    ],
)
def test_what_it_cannot_do_says_why(shelf, change):
    with pytest.raises(StudioError, match="The disk is gone"):
        change(shelf)


@pytest.mark.parametrize("kind", [Library, NoShelf])
def test_both_take_what_the_window_gives(kind):
    for name, wanted in inspect.getmembers(Shelf, inspect.isfunction):
        if not name.startswith("_"):
            found = inspect.signature(getattr(kind, name))
            assert list(found.parameters.values()) == list(inspect.signature(wanted).parameters.values()), name

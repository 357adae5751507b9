"""The library's context menu, from what can be done with the pictures chosen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from studio.core.abilities import Ability
from studio.library.library import PictureRow
from studio.library.marks import RATING_MAX
from studio.ui.library_words import tr


class Deeds(Protocol):
    """What the menu's entries do."""

    def show_picture(self, row: PictureRow) -> None:
        """Show it in the preview."""

    def use_recipe(self, row: PictureRow) -> None:
        """Go on from its recipe."""

    def use_as_start(self, row: PictureRow) -> None:
        """Go on from its pixels."""

    def send_to_canvas(self, row: PictureRow) -> None:
        """Make it a keyframe."""

    def open_as_canvas(self, row: PictureRow) -> None:
        """Bring back the canvas it was kept from."""

    def copy_picture(self, row: PictureRow) -> None:
        """Its pixels on the clipboard."""

    def copy_recipe(self, row: PictureRow) -> None:
        """Its recipe on the clipboard."""

    def reveal(self, row: PictureRow) -> None:
        """Open its folder."""

    def show_lineage(self, row: PictureRow) -> None:
        """Where it comes from, and what came of it."""

    def show_duplicates(self) -> None:
        """Pictures that were made twice."""

    def compare(self, rows: Sequence[PictureRow]) -> None:
        """Two beside each other."""

    def toggle_favourite(self, rows: Sequence[PictureRow]) -> None:
        """Hearts for all, or for none."""

    def rate(self, rows: Sequence[PictureRow], rating: int) -> None:
        """Stars."""

    def edit_marks(self, rows: Sequence[PictureRow]) -> None:
        """Tags and notes."""

    def collect(self, rows: Sequence[PictureRow], add: str = "", remove: str = "") -> None:
        """Into a collection, or out of one."""

    def ask_collection(self, rows: Sequence[PictureRow]) -> None:
        """Into a new collection."""

    def export(self, rows: Sequence[PictureRow]) -> None:
        """Write copies in other formats."""

    def trash(self, rows: Sequence[PictureRow]) -> None:
        """To the system's trash."""


def library_menu(
    parent: QWidget,
    deeds: Deeds,
    rows: Sequence[PictureRow],
    collections: Sequence[str],
    lacks: Mapping[Ability, str],
    *,
    is_read_only: bool,
) -> QMenu:
    """The menu for `rows`, the pictures chosen; entries for one picture act on the first.

    `lacks` says what the model cannot take, and why: what would give it that is grey.
    """
    menu = QMenu(parent)
    menu.setObjectName("libraryMenu")
    menu.setToolTipsVisible(True)
    no_start, no_canvas = (lacks.get(each, "") for each in (Ability.STARTS, Ability.BLENDS))
    first, is_one = rows[0], len(rows) == 1
    _entries(
        menu,
        (tr("Show"), "", is_one, lambda: deeds.show_picture(first)),
        (tr("Use this recipe"), "Return", is_one, lambda: deeds.use_recipe(first)),
    )
    _entries(menu, (tr("Use as start"), "", is_one, lambda: deeds.use_as_start(first)), why_not=no_start)
    _entries(menu, (tr("Send to canvas"), "", is_one, lambda: deeds.send_to_canvas(first)), why_not=no_canvas)
    if first.recipe.blend:
        _entries(menu, (tr("Open as canvas"), "", is_one, lambda: deeds.open_as_canvas(first)), why_not=no_canvas)
    _entries(
        menu,
        (tr("Compare"), "C", len(rows) == 2, lambda: deeds.compare(rows)),
        (tr("Show lineage"), "", is_one, lambda: deeds.show_lineage(first)),
        (tr("Show duplicates"), "", True, deeds.show_duplicates),
    )
    menu.addSeparator()
    _add_marks(menu, deeds, rows, collections, is_read_only=is_read_only)
    menu.addSeparator()
    _entries(
        menu,
        (tr("Copy picture"), "", is_one, lambda: deeds.copy_picture(first)),
        (tr("Copy recipe"), "", is_one, lambda: deeds.copy_recipe(first)),
        (tr("Export…"), "", True, lambda: deeds.export(rows)),
        (tr("Show in folder"), "", is_one, lambda: deeds.reveal(first)),
        (tr("Move to trash"), "Del", not is_read_only, lambda: deeds.trash(rows)),
    )
    return menu


def _add_marks(
    menu: QMenu, deeds: Deeds, rows: Sequence[PictureRow], collections: Sequence[str], *, is_read_only: bool
) -> None:
    heart = tr("No favourite") if all(row.favourite for row in rows) else tr("Favourite")
    _entries(menu, (heart, "F", not is_read_only, lambda: deeds.toggle_favourite(rows)))
    ratings = menu.addMenu(tr("Rating"))
    ratings.setObjectName("libraryRatingMenu")
    for rating in range(RATING_MAX, -1, -1):
        text = "★" * rating or tr("None")
        _entries(ratings, (text, str(rating), True, lambda rating=rating: deeds.rate(rows, rating)))
    _entries(menu, (tr("Tags and notes…"), "", not is_read_only, lambda: deeds.edit_marks(rows)))
    inside = menu.addMenu(tr("Collections"))
    inside.setObjectName("libraryCollectionsMenu")
    for name in collections:
        is_in = all(name in row.collections for row in rows)
        add, remove = ("", name) if is_in else (name, "")
        entry = inside.addAction(name.replace("&", "&&"))
        entry.setCheckable(True)
        entry.setChecked(is_in)
        entry.triggered.connect(lambda _=False, add=add, remove=remove: deeds.collect(rows, add=add, remove=remove))
    if collections:
        inside.addSeparator()
    _entries(inside, (tr("New collection…"), "", True, lambda: deeds.ask_collection(rows)))
    for submenu in (ratings, inside):
        submenu.setEnabled(not is_read_only)


def _entries(menu: QMenu, *entries: tuple[str, str, bool, Callable[[], object]], why_not: str = "") -> None:
    """`why_not` is told of entries that are grey for it."""
    for text, key, is_possible, work in entries:
        action = menu.addAction(text)
        if key:  # shown only: the view answers to the key itself, while it has the focus
            action.setText(f"{text}\t{QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)}")
        action.setEnabled(is_possible and not why_not)
        action.setToolTip(why_not)
        action.triggered.connect(lambda _=False, work=work: work())

"""The popup in which the library is filtered: each choice with how many pictures it has."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QFrame, QLineEdit, QPushButton, QWidget

from studio.core.recipe import SEED_MAX
from studio.core.schedulers import Scheduler
from studio.library.facets import Facets
from studio.library.marks import RATING_MAX
from studio.library.search import Query
from studio.ui.controls import GAP, Combo, label
from studio.ui.library_words import spans, unfiltered

_WIDTH_PX = 300


class LibraryFilter(QFrame):
    """Changes a query's filters, one control for each; answers at every change.

    Signals:
        changed: the Query as it is now.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("libraryFilter")
        self.setAccessibleName(self.tr("Filters"))
        self._query = Query()
        self.favourite = QCheckBox(self.tr("Favourites only"))
        self.favourite.setObjectName("filterFavourite")
        self.favourite.setToolTip(self.tr("Only pictures with a heart."))
        self.rating = self._combo("filterRating", self.tr("Rating"), self.tr("Only pictures with these stars or more."))
        self.date = self._combo("filterDate", self.tr("Made"), self.tr("Only pictures made since then."))
        self.model = self._combo("filterModel", self.tr("Model"), self.tr("Only pictures of this model."))
        self.scheduler = self._combo("filterScheduler", self.tr("Scheduler"), self.tr("Only pictures of this solver."))
        self.size_ = self._combo("filterSize", self.tr("Size"), self.tr("Only pictures of this size."))
        self.blend = self._combo("filterBlend", self.tr("Blend"), self.tr("From between keyframes, or not."))
        self.tag = self._combo("filterTag", self.tr("Tag"), self.tr("Only pictures with this tag."))
        self.collection = self._combo("filterCollection", self.tr("Collection"), self.tr("Only pictures in it."))
        self.seed = QLineEdit()
        self.seed.setObjectName("filterSeed")
        self.seed.setAccessibleName(self.tr("Seed"))
        self.seed.setToolTip(self.tr("Only pictures made from this seed."))
        self.seed.setPlaceholderText(self.tr("Any"))
        self.reset_button = QPushButton(self.tr("Clear filters"))
        self.reset_button.setObjectName("filterReset")
        self.reset_button.setToolTip(self.tr("Show pictures of every kind again."))
        self._lay_out()
        self._connect()

    def show_query(self, query: Query, facets: Facets, now: datetime) -> None:
        """Offer what there is, and choose what `query` says. Silent."""
        self._query = Query()  # so that what changes below is no wish
        for combo, choices, chosen in self._choices(query, facets, now):
            combo.blockSignals(True)
            combo.set_choices([(text, value, "") for text, value in choices])
            combo.setCurrentIndex(max(next((n for n, (_, value) in enumerate(choices) if value == chosen), 0), 0))
            combo.setEnabled(len(choices) > 1)
            combo.blockSignals(False)
        self.favourite.blockSignals(True)
        self.favourite.setChecked(query.favourite)
        self.favourite.blockSignals(False)
        self.seed.setText("" if query.seed is None else str(query.seed))
        self._query = query

    def take(self, query: Query) -> None:
        """What is asked for was changed elsewhere."""
        self._query = query

    def _choices(
        self, query: Query, facets: Facets, now: datetime
    ) -> list[tuple[Combo, Sequence[tuple[str, object]], object]]:
        times = list(spans(now))
        if query.since is not None and query.since not in dict(times).values():
            times.append((f"{query.since:%Y-%m-%d}", query.since))
        stars: list[tuple[str, object]] = [(self.tr("Any"), 0)]
        stars += [("★" * n if n == RATING_MAX else self.tr("{n} and more").format(n="★" * n), n) for n in range(1, 6)]
        size = None if query.width is None else (query.width, query.height)
        blends = [(self.tr("Any"), None), (self.tr("Only blends"), True), (self.tr("No blends"), False)]
        sizes = [(_counted(f"{w} × {h} px", n), (w, h)) for (w, h), n in facets.sizes]
        return [
            (self.rating, stars, query.rating_min),
            (self.date, times, query.since),
            (self.model, self._with_any([(_counted(each, n), each) for each, n in facets.models], ""), query.model),
            (
                self.scheduler,
                self._with_any([(_counted(str(each), n), each) for each, n in facets.schedulers], None),
                query.scheduler,
            ),
            (self.size_, self._with_any(sizes, None), size),
            (self.blend, blends, query.has_blend),
            (self.tag, self._with_any([(_counted(each, n), each) for each, n in facets.tags], ""), query.tag),
            (
                self.collection,
                self._with_any([(_counted(each, n), each) for each, n in facets.collections], ""),
                query.collection,
            ),
        ]

    def _with_any(self, choices: Sequence[tuple[str, object]], none: object) -> list[tuple[str, object]]:
        return [(self.tr("Any"), none), *choices]

    def _combo(self, name: str, title: str, tip: str) -> Combo:
        combo = Combo(title, tip)
        combo.setObjectName(name)
        return combo

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(3 * GAP, 3 * GAP, 3 * GAP, 3 * GAP)
        form.setHorizontalSpacing(3 * GAP)
        form.setVerticalSpacing(GAP)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.favourite)
        for control in (
            self.rating, self.date, self.model, self.scheduler, self.size_, self.seed, self.blend, self.tag,
            self.collection,
        ):  # fmt: skip
            form.addRow(label(control.accessibleName(), buddy=control), control)
        form.addRow(self.reset_button)
        self.setFixedWidth(_WIDTH_PX)

    def _connect(self) -> None:
        self.favourite.toggled.connect(lambda is_on: self._change(favourite=is_on))
        self.rating.activated.connect(lambda _: self._change(rating_min=self.rating.currentData()))
        self.date.activated.connect(lambda _: self._change(since=self.date.currentData(), until=None))
        self.model.activated.connect(lambda _: self._change(model=self.model.currentData()))
        self.scheduler.activated.connect(self._on_scheduler_activated)
        self.size_.activated.connect(self._on_size_activated)
        self.blend.activated.connect(lambda _: self._change(has_blend=self.blend.currentData()))
        self.tag.activated.connect(lambda _: self._change(tag=self.tag.currentData()))
        self.collection.activated.connect(lambda _: self._change(collection=self.collection.currentData()))
        self.seed.textEdited.connect(self._on_seed_edited)
        self.reset_button.clicked.connect(self._on_reset_clicked)

    def _change(self, **fields: object) -> None:
        self._query = msgspec.structs.replace(self._query, **fields)
        self.changed.emit(self._query)

    def _on_scheduler_activated(self, _: int) -> None:
        name = self.scheduler.currentData()  # Qt makes a plain string of it
        self._change(scheduler=Scheduler(name) if name else None)

    def _on_size_activated(self, _: int) -> None:
        width, height = self.size_.currentData() or (None, None)
        self._change(width=width, height=height)

    def _on_seed_edited(self, text: str) -> None:
        is_number = text.strip().isascii() and text.strip().isdigit() and int(text.strip()[:12]) <= SEED_MAX
        is_wrong = bool(text.strip()) and not is_number
        self.seed.setProperty("problem", is_wrong)
        self.seed.style().polish(self.seed)
        if not is_wrong:
            self._change(seed=int(text) if is_number else None)

    def _on_reset_clicked(self) -> None:
        self._query = unfiltered(self._query)
        self.changed.emit(self._query)
        self.hide()


def _counted(name: str, count: int) -> str:
    return f"{name}  ({count})"

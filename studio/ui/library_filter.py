"""The popup in which the library is filtered: each choice with how many pictures it has."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from PySide6.QtCore import QDate, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QIcon, QShowEvent, QTextCharFormat
from PySide6.QtWidgets import (
    QCalendarWidget,
    QCheckBox,
    QDateEdit,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from studio.core.recipe import SEED_MAX
from studio.core.schedulers import Scheduler
from studio.library.facets import Facets
from studio.library.marks import RATING_MAX
from studio.library.search import Query
from studio.ui.controls import GAP, Combo, label
from studio.ui.library_words import spans, unfiltered

_WIDTH_PX = 300
_BETWEEN = "between"


class DayEdit(QDateEdit):
    """A day, typed or taken from a calendar."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setToolTip(title)
        self.setDisplayFormat("yyyy-MM-dd")
        self.setCalendarPopup(True)
        self._has_calendar = False

    @property
    def day(self) -> datetime:
        """Its beginning, in local time without a zone."""
        date = self.date()
        return datetime(date.year(), date.month(), date.day())

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 Qt's name
        """Make the calendar only now: it takes longer than all the rest."""
        super().showEvent(event)
        if not self._has_calendar:
            self._has_calendar = True
            _calm(self.calendarWidget())

    def show_day(self, moment: datetime) -> None:
        """Show the day of `moment`, silently."""
        with QSignalBlocker(self):
            self.setDate(QDate(moment.year, moment.month, moment.day))


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
        self.date = self._combo("filterDate", self.tr("Made"), self.tr("Only pictures made then."))
        self.from_day, self.to_day = DayEdit("filterFrom", self.tr("From")), DayEdit("filterUntil", self.tr("Until"))
        self._days = QWidget()
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
        self._show_days(query, now)
        self._query = query

    def take(self, query: Query) -> None:
        """What is asked for was changed elsewhere."""
        self._query = query

    def _choices(
        self, query: Query, facets: Facets, now: datetime
    ) -> list[tuple[Combo, Sequence[tuple[str, object]], object]]:
        times = [*spans(now), (self.tr("Between two days…"), _BETWEEN)]
        time = query.since if query.until is None and query.since in dict(times).values() else _BETWEEN
        stars: list[tuple[str, object]] = [(self.tr("Any"), 0)]
        stars += [("★" * n if n == RATING_MAX else self.tr("{n} and more").format(n="★" * n), n) for n in range(1, 6)]
        size = None if query.width is None else (query.width, query.height)
        blends = [(self.tr("Any"), None), (self.tr("Only blends"), True), (self.tr("No blends"), False)]
        sizes = [(_counted(f"{w} × {h} px", n), (w, h)) for (w, h), n in facets.sizes]
        return [
            (self.rating, stars, query.rating_min),
            (self.date, times, time),
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

    def _show_days(self, query: Query, now: datetime) -> None:
        """The days that `query` spans; a month up to now where it spans none."""
        first = query.since or now - timedelta(days=29)
        last = now if query.until is None else query.until - timedelta(microseconds=1)
        self.from_day.show_day(min(first, last))
        self.to_day.show_day(last)
        self._days.setVisible(self.date.currentData() == _BETWEEN)

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
            if control is self.date:
                form.addRow(self._days)
        form.addRow(self.reset_button)
        row = QHBoxLayout(self._days)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GAP)
        for day in (self.from_day, self.to_day):
            row.addWidget(label(day.accessibleName(), buddy=day))
            row.addWidget(day, 1)
        self.setFixedWidth(_WIDTH_PX)

    def _connect(self) -> None:
        self.favourite.toggled.connect(lambda is_on: self._change(favourite=is_on))
        self.rating.activated.connect(lambda _: self._change(rating_min=self.rating.currentData()))
        self.date.activated.connect(self._on_date_activated)
        self.from_day.dateChanged.connect(self._on_from_changed)
        self.to_day.dateChanged.connect(self._on_to_changed)
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

    def _on_date_activated(self, _: int) -> None:
        bottom = self.geometry().bottom()
        is_between = self.date.currentData() == _BETWEEN
        self._days.setVisible(is_between)
        self.adjustSize()
        self.move(self.x(), bottom + 1 - self.height())
        if is_between:
            self._on_days_changed()
        else:
            self._change(since=self.date.currentData(), until=None)

    def _on_from_changed(self) -> None:
        self.to_day.show_day(max(self.from_day.day, self.to_day.day))
        self._on_days_changed()

    def _on_to_changed(self) -> None:
        self.from_day.show_day(min(self.from_day.day, self.to_day.day))
        self._on_days_changed()

    def _on_days_changed(self) -> None:
        self._change(since=self.from_day.day.astimezone(), until=(self.to_day.day + timedelta(days=1)).astimezone())

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


def _calm(calendar: QCalendarWidget) -> None:
    """No red weekends, and arrows in the colour of the text."""
    for day in (Qt.DayOfWeek.Saturday, Qt.DayOfWeek.Sunday):
        calendar.setWeekdayTextFormat(day, QTextCharFormat())
    for name, text in (("prev", "‹"), ("next", "›")):
        button = calendar.findChild(QToolButton, f"qt_calendar_{name}month")
        button.setIcon(QIcon())
        button.setText(text)


def _counted(name: str, count: int) -> str:
    return f"{name}  ({count})"

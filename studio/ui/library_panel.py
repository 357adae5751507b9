"""The library's dock: one slim row to search, filter and sort, and the pictures below it."""

import msgspec
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QToolButton, QWidget

from studio.library.search import Query, SortKey
from studio.ui.controls import GAP, Combo, IconButton, column, label
from studio.ui.library_model import LibraryModel
from studio.ui.library_view import STRIP_HEIGHT_PX, LibraryView
from studio.ui.library_words import Chip, chips_of, count_text, sort_names, without

_SEARCH_PX = 260
_ROW_PX = 32


class SearchEdit(QLineEdit):
    """Where words are typed.

    Signals:
        left: Down or Return: on to the pictures.
    """

    left = Signal()

    def event(self, event: QEvent) -> bool:
        """Escape is ours, before it is the window's Stop, while there are words to take away."""
        is_early = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if is_early and event.key() == Qt.Key.Key_Escape and self.text():
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Down and Return go to the pictures, Escape takes the words away."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class LibraryPanel(QWidget):
    """Asks the model for what the artist looks for.

    Signals:
        filterWanted: the popup with the filters, below the button.
        queryChanged: the Query, as it is asked for from now on.
    """

    filterWanted = Signal()  # noqa: N815 Qt's style
    queryChanged = Signal(object)  # noqa: N815

    def __init__(self, model: LibraryModel, view: LibraryView) -> None:
        """`view` becomes a child."""
        super().__init__()
        self.setObjectName("libraryPanel")
        self._model, self._query = model, Query()
        self.view = view
        self.search = SearchEdit()
        self.filter_button = IconButton(
            "mdi6.filter-variant", self.tr("Filters"), self.tr("Show only some: by date, model, rating, tag…")
        )
        self.sort = Combo(self.tr("Order"), self.tr("In which order the pictures come."))
        self.count = label("", "note")
        self._chips = QWidget()
        self._name()
        self._lay_out()
        self._connect()

    @property
    def query(self) -> Query:
        """What is asked for."""
        return self._query

    @property
    def chips(self) -> tuple[QToolButton, ...]:
        """The filters on show; a click takes one away."""
        return tuple(self._chips.findChildren(QToolButton))

    def ask(self, query: Query) -> None:
        """Look for this, and show so."""
        if self.search.text() != query.text:
            self.search.blockSignals(True)
            self.search.setText(query.text)
            self.search.blockSignals(False)
        self.sort.setCurrentIndex(self.sort.findData(query.sort))
        if chips_of(query) != chips_of(self._query):
            self._show_chips(chips_of(query))
        self._query = query
        self._model.search(query)
        self.queryChanged.emit(query)

    def find(self) -> None:
        """Put the cursor into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def sizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """One row of pictures."""
        return QSize(640, _ROW_PX + STRIP_HEIGHT_PX)

    def _name(self) -> None:
        self.search.setObjectName("searchEdit")
        self.search.setAccessibleName(self.tr("Search the library"))
        self.search.setPlaceholderText(self.tr("Search: boat -fog tag:best seed:7"))
        self.search.setToolTip(
            self.tr(
                "Words of the prompt, the model, notes and tags; all must be there. \u201ca phrase\u201d as it stands; "
                "-word must not be there. tag:, seed:, prompt:, negative:, model: and notes: look in one place."
            )
        )
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(_SEARCH_PX)
        self.filter_button.setObjectName("libraryFilterButton")
        self.sort.setObjectName("librarySort")
        self.sort.set_choices([(text, key, "") for key, text in sort_names().items()])
        self.count.setObjectName("libraryCount")
        self._chips.setObjectName("libraryChips")

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(3 * GAP, GAP, 3 * GAP, 0)
        row.setSpacing(2 * GAP)
        chips = QHBoxLayout(self._chips)
        chips.setContentsMargins(0, 0, 0, 0)
        chips.setSpacing(GAP)
        self._chips.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self.search)
        row.addWidget(self.filter_button)
        row.addWidget(self._chips, 1)
        row.addWidget(self.count)
        row.addWidget(self.sort)
        layout = column(self, gap=0)
        layout.addLayout(row)
        layout.addWidget(self.view, 1)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._on_text_changed)
        self.search.left.connect(self._on_search_left)
        self.filter_button.clicked.connect(self.filterWanted)
        self.sort.activated.connect(self._on_sort_activated)
        self._model.counted.connect(self._on_counted)

    def _show_chips(self, chips: tuple[Chip, ...]) -> None:
        layout = self._chips.layout()
        assert isinstance(layout, QHBoxLayout)
        while (item := layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        for chip in chips:
            layout.addWidget(self._chip(chip))
        layout.addStretch(1)

    def _chip(self, chip: Chip) -> QToolButton:
        button = IconButton(
            "mdi6.close", self.tr("Without {filter}").format(filter=chip.text), self.tr("Take this filter away.")
        )
        button.setText(chip.text)
        button.setProperty("kind", "chip")
        button.setIconSize(QSize(12, 12))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the cross comes last
        button.clicked.connect(lambda _=False: self.ask(without(self._query, chip.fields)))
        return button

    # Slots.

    def _on_text_changed(self, text: str) -> None:
        self.ask(msgspec.structs.replace(self._query, text=text))

    def _on_sort_activated(self, _: int) -> None:
        self.ask(msgspec.structs.replace(self._query, sort=SortKey(self.sort.currentData())))

    def _on_search_left(self) -> None:
        self.view.setFocus(Qt.FocusReason.TabFocusReason)
        if not self.view.currentIndex().isValid() and self._model.rowCount():
            self.view.setCurrentIndex(self._model.index(0))

    def _on_counted(self, count: int) -> None:
        self.count.setText(count_text(count))

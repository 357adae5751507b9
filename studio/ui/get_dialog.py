"""Asks which model to fetch, shows what that would be, and how far it is. Decides nothing."""

import time
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from studio.core.hub import Fetched, Offer, gigabytes
from studio.ui.controls import GAP, column, label, note, say
from studio.ui.status_line import duration

_WIDTH_PX, _LIST_PX = 520, 148
_PARTS = 1000
_MEASURED_SECONDS = 2.0
"""Before which no time left is told."""


class GetDialog(QDialog):
    """Stands beside the window.

    Signals:
        lookUpWanted: a name, and a revision or nothing.
        fetchWanted: what is shown is agreed to.
        stopWanted: what is going on is to stop.
    """

    lookUpWanted = Signal(str, str)  # noqa: N815 Qt's style
    fetchWanted = Signal()  # noqa: N815
    stopWanted = Signal()  # noqa: N815

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("getDialog")
        self.setWindowTitle(self.tr("Get a model"))
        self.setModal(False)
        self.name_edit, self.revision_edit = QLineEdit(), QLineEdit()
        self.look_up_button = QPushButton(self.tr("&Look up"))
        self.files = QTreeWidget()
        self.facts = {name: label("") for name in ("Licence", "Size", "Free", "Into")}
        self.hint, self.problem, self.activity = label("", "note"), note("problem"), note()
        self.progress = QProgressBar()
        self.fetch_button, self.stop_button = QPushButton(self.tr("&Fetch")), QPushButton(self.tr("&Stop"))
        self.close_button = QPushButton(self.tr("Close"))
        self._offered, self._begun = QWidget(), (0.0, 0)
        self._name_everything()
        self._lay_out()
        self._connect()
        self.show_waiting()

    def show_name(self, name: str) -> None:
        """Put `name` into the field, as if it were typed."""
        self.name_edit.setText(name)
        self.revision_edit.clear()

    def show_waiting(self, problem: str = "") -> None:
        """Nothing is going on; `problem` says what went wrong, or is empty."""
        self._show(busy=False, offered=False)
        say(self.problem, problem)
        self.name_edit.setFocus()

    def show_looking(self) -> None:
        """The hub is being asked."""
        self._show(busy=True, offered=False)
        say(self.activity, self.tr("Asking the hub…"))
        self.progress.setRange(0, 0)

    def show_offer(self, offer: Offer, models: Path, free_bytes: int | None, problem: str = "") -> None:
        """What would be fetched; `problem` says what went wrong with fetching it, or is empty."""
        self._show(busy=False, offered=True)
        unknown = self.tr("not told")
        free = unknown if free_bytes is None else gigabytes(free_bytes)
        texts = {"Licence": offer.licence or unknown, "Into": str(models / offer.target), "Free": free}
        texts["Size"] = self.tr("{size} in {n} files").format(size=gigabytes(offer.size_bytes), n=len(offer.files))
        for name, text in texts.items():
            self.facts[name].setText(text)
        self.files.clear()
        for file in offer.files:
            item = QTreeWidgetItem([file.name, gigabytes(file.size_bytes)])
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
            self.files.addTopLevelItem(item)
        say(self.problem, problem)
        self.fetch_button.setDefault(True)
        self.fetch_button.setFocus()

    def show_begun(self) -> None:
        """It is being fetched."""
        self._show(busy=True, offered=True)
        self._begun = (0.0, 0)
        self.progress.setRange(0, 0)
        say(self.activity, self.tr("Beginning…"))

    def show_progress(self, fetched: Fetched) -> None:
        """How far it is, and how long it takes at the pace so far."""
        now = time.monotonic()
        if not self._begun[0]:
            self._begun = (now, fetched.done_bytes)
        self.progress.setRange(0, _PARTS)
        self.progress.setValue(_PARTS * fetched.done_bytes // max(1, fetched.total_bytes))
        text = self.tr("{done} of {total}").format(
            done=gigabytes(fetched.done_bytes), total=gigabytes(fetched.total_bytes)
        )
        say(self.activity, " · ".join((text, *self._time_left(fetched, now - self._begun[0]), fetched.name)))

    def _time_left(self, fetched: Fetched, seconds: float) -> list[str]:
        came = fetched.done_bytes - self._begun[1]
        if seconds < _MEASURED_SECONDS or not came:
            return []
        left = (fetched.total_bytes - fetched.done_bytes) * seconds / came
        return [self.tr("{time} left").format(time=duration(left))]

    def show_done(self, sentence: str) -> None:
        """It is there."""
        self._show(busy=False, offered=True)
        self.fetch_button.setVisible(False)
        say(self.activity, sentence)
        self.close_button.setFocus()

    def _show(self, *, busy: bool, offered: bool) -> None:
        """Which controls there are."""
        for each in (self.name_edit, self.revision_edit, self.look_up_button):
            each.setEnabled(not busy)
        self._offered.setVisible(offered)
        self.hint.setVisible(not offered)
        self.progress.setVisible(busy)
        self.stop_button.setVisible(busy)
        self.fetch_button.setVisible(offered and not busy)
        for line in (self.problem, self.activity):
            say(line, "")
        self.look_up_button.setDefault(not offered)

    def _name_everything(self) -> None:
        self.name_edit.setPlaceholderText(self.tr("maker/name, or the address of its page"))
        self.revision_edit.setPlaceholderText(self.tr("the newest"))
        self.hint.setText(
            self.tr(
                "Only here does the studio use the network, and only when you ask. "
                "Nothing is fetched before you have seen what it is."
            )
        )
        self.hint.setWordWrap(True)
        named = (
            (self.name_edit, "getNameEdit", self.tr("Name"), self.tr("The model’s name on the Hugging Face hub.")),
            (self.revision_edit, "getRevisionEdit", self.tr("Revision"), self.tr("A branch, a tag or a commit.")),
            (self.look_up_button, "getLookUpButton", self.tr("Look up"), self.tr("See what would be fetched.")),
            (self.files, "getFileList", self.tr("Files"), self.tr("The files that would be fetched.")),
            (self.progress, "getProgress", self.tr("Progress"), self.tr("How far it is.")),
            (self.fetch_button, "getFetchButton", self.tr("Fetch"), self.tr("Fetch these files.")),
            (self.stop_button, "getStopButton", self.tr("Stop"), self.tr("Stop. What came is kept for the next time.")),
            (self.close_button, "getCloseButton", self.tr("Close"), self.tr("Close; a download goes on.")),
            (self.problem, "getProblem", self.tr("Problem"), ""),
            (self.activity, "getActivity", self.tr("What is going on"), ""),
        )
        for widget, name, spoken, tip in named:
            widget.setObjectName(name)
            widget.setAccessibleName(spoken)
            widget.setToolTip(tip)
        self.progress.setTextVisible(False)
        self.files.setHeaderHidden(True)
        self.files.setRootIsDecorated(False)
        self.files.setColumnCount(2)
        self.files.setFixedHeight(_LIST_PX)
        self.files.header().setStretchLastSection(False)
        self.files.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.files.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)

    def _lay_out(self) -> None:
        layout = column(self, gap=3 * GAP, margin=4 * GAP)
        layout.addLayout(self._asking())
        layout.addWidget(self.hint)
        self._lay_out_offer()
        layout.addWidget(self._offered)
        for widget in (self.problem, self.activity, self.progress):
            layout.addWidget(widget)
        layout.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(2 * GAP)
        foot.addStretch(1)
        for button in (self.fetch_button, self.stop_button, self.close_button):
            button.setAutoDefault(False)
            foot.addWidget(button)
        layout.addLayout(foot)
        self.setMinimumWidth(_WIDTH_PX)

    def _asking(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GAP)
        grid.setVerticalSpacing(2 * GAP)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label(self.tr("&Name"), buddy=self.name_edit), 0, 0)
        grid.addWidget(self.name_edit, 0, 1)
        grid.addWidget(self.look_up_button, 0, 2)
        grid.addWidget(label(self.tr("&Revision"), buddy=self.revision_edit), 1, 0)
        grid.addWidget(self.revision_edit, 1, 1)
        return grid

    def _lay_out_offer(self) -> None:
        titles = {
            "Licence": self.tr("Licence"),
            "Size": self.tr("Size"),
            "Free": self.tr("Free on the disk"),
            "Into": self.tr("Goes into"),
        }
        grid = QGridLayout(self._offered)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(3 * GAP)
        grid.setVerticalSpacing(GAP)
        grid.setColumnStretch(1, 1)
        for row, (name, title) in enumerate(titles.items()):
            value: QLabel = self.facts[name]
            value.setObjectName(f"get{name}")
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setWordWrap(True)
            grid.addWidget(label(title), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, row, 1)
        grid.setRowMinimumHeight(len(titles), GAP)
        grid.addWidget(self.files, len(titles) + 1, 0, 1, 2)

    def _connect(self) -> None:
        self.look_up_button.clicked.connect(self._on_look_up_clicked)
        self.name_edit.returnPressed.connect(self._on_look_up_clicked)
        self.revision_edit.returnPressed.connect(self._on_look_up_clicked)
        self.fetch_button.clicked.connect(self.fetchWanted)
        self.stop_button.clicked.connect(self.stopWanted)
        self.close_button.clicked.connect(self.reject)

    def _on_look_up_clicked(self) -> None:
        if self.name_edit.text().strip():
            self.lookUpWanted.emit(self.name_edit.text(), self.revision_edit.text().strip())

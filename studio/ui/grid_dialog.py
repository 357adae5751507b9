"""Asks what a grid of variations varies: one row for each axis, and what it will come to."""

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from studio.core.grid_axis import EXAMPLES, Field
from studio.core.schedulers import Schedule, Scheduler, SolverType
from studio.ui.controls import GAP, Combo, column, label, note, say
from studio.ui.fields import mark_problem

_WIDTH_PX = 480
_OWN_WORDS = (Field.MODEL, Field.VAE, Field.LORA, Field.PROMPT, Field.NEGATIVE_PROMPT)
"""Fields whose values only the artist knows."""
_CHOICES: Mapping[Field | None, Iterable[str]] = {
    Field.SCHEDULER: Scheduler,
    Field.SCHEDULE: Schedule,
    Field.SOLVER: SolverType,
}


class GridDialog(QDialog):
    """Shows the axes and says what is chosen. Decides nothing.

    Signals:
        edited: an axis or its values.
        gridWanted: make it.
    """

    edited = Signal()
    gridWanted = Signal()  # noqa: N815 Qt's style

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("gridDialog")
        self.setWindowTitle(self.tr("Grid of variations"))
        self.setModal(False)
        titles = (self.tr("Across"), self.tr("Down"), self.tr("Blocks"))
        self._rows = tuple(self._row(number, title) for number, title in enumerate(titles))
        self.summary = label("", "note")
        self.summary.setObjectName("gridSummary")
        self.summary.setWordWrap(True)
        self.make_button, self.close_button = QPushButton(self.tr("&Make the grid")), QPushButton(self.tr("Close"))
        self._lay_out(titles)
        self._connect()
        self._rows[0][0].setCurrentIndex(1 + tuple(Field).index(Field.STEPS))
        for number in range(len(self._rows)):
            self._on_field_chosen(number)

    @property
    def choices(self) -> tuple[tuple[Field, str], ...]:
        """What varies on each axis that is used, and the values as they were typed."""
        rows = ((_field(combo), edit.text().strip()) for combo, edit, _ in self._rows)
        return tuple((field, text) for field, text in rows if field is not None and text)

    def show_grid(self, problems: Sequence[str], summary: str, *, can_make: bool) -> None:
        """A sentence for each of `choices`, empty where it is well, and one on the whole."""
        sentences = iter(problems)
        for combo, edit, problem in self._rows:
            sentence = next(sentences, "") if _field(combo) and edit.text().strip() else ""
            say(problem, sentence)
            mark_problem(edit, sentence)
        self.summary.setText(summary)
        self.summary.setProperty("kind", "note" if can_make else "warning")
        self.summary.style().polish(self.summary)
        self.make_button.setEnabled(can_make)

    def _row(self, number: int, title: str) -> tuple[Combo, QLineEdit, QLabel]:
        combo = Combo(self.tr("{axis}: what varies").format(axis=title), self.tr("What varies along this axis."))
        combo.setObjectName(f"gridFieldCombo{number}")
        choices: list[tuple[str, object, str]] = [(field.heading, field, "") for field in Field]
        combo.set_choices([(self.tr("Nothing"), None, ""), *choices])
        edit, problem = QLineEdit(), note("problem")
        edit.setObjectName(f"gridValuesEdit{number}")
        edit.setAccessibleName(self.tr("{axis}: values").format(axis=title))
        edit.setMaxLength(20_000)
        problem.setObjectName(f"gridProblem{number}")
        return combo, edit, problem

    def _lay_out(self, titles: Sequence[str]) -> None:
        layout, grid, foot = column(self, gap=3 * GAP, margin=4 * GAP), QGridLayout(), QHBoxLayout()
        grid.setHorizontalSpacing(2 * GAP)
        grid.setVerticalSpacing(2 * GAP)
        grid.setColumnStretch(2, 1)
        for number, (combo, edit, problem) in enumerate(self._rows):
            grid.addWidget(label(titles[number], buddy=combo), 2 * number, 0)
            grid.addWidget(combo, 2 * number, 1)
            grid.addWidget(edit, 2 * number, 2)
            grid.addWidget(problem, 2 * number + 1, 1, 1, 2)
        layout.addLayout(grid)
        layout.addWidget(self.summary)
        layout.addStretch(1)
        foot.setSpacing(2 * GAP)
        foot.addStretch(1)
        buttons = ((self.make_button, "gridMakeButton"), (self.close_button, "gridCloseButton"))
        for button, name in buttons:
            button.setObjectName(name)
            button.setAccessibleName(button.text().replace("&", ""))
            foot.addWidget(button)
        self.make_button.setToolTip(
            self.tr("Queue all these pictures; their contact sheet is made when they are done.")
        )
        self.close_button.setToolTip(self.tr("Close without making anything (Escape)."))
        self.make_button.setDefault(True)
        layout.addLayout(foot)
        self.resize(_WIDTH_PX, 0)

    def _connect(self) -> None:
        for number, (combo, edit, _) in enumerate(self._rows):
            combo.currentIndexChanged.connect(lambda _index, number=number: self._on_field_chosen(number))
            edit.textEdited.connect(self.edited)
        self.make_button.clicked.connect(self.gridWanted)
        self.close_button.clicked.connect(self.reject)

    def _on_field_chosen(self, number: int) -> None:
        """Begin with values that can be made, and be changed; words to replace only the artist knows."""
        combo, edit, _ = self._rows[number]
        field = _field(combo)
        edit.setEnabled(field is not None)
        edit.setText("" if field is None or field in _OWN_WORDS else EXAMPLES[field][0])
        edit.setPlaceholderText(self._hint(field))
        tip = self.tr("Numbers with commas between, or ranges: 5-20:5 is from 5 to 20 by 5; 1-10 [4] is four of them.")
        if field in _CHOICES:
            tip = self.tr("Names with commas between: {names}.").format(names=", ".join(_CHOICES[field]))
        edit.setToolTip(self._hint(field) if field in (None, Field.SIZE, *_OWN_WORDS) else tip)
        self.edited.emit()

    def _hint(self, field: Field | None) -> str:
        if field is None:
            return self.tr("Choose what varies")
        if field is Field.PROMPT:
            return self.tr("red, blue, green: the first is replaced by the others")
        return EXAMPLES[field][0]


def _field(combo: Combo) -> Field | None:
    """What the axis varies; Qt gives an enum of texts back as a text."""
    value = combo.currentData()
    return None if value is None else Field(value)

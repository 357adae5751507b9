"""A column of labelled controls, each with a line beneath it for what is wrong with its value."""

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from studio.ui.controls import GAP, label, note, say


class Fields(QWidget):
    """Labels left, controls right, aligned. A control is known by the field of the recipe it sets."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * GAP)
        self._grid.setVerticalSpacing(2 * GAP)
        self._grid.setColumnStretch(1, 1)
        self._rows: dict[str, tuple[QLabel, QWidget, QLabel]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The fields there are."""
        return tuple(self._rows)

    def add(self, name: str, title: str, control: QWidget, focus: QWidget | None = None) -> None:
        """Append a row. `focus` is the part of `control` that takes the label's shortcut and shows the problem."""
        row = self._grid.rowCount()
        heading, problem = label(title, buddy=focus or control), note("problem")
        problem.setObjectName(f"{name}Problem")
        self._grid.addWidget(heading, row, 0)
        self._grid.addWidget(control, row, 1)
        self._grid.addWidget(problem, row + 1, 0, 1, 2)
        self._rows[name] = (heading, focus or control, problem)

    def add_note(self, line: QLabel) -> None:
        """Append a line that explains the control above it."""
        self._grid.addWidget(line, self._grid.rowCount(), 1)

    def control(self, name: str) -> QWidget:
        """The control of a field."""
        return self._rows[name][1]

    def set_shown(self, name: str, is_shown: bool) -> None:
        """Show or hide a whole row."""
        heading, control, problem = self._rows[name]
        heading.setVisible(is_shown)
        control.setVisible(is_shown)
        problem.setVisible(is_shown and bool(problem.text()))

    def show_problem(self, name: str, sentence: str) -> None:
        """Say beneath the control what is wrong with it; an empty sentence is a good value."""
        _, control, problem = self._rows[name]
        say(problem, sentence)
        mark_problem(control, sentence)


def mark_problem(control: QWidget, sentence: str) -> None:
    """Give `control` a red border, or take it away."""
    if bool(control.property("problem")) != bool(sentence):
        control.setProperty("problem", bool(sentence))
        control.style().polish(control)
        control.update()
    control.setAccessibleDescription(sentence or control.toolTip())

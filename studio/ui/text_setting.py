"""A line of text that is checked as it is typed."""

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from studio.core.errors import OptionError
from studio.core.options import Option, check_value
from studio.ui.controls import column, note, say
from studio.ui.fields import mark_problem


class TextSetting(QWidget):
    """Says beneath itself what is wrong with the text; until that is mended, the last good one counts.

    Signals:
        edited: a text that is allowed.
    """

    edited = Signal(str)

    def __init__(self, declared: Option) -> None:
        super().__init__()
        self._declared = declared
        self.edit, self.problem = QLineEdit(), note("problem")
        self.edit.setAccessibleName(declared.title)
        self.edit.setToolTip(declared.description)
        if declared.max_length is not None:
            self.edit.setMaxLength(declared.max_length)
        self.setFocusProxy(self.edit)
        layout = column(self)
        layout.addWidget(self.edit)
        layout.addWidget(self.problem)
        self.edit.textChanged.connect(self._on_text_changed)

    def show_text(self, text: str) -> None:
        """Show the text in force, silently."""
        if text != self.edit.text():
            with QSignalBlocker(self.edit):
                self.edit.setText(text)
        self._show_problem("")

    def _show_problem(self, sentence: str) -> None:
        say(self.problem, sentence)
        mark_problem(self.edit, sentence)

    def _on_text_changed(self, text: str) -> None:
        try:
            check_value(self._declared, text)
        except OptionError as error:
            self._show_problem(str(error))
        else:
            self._show_problem("")
            self.edited.emit(text)

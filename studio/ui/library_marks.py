"""A small window for what the artist writes beside pictures: tags and notes."""

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QCompleter, QDialog, QDialogButtonBox, QLineEdit, QPlainTextEdit, QWidget

from studio.library.library import PictureRow
from studio.ui.controls import GAP, column, label

_WIDTH_PX, _NOTES_PX = 340, 110


class MarksWindow(QDialog):
    """Tags, between commas, and notes, of one picture or of several.

    Of several, the tags that all have are shown; those taken away or added go from or to all. Notes are shown, and
    written, where all have the same.

    Signals:
        decided: the tags to add, the tags to remove, and the notes; None where they stay.
    """

    decided = Signal(object, object, object)

    def __init__(self, rows: Sequence[PictureRow], known_tags: Sequence[str], parent: QWidget) -> None:
        """`known_tags` are proposed while one types."""
        super().__init__(parent)
        self.setObjectName("marksWindow")
        self.setWindowTitle(self.tr("Tags and notes"))
        self._tags = _common_tags(rows)
        notes = {row.notes for row in rows}
        self._notes = notes.pop() if len(notes) == 1 else None
        self.tags, self.notes = TagsEdit(known_tags), QPlainTextEdit()
        self.tags.setText(", ".join(self._tags))
        self.tags.setObjectName("pictureTagsEdit")
        self.tags.setAccessibleName(self.tr("Tags"))
        self.tags.setToolTip(self.tr("Words to find the pictures by, between commas."))
        self.notes.setPlainText(self._notes or "")
        self.notes.setObjectName("pictureNotesEdit")
        self.notes.setAccessibleName(self.tr("Notes"))
        self.notes.setToolTip(self.tr("What you want to remember. Searching finds it."))
        self.notes.setTabChangesFocus(True)
        if self._notes is None:
            self.notes.setPlaceholderText(self.tr("These pictures have different notes. Type here to replace all."))
        self._lay_out(len(rows))

    def _lay_out(self, count: int) -> None:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        for key in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(key), self).activated.connect(self._on_accepted)
        layout = column(self, gap=GAP, margin=3 * GAP)
        if count > 1:
            layout.addWidget(label(self.tr("{n} pictures: the tags that all have.").format(n=count), "note"))
        layout.addWidget(label(self.tr("Tags, between commas"), buddy=self.tags))
        layout.addWidget(self.tags)
        layout.addSpacing(GAP)
        layout.addWidget(label(self.tr("Notes"), buddy=self.notes))
        layout.addWidget(self.notes)
        layout.addSpacing(GAP)
        layout.addWidget(buttons)
        self.notes.setFixedHeight(_NOTES_PX)
        self.setFixedWidth(_WIDTH_PX)

    def _on_accepted(self) -> None:
        wanted = self.tags.tags()
        old, new = {tag.casefold() for tag in self._tags}, {tag.casefold() for tag in wanted}
        added = tuple(tag for tag in wanted if tag.casefold() not in old)
        removed = tuple(tag for tag in self._tags if tag.casefold() not in new)
        written = self.notes.toPlainText().strip()
        self.decided.emit(added, removed, None if written == (self._notes or "") else written)
        self.accept()


class TagsEdit(QLineEdit):
    """Words between commas, each completed from those that are known."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__()
        completer = QCompleter(self)
        completer.setModel(QStringListModel(list(known), completer))
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setWidget(self)
        completer.activated.connect(self._on_proposal_taken)
        self._completer = completer
        self.textEdited.connect(self._on_text_edited)

    def tags(self) -> tuple[str, ...]:
        """What is typed, in order, without empty ones and repetitions."""
        return tuple(dict.fromkeys(tag for tag in (part.strip() for part in self.text().split(",")) if tag))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Return takes what is proposed, where something is."""
        is_return = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_return and self._completer.popup().isVisible():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _on_text_edited(self, text: str) -> None:
        word = text[: self.cursorPosition()].rsplit(",", 1)[-1].strip()
        self._completer.setCompletionPrefix(word)
        if word and self._completer.completionCount():
            self._completer.complete()
        else:
            self._completer.popup().hide()

    def _on_proposal_taken(self, tag: str) -> None:
        before, after = self.text()[: self.cursorPosition()], self.text()[self.cursorPosition() :]
        head, comma, _ = before.rpartition(",")
        written = f"{head}{comma}{' ' if comma else ''}{tag}"
        self.setText(written + after)
        self.setCursorPosition(len(written))


def _common_tags(rows: Sequence[PictureRow]) -> tuple[str, ...]:
    keys = [{tag.casefold() for tag in row.tags} for row in rows]
    return tuple(tag for tag in rows[0].tags if all(tag.casefold() in each for each in keys)) if rows else ()

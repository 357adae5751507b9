"""The notes of a project: a sheet of plain text."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from studio.core.session import Session
from studio.ui.controls import GAP, column
from studio.ui.prompt_edit import PromptEdit

_NOTES_MAX = 100_000


class NotesPanel(QWidget):
    """What the artist writes beside the pictures. Undo is the session's."""

    def __init__(self) -> None:
        super().__init__()
        self.edit = PromptEdit("notesEdit", self.tr("Notes on this project. They are saved with it."))
        self.edit.setAccessibleName(self.tr("Notes"))
        self.edit.setToolTip(self.tr("Notes on this project. They are saved with it, and go into no picture."))
        column(self, margin=3 * GAP).addWidget(self.edit)


class NotesDesk(QObject):
    """Joins the notes with the session."""

    def __init__(self, panel: NotesPanel, session: Session) -> None:
        super().__init__(panel)
        self._panel, self._session = panel, session
        panel.edit.edited.connect(self._on_edited)
        session.listen(self._on_session_changed)
        panel.edit.set_text(session.state.notes)

    def _on_edited(self, text: str) -> None:
        self._session.change(notes=text[:_NOTES_MAX])
        if len(text) > _NOTES_MAX:
            self._panel.edit.set_text(self._session.state.notes)

    def _on_session_changed(self, names: frozenset[str]) -> None:
        if "notes" in names:
            self._panel.edit.set_text(self._session.state.notes)

"""Writes what is on the desk a few seconds after each change, and once more when the studio is closed."""

from PySide6.QtCore import QObject, QTimer

from studio.core.session import Session
from studio.core.settings import Settings
from studio.ui.main_window import MainWindow
from studio.ui.preferences import Preferences
from studio.ui.project_desk import ProjectDesk
from studio.ui.session_file import SessionFile


class Autosave(QObject):
    """The first change starts the clock; those that follow are written with it, so that none waits longer."""

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        projects: ProjectDesk,
        preferences: Preferences,
        file: SessionFile,
    ) -> None:
        super().__init__(window)
        self._window, self._session, self._projects, self._file = window, session, projects, file
        self.timer = QTimer(self)
        self.timer.setSingleShot(True)
        self._take(preferences.settings)
        self.timer.timeout.connect(self.write)
        session.listen(lambda names: self._on_changed())
        preferences.changed.connect(self._take)
        projects.remembering.connect(self._on_changed)

    def write(self, *, is_clean: bool = False) -> None:
        """Write now. `is_clean`: the studio is being closed."""
        remembered = self._projects.remembered(is_clean=is_clean)
        self._file.save(self._session.state, self._window.present_layout(), remembered)

    def close(self) -> None:
        """Write for the last time, and wait for it."""
        self.timer.stop()
        self.write(is_clean=True)
        self._projects.close()
        self._file.close()

    def _take(self, settings: Settings) -> None:
        self.timer.setInterval(1000 * settings.autosave_seconds)

    def _on_changed(self) -> None:
        if not self.timer.isActive():
            self.timer.start()

"""Generate forever: as long as it is switched on, there is always one more picture waiting, with a new seed."""

from collections.abc import Callable

import msgspec
from PySide6.QtCore import QObject

from studio.core.recipe import Recipe
from studio.core.session import Session
from studio.ui.job_desk import JobDesk
from studio.ui.main_window import MainWindow
from studio.ui.wishes import new_seed

_AHEAD = 2
"""One that runs and one behind it: the engine never idles, and a changed prompt is followed soon."""


class Forever(QObject):
    """Feeds the queue while the action is checked. Stop, a failure and a recipe that cannot work end it."""

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        jobs: JobDesk,
        is_ready: Callable[[], bool],
        submit: Callable[[Recipe], bool],
    ) -> None:
        """`is_ready` says beside the control what is wrong with the recipe; `submit` is false where it was refused."""
        super().__init__(window)
        self._window, self._session, self._jobs = window, session, jobs
        self._is_ready, self._submit = is_ready, submit
        self._action, self._button = window.action("generateForever"), window.prompt_panel.forever_button
        self._action.toggled.connect(self._on_toggled)
        self._button.toggled.connect(self._action.setChecked)
        jobs.busyChanged.connect(self._feed)
        jobs.failed.connect(self.end)
        for name in ("stop", "stopAll"):
            window.action(name).triggered.connect(self.end)
        window.prompt_panel.stopRequested.connect(self.end)

    def end(self) -> None:
        """Submit no more."""
        self._action.setChecked(False)

    def _on_toggled(self, is_wanted: bool) -> None:
        self._button.setChecked(is_wanted)
        if is_wanted and not self._is_ready():
            self.end()
        elif is_wanted:
            self._feed()

    def _feed(self) -> None:
        while self._action.isChecked() and self._jobs.count < _AHEAD:
            recipe = msgspec.structs.replace(self._session.recipe, seed=new_seed())
            if not self._is_ready() or not self._submit(recipe):
                self.end()

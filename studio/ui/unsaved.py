"""Pictures that could not be saved: they stay in memory, and in sight, until they are."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QToolButton

from studio.core.errors import StudioError
from studio.core.events import Finished
from studio.core.files import write_new
from studio.core.metadata import write_png
from studio.ui.banner import Message
from studio.ui.main_window import MainWindow

Save = Callable[[Finished], object]
"""Writes a picture somewhere, or raises StudioError."""


class Unsaved(QObject):
    """Holds them, offers to save them, and counts them in the status line."""

    def __init__(
        self, window: MainWindow, keep: Save, save_as: Callable[[Finished], object], name: Callable[[Finished], str]
    ) -> None:
        """`keep` tries the library again; `save_as` asks where to put a single one; `name` is its file’s."""
        super().__init__(window)
        self._window, self._keep, self._save_as, self._name = window, keep, save_as, name
        self._items: list[Finished] = []
        self._offer: Message | None = None
        self._button = QToolButton()
        self._button.setObjectName("unsavedButton")
        self._button.setToolTip(self.tr("These pictures could not be saved and are only in memory. Save them now."))
        self._button.clicked.connect(self._on_button_clicked)
        window.status.add_button(self._button)
        self._show_count()

    @property
    def items(self) -> tuple[Finished, ...]:
        """The pictures that live only in memory, oldest first."""
        return tuple(self._items)

    def add(self, finished: Finished) -> None:
        """Hold one more."""
        self._items.append(finished)
        self._show_count()

    def settle(self, finished: Finished | None) -> None:
        """This one is saved. Where others are not, they are offered next."""
        if finished is None or not any(each is finished for each in self._items):
            return
        self._items = [each for each in self._items if each is not finished]
        self._show_count()
        if self._items:
            self.offer("")

    def forget(self) -> None:
        """Let go of all of them."""
        self._items.clear()
        self._show_count()

    def offer(self, sentence: str) -> None:
        """Tell what went wrong, and offer what can be done."""
        count = len(self._items)
        if count > 1:
            more = self.tr("{n} pictures are only in memory until they are saved.").format(n=count)
            sentence = f"{sentence} {more}".strip()
        elif count == 1 and not sentence:
            sentence = self.tr("One picture is only in memory until it is saved.")
        actions: dict[str, Callable[[], object]] = {}
        if count:
            elsewhere = self.tr("Save as…") if count == 1 else self.tr("Save all…")
            actions = {elsewhere: self.save_elsewhere, self.tr("Try again"): lambda: self._save_all(self._keep)}
        self._window.banner.withdraw(self._offer)
        self._offer = self._window.banner.tell(sentence, actions, is_decision=bool(count))

    def save_elsewhere(self) -> None:
        """Ask where to put it; several go into one folder under names of their own."""
        if len(self._items) == 1:
            self._save_as(self._items[0])
        elif self._items:
            title = self.tr("Save all into the folder")
            folder = QFileDialog.getExistingDirectory(self._window, title, str(Path.home()))
            if folder:
                self._save_all(lambda finished: self._save_into(Path(folder), finished))

    def _save_all(self, save: Save) -> None:
        saved = 0
        for finished in self.items:
            try:
                save(finished)
            except StudioError as error:
                self._show_count()
                self.offer(str(error))
                return
            self._items = [each for each in self._items if each is not finished]
            saved += 1
        self._show_count()
        self._window.status.show_activity(self.tr("{n} saved").format(n=saved))

    def _save_into(self, folder: Path, finished: Finished) -> Path:
        return write_new(folder / self._name(finished), write_png(finished.picture, finished.recipe))

    def _show_count(self) -> None:
        text = self.tr("{n} not saved").format(n=len(self._items))
        self._button.setText(text)
        self._button.setAccessibleName(text)
        self._button.setVisible(bool(self._items))
        if not self._items:
            self._window.banner.withdraw(self._offer)

    def _on_button_clicked(self) -> None:
        self.offer("")

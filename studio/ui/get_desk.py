"""Fetches models and what single files lack, where the artist asks for it and has seen what it is."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QFileDialog

from studio.core.events import Failed
from studio.core.hub import Fetched, Hub, Offer, free_disk_bytes, gigabytes
from studio.core.shared_parts import SHARED, SharedPart, take_shared
from studio.ui.background import Background
from studio.ui.downloader import Downloader
from studio.ui.get_dialog import GetDialog
from studio.ui.job_desk import JobDesk
from studio.ui.main_window import MainWindow


class GetDesk(QObject):
    """Asks, has it fetched, and tells what became of it."""

    def __init__(
        self,
        window: MainWindow,
        jobs: JobDesk,
        make_hub: Callable[[], Hub],
        models: Path,
        load_again: Callable[[], object],
    ) -> None:
        """`models` is the studio's own folder of models; `load_again` loads what the recipe wants, once it can."""
        super().__init__(window)
        self._window, self._models, self._load_again = window, models, load_again
        self._downloader = Downloader(make_hub, models, self)
        self._background = Background("shared-parts", self)
        self._dialog: GetDialog | None = None
        self._offer: Offer | None = None
        self._is_fetching = False
        self._downloader.offered.connect(self._on_offered)
        self._downloader.progressed.connect(self._on_progressed)
        self._downloader.fetched.connect(self._on_fetched)
        self._downloader.failed.connect(self._on_failed)
        self._background.failed.connect(window.banner.tell)
        jobs.failed.connect(self._on_job_failed)
        window.action("getModel").triggered.connect(lambda _=False: self.open())
        window.closeRequested.connect(self._on_close_requested)

    def open(self, name: str = "") -> None:
        """Show the dialog, and look up `name` where one is given."""
        dialog = self._shown()
        if name and not self._is_fetching:
            dialog.show_name(name)
            self._on_look_up_wanted(name, "")

    def _shown(self) -> GetDialog:
        if self._dialog is None:
            self._dialog = GetDialog(self._window)
            self._dialog.lookUpWanted.connect(self._on_look_up_wanted)
            self._dialog.fetchWanted.connect(self._on_fetch_wanted)
            self._dialog.stopWanted.connect(self._on_stop_wanted)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()
        return self._dialog

    # What the artist wants.

    def _on_look_up_wanted(self, name: str, revision: str) -> None:
        self._offer = None
        self._shown().show_looking()
        self._downloader.look_up(name, revision)

    def _on_fetch_wanted(self) -> None:
        if self._offer is not None:
            self._is_fetching = True
            self._shown().show_begun()
            self._downloader.fetch(self._offer)

    def _on_stop_wanted(self) -> None:
        self._downloader.stop()
        self._is_fetching = False
        self._show_again(self.tr("Stopped. What came is kept: the next attempt goes on from there."))

    # What became of it.

    def _on_offered(self, offer: Offer) -> None:
        self._offer = offer
        self._show_again("")

    def _on_progressed(self, fetched: Fetched) -> None:
        self._shown_already().show_progress(fetched)
        percent = 100 * fetched.done_bytes // max(1, fetched.total_bytes)
        name = self._offer.repository if self._offer else fetched.name
        self._window.status.show_activity(self.tr("Fetching {name} · {n} %").format(name=name, n=percent))

    def _on_fetched(self, folder: Path) -> None:
        self._is_fetching = False
        self._shown_already().show_done(self.tr("It is in {folder}, and in the list of models.").format(folder=folder))
        self._window.status.show_activity(self.tr("Fetched {name}").format(name=folder.name))
        if self._offer is not None and self._offer.target in {facts.place for facts in SHARED.values()}:
            self._take_part(folder)

    def _on_failed(self, sentence: str) -> None:
        was_fetching, self._is_fetching = self._is_fetching, False
        self._show_again(sentence)
        if was_fetching and not self._shown_already().isVisible():
            self._window.banner.tell(sentence, {self.tr("Show"): self.open})

    def _show_again(self, problem: str) -> None:
        """The offer, where there is one, and what went wrong."""
        dialog = self._shown_already()
        if self._offer is None:
            dialog.show_waiting(problem)
        else:
            dialog.show_offer(self._offer, self._models, free_disk_bytes(self._models), problem)

    def _shown_already(self) -> GetDialog:
        assert self._dialog is not None
        return self._dialog

    # What single files lack.

    def _on_job_failed(self, failed: Failed) -> None:
        """Ask, in place of the sentence alone; whoever dismisses it is asked again when they try again."""
        if not failed.part:
            return
        part = SharedPart(failed.part)
        about = gigabytes(SHARED[part].size_bytes)
        self._window.banner.tell(
            failed.sentence,
            {
                self.tr("Fetch it ({size})…").format(size=about): partial(self.open, str(part)),
                self.tr("Choose a folder…"): partial(self._choose_folder, part),
            },
        )

    def _choose_folder(self, part: SharedPart) -> None:
        title = self.tr("Where is the {part}?").format(part=SHARED[part].title)
        dialog = QFileDialog(self._window, title, str(Path.home()))
        dialog.setObjectName("sharedPartDialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(partial(self._on_folder_chosen, part))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_folder_chosen(self, part: SharedPart, folder: str) -> None:
        self._background.run(partial(take_shared, part, Path(folder), self._models), self._take_part)

    def _take_part(self, folder: Path) -> None:
        self._window.banner.clear_told()
        self._window.status.show_activity(self.tr("{folder} is used from now on").format(folder=folder))
        self._load_again()

    def _on_close_requested(self, event: QCloseEvent) -> None:
        if event.isAccepted():
            self._downloader.close()
            self._background.close()

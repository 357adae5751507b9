"""Downloads off the UI thread, one at a time, with progress and a stop."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

from PySide6.QtCore import QObject, Signal

from studio.core.errors import Cancelled, StudioError
from studio.core.hub import Fetched, Hub, Offer
from studio.ui.latest import Latest


class Downloader(QObject):
    """Asks a hub that is made on the thread, when first needed.

    The life of one: `look_up` → the thread asks the hub → `offered` → the artist agrees: `fetch` → `progressed`
    several times a second → `fetched`. Whatever goes wrong gives `failed`. After `stop` nothing more is heard of it:
    the thread is woken from its reading, and keeps what came for the next time.

    Signals:
        offered: the Offer.
        progressed: how far it is, Fetched.
        fetched: the path of the finished folder.
        failed: a sentence.
    """

    offered = Signal(object)
    progressed = Signal(object)
    fetched = Signal(object)
    failed = Signal(str)
    _told = Signal(object, object)

    def __init__(self, make_hub: Callable[[], Hub], models: Path, parent: QObject) -> None:
        """`models` is the studio's own folder of models."""
        super().__init__(parent)
        self._make_hub, self._models = make_hub, models
        self._hub: Hub | None = None
        self._latest = Latest("downloads", self)
        self._stopped = Event()
        self._told.connect(self._on_told)

    def look_up(self, name: str, revision: str) -> None:
        """Ask what would be fetched."""
        self._latest.wish(lambda: self._ready().look_up(name, revision), self.offered.emit, self._on_refused)

    def fetch(self, offer: Offer) -> None:
        """Fetch what the artist agreed to; nothing else is going on."""
        stopped = self._stopped = Event()

        def progress(fetched: Fetched) -> None:
            if stopped.is_set():
                raise Cancelled
            self._told.emit(stopped, fetched)

        self._latest.wish(
            lambda: self._ready().fetch(offer, self._models, progress), self.fetched.emit, self._on_refused
        )

    def stop(self) -> None:
        """Wish for nothing any more."""
        self._stopped.set()
        self._latest.drop()
        if self._hub is not None:
            self._hub.interrupt()

    def close(self) -> None:
        """Stop, and end the thread."""
        self.stop()
        self._latest.close()

    def _ready(self) -> Hub:
        if self._hub is None:
            self._hub = self._make_hub()
        return self._hub

    def _on_told(self, stopped: Event, fetched: Fetched) -> None:
        if not stopped.is_set():
            self.progressed.emit(fetched)

    def _on_refused(self, error: StudioError) -> None:
        self.failed.emit(str(error))

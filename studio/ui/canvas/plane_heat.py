"""Where over the plane the picture changes: computed from the tiles as they come, while the artist wants to see it."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from studio.core.atlas import Cell
from studio.core.heat import Signature, condensed, speeds

_MS = 250
"""How often it is computed anew while tiles come in."""


class PlaneHeat(QObject):
    """Gathers the tiles' signatures.

    Signals:
        changed: the Speeds over the atlas's region, or None.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        """Not wanted at first."""
        super().__init__()
        self._tiles: dict[Cell, Signature] = {}
        self._is_wanted = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_MS)
        self._timer.timeout.connect(self._on_tiles_grown)

    def set_wanted(self, is_wanted: bool) -> None:
        """Show it, or show it no longer."""
        self._is_wanted = is_wanted
        if is_wanted:
            self._on_tiles_grown()
        else:
            self.stop()
            self.changed.emit(None)

    def add(self, cell: Cell, signature: NDArray[np.float32]) -> None:
        """One more tile."""
        self._tiles[cell] = condensed(signature)
        if self._is_wanted and not self._timer.isActive():
            self._timer.start()

    def clear(self) -> None:
        """The tiles no longer hold."""
        self._tiles.clear()
        self.stop()
        self.changed.emit(None)

    def stop(self) -> None:
        """Compute nothing any more, until another tile comes."""
        self._timer.stop()

    def _on_tiles_grown(self) -> None:
        self.changed.emit(speeds(self._tiles))

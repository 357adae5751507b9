"""Thumbnails of a few pictures, in a row of buttons: a click shows one."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from studio.ui.controls import GAP, label
from studio.ui.thumbnails import Thumbnails

_SIDE_PX = 84
_SHOWN_MAX = 24


class PathStrip(QWidget):
    """Pictures by their files.

    Signals:
        chosen: the Path that was clicked.
    """

    chosen = Signal(object)

    def __init__(self, paths: Sequence[Path], thumbnails: Thumbnails, none: str) -> None:
        """`none` is said where there are no pictures."""
        super().__init__()
        self._thumbnails = thumbnails
        self.buttons: dict[Path, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        for path in paths[:_SHOWN_MAX]:
            row.addWidget(self._button(path))
        rest = len(paths) - _SHOWN_MAX
        if rest > 0 or not paths:
            text: QLabel = label(none if not paths else self.tr("and {n} more").format(n=rest), "note")
            row.addWidget(text)
        row.addStretch(1)
        thumbnails.ready.connect(self._on_thumbnail_ready)

    def _button(self, path: Path) -> QToolButton:
        button = QToolButton()
        button.setIconSize(QSize(_SIDE_PX, _SIDE_PX))
        button.setFixedSize(_SIDE_PX + 2 * GAP, _SIDE_PX + 2 * GAP)
        button.setAccessibleName(path.name)
        button.setToolTip(path.name)
        button.clicked.connect(lambda _=False: self.chosen.emit(path))
        self.buttons[path] = button
        image = self._thumbnails.image(path)
        if image is not None:
            self._show(button, image)
        return button

    def _on_thumbnail_ready(self, path: Path, image: QImage) -> None:
        if path in self.buttons:
            self._show(self.buttons[path], image)

    def _show(self, button: QToolButton, image: QImage) -> None:
        if image.isNull():
            button.setText(self.tr("gone"))
            return
        side = round(_SIDE_PX * self.devicePixelRatioF())
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        button.setIcon(QIcon(QPixmap.fromImage(image.scaled(side, side, keep, smooth))))

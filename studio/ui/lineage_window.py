"""Windows beside the studio's: where a picture comes from and what came of it, and pictures that were made twice."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from studio.library.lineage import Lineage
from studio.ui.controls import GAP, column, label
from studio.ui.path_strip import PathStrip
from studio.ui.thumbnails import Thumbnails

_GROUPS_MAX = 100


class LineageWindow(QDialog):
    """Made from ← this → led to. Escape closes it.

    Signals:
        chosen: the Path of the picture that was clicked.
    """

    chosen = Signal(object)

    def __init__(self, path: Path, lineage: Lineage, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("lineageWindow")
        self.setWindowTitle(self.tr("Lineage of {name}").format(name=path.name))
        self.strips = (
            PathStrip(lineage.made_from, thumbnails, self.tr("Made from a prompt alone, or from pictures not here.")),
            PathStrip((path,), thumbnails, ""),
            PathStrip(lineage.led_to, thumbnails, self.tr("Nothing yet. Send it to the canvas to go on from it.")),
        )
        titles = (self.tr("Made from ↓"), self.tr("This picture"), self.tr("Led to ↓"))
        layout = column(self, gap=GAP, margin=3 * GAP)
        for title, strip in zip(titles, self.strips, strict=True):
            layout.addWidget(label(title, "title"))
            layout.addWidget(strip)
            layout.addSpacing(2 * GAP)
            strip.chosen.connect(self.chosen)
        layout.addStretch(1)
        self.setMinimumWidth(440)


class DuplicatesWindow(QDialog):
    """Groups of pictures with the very same recipe. Escape closes it.

    Signals:
        chosen: the Path of the picture that was clicked.
        trashWanted: the paths of a group but the oldest.
    """

    chosen = Signal(object)
    trashWanted = Signal(object)  # noqa: N815 Qt's style

    def __init__(self, groups: Sequence[tuple[Path, ...]], thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("duplicatesWindow")
        self.setWindowTitle(self.tr("Duplicates"))
        self.strips: list[PathStrip] = []
        body = QWidget()
        body.setObjectName("panelBody")
        self._layout: QVBoxLayout = column(body, gap=2 * GAP, margin=3 * GAP)
        self._layout.addWidget(label(self._summary(groups), "note"))
        for group in groups[:_GROUPS_MAX]:
            self._layout.addWidget(self._group(group, thumbnails))
        self._layout.addStretch(1)
        area = QScrollArea()
        area.setWidget(body)
        area.setWidgetResizable(True)
        column(self).addWidget(area)
        self.resize(620, 460)

    def _summary(self, groups: Sequence[tuple[Path, ...]]) -> str:
        if not groups:
            return self.tr("No two pictures have the same recipe.")
        extra = sum(len(group) - 1 for group in groups)
        one = self.tr("One picture was made again from a recipe that had been made before.")
        many = self.tr("{n} pictures were made again from a recipe that had been made before.").format(n=extra)
        text = one if extra == 1 else many
        more = self.tr(" The first {n} groups are shown.").format(n=_GROUPS_MAX) if len(groups) > _GROUPS_MAX else ""
        return text + more

    def _group(self, group: tuple[Path, ...], thumbnails: Thumbnails) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        strip = PathStrip(group, thumbnails, "")
        strip.chosen.connect(self.chosen)
        self.strips.append(strip)
        button = QPushButton(self.tr("Keep the first only"))
        button.setToolTip(self.tr("Move the others to the trash. Can be undone."))
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: (line.setEnabled(False), self.trashWanted.emit(group[1:])))
        row.addWidget(strip, 1)
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        return line

"""The row of numbers above the preview while the starting picture is extended."""

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from studio.core.options import Option, option
from studio.core.recipe import Recipe
from studio.ui.controls import GAP, IconButton, Spin, label
from studio.ui.start.extending import Margins

_MOST_PX = 2048
_LEAVE = Qt.Key.Key_Escape
_ARROWS = {"left": "←", "top": "↑", "right": "→", "bottom": "↓"}


class ExtendBar(QWidget):
    """Asks how far the picture is to go on beyond each of its edges. Return takes it, Escape drops it.

    Signals:
        marginsChanged: the Margins, up to whole multiples of what the model needs.
        wanted: the same, to be made.
        leaveWanted: nothing after all.
    """

    marginsChanged = Signal(object)  # noqa: N815 Qt's style
    wanted = Signal(object)
    leaveWanted = Signal()  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("extendBar")
        self.setAccessibleName(self.tr("Extend the picture"))
        titles = (self.tr("Left"), self.tr("Top"), self.tr("Right"), self.tr("Bottom"))
        self.spins = {side: Spin(_side(side, title)) for side, title in zip(_ARROWS, titles, strict=True)}
        self.outcome = label("", "text")
        self.extend_button = QPushButton(self.tr("Extend"))
        self.leave_button = IconButton("mdi6.close", self.tr("Cancel"), self.tr("Leave it as it is (Escape)."))
        self._size, self._multiple = QSize(), 8
        self._name_everything()
        self._lay_out()
        for spin in self.spins.values():
            spin.valueChanged.connect(self._on_edited)
            spin.editingFinished.connect(self._on_editing_finished)
        self.extend_button.clicked.connect(self._on_extend_wanted)
        self.leave_button.clicked.connect(self.leaveWanted)
        self.hide()

    @property
    def margins(self) -> Margins:
        """What is asked for, up to whole multiples of what the model needs."""
        asked = Margins(**{side: spin.value() for side, spin in self.spins.items()})
        return asked.rounded(self._size.width(), self._size.height(), self._multiple)

    def ask(self, size: QSize, multiple: int) -> None:
        """Begin with nothing, for a picture of `size` in pixels; new sizes are multiples of `multiple`."""
        self._size, self._multiple = size, multiple
        for spin in self.spins.values():
            spin.setSingleStep(multiple)
        self.set_margins(Margins())
        self.spins["left"].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def set_margins(self, margins: Margins) -> None:
        """Ask for these: what was dragged."""
        for side, spin in self.spins.items():
            with QSignalBlocker(spin):
                spin.setValue(getattr(margins, side))
        self._on_edited()

    def event(self, event: QEvent) -> bool:
        """Escape drops it first, before it stops anything."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and event.key() == _LEAVE:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Return takes it, Escape drops it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_extend_wanted()
        elif event.key() == _LEAVE:
            self.leaveWanted.emit()
        else:
            super().keyPressEvent(event)

    def _name_everything(self) -> None:
        for side, spin in self.spins.items():
            spin.setObjectName(f"extend{side.capitalize()}Spin")
            spin.setFixedWidth(68)
        self.extend_button.setObjectName("extendNowButton")
        self.extend_button.setAccessibleName(self.extend_button.text())
        self.extend_button.setToolTip(self.tr("Make room there, to be filled when the picture is made (Return)."))
        self.leave_button.setObjectName("extendCancelButton")
        self.outcome.setObjectName("extendOutcome")

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GAP, GAP, 2 * GAP, GAP)
        row.setSpacing(GAP)
        for side, spin in self.spins.items():
            row.addWidget(label(_ARROWS[side], buddy=spin))
            row.addWidget(spin)
        row.addSpacing(GAP)
        row.addWidget(self.outcome)
        row.addStretch(1)
        row.addWidget(self.extend_button)
        row.addWidget(self.leave_button)

    def _on_edited(self) -> None:
        margins = self.margins
        across, down = margins.size(self._size.width(), self._size.height())
        most = int(option(Recipe, "width").maximum or 0)
        is_too_large = max(across, down) > most
        size = self.tr("{w} × {h} px").format(w=across, h=down)
        self.outcome.setText(self.tr("{n} px at most").format(n=most) if is_too_large else size)
        self.outcome.setProperty("kind", "problem" if is_too_large else "text")
        self.outcome.style().polish(self.outcome)
        self.extend_button.setEnabled(not is_too_large and margins != Margins())
        self.marginsChanged.emit(margins)

    def _on_editing_finished(self) -> None:
        """Show the numbers that are used."""
        self.set_margins(self.margins)

    def _on_extend_wanted(self) -> None:
        if self.extend_button.isEnabled():
            self.wanted.emit(self.margins)


def _side(name: str, title: str) -> Option:
    return Option(
        name=name, title=title, description="Pixels to add on this side.",
        kind=int, default=0, minimum=0, maximum=_MOST_PX, step=8, unit="px",
    )  # fmt: skip

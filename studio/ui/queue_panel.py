"""The queue's panel: the list of jobs, and the buttons for all of them."""

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from studio.ui.controls import GAP, IconButton, column, note, say
from studio.ui.queue_model import QueueModel
from studio.ui.queue_view import QueueView
from studio.ui.queue_words import spoken


class QueuePanel(QWidget):
    """Shows the queue and asks. Decides nothing.

    Signals:
        pauseWanted: start no further job (True), or go on with all that waits (False).
        clearWanted: list no more what is done.
    """

    pauseWanted = Signal(bool)  # noqa: N815 Qt's style
    clearWanted = Signal()  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.model = QueueModel(spoken)
        self.view = QueueView(self.model)
        self.model.setParent(self)
        self.summary: QLabel = note()
        self.summary.setObjectName("queueSummary")
        self.summary.setAccessibleName(self.tr("The queue, in short"))
        self.pause_button = QPushButton()
        self.pause_button.setObjectName("pauseQueueButton")
        self.clear_button = IconButton(
            "mdi6.playlist-remove", self.tr("Clear finished"), self.tr("List finished and stopped jobs no more.")
        )
        self.clear_button.setObjectName("clearQueueButton")
        self._is_held_up = False
        self._lay_out()
        self.set_held_up(False)
        self.pause_button.clicked.connect(self._on_pause_clicked)
        self.clear_button.clicked.connect(self.clearWanted)

    def set_held_up(self, is_held_up: bool) -> None:
        """Whether something waits until the artist says: then the button resumes."""
        self._is_held_up = is_held_up
        text = _tr("Resume") if is_held_up else _tr("Pause")
        tip = _tr("Go on with all that waits.") if is_held_up else _tr("Finish the picture in the making, then wait.")
        self.pause_button.setText(text)
        self.pause_button.setAccessibleName(text)
        self.pause_button.setToolTip(f"{tip} (Ctrl+P)")

    def show_summary(self, text: str) -> None:
        """How many wait, and how long it takes."""
        say(self.summary, text)

    def _lay_out(self) -> None:
        self.summary.setContentsMargins(3 * GAP, GAP, 3 * GAP, 0)
        row = QHBoxLayout()
        row.setContentsMargins(3 * GAP, 2 * GAP, 3 * GAP, GAP)
        row.setSpacing(GAP)
        row.addStretch(1)
        row.addWidget(self.clear_button, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.pause_button, 0, Qt.AlignmentFlag.AlignVCenter)
        layout = column(self, gap=0)
        layout.addWidget(self.summary)
        layout.addLayout(row)
        layout.addWidget(self.view, 1)

    def _on_pause_clicked(self) -> None:
        self.pauseWanted.emit(not self._is_held_up)


def _tr(text: str) -> str:
    return QCoreApplication.translate("QueuePanel", text)

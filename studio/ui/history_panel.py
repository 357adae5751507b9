"""The undo list: every step by its name. What it holds comes from `studio.ui.history_desk`."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QWidget

from studio.ui.controls import GAP, column, label


class HistoryPanel(QWidget):
    """A list that begins with the state at the start. What was undone is shown faintly, below the present."""

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setObjectName("undoList")
        self.list.setAccessibleName(self.tr("History"))
        self.list.setToolTip(self.tr("Every step that can be undone. Click one, or press the arrow keys, to go there."))
        self.list.setUniformItemSizes(True)
        self.list.setSpacing(GAP // 2)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.hint = label(self.tr("Each step you take is listed here."), "note")
        self.hint.setWordWrap(True)
        layout = column(self, gap=2 * GAP, margin=3 * GAP)
        layout.addWidget(self.hint)
        layout.addWidget(self.list, 1)

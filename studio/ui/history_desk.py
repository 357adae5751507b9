"""Joins the undo list with the session: a click goes to the step."""

from PySide6.QtCore import QObject, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QBrush, QPalette
from PySide6.QtWidgets import QDockWidget, QListWidgetItem

from studio.core.session import Session
from studio.ui.history_panel import HistoryPanel
from studio.ui.main_window import MainWindow


class HistoryDesk(QObject):
    """Joins the list with the session. Names are made only while the list can be seen."""

    def __init__(self, panel: HistoryPanel, session: Session) -> None:
        super().__init__(panel)
        self._panel, self._session = panel, session
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.show_steps)
        panel.list.currentRowChanged.connect(self._on_row_chosen)
        session.history.listen(self._on_history_changed)

    def show_on(self, window: MainWindow) -> None:
        """Let the menu show the list."""
        dock = window.docks["historyDock"]
        dock.visibilityChanged.connect(lambda is_visible: self._soon.start() if is_visible else self._soon.stop())
        window.action("history").triggered.connect(lambda _=False: self._show_dock(dock))

    def _show_dock(self, dock: QDockWidget) -> None:
        dock.show()
        dock.raise_()
        self._panel.list.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_steps(self) -> None:
        """Show the list as it is now."""
        rows, history = self._panel.list, self._session.history
        names = (self.tr("Beginning"), *history.names)
        faint = QBrush(rows.palette().brush(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text))
        with QSignalBlocker(rows):
            rows.clear()
            for row, name in enumerate(names):
                item = QListWidgetItem(name)
                item.setToolTip(name)
                if row > history.place:
                    item.setForeground(faint)
                rows.addItem(item)
            rows.setCurrentRow(history.place)
        rows.scrollToItem(rows.currentItem())
        self._panel.hint.setVisible(len(history) == 0)

    def _on_history_changed(self) -> None:
        if self._panel.isVisible():
            self._soon.start()

    def _on_row_chosen(self, row: int) -> None:
        if row >= 0:
            self._session.history.go_to(row)

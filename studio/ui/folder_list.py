"""A short list of folders to add to and to take from."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QListWidget, QPushButton, QWidget

from studio.ui.controls import GAP, column

_HEIGHT_PX = 72


class FolderList(QWidget):
    """Folders, each once.

    Signals:
        edited: the paths, a tuple of texts.
    """

    edited = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setObjectName("folderList")
        self.list.setAccessibleName(self.tr("Folders"))
        self.list.setToolTip(self.tr("Folders that hold models. Choose one to remove it."))
        self.list.setFixedHeight(_HEIGHT_PX)
        self.add_button, self.remove_button = QPushButton(self.tr("Add folder…")), QPushButton(self.tr("Remove"))
        self.add_button.setObjectName("addFolderButton")
        self.add_button.setToolTip(self.tr("Choose a folder whose subfolders are models."))
        self.remove_button.setObjectName("removeFolderButton")
        self.remove_button.setToolTip(self.tr("Look there for models no more. The folder itself stays."))
        row = QHBoxLayout()
        row.setSpacing(2 * GAP)
        row.addWidget(self.add_button)
        row.addWidget(self.remove_button)
        row.addStretch(1)
        layout = column(self, gap=GAP)
        layout.addWidget(self.list)
        layout.addLayout(row)
        self.setFocusProxy(self.list)
        self.add_button.clicked.connect(self._on_add_clicked)
        self.remove_button.clicked.connect(self._on_remove_clicked)
        self.list.currentRowChanged.connect(lambda row: self.remove_button.setEnabled(row >= 0))
        self.remove_button.setEnabled(False)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders on show."""
        return tuple(self.list.item(row).text() for row in range(self.list.count()))

    def show_folders(self, folders: tuple[str, ...]) -> None:
        """Show these."""
        if folders != self.folders:
            self.list.clear()
            self.list.addItems(list(folders))

    def add(self, folder: str) -> None:
        """Append one, unless it is there."""
        if folder not in self.folders:
            self.edited.emit((*self.folders, folder))

    def _on_add_clicked(self) -> None:
        dialog = QFileDialog(self, self.tr("Add a folder of models"), str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.add)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_remove_clicked(self) -> None:
        row = self.list.currentRow()
        self.edited.emit(tuple(each for number, each in enumerate(self.folders) if number != row))

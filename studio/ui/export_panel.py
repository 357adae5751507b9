"""How pictures leave the studio: format, quality, recipe, name and folder. It stands in nobody's way."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QWidget,
)  # fmt: skip

from studio.core.errors import OptionError
from studio.core.export_names import FIELDS
from studio.core.export_options import ExportOptions, Format
from studio.core.export_run import folder_of
from studio.core.options import option
from studio.ui.controls import GAP, Combo, IconButton, Spin, column, label, note, say
from studio.ui.fields import Fields

Name = Callable[[ExportOptions], str]
"""The first picture's file name under some options. Raises OptionError."""


class ExportPanel(QDialog):
    """Shows the options, and the progress while files are written.

    Signals:
        exportWanted: the ExportOptions.
        stopWanted: begin no other picture.
    """

    exportWanted = Signal(object)  # noqa: N815 Qt's style
    stopWanted = Signal()  # noqa: N815

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("exportPanel")
        self.setWindowTitle(self.tr("Export"))
        self.setModal(False)
        self._options, self._name, self._is_running = ExportOptions(), _nameless, False
        self.heading, self.example, self.report = label("", "dock"), note(), note("warning")
        self.format_combo = Combo(self.tr("Format"), option(ExportOptions, "format").description)
        self.quality_spin = Spin(option(ExportOptions, "quality"))
        self.recipe_box = QCheckBox(self.tr("Keep the recipe in the file"))
        self.pattern_edit, self.folder_edit = QLineEdit(), QLineEdit()
        self.progress = QProgressBar()
        self.export_button, self.stop_button = QPushButton(self.tr("&Export")), QPushButton(self.tr("&Stop"))
        self.close_button = QPushButton(self.tr("Close"))
        self.fields = Fields()
        self._name_controls()
        self._lay_out()
        self._connect()
        self.example.setVisible(True)
        self.resize(480, 0)

    @property
    def options(self) -> ExportOptions:
        """As chosen."""
        return self._options

    def show_export(self, count: int, options: ExportOptions, name: Name) -> None:
        """Offer to export `count` pictures, and come to the front."""
        self._name = name
        self.heading.setText(
            self.tr("Export one picture") if count == 1 else self.tr("Export {n} pictures").format(n=count)
        )
        self._show(options)
        self.set_running(False)
        say(self.report, "")
        self.show()
        self.activateWindow()
        self.export_button.setFocus()

    def set_running(self, is_running: bool) -> None:
        """Files are being written, or not."""
        self._is_running = is_running
        self.fields.setEnabled(not is_running)
        self.progress.setVisible(is_running)
        self.stop_button.setVisible(is_running)
        self.stop_button.setEnabled(is_running)
        self.export_button.setVisible(not is_running)
        self.progress.setRange(0, 0)

    def show_progress(self, done: int, total: int) -> None:
        """So many are written."""
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    def show_report(self, text: str) -> None:
        """Say what did not work."""
        say(self.report, text)

    def show_problem(self, name: str, sentence: str) -> None:
        """Say beside a control what is wrong."""
        if name in self.fields.names:
            self.fields.show_problem(name, sentence)
        else:
            self.show_report(sentence)

    def reject(self) -> None:
        """Escape and Close: stop first, close then."""
        if self._is_running:
            self.stopWanted.emit()
            self.stop_button.setEnabled(False)
        else:
            super().reject()

    def _name_controls(self) -> None:
        names: dict[str, QWidget] = {
            "exportFormatCombo": self.format_combo,
            "exportQualitySpin": self.quality_spin,
            "exportRecipeCheck": self.recipe_box,
            "exportPatternEdit": self.pattern_edit,
            "exportFolderEdit": self.folder_edit,
            "exportExample": self.example,
            "exportReport": self.report,
            "exportProgress": self.progress,
            "exportButton": self.export_button,
            "exportStopButton": self.stop_button,
            "exportCloseButton": self.close_button,
        }
        for name, control in names.items():
            control.setObjectName(name)
        self.recipe_box.setToolTip(
            self.tr("On: prompt, seed and settings stay in the file. Off: nothing but the pixels leaves the studio.")
        )
        self.pattern_edit.setAccessibleName(self.tr("File name"))
        self.pattern_edit.setToolTip(self.tr("Fields: {fields}.").format(fields=", ".join(f"{{{f}}}" for f in FIELDS)))
        self.folder_edit.setAccessibleName(self.tr("Folder"))
        self.folder_edit.setToolTip(self.tr("Where the files go. No file there is ever overwritten."))
        self.export_button.setToolTip(self.tr("Write the files."))
        self.stop_button.setToolTip(self.tr("Finish the picture in the making, and begin no other."))
        self.close_button.setToolTip(self.tr("Write nothing more."))
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.setTextVisible(False)
        self.example.setMinimumHeight(2 * self.example.fontMetrics().lineSpacing())
        self.example.setAlignment(Qt.AlignmentFlag.AlignTop)

    def _lay_out(self) -> None:
        self.format_combo.set_choices([(each.value, each, "") for each in Format])
        self.fields.add("format", self.tr("Format"), self.format_combo)
        self.fields.add("quality", self.tr("Quality"), self.quality_spin)
        self.fields.add("recipe", "", self.recipe_box)
        self.fields.add("pattern", self.tr("File name"), self._with_button(self.pattern_edit, self._fields_button()),
                        self.pattern_edit)  # fmt: skip
        self.fields.add_note(self.example)
        self.fields.add("folder", self.tr("Folder"), self._with_button(self.folder_edit, self._browse_button()),
                        self.folder_edit)  # fmt: skip
        layout = column(self, gap=3 * GAP, margin=4 * GAP)
        for part in (self.heading, self.fields, self.report, self.progress):
            layout.addWidget(part)
        layout.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(2 * GAP)
        row.addStretch(1)
        for button in (self.export_button, self.stop_button, self.close_button):
            row.addWidget(button)
        layout.addLayout(row)
        self.export_button.setDefault(True)
        for button in (self.stop_button, self.close_button):
            button.setAutoDefault(False)

    def _with_button(self, edit: QLineEdit, button: QWidget) -> QWidget:
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(edit, 1)
        row.addWidget(button)
        return both

    def _fields_button(self) -> IconButton:
        button = IconButton("mdi6.code-braces", self.tr("Fields"), self.tr("Put a field into the name."))
        menu = QMenu(button)
        for field in FIELDS:
            menu.addAction(f"{{{field}}}").triggered.connect(
                lambda _=False, f=field: self.pattern_edit.insert(f"{{{f}}}")
            )
        button.setMenu(menu)
        button.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        button.setObjectName("exportFieldsButton")
        return button

    def _browse_button(self) -> IconButton:
        button = IconButton("mdi6.folder-open-outline", self.tr("Choose a folder"), self.tr("Choose a folder."))
        button.setObjectName("exportBrowseButton")
        button.clicked.connect(self._on_browse_clicked)
        return button

    def _connect(self) -> None:
        self.format_combo.activated.connect(self._on_edited)
        self.quality_spin.valueChanged.connect(self._on_edited)
        self.recipe_box.toggled.connect(self._on_edited)
        self.pattern_edit.textChanged.connect(self._on_edited)
        self.folder_edit.textChanged.connect(self._on_edited)
        self.export_button.clicked.connect(self._on_export_clicked)
        self.stop_button.clicked.connect(self.reject)
        self.close_button.clicked.connect(self.reject)

    def _show(self, options: ExportOptions) -> None:
        controls = (self.format_combo, self.quality_spin, self.recipe_box, self.pattern_edit, self.folder_edit)
        blockers = [QSignalBlocker(each) for each in controls]
        self.format_combo.setCurrentIndex(tuple(Format).index(options.format))
        self.quality_spin.setValue(options.quality)
        self.recipe_box.setChecked(options.with_recipe)
        self.pattern_edit.setText(options.pattern)
        self.folder_edit.setText(options.folder or str(Path.home()))
        del blockers
        self._on_edited()

    def _chosen(self) -> ExportOptions:
        return ExportOptions(
            format=tuple(Format)[self.format_combo.currentIndex()],
            quality=self.quality_spin.value(),
            with_recipe=self.recipe_box.isChecked(),
            pattern=self.pattern_edit.text(),
            folder=self.folder_edit.text().strip(),
        )

    def _on_edited(self) -> None:
        self._options = self._chosen()
        self.fields.set_shown("quality", self._options.format is not Format.PNG)
        problems = {"pattern": "", "folder": ""}
        try:
            self.example.setVisible(True)
            self.example.setText(self.tr("For instance {name}").format(name=self._name(self._options)))
        except OptionError as error:
            self.example.setVisible(False)
            problems["pattern"] = str(error)
        try:
            folder_of(self._options)
        except OptionError as error:
            problems["folder"] = str(error)
        for name, sentence in problems.items():
            self.fields.show_problem(name, sentence)
        self.export_button.setEnabled(not any(problems.values()))

    def _on_browse_clicked(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Export to"), self.folder_edit.text())
        if folder:
            self.folder_edit.setText(folder)

    def _on_export_clicked(self) -> None:
        say(self.report, "")
        self.exportWanted.emit(self._options)


def _nameless(options: ExportOptions) -> str:
    return f"picture{options.format.suffix}"

"""The settings, as they are declared: one row each, with what it does and a way back to the default."""

import enum
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QScrollArea,
    QWidget,
)

from studio.core.events import PreviewTier
from studio.core.options import Option, options_of
from studio.core.settings import Settings
from studio.ui.actions import TIERS
from studio.ui.controls import GAP, Combo, IconButton, Spin, column, label
from studio.ui.folder_list import FolderList
from studio.ui.text_setting import TextSetting

_WORD_PX = 420


class SettingsDialog(QDialog):
    """Stands beside the window; each change counts at once.

    Signals:
        settingEdited: a field of `Settings` and the value wanted.
    """

    settingEdited = Signal(str, object)  # noqa: N815 Qt's style

    def __init__(self, parent: QWidget, settings: Settings) -> None:
        super().__init__(parent)
        self.setObjectName("settingsDialog")
        self.setWindowTitle(self.tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._options = {each.name: each for each in options_of(Settings)}
        self._controls: dict[str, QWidget] = {}
        self._resets: dict[str, IconButton] = {}
        self._lay_out()
        self.show_settings(settings)

    def show_settings(self, settings: Settings) -> None:
        """Show the values in force, silently."""
        for name, control in self._controls.items():
            value = getattr(settings, name)
            with QSignalBlocker(control):
                _set(control, value)
            self._resets[name].setVisible(value != self._options[name].default)

    def _lay_out(self) -> None:
        body = QWidget()
        rows = QGridLayout(body)
        rows.setContentsMargins(4 * GAP, 4 * GAP, 4 * GAP, 4 * GAP)
        rows.setHorizontalSpacing(3 * GAP)
        rows.setVerticalSpacing(GAP)
        rows.setColumnStretch(1, 1)
        section = ""
        for each in self._options.values():
            if each.section != section:
                section = each.section
                self._add_section(rows, section)
            self._add_row(rows, each)
        rows.setRowStretch(rows.rowCount(), 1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        layout = column(self, gap=0)
        layout.addWidget(scroll, 1)
        layout.addWidget(self._buttons())
        self.resize(_WORD_PX + 32 * GAP, 640)

    def _add_section(self, rows: QGridLayout, title: str) -> None:
        heading = label(title, "dock")
        heading.setContentsMargins(0, 3 * GAP if self._controls else 0, 0, GAP)
        rows.addWidget(heading, rows.rowCount(), 0, 1, 3)

    def _add_row(self, rows: QGridLayout, declared: Option) -> None:
        row, control = rows.rowCount(), self._control(declared)
        control.setObjectName(f"{_camel(declared.name)}Setting")
        control.setAccessibleName(declared.title)
        control.setToolTip(declared.description)
        control.setAccessibleDescription(declared.description)
        is_tall = isinstance(control, (FolderList, TextSetting))
        top = Qt.AlignmentFlag.AlignTop if is_tall else Qt.AlignmentFlag.AlignVCenter
        heading = label(declared.title, buddy=control)
        heading.setContentsMargins(0, GAP if is_tall else 0, 0, 0)
        rows.addWidget(heading, row, 0, top)
        rows.addWidget(control, row, 1)
        rows.addWidget(self._reset(declared), row, 2, top)
        note = label(declared.description, "note")
        note.setWordWrap(True)
        note.setContentsMargins(0, 0, 0, 2 * GAP)
        rows.addWidget(note, row + 1, 1, 1, 2)
        self._controls[declared.name] = control

    def _control(self, declared: Option) -> QWidget:
        name = declared.name
        if declared.kind is bool:
            box = QCheckBox(self.tr("On"))
            box.toggled.connect(lambda value: self.settingEdited.emit(name, value))
            return box
        if declared.choices:
            combo, kind = Combo(declared.title, declared.description), declared.kind
            combo.set_choices([(_word(kind(choice)), choice, "") for choice in declared.choices])
            combo.activated.connect(lambda row: self.settingEdited.emit(name, kind(combo.itemData(row))))
            return combo
        if declared.kind is int:
            spin = Spin(declared)
            spin.valueChanged.connect(lambda value: self.settingEdited.emit(name, value))
            return spin
        if declared.kind is str:
            line = TextSetting(declared)
            line.edited.connect(lambda value: self.settingEdited.emit(name, value))
            return line
        folders = FolderList()
        folders.edited.connect(lambda value: self.settingEdited.emit(name, value))
        return folders

    def _reset(self, declared: Option) -> IconButton:
        tip = self.tr("Back to the default.")
        button = IconButton("mdi6.restore", self.tr("Reset {title}").format(title=declared.title), tip)
        button.setObjectName(f"{_camel(declared.name)}Reset")
        policy = button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        button.setSizePolicy(policy)
        button.clicked.connect(lambda: self.settingEdited.emit(declared.name, declared.default))
        self._resets[declared.name] = button
        return button

    def _buttons(self) -> QWidget:
        foot = QWidget()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setIcon(QIcon())
        buttons.rejected.connect(self.reject)
        column(foot, margin=3 * GAP).addWidget(buttons)
        return foot


def _set(control: QWidget, value: Any) -> None:
    if isinstance(control, QCheckBox):
        control.setChecked(value)
    elif isinstance(control, Combo):
        control.setCurrentIndex(control.findData(str(value)))
    elif isinstance(control, Spin):
        control.setValue(value)
    elif isinstance(control, FolderList):
        control.show_folders(value)
    elif isinstance(control, TextSetting):
        control.show_text(value)


def _word(choice: enum.StrEnum) -> str:
    """The same as in the menu."""
    return TIERS[choice] if isinstance(choice, PreviewTier) else choice.capitalize()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

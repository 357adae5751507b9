"""A form made from declarations: one control for each setting that the chosen scheduler takes."""

from typing import Any

import msgspec
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from studio.core.options import Option, options_of
from studio.core.schedulers import SchedulerInfo, SchedulerSettings, SolverType
from studio.ui.controls import Combo, DecimalSpin, Spin, column
from studio.ui.fields import Fields


class OptionForm(QWidget):
    """The scheduler's own settings.

    Signals:
        settingEdited: a field of `SchedulerSettings` and the value wanted.
    """

    settingEdited = Signal(str, object)  # noqa: N815 Qt's style

    def __init__(self) -> None:
        super().__init__()
        self._options = {each.name: each for each in options_of(SchedulerSettings)}
        self._controls: dict[str, QWidget] = {}
        self._info: SchedulerInfo | None = None
        self.fields = Fields()
        column(self).addWidget(self.fields)

    def show_settings(self, info: SchedulerInfo, settings: SchedulerSettings) -> None:
        """Show the settings `info` takes, with its default where the artist chose nothing."""
        if info is not self._info:
            self._info = info
            self._rebuild(info)
        for name, control in self._controls.items():
            chosen = getattr(settings, name)
            _set(control, info.settings[name] if chosen is None else chosen)

    def _rebuild(self, info: SchedulerInfo) -> None:
        layout = self.layout()
        layout.removeWidget(self.fields)
        self.fields.hide()
        self.fields.setParent(None)  # not found by name any more, though it is deleted only later
        self.fields.deleteLater()
        self.fields = Fields()
        layout.addWidget(self.fields)
        self._controls = {name: self._control(self._options[name], info) for name in info.settings}
        for name, control in self._controls.items():
            control.setObjectName(f"{_camel(name)}Setting")
            is_switch = isinstance(control, QCheckBox)
            self.fields.add(name, "" if is_switch else self._options[name].title, control)

    def _control(self, declared: Option, info: SchedulerInfo) -> QWidget:
        if declared.kind is bool:
            box = QCheckBox(declared.title)
            box.setToolTip(declared.description)
            box.toggled.connect(lambda value: self.settingEdited.emit(declared.name, value))
            return box
        if declared.choices:
            combo = Combo(declared.title, declared.description)
            combo.set_choices([(_word(choice), choice, "") for choice in info.solver_types])
            combo.activated.connect(lambda row: self.settingEdited.emit(declared.name, info.solver_types[row]))
            return combo
        if declared.name == "order":
            declared = msgspec.structs.replace(declared, minimum=info.orders[0], maximum=info.orders[1])
        spin = Spin(declared) if declared.kind is int else DecimalSpin(declared)
        spin.valueChanged.connect(lambda value: self.settingEdited.emit(declared.name, value))
        return spin


def _set(control: QWidget, value: Any) -> None:
    with QSignalBlocker(control):
        if isinstance(control, QCheckBox):
            control.setChecked(bool(value))
        elif isinstance(control, Combo):
            control.setCurrentIndex(control.findData(value))
        elif isinstance(control, (Spin, DecimalSpin)) and control.value() != value:
            control.setValue(value)


def _word(choice: SolverType) -> str:
    return choice.upper() if choice[-1].isdigit() else choice.capitalize()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

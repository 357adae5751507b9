"""What the model cannot do is greyed out, and its tooltip says why."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from studio.core.abilities import Ability
from studio.core.model_info import ModelInfo
from studio.ui.main_window import MainWindow

_OWN_TIP = "ownTip"
"""Kept by a widget while its tooltip says why it is grey."""


def show_abilities(window: MainWindow, model: ModelInfo | None) -> None:
    """Grey out what adds something that `model` cannot take. What takes it away again stays as it is."""
    for ability, adder in _adders(window).items():
        lacks = model is not None and ability not in model.abilities
        _show(adder, _why(ability, model.kind) if model is not None and lacks else "")
    window.show_canvas(window.action("latentCanvas").isChecked())


def _adders(window: MainWindow) -> dict[Ability, QWidget | QAction]:
    prompt = window.prompt_panel
    return {
        Ability.BLENDS: window.action("latentCanvas"),
        Ability.STARTS: prompt.start_panel.choose_button,
        Ability.ADAPTERS: window.sampling_panel.adapter_list.add_button,
        Ability.NEGATIVE_PROMPT: prompt.negative_fold.button,
    }


def _show(widget: QWidget | QAction, why: str) -> None:
    own_tip = widget.property(_OWN_TIP)
    if why:
        if own_tip is None:
            widget.setProperty(_OWN_TIP, widget.toolTip())
        widget.setEnabled(False)
        widget.setToolTip(why)
    elif own_tip is not None:
        widget.setEnabled(True)
        widget.setToolTip(own_tip)
        widget.setProperty(_OWN_TIP, None)


def _why(ability: Ability, kind: str) -> str:
    words = QCoreApplication.translate("AbilityGate", "{kind} runs as its makers wrote it: no {ability}.")
    return words.format(kind=kind, ability=ability)

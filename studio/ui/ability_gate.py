"""What the model cannot do is greyed out, and its tooltip says why."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from studio.core.abilities import Ability
from studio.core.model_info import ModelInfo
from studio.ui.main_window import MainWindow

_OWN_TIP = "ownTip"
"""Kept by a widget while its tooltip says why it is grey."""
_ALLOWED = "allowed"
"""Kept by an action that depends on more than the model."""


def show_abilities(window: MainWindow, model: ModelInfo | None) -> None:
    """Grey out what adds something that `model` cannot take. What takes it away again stays as it is."""
    for ability, adders in _adders(window).items():
        lacks = model is not None and ability not in model.abilities
        why = _why(ability, model.kind) if model is not None and lacks else ""
        window.lacks[ability] = why
        for adder in adders:
            _show(adder, why)
    window.show_canvas(window.action("latentCanvas").isChecked())


def allow(action: QAction, is_allowed: bool) -> None:
    """Enable an action for all that whoever calls knows of; grey it stays where the model cannot take what it adds."""
    action.setProperty(_ALLOWED, is_allowed)
    action.setEnabled(is_allowed and action.property(_OWN_TIP) is None)


def refuses(window: MainWindow, ability: Ability) -> bool:
    """Whether the model lacks it: then that is told. For what is dropped, which nothing greyed out keeps away."""
    why = window.lacks.get(ability, "")
    if why:
        window.banner.tell(why + " " + QCoreApplication.translate("AbilityGate", "Choose another model."))
    return bool(why)


def _adders(window: MainWindow) -> dict[Ability, tuple[QWidget | QAction, ...]]:
    prompt, action = window.prompt_panel, window.action
    return {
        Ability.BLENDS: tuple(map(action, ("latentCanvas", "sendToCanvas", "openAsCanvas", "varyPicture"))),
        Ability.STARTS: (prompt.start_panel.choose_button, action("useAsStart"), action("pasteStart")),
        Ability.ADAPTERS: (window.sampling_panel.adapter_list.add_button,),
        Ability.NEGATIVE_PROMPT: (prompt.negative_fold.button,),
    }


def _show(widget: QWidget | QAction, why: str) -> None:
    own_tip = widget.property(_OWN_TIP)
    if why:
        if own_tip is None:
            widget.setProperty(_OWN_TIP, widget.toolTip())
        widget.setEnabled(False)
        widget.setToolTip(why)
    elif own_tip is not None:
        widget.setEnabled(widget.property(_ALLOWED) is not False)
        widget.setToolTip(own_tip)
        widget.setProperty(_OWN_TIP, None)


def _why(ability: Ability, kind: str) -> str:
    words = QCoreApplication.translate("AbilityGate", "{kind} runs as its makers wrote it: no {ability}.")
    return words.format(kind=kind, ability=ability)

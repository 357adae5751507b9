"""A window that only looks, because another studio has the data directory open.

Pictures can be looked through, searched, shown and copied, recipes brought back and copied. Whatever would make,
change or delete something is switched off; should a way be found all the same, the library refuses with the sentence.
"""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from studio.core.errors import InUseError
from studio.ui.ability_gate import allow
from studio.ui.controls import label
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import PictureDesk

_ACTIONS = (
    "generate",
    "generateForever",
    "variationGrid",
    "pause",
    "getModel",
    "trash",
    "latentCanvas",
    "sendToCanvas",
    "openAsCanvas",
    "varyPicture",
    "refine",
    "refineLatents",
)


class ReadOnly(QObject):
    """Switches off what only the other studio may do, and says so at the start."""

    def __init__(self, window: MainWindow, pictures: PictureDesk, error: InUseError) -> None:
        super().__init__(window)
        self._window, self._sentence = window, str(error)
        mark = label(self.tr("Read only"), "warning")
        mark.setObjectName("readOnlyMark")
        mark.setToolTip(self._sentence)
        window.status.addPermanentWidget(mark)
        pictures.showingChanged.connect(self._switch_off)
        self._switch_off()
        answers = {self.tr("Open read-only"): lambda: None, self.tr("Quit"): window.close}
        window.banner.tell(self._sentence, answers, is_decision=True)

    def _switch_off(self) -> None:
        panel = self._window.prompt_panel
        makers = (panel.generate_button, panel.forever_button, panel.style_button)
        buttons: tuple[QWidget, ...] = (*makers, self._window.queue_panel)
        for button in buttons:
            button.setEnabled(False)
            button.setToolTip(self._sentence)
        for name in _ACTIONS:
            action = self._window.action(name)
            allow(action, False)
            action.setToolTip(self._sentence)

"""What can be done with a card, or with the plane."""

import enum

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget, QWidgetAction

from studio.core.blend import Keyframe
from studio.core.options import option
from studio.ui.canvas.slider import Slider
from studio.ui.controls import GAP, label

_CLOSENESS_STEPS = 100


class Deed(enum.Enum):
    """Something done to one keyframe."""

    EDIT = enum.auto()
    DUPLICATE = enum.auto()
    RESEED = enum.auto()
    VARY = enum.auto()
    GO_THERE = enum.auto()
    USE_PROMPT = enum.auto()
    DELETE = enum.auto()


class KeyframeMenu(QMenu):
    """The menu of one card.

    Signals:
        chosen: the index and the Deed.
        closenessEdited: the index and the closeness wanted, 0 to 1.
        closenessReleased: the hand left the slider.
    """

    chosen = Signal(int, object)
    closenessEdited = Signal(int, float)  # noqa: N815 Qt's style
    closenessPressed = Signal()  # noqa: N815
    closenessReleased = Signal()  # noqa: N815

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("keyframeMenu")
        self._index = -1
        key = Qt.Key
        self._add(Deed.EDIT, self.tr("Edit…"), key.Key_E)
        self._add(Deed.DUPLICATE, self.tr("Duplicate"), key.Key_D)
        self._reseed = self._add(Deed.RESEED, self.tr("New seed"), key.Key_R)
        self._add(Deed.VARY, self.tr("Variation…"), key.Key_V)
        self.addSeparator()
        self._add(Deed.GO_THERE, self.tr("Put the puck here"), None)
        self._use_prompt = self._add(Deed.USE_PROMPT, self.tr("Use its prompt"), None)
        self.closeness_slider, self._closeness_action = self._closeness_row()
        self.addAction(self._closeness_action)
        self.addSeparator()
        self._add(Deed.DELETE, self.tr("Delete"), key.Key_Delete)

    def show_for(self, index: int, keyframe: Keyframe) -> None:
        """Make ready for one keyframe."""
        self._index = index
        self._closeness_action.setVisible(bool(keyframe.picture))
        self._closeness_action.defaultWidget().setVisible(bool(keyframe.picture))
        self._use_prompt.setEnabled(keyframe.prompt is not None)
        with QSignalBlocker(self.closeness_slider):
            self.closeness_slider.setValue(round(_CLOSENESS_STEPS * keyframe.closeness))

    def _add(self, deed: Deed, text: str, key: Qt.Key | None) -> QAction:
        action = self.addAction(text)
        if key is not None:  # shown only: the canvas itself takes the key, while it has the focus
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: self.chosen.emit(self._index, deed))
        return action

    def _closeness_row(self) -> tuple[Slider, QWidgetAction]:
        declared = option(Keyframe, "closeness")
        slider, holder, action = Slider(_CLOSENESS_STEPS), QWidget(), QWidgetAction(self)
        slider.setObjectName("closenessSlider")
        slider.setAccessibleName(declared.title)
        slider.setToolTip(declared.description)
        slider.setMinimumWidth(120)
        row = QHBoxLayout(holder)
        row.setContentsMargins(6 * GAP, GAP, 3 * GAP, GAP)
        row.addWidget(label(declared.title, "label", slider))
        row.addWidget(slider, 1)
        action.setDefaultWidget(holder)
        slider.valueChanged.connect(lambda value: self.closenessEdited.emit(self._index, value / _CLOSENESS_STEPS))
        slider.sliderPressed.connect(self.closenessPressed)
        slider.sliderReleased.connect(self.closenessReleased)
        return slider, action

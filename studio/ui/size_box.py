"""Width and height, with swap and the usual ratios."""

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from studio.core.options import option
from studio.core.recipe import Recipe
from studio.ui.controls import GAP, IconButton, Spin, label
from studio.ui.wishes import RATIOS, size_of_ratio


class SizeBox(QWidget):
    """The picture's size in pixels.

    Signals:
        sizeEdited: the wanted width and height.
    """

    sizeEdited = Signal(int, int)  # noqa: N815 Qt's style

    def __init__(self) -> None:
        super().__init__()
        self.width_spin = Spin(option(Recipe, "width"))
        self.width_spin.setObjectName("widthSpin")
        self.height_spin = Spin(option(Recipe, "height"))
        self.height_spin.setObjectName("heightSpin")
        self.swap_button = IconButton(
            "mdi6.swap-horizontal", self.tr("Swap width and height"), self.tr("Turn the picture on its side.")
        )
        self.ratio_button = IconButton(
            "mdi6.aspect-ratio", self.tr("Ratio"), self.tr("Choose a ratio; the area stays about the same.")
        )
        self.ratio_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.swap_button.setObjectName("swapSizeButton")
        self.ratio_button.setObjectName("ratioButton")
        self._multiple, self._area = 8, 0
        self._lay_out()
        self._fill_ratios()
        for spin in (self.width_spin, self.height_spin):
            spin.valueChanged.connect(self._on_size_changed)
        self.swap_button.clicked.connect(self._on_swap_clicked)

    def set_size(self, width: int, height: int) -> None:
        """Show a size."""
        for spin, value in ((self.width_spin, width), (self.height_spin, height)):
            if spin.value() != value:
                with QSignalBlocker(spin):
                    spin.setValue(value)

    def set_model(self, multiple: int, area: int) -> None:
        """What the model asks of sizes: multiples of this, and this many square pixels where it is at its best."""
        self._multiple, self._area = multiple, area
        for spin in (self.width_spin, self.height_spin):
            spin.setSingleStep(multiple)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP // 2)
        row.addWidget(self.width_spin, 1)
        row.addWidget(label("×"))
        row.addWidget(self.height_spin, 1)
        row.addWidget(self.swap_button)
        row.addWidget(self.ratio_button)

    def _fill_ratios(self) -> None:
        menu = QMenu(self)
        for ratio in RATIOS:
            action = QAction(f"{ratio[0]} : {ratio[1]}", menu)
            action.setData(ratio)
            menu.addAction(action)
        menu.triggered.connect(self._on_ratio_chosen)
        self.ratio_button.setMenu(menu)

    def _on_size_changed(self) -> None:
        self.sizeEdited.emit(self.width_spin.value(), self.height_spin.value())

    def _on_swap_clicked(self) -> None:
        self.sizeEdited.emit(self.height_spin.value(), self.width_spin.value())

    def _on_ratio_chosen(self, action: QAction) -> None:
        area = self._area or self.width_spin.value() * self.height_spin.value()
        self.sizeEdited.emit(*size_of_ratio(tuple(action.data()), area, self._multiple))

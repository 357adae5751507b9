"""The row of tools above the preview while a mask is painted."""

import math

from msgspec.structs import replace
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.ui.canvas.slider import Slider
from studio.ui.controls import GAP, IconButton, label
from studio.ui.start.brush import SIZE_MAX_PX, Brush

_STEPS = 100


class MaskBar(QWidget):
    """Shows a `Brush` and says what the artist wants.

    Signals:
        brushWanted: a Brush.
        fillWanted, invertWanted, clearWanted, leaveWanted: what they say.
    """

    brushWanted = Signal(object)  # noqa: N815 Qt's style
    fillWanted = Signal()  # noqa: N815
    invertWanted = Signal()  # noqa: N815
    clearWanted = Signal()  # noqa: N815
    leaveWanted = Signal()  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("maskBar")
        self.setAccessibleName(self.tr("Mask"))
        self._brush = Brush()
        self.brush_button = IconButton("mdi6.brush", self.tr("Brush"), self.tr("Paint what is made anew (X)."))
        self.eraser_button = IconButton(
            "mdi6.eraser", self.tr("Eraser"), self.tr("Take away from the mask (X, or the right button).")
        )
        self.size_slider, self.softness_slider = Slider(_STEPS), Slider(_STEPS)
        self.size_figure, self.softness_figure = label("", "text"), label("", "text")
        self.fill_button = IconButton("mdi6.select-all", self.tr("All"), self.tr("Make all of it anew (A)."))
        self.invert_button = IconButton(
            "mdi6.invert-colors", self.tr("Invert"), self.tr("Keep what is red, and make the rest anew (I).")
        )
        self.clear_button = IconButton("mdi6.selection-off", self.tr("Clear"), self.tr("Take the mask away (Delete)."))
        self.leave_button = IconButton("mdi6.check", self.tr("Done"), self.tr("Leave the mask as it is (Escape)."))
        self._name_everything()
        self._lay_out()
        self._connect()
        self.show_brush(self._brush)
        self.hide()

    def show_brush(self, brush: Brush) -> None:
        """Show it, silently."""
        self._brush = brush
        for button, is_on in ((self.brush_button, not brush.erases), (self.eraser_button, brush.erases)):
            button.setChecked(is_on)
        with QSignalBlocker(self.size_slider), QSignalBlocker(self.softness_slider):
            self.size_slider.setValue(round(_STEPS * math.log(brush.size_px, SIZE_MAX_PX)))
            self.softness_slider.setValue(round(_STEPS * brush.softness))
        self.size_figure.setText(f"{brush.size_px:.0f} px")
        self.softness_figure.setText(f"{100 * brush.softness:.0f} %")

    def _name_everything(self) -> None:
        names: dict[QWidget, str] = {
            self.brush_button: "maskBrushButton",
            self.eraser_button: "maskEraserButton",
            self.size_slider: "maskSizeSlider",
            self.softness_slider: "maskSoftnessSlider",
            self.fill_button: "maskFillButton",
            self.invert_button: "maskInvertButton",
            self.clear_button: "maskClearButton",
            self.leave_button: "maskDoneButton",
        }
        for widget, name in names.items():
            widget.setObjectName(name)
        for button in (self.brush_button, self.eraser_button):
            button.setCheckable(True)
        for slider, name, tip in (
            (
                self.size_slider,
                self.tr("Size"),
                self.tr("How wide the brush is ([ and ]); a pen's pressure narrows it."),
            ),
            (self.softness_slider, self.tr("Softness"), self.tr("How softly the brush's edge fades ({ and }).")),
        ):
            slider.setAccessibleName(name)
            slider.setToolTip(tip)
            slider.setMinimumWidth(12 * GAP)
            slider.setMaximumWidth(30 * GAP)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GAP, GAP, 2 * GAP, GAP)
        row.setSpacing(GAP)
        row.addWidget(self.brush_button)
        row.addWidget(self.eraser_button)
        row.addSpacing(GAP)
        for slider, figure, name in (
            (self.size_slider, self.size_figure, self.tr("Size")),
            (self.softness_slider, self.softness_figure, self.tr("Softness")),
        ):
            figure.setMinimumWidth(figure.fontMetrics().horizontalAdvance("000 px"))
            row.addWidget(label(name, buddy=slider))
            row.addWidget(slider, 1)
            row.addWidget(figure)
        row.addStretch(1)
        for button in (self.fill_button, self.invert_button, self.clear_button, self.leave_button):
            row.addWidget(button)

    def _connect(self) -> None:
        self.brush_button.clicked.connect(self._on_brush_clicked)
        self.eraser_button.clicked.connect(self._on_eraser_clicked)
        self.size_slider.valueChanged.connect(self._on_size_slid)
        self.softness_slider.valueChanged.connect(self._on_softness_slid)
        self.fill_button.clicked.connect(self.fillWanted)
        self.invert_button.clicked.connect(self.invertWanted)
        self.clear_button.clicked.connect(self.clearWanted)
        self.leave_button.clicked.connect(self.leaveWanted)

    def _on_brush_clicked(self) -> None:
        self.brushWanted.emit(replace(self._brush, erases=False))

    def _on_eraser_clicked(self) -> None:
        self.brushWanted.emit(replace(self._brush, erases=True))

    def _on_size_slid(self, position: int) -> None:
        self.brushWanted.emit(replace(self._brush, size_px=SIZE_MAX_PX ** (position / _STEPS)))

    def _on_softness_slid(self, position: int) -> None:
        self.brushWanted.emit(replace(self._brush, softness=position / _STEPS))

"""A slider that jumps to the click, so that one press is one drag from there."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider

HANDLE_PX = 12
"""The handle's width in the style sheet, with its border."""


class Slider(QSlider):
    """Horizontal. The wheel changes it only while it has the focus, so that scrolling is safe."""

    def __init__(self, steps: int) -> None:
        """Positions from 0 to `steps`; a key moves a hundredth, a page a tenth."""
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(0, steps)
        self.setSingleStep(max(1, steps // 100))
        self.setPageStep(max(1, steps // 10))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Bring the handle under the cursor first. It counts as pressed before it moves: all of it is one drag."""
        if event.button() == Qt.MouseButton.LeftButton and not self._handle_is_at(event):
            self.setSliderDown(True)
            room = max(1, self.width() - HANDLE_PX)
            along = round(event.position().x() - HANDLE_PX / 2)
            self.setSliderPosition(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), along, room))
        super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Leave the wheel to what is around unless focused."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()

    def _handle_is_at(self, event: QMouseEvent) -> bool:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        control = QStyle.ComplexControl.CC_Slider
        handle = self.style().subControlRect(control, option, QStyle.SubControl.SC_SliderHandle, self)
        return handle.contains(event.position().toPoint())

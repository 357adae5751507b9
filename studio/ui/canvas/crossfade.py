"""The slider between exactly two keyframes, and under it a strip that glows where the picture changes fast."""

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from studio.core.evenness import Evenness
from studio.ui.canvas.colors import colors_of
from studio.ui.canvas.slider import HANDLE_PX, Slider
from studio.ui.controls import GAP, IconButton, label

POSITIONS = 1000
_SAMPLES = 48
_HOT = 3.0
"""Times the mean speed at which the strip is brightest."""


class HeatStrip(QWidget):
    """How fast the picture changes along a slider."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("heatStrip")
        self.setFixedHeight(6)
        self.setAccessibleName(self.tr("Where the picture changes"))
        self.setToolTip(
            self.tr(
                "Bright where the picture changes fast; even steps give these places more room. "
                "Fills in as frames are drawn."
            )
        )
        self._speeds: tuple[float, ...] = ()

    @property
    def speeds(self) -> tuple[float, ...]:
        """Speeds along the slider, 1 for the mean between the keyframes; none before there are frames.

        With even steps hot places take more of it.
        """
        return self._speeds

    def set_speeds(self, speeds: tuple[float, ...]) -> None:
        """Show these."""
        self._speeds = speeds
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 Qt's name
        """A gradient along the way of the handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = QRectF(self.rect()).adjusted(HANDLE_PX / 2, 1, -HANDLE_PX / 2, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(room, 2, 2)
        if self._speeds:
            painter.setBrush(self._gradient(room))
            painter.drawRoundedRect(room, 2, 2)
        painter.end()

    def _gradient(self, room: QRectF) -> QLinearGradient:
        gradient = QLinearGradient(room.topLeft(), room.topRight())
        last = max(1, len(self._speeds) - 1)
        for number, speed in enumerate(self._speeds):
            hue = QColor(colors_of(self.palette()).heat)
            hue.setAlphaF(min(1.0, speed / _HOT))
            gradient.setColorAt(number / last, hue)
        return gradient


class Crossfade(QWidget):
    """Sets t between two keyframes, 0 to 1.

    Signals:
        pressed, released: the hand took or left the slider.
        edited: the t wanted.
        evenToggled: whether equal drags shall give equal change.
    """

    pressed = Signal()
    released = Signal()
    edited = Signal(float)
    evenToggled = Signal(bool)  # noqa: N815 Qt's style

    def __init__(self) -> None:
        super().__init__()
        self.slider, self.strip = Slider(POSITIONS), HeatStrip()
        self.slider.setObjectName("crossfadeSlider")
        self.slider.setAccessibleName(self.tr("Crossfade"))
        self.slider.setToolTip(self.tr("From the first keyframe to the second."))
        self.even_button = IconButton(
            "mdi6.chart-timeline-variant", self.tr("Even steps"), self.tr("Equal drags give equal change.")
        )
        self.even_button.setObjectName("evenStepsButton")
        self.even_button.setCheckable(True)
        self.ends = (label(""), label(""))
        self._evenness, self._frozen = Evenness(()), Evenness(())
        self._t = 0.0
        self._lay_out()
        self.slider.valueChanged.connect(self._on_value_changed)
        self.slider.sliderPressed.connect(self.pressed)
        self.slider.sliderReleased.connect(self._on_slider_released)
        self.even_button.toggled.connect(self._on_even_toggled)

    @property
    def is_even(self) -> bool:
        """Whether the slider is re-parameterised."""
        return self.even_button.isChecked()

    def show_ends(self, first: str, second: str) -> None:
        """The keyframes' names."""
        for each, name in zip(self.ends, (first, second), strict=True):
            each.setText(each.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, 110))
            each.setToolTip(name)

    def show_t(self, t: float) -> None:
        """Put the handle where t is. Silent."""
        self._t = t
        if not self.slider.isSliderDown():
            with QSignalBlocker(self.slider):
                self.slider.setValue(round(POSITIONS * self._position_of(t)))

    def show_evenness(self, evenness: Evenness) -> None:
        """Where the picture changes, as far as it is known. A held handle keeps its own measure until it is let go."""
        self._evenness = evenness
        if not self.slider.isSliderDown():
            self._frozen = evenness
            self.show_t(self._t)
        self._show_speeds()

    def _show_speeds(self) -> None:
        if len(self._evenness.t) < 3:
            self.strip.set_speeds(())
            return
        positions = [i / (_SAMPLES - 1) for i in range(_SAMPLES)]
        places = [self._evenness.t_at(p) for p in positions] if self.is_even else positions
        self.strip.set_speeds(tuple(self._evenness.speed(t) for t in places))

    def _position_of(self, t: float) -> float:
        return self._frozen.position_of(t) if self.is_even else t

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GAP)
        grid.setVerticalSpacing(0)
        grid.addWidget(self.ends[0], 0, 0)
        grid.addWidget(self.slider, 0, 1)
        grid.addWidget(self.ends[1], 0, 2)
        grid.addWidget(self.even_button, 0, 3)
        grid.addWidget(self.strip, 1, 1)
        grid.setColumnStretch(1, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def _on_value_changed(self, value: int) -> None:
        position = value / POSITIONS
        self._t = self._frozen.t_at(position) if self.is_even else position
        self.edited.emit(self._t)

    def _on_slider_released(self) -> None:
        self._frozen = self._evenness
        self.released.emit()

    def _on_even_toggled(self, is_even: bool) -> None:
        self.show_t(self._t)
        self._show_speeds()
        self.evenToggled.emit(is_even)


def elide(line: QLabel, text: str, width_px: int) -> None:
    """Show as much of `text` as fits, the whole of it in the tooltip."""
    line.setText(line.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width_px))
    line.setToolTip(text)

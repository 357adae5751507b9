"""The line at the bottom: what is going on and how long it takes; zoom, device, pace, memory."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QProgressBar, QSizePolicy, QStatusBar, QToolButton

from studio.core.engine import DeviceInfo
from studio.ui.controls import GAP, label

_PARTS = 1000


class StatusLine(QStatusBar):
    """Text only; the bar of progress stands above, under the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.activity = self._line("activityLabel", self.tr("What is going on"))
        self.activity.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # else it widens all
        self.zoom = self._line("zoomLabel", self.tr("Zoom"))
        self.pace = self._line("paceLabel", self.tr("Seconds per step"))
        self.device = self._line("deviceLabel", self.tr("Device and memory"))
        self.addWidget(self.activity, 1)
        for line in (self.zoom, self.pace, self.device):
            self.addPermanentWidget(line)

    def show_activity(self, text: str) -> None:
        """What is going on; where there is no room for it, its tooltip has all of it."""
        self.activity.setText(text)
        self.activity.setToolTip(text or self.activity.accessibleName())

    def show_zoom(self, zoom: float, is_fitted: bool) -> None:
        """`zoom` is screen pixels for one pixel of the picture."""
        percent = f"{100 * zoom:.0f} %"
        self.zoom.setText(self.tr("fit · {percent}").format(percent=percent) if is_fitted else percent)

    def show_pace(self, seconds: float | None) -> None:
        """Seconds a sampler step takes."""
        if seconds is not None:
            shown = f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.0f} ms"
            self.pace.setText(self.tr("{time} a step").format(time=shown))

    def show_device(self, info: DeviceInfo) -> None:
        """Where pictures are made, and the memory in use."""
        text = self.tr("{name} · {dtype} · {memory:.1f} GB").format(
            name=info.name, dtype=info.dtype, memory=info.memory_gb
        )
        self.device.setText(" · ".join(filter(None, (text, info.note))))

    def add_switch(self, action: QAction) -> None:
        """A small button for something in the window that comes and goes."""
        button = QToolButton()
        button.setObjectName(f"{action.objectName()}Button")
        button.setDefaultAction(action)
        button.setAccessibleName(action.text())
        self.add_button(button)

    def add_button(self, button: QToolButton) -> None:
        """A small button; the line stays as low as its text."""
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setStyleSheet("padding: 0 6px")
        button.setFixedHeight(self.activity.sizeHint().height() + GAP)
        self.addPermanentWidget(button)

    def _line(self, name: str, spoken: str) -> QLabel:
        line = label("", "note")
        line.setObjectName(name)
        line.setAccessibleName(spoken)
        line.setToolTip(spoken)
        line.setContentsMargins(8, 0, 8, 0)
        return line


class ProgressLine(QProgressBar):
    """A thin bar of progress. Empty when there is nothing to do."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("progressBar")
        self.setAccessibleName(self.tr("Progress"))
        self.setTextVisible(False)
        self.setRange(0, _PARTS)
        self.setOrientation(Qt.Orientation.Horizontal)

    def show_fraction(self, fraction: float) -> None:
        """From 0 to 1."""
        self.setValue(round(_PARTS * fraction))

    def show_idle(self) -> None:
        """Nothing to do."""
        self.setValue(0)


def duration(seconds: float) -> str:
    """A length of time in the words of a clock: 1.2 s, 48 s, 3 min 20 s."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"

"""The length of the blended noise against what it must be."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

_LOW, _HIGH = 0.4, 1.2
_PLAIN = 0.93
_TRACK_PX = 64


class NormGauge(QWidget):
    """Shows ‖noise‖ ÷ √d. 1 is right; plain lerp falls below it, and its pictures lose detail."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("normGauge")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._norm: float | None = None
        self._is_narrow = False
        self.set_norm(None)

    @property
    def norm(self) -> float | None:
        """What is shown; None before there is a draft."""
        return self._norm

    @property
    def words(self) -> str:
        """What the number means, where it means trouble."""
        is_plain = self._norm is not None and self._norm < _PLAIN
        return self.tr("below 1: pictures lose detail") if is_plain else ""

    def set_norm(self, norm: float | None) -> None:
        """Show a ratio."""
        self._norm = norm
        said = "–" if norm is None else f"{norm:.2f}"
        self.setAccessibleName(self.tr("Noise norm {norm} {words}").format(norm=said, words=self.words).strip())
        self.setToolTip(
            self.tr(
                "The length of the blended noise, ‖noise‖ ÷ √d. At 1.00 it is as long as any noise the model knows."
            )
        )
        self.updateGeometry()
        self.update()

    def set_narrow(self, is_narrow: bool) -> None:
        """Only the track and the number; what they are the tooltip tells."""
        self._is_narrow = is_narrow
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """As wide as its text."""
        metrics = self.fontMetrics()
        text = f"{self._caption()}  0.00{self._comment()}"
        return QSize(metrics.horizontalAdvance(text) + _TRACK_PX + 16, 20)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Caption, track, number, and the words where there is trouble."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, metrics = self.palette(), self.fontMetrics()
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(self.rect(), middle, self._caption())
        track = QRectF(metrics.horizontalAdvance(self._caption()) + 8, self.height() / 2 - 1.5, _TRACK_PX, 3)
        self._paint_track(painter, track)
        room = QRectF(track.right() + 8, 0, self.width() - track.right() - 8, self.height())
        painter.setPen(palette.color(QPalette.ColorRole.BrightText if self.words else QPalette.ColorRole.WindowText))
        number = "–" if self._norm is None else f"{self._norm:.2f}"
        painter.drawText(room, middle, number + self._comment())
        painter.end()

    def _paint_track(self, painter: QPainter, track: QRectF) -> None:
        palette = self.palette()
        painter.fillRect(track, palette.color(QPalette.ColorRole.Mid))
        one = track.left() + track.width() * (1 - _LOW) / (_HIGH - _LOW)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.PlaceholderText), 1))
        painter.drawLine(QPointF(one, track.top() - 4), QPointF(one, track.bottom() + 4))
        if self._norm is None:
            return
        part = min(1.0, max(0.0, (self._norm - _LOW) / (_HIGH - _LOW)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.BrightText if self.words else QPalette.ColorRole.Accent))
        painter.drawEllipse(QPointF(track.left() + part * track.width(), track.center().y()), 4, 4)

    def _caption(self) -> str:
        return "" if self._is_narrow else self.tr("‖noise‖ ÷ √d")

    def _comment(self) -> str:
        return f"  {self.words}" if self.words and not self._is_narrow else ""

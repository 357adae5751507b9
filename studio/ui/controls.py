"""Small controls that the panels are made of."""

import qtawesome
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QPalette, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.options import Option

GAP = 4
"""Pixels: every distance in the window is a multiple of it."""
_OPEN, _CLOSED = "mdi6.chevron-down", "mdi6.chevron-right"


class IconButton(QToolButton):
    """A button with one icon of the studio's set, which follows the theme's colours."""

    def __init__(self, icon: str, name: str, tip: str) -> None:
        """`icon` is a qtawesome name, `name` what a screen reader says."""
        super().__init__()
        self._icon = icon
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setIconSize(QSize(16, 16))
        self.setMinimumWidth(6 * GAP)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._paint_icon()

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        if icon != self._icon:
            self._icon = icon
            self._paint_icon()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 Qt's name
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint_icon()

    def _paint_icon(self) -> None:
        palette = self.palette()
        self.setIcon(
            qtawesome.icon(
                self._icon,
                color=palette.color(QPalette.ColorRole.ButtonText),
                color_on=palette.color(QPalette.ColorRole.Accent),
                color_disabled=palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText),
            )
        )


class Fold(QWidget):
    """A heading that shows and hides what is under it."""

    def __init__(self, name: str, title: str, tip: str, content: QWidget) -> None:
        """Folded at first; `name` is the button's, `content` becomes a child."""
        super().__init__()
        self.button = IconButton(_CLOSED, title, tip)
        self.button.setObjectName(name)
        self.button.setText(title)
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setProperty("kind", "fold")
        self.content = content
        content.setVisible(False)
        layout = column(self)
        layout.addWidget(self.button)
        layout.addWidget(content)
        self.button.toggled.connect(self._on_toggled)

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold."""
        self.button.setChecked(is_open)

    def _on_toggled(self, is_open: bool) -> None:
        self.button.set_icon(_OPEN if is_open else _CLOSED)
        self.content.setVisible(is_open)


class Spin(QSpinBox):
    """A whole number with its unit. The wheel changes it only while it has the focus, so that scrolling is safe."""

    def __init__(self, option: Option) -> None:
        """Range, step, unit and texts come from the declaration."""
        super().__init__()
        self.setRange(int(option.minimum or 0), int(option.maximum if option.maximum is not None else 2**31 - 1))
        self.setSingleStep(int(option.step or 1))
        _declare(self, option)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 Qt's name
        """Leave the wheel to the panel unless focused."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class DecimalSpin(QDoubleSpinBox):
    """A number with decimals and its unit."""

    def __init__(self, option: Option) -> None:
        """Range, step, unit and texts come from the declaration."""
        super().__init__()
        step = option.step or 0.1
        self.setDecimals(3 if step < 0.01 else 2)
        self.setRange(option.minimum or 0.0, option.maximum if option.maximum is not None else 1e9)
        self.setSingleStep(step)
        _declare(self, option)

    def textFromValue(self, value: float) -> str:  # noqa: N802 Qt's name
        """At least one decimal, no more zeros than that."""
        whole, _, decimals = f"{value:.{self.decimals()}f}".partition(".")
        return self.locale().decimalPoint().join((whole, decimals.rstrip("0") or "0"))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 Qt's name
        """Leave the wheel to the panel unless focused."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class Combo(QComboBox):
    """Names to choose from; each may explain itself in a tooltip."""

    def __init__(self, name: str, tip: str) -> None:
        """`name` is what a screen reader says."""
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setMaxVisibleItems(24)

    def set_choices(self, choices: list[tuple[str, object, str]]) -> None:
        """(what is shown, what it means, its tooltip). Silent where nothing changes."""
        present = [(self.itemText(row), self.itemData(row)) for row in range(self.count())]
        if present != [(text, value) for text, value, _ in choices]:
            self.clear()
            for text, value, _ in choices:
                self.addItem(text, value)
        for row, (_, _, tip) in enumerate(choices):
            self.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 Qt's name
        """Leave the wheel to the panel unless focused."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class SessionUndo(QObject):
    """An event filter for line edits: leaves undo and redo to the session, which knows every change."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """Hide the undo key from the widget, so that the window's action takes it."""
        if event.type() == QEvent.Type.ShortcutOverride and is_undo_key(event):
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def is_undo_key(event: QEvent) -> bool:
    """Whether a key event is undo or redo."""
    keys = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
    return isinstance(event, QKeyEvent) and any(event.matches(key) for key in keys)


def label(text: str, kind: str = "label", buddy: QWidget | None = None) -> QLabel:
    """A line of text; `kind` is its place in the style sheet."""
    made = QLabel(text)
    made.setProperty("kind", kind)
    if buddy is not None:
        made.setBuddy(buddy)
    return made


def note(kind: str = "note") -> QLabel:
    """A wrapped line that is hidden until it has something to say."""
    made = label("", kind)
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setVisible(False)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return made


def say(line: QLabel, text: str) -> None:
    """Show `text` in `line`, or hide the line where there is none."""
    line.setText(text)
    line.setVisible(bool(text))


def column(widget: QWidget, *, gap: int = GAP, margin: int = 0) -> QVBoxLayout:
    """A vertical layout for `widget`."""
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(gap)
    return layout


def _declare(spin: QSpinBox | QDoubleSpinBox, option: Option) -> None:
    if option.unit:
        spin.setSuffix(f" {option.unit}")
    spin.setAccessibleName(option.title)
    spin.setToolTip(f"{option.description} {_range(option)}")
    spin.setMinimumWidth(56)
    spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    spin.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    spin.setKeyboardTracking(True)


def _range(option: Option) -> str:
    unit = f" {option.unit}" if option.unit else ""
    return f"{option.minimum:g} to {option.maximum:g}{unit}." if option.maximum is not None else ""

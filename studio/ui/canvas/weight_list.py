"""The keyframes as a list, each with a slider for its weight: the canvas for keys and screen readers."""

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListView,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from studio.core.canvas import Canvas, Material, shares_of
from studio.ui.canvas.crossfade import elide
from studio.ui.canvas.scene import name_of
from studio.ui.canvas.slider import Slider
from studio.ui.controls import GAP, label

POSITIONS = 1000
_ROW_PX = 28
_ROW_WIDTH_PX = 280
_NAME_SHARE = 1 / 3
"""Of a row's width."""
_ROWS_SHOWN = 4


class _Row(QWidget):
    """A name, a slider, a percentage."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.name, self.figure, self.slider = label("", "text"), label("", "text"), Slider(POSITIONS)
        self.slider.setObjectName(f"weightSlider{index}")
        self._text = ""
        self.figure.setFixedWidth(self.figure.fontMetrics().horizontalAdvance("100 %") + 4)
        self.figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP, 0, 4 * GAP, 0)
        row.setSpacing(2 * GAP)
        row.addWidget(self.name)
        row.addWidget(self.slider, 1)
        row.addWidget(self.figure)

    def show_share(self, name: str, share: float) -> None:
        self._text = name
        elide(self.name, name, self.name.maximumWidth() - 2)
        self.figure.setText(f"{100 * share:.0f} %")
        self.slider.setAccessibleName(name)
        if not self.slider.isSliderDown():
            with QSignalBlocker(self.slider):
                self.slider.setValue(round(POSITIONS * share))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt's name
        """Names are long where there is room for them."""
        super().resizeEvent(event)
        self.name.setFixedWidth(round(self.width() * _NAME_SHARE))
        elide(self.name, self._text, self.name.maximumWidth() - 2)


class _Silent(QStyledItemDelegate):
    """Leaves the text to the row's own widget; screen readers still find it."""

    def initStyleOption(  # noqa: N802 Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        option.text = ""


class WeightList(QListWidget):
    """Every keyframe with its share of the material in hand.

    Signals:
        sharePressed, shareReleased: the hand took or left a slider; the index.
        shareEdited: an index and the share wanted, 0 to 1.
        keyframeChosen: the index of the current row.
        editWanted: the index of a row.
    """

    sharePressed = Signal(int)  # noqa: N815 Qt's style
    shareReleased = Signal(int)  # noqa: N815
    shareEdited = Signal(int, float)  # noqa: N815
    keyframeChosen = Signal(int)  # noqa: N815
    editWanted = Signal(int)  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("keyframeList")
        self.setAccessibleName(self.tr("Keyframes"))
        self.setToolTip(self.tr("The keyframes and how much of each there is. Return edits one."))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_Silent(self))
        self.viewport().setAutoFillBackground(False)
        self._follow_palette()
        self._rows: list[_Row] = []
        self.currentRowChanged.connect(self.keyframeChosen)
        self.itemActivated.connect(self._on_item_activated)

    def show_canvas(self, canvas: Canvas, material: Material) -> None:
        """One row a keyframe, with its share of `material`. Silent."""
        shares = shares_of(canvas, material)
        if len(self._rows) != len(shares):
            self._rebuild(len(shares))
        for index, (row, placed, share) in enumerate(zip(self._rows, canvas.placed, shares, strict=True)):
            name = name_of(placed.keyframe, index)
            row.show_share(name, share)
            row.slider.setEnabled(len(shares) > 1)
            self.item(index).setText(f"{name}, {100 * share:.0f} %")

    def select(self, index: int) -> None:
        """Make a row current. Silent."""
        with QSignalBlocker(self):
            self.setCurrentRow(index)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._follow_palette()

    def _follow_palette(self) -> None:
        """A quiet mark for the current row: the accent is for what the sliders set."""
        palette, whole = self.palette(), QGuiApplication.palette()
        palette.setColor(QPalette.ColorRole.Highlight, whole.color(QPalette.ColorRole.Midlight))
        palette.setColor(QPalette.ColorRole.HighlightedText, whole.color(QPalette.ColorRole.Text))
        self.setPalette(palette)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Fill the width with as many columns as fit."""
        super().resizeEvent(event)
        self._fit_rows()

    def _fit_rows(self) -> None:
        width = self.viewport().width()
        columns = max(1, min(len(self._rows), width // _ROW_WIDTH_PX))
        size = QSize(max(1, (width - 1) // max(1, columns)), _ROW_PX)
        self.setGridSize(size)
        for index in range(self.count()):
            self.item(index).setSizeHint(size)
        rows = -(-len(self._rows) // max(1, columns))
        is_long = rows > _ROWS_SHOWN
        bars = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(bars.ScrollBarAsNeeded if is_long else bars.ScrollBarAlwaysOff)
        self.setFixedHeight(max(1, min(_ROWS_SHOWN, rows) * _ROW_PX + 2))

    def _rebuild(self, count: int) -> None:
        with QSignalBlocker(self):
            self.clear()
            self._rows = [self._make_row(index) for index in range(count)]
        self._fit_rows()
        self.setVisible(count > 0)

    def _make_row(self, index: int) -> _Row:
        row, item = _Row(index), QListWidgetItem()
        self.addItem(item)
        self.setItemWidget(item, row)
        row.slider.setToolTip(self.tr("How much of this keyframe there is; the others share the rest."))
        row.slider.valueChanged.connect(lambda value: self.shareEdited.emit(index, value / POSITIONS))
        row.slider.sliderPressed.connect(lambda: self.sharePressed.emit(index))
        row.slider.sliderReleased.connect(lambda: self.shareReleased.emit(index))
        return row

    def _on_item_activated(self, item: QListWidgetItem) -> None:
        self.editWanted.emit(self.row(item))

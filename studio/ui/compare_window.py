"""A window beside the studio's that compares two pictures, with what differs between their recipes in words."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from studio.core.recipe_words import differences
from studio.library.library import PictureRow
from studio.ui.compare_pixels import GAIN, mean_difference
from studio.ui.compare_view import CompareMode, CompareView
from studio.ui.controls import GAP, column, label

_WORDS_PX = 236


class CompareWindow(QDialog):
    """Compares two pictures of the library; Escape closes it.

    Signals:
        recipeWanted: the row whose recipe the artist goes on from.
    """

    recipeWanted = Signal(object)  # noqa: N815 Qt's style

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("compareWindow")
        self.setWindowTitle(self.tr("Compare"))
        self.setModal(False)
        self.resize(1040, 640)
        self.view = CompareView()
        self.words, self.figures = QLabel(), label("", "note")
        self.amplify = QCheckBox(self.tr("Amplify ×{n}").format(n=GAIN))
        self._rows: tuple[PictureRow, ...] = ()
        self._modes = QButtonGroup(self)
        self._buttons: dict[CompareMode, QToolButton] = {}
        self._lay_out()
        self._connect()

    def compare(self, rows: tuple[PictureRow, PictureRow], images: tuple[QImage, QImage]) -> None:
        """Show these two, and say what differs."""
        first, second = rows
        self._rows = rows
        self.view.show_pictures(*images, (f"A · {first.path.name}", f"B · {second.path.name}"))
        found = differences(first.recipe, second.recipe)
        lines = [each[:1].upper() + each[1:] for each in found] or [self.tr("The recipes are the same.")]
        self.words.setText("\n".join(lines))
        share = 100 * mean_difference(*images)
        is_scaled = images[0].size() != images[1].size()
        text = self.tr("Mean difference of the pixels: {n:.2f}\u00a0%").format(n=share)
        self.figures.setText(text + (self.tr("\nB is shown at the size of A.") if is_scaled else ""))
        self.setWindowTitle(self.tr("Compare {a} and {b}").format(a=first.path.name, b=second.path.name))
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_mode(self, mode: CompareMode) -> None:
        """Compare in this way."""
        self._buttons[mode].setChecked(True)
        self.view.set_mode(mode)
        self.amplify.setVisible(mode is CompareMode.DIFFERENCE)

    def _lay_out(self) -> None:
        body = QHBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        left = QWidget()
        stack: QVBoxLayout = column(left, gap=0)
        stack.addLayout(self._mode_row())
        stack.addWidget(self.view, 1)
        body.addWidget(left, 1)
        body.addWidget(self._side())

    def _mode_row(self) -> QHBoxLayout:
        names = {
            CompareMode.SIDE_BY_SIDE: (self.tr("Side by side"), self.tr("Both at the same place and zoom."), "1"),
            CompareMode.SLIDER: (self.tr("Slider"), self.tr("One over the other; drag the divider."), "2"),
            CompareMode.DIFFERENCE: (self.tr("Difference"), self.tr("Black where they are the same."), "3"),
        }
        row = QHBoxLayout()
        row.setContentsMargins(2 * GAP, GAP, 2 * GAP, GAP)
        row.setSpacing(GAP)
        for mode, (text, tip, key) in names.items():
            button = QToolButton()
            button.setObjectName("compare" + "".join(part.capitalize() for part in mode.value.split()))
            button.setText(text)
            button.setAccessibleName(text)
            button.setToolTip(f"{tip} ({key})")
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, mode=mode: self.set_mode(mode))
            QShortcut(QKeySequence(key), self).activated.connect(lambda mode=mode: self.set_mode(mode))
            self._modes.addButton(button)
            self._buttons[mode] = button
            row.addWidget(button)
        self.amplify.setObjectName("compareAmplify")
        self.amplify.setToolTip(self.tr("Show small differences plainly."))
        row.addWidget(self.amplify)
        row.addStretch(1)
        return row

    def _side(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(_WORDS_PX)
        layout = column(side, gap=2 * GAP, margin=3 * GAP)
        title = label(self.tr("What differs"), "dock")
        self.words.setObjectName("compareWords")
        self.words.setAccessibleName(self.tr("What differs between the recipes"))
        for line in (self.words, self.figures):
            line.setWordWrap(True)
            line.setTextFormat(Qt.TextFormat.PlainText)
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(title)
        layout.addWidget(self.words)
        layout.addWidget(self.figures)
        layout.addStretch(1)
        for number, name in enumerate("AB"):
            button = QPushButton(self.tr("Use the recipe of {name}").format(name=name))
            button.setObjectName(f"compareUse{name}")
            button.setToolTip(self.tr("Go on from this picture."))
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, number=number: self.recipeWanted.emit(self._rows[number]))
            layout.addWidget(button)
        return side

    def _connect(self) -> None:
        self.amplify.toggled.connect(self.view.set_amplified)
        self.set_mode(CompareMode.SIDE_BY_SIDE)

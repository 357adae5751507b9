"""What another program's picture says, what becomes of it here, and what to do with it. It stands in nobody's way."""

import enum
from collections.abc import Mapping

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from studio.core.foreign.adoption import Adoption
from studio.ui.controls import GAP, column, label, note, say
from studio.ui.import_reader import PICTURE_PX, Found

_NAME_SHOWN = 60
_BULLET = "•"
_SIZE_PX = (680, 640)
_PADDING_PX = 6
"""Of a table's cells, as in the style sheet."""


class Use(enum.Enum):
    """What to take of a picture."""

    ALL = "all"
    PROMPT = "prompt"
    SEED = "seed"
    START = "start"
    KEYFRAME = "keyframe"


class ImportPanel(QDialog):
    """Shows one picture's settings at a time; the next replaces it.

    Signals:
        useWanted: a Use, and what was Found.
    """

    useWanted = Signal(object, object)  # noqa: N815 Qt's style

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("importPanel")
        self.setWindowTitle(self.tr("Import picture"))
        self.setModal(False)
        self._found: Found | None = None
        self.picture, self.heading, self.summary = QLabel(), label("", "dock"), note()
        self.settings_table = _table("importTable", self.tr("Settings"), self._titles(self.tr("In the picture")))
        self.ignored_table = _table(
            "importIgnoredTable", self.tr("Not used"), self._titles(self.tr("Value"), "ignored")
        )
        self.differences = label("", "text")
        self.tabs = QTabWidget()
        self.buttons: dict[Use, QPushButton] = {}
        self._tips: dict[Use, str] = {}
        self._lay_out()
        self.setMinimumWidth(440)
        self.resize(*_SIZE_PX)

    def show_found(self, found: Found, lacks: Mapping[Use, str]) -> None:
        """Show what a picture says, and come to the front. `lacks` says of what the model cannot take, why."""
        self._found = found
        adoption = found.adoption
        self._show_picture(found)
        self.heading.setText(_shortened(found.name))
        say(self.summary, self._lack(found) if adoption is None else self._summary(adoption))
        self.tabs.setVisible(adoption is not None)
        if adoption is not None:
            self._show_adoption(adoption)
        self._show_buttons(found, lacks)
        self.show()
        self.activateWindow()
        if adoption is None:
            self.resize(_SIZE_PX[0], 0)
        elif self.height() < _SIZE_PX[1] // 2:  # the one before had no settings
            self.resize(*_SIZE_PX)

    def _titles(self, second: str, kind: str = "settings") -> tuple[str, str, str]:
        if kind == "settings":
            return (self.tr("Setting"), second, self.tr("Here"))
        return (self.tr("Entry"), second, self.tr("Why"))

    def _lay_out(self) -> None:
        layout = column(self, gap=3 * GAP, margin=4 * GAP)
        layout.addLayout(self._head())
        self.tabs.setObjectName("importTabs")
        self.tabs.setAccessibleName(self.tr("What the picture says"))
        self.tabs.setToolTip(self.tr("What is used of the picture’s settings, and what is not."))
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._settings_page(), "")
        self.tabs.addTab(self.ignored_table, "")
        layout.addWidget(self.tabs, 1)
        layout.addLayout(self._button_row())

    def _head(self) -> QHBoxLayout:
        row, words = QHBoxLayout(), QVBoxLayout()
        row.setSpacing(3 * GAP)
        words.setSpacing(GAP)
        self.picture.setObjectName("importPicture")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.heading.setObjectName("importName")
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setObjectName("importSummary")
        words.addWidget(self.heading)
        words.addWidget(self.summary)
        words.addStretch(1)
        row.addWidget(self.picture)
        row.addLayout(words, 1)
        return row

    def _settings_page(self) -> QWidget:
        page = QWidget()
        layout = column(page, gap=2 * GAP)
        layout.addWidget(self.settings_table, 3)
        self.differences.setObjectName("importDifferences")
        self.differences.setWordWrap(True)
        self.differences.setTextFormat(Qt.TextFormat.PlainText)
        self.differences.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.differences.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._differences_title = label("", "title")
        self._scroll = QScrollArea()
        self._scroll.setWidget(self.differences)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setMinimumHeight(24 * GAP)
        layout.addWidget(self._differences_title)
        layout.addWidget(self._scroll, 2)
        return page

    def _button_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2 * GAP)
        texts = {
            Use.ALL: (self.tr("&Use all"), self.tr("Go on from these settings, with their seed.")),
            Use.PROMPT: (self.tr("&Prompt only"), self.tr("Take the prompt and the negative prompt.")),
            Use.SEED: (self.tr("&Seed only"), self.tr("Take the seed.")),
            Use.START: (self.tr("Use as s&tart"), self.tr("Go on from its pixels.")),
            Use.KEYFRAME: (self.tr("Add to canvas as &keyframe"), self.tr("Make the picture a keyframe.")),
        }
        for use, (text, tip) in texts.items():
            button = self.buttons[use] = QPushButton(text)
            button.setObjectName(f"import{use.value.capitalize()}Button")
            button.setToolTip(tip)
            self._tips[use] = tip
            button.clicked.connect(lambda _=False, use=use: self._on_use_clicked(use))
            row.addWidget(button)
        self.buttons[Use.ALL].setDefault(True)
        close = QPushButton(self.tr("Close"))
        close.setObjectName("importCloseButton")
        close.setToolTip(self.tr("Take nothing."))
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        row.addStretch(1)
        row.addWidget(close)
        return row

    def _show_picture(self, found: Found) -> None:
        ratio = self.devicePixelRatioF()
        side = round(PICTURE_PX * ratio)
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        image = found.image if found.image.isNull() else found.image.scaled(side, side, keep, smooth)
        image.setDevicePixelRatio(ratio)
        self.picture.setPixmap(QPixmap.fromImage(image))
        self.picture.setVisible(not image.isNull())
        self.picture.setAccessibleName(self.tr("The picture {name}").format(name=found.name[:_NAME_SHOWN]))

    def _lack(self, found: Found) -> str:
        also = self.tr("Its pixels can be a start, or a keyframe on the canvas, all the same.")
        return f"{found.sentence} {also}"

    def _summary(self, adoption: Adoption) -> str:
        parts = (
            (len(adoption.rows), self.tr("1 setting understood"), self.tr("{n} settings understood")),
            (len(adoption.differences), self.tr("1 thing differs here"), self.tr("{n} things differ here")),
            (len(adoption.ignored), self.tr("1 entry is not used"), self.tr("{n} entries are not used")),
        )
        counted = ", ".join((one if n == 1 else many).format(n=n) for n, one, many in parts if n)
        return self.tr("Made with {program}.").format(program=adoption.program) + f"\n{counted}."

    def _show_adoption(self, adoption: Adoption) -> None:
        rows = [(row.field[:1].upper() + row.field[1:], row.found, row.here) for row in adoption.rows]
        _fill(self.settings_table, rows, marks=True)
        _fill(self.ignored_table, [(each.key, each.value, each.why) for each in adoption.ignored])
        self.differences.setText("\n".join(f"{_BULLET} {each}" for each in adoption.differences))
        self._differences_title.setText(self.tr("What this studio does differently"))
        for part in (self._differences_title, self._scroll):
            part.setVisible(bool(adoption.differences))
        self.tabs.setTabText(0, self.tr("Settings ({n})").format(n=len(adoption.rows)))
        self.tabs.setTabText(1, self.tr("Not used ({n})").format(n=len(adoption.ignored)))
        self.tabs.setTabVisible(1, bool(adoption.ignored))
        self.tabs.setCurrentIndex(0)

    def _show_buttons(self, found: Found, lacks: Mapping[Use, str]) -> None:
        fields = {row.field for row in found.adoption.rows} if found.adoption else set()
        self.buttons[Use.ALL].setVisible(found.adoption is not None)
        self.buttons[Use.PROMPT].setVisible("prompt" in fields)
        self.buttons[Use.SEED].setVisible("seed" in fields)
        for use in (Use.START, Use.KEYFRAME):
            self.buttons[use].setVisible(found.path is not None and not found.image.isNull())
            self.buttons[use].setEnabled(not lacks.get(use))
            self.buttons[use].setToolTip(lacks.get(use) or self._tips[use])
        wanted = self.buttons[Use.ALL] if found.adoption is not None else self.buttons[Use.START]
        wanted.setDefault(True)
        wanted.setFocus()

    def _on_use_clicked(self, use: Use) -> None:
        found = self._found
        self.accept()
        if found is not None:
            self.useWanted.emit(use, found)


class _Wrapped(QStyledItemDelegate):
    """Long texts wrap within the padding, of which Qt's own reckoning of a row's height knows nothing."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        """What the text takes."""
        option.rect = option.rect.adjusted(_PADDING_PX, 0, -_PADDING_PX, 0)
        return super().sizeHint(option, index)


def _table(name: str, title: str, titles: tuple[str, str, str]) -> QTableWidget:
    table = QTableWidget(0, len(titles))
    table.setObjectName(name)
    table.setAccessibleName(title)
    table.setHorizontalHeaderLabels(titles)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setWordWrap(True)
    table.setTabKeyNavigation(False)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setHighlightSections(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.sectionResized.connect(table.resizeRowsToContents)
    table.setItemDelegate(_Wrapped(table))
    return table


def _fill(table: QTableWidget, rows: list[tuple[str, str, str]], *, marks: bool = False) -> None:
    """`marks`: a last value that differs from the one before is bold."""
    table.setRowCount(len(rows))
    bold = QFont(table.font())
    bold.setBold(True)
    for number, texts in enumerate(rows):
        for place, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            item.setToolTip(text)
            if marks and place == len(texts) - 1 and text != texts[place - 1]:
                item.setFont(bold)
            table.setItem(number, place, item)
    table.scrollToTop()


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_SHOWN else f"{name[: _NAME_SHOWN - 12]}…{name[-11:]}"

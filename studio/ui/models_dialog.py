"""All models that are here, with what is known of each. Decides nothing."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPalette, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from studio.core.hub import gigabytes
from studio.core.model_list import Refused
from studio.core.model_rows import ModelRow
from studio.core.weight_hash import SHORT_DIGITS
from studio.ui.controls import GAP, column, label

_ICON_PX = 48
_SIZE_PX = (760, 480)
_ROOMY = (
    "QTreeWidget::item { padding: 0 6px } QHeaderView { border: none }"
    " QHeaderView::section { padding: 4px 6px; border: none; background: palette(window) }"
)
_NAME, _KIND, _PRECISION, _SIZE, _HASH = range(5)


class ModelsDialog(QDialog):
    """Stands beside the window.

    Signals:
        selected: the name of the model that is looked at.
        useWanted: the name of the model to make pictures with.
        getWanted: another model is to be fetched.
    """

    selected = Signal(str)
    useWanted = Signal(str)  # noqa: N815 Qt's style
    getWanted = Signal()  # noqa: N815

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("modelsDialog")
        self.setWindowTitle(self.tr("Models"))
        self.setModal(False)
        self.search_edit, self.list, self.path_line = QLineEdit(), QTreeWidget(), label("", "note")
        self.use_button, self.get_button = QPushButton(self.tr("&Use")), QPushButton(self.tr("&Get a model…"))
        self.close_button = QPushButton(self.tr("Close"))
        self._rows: dict[str, ModelRow] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._refused: tuple[tuple[Refused, QTreeWidgetItem], ...] = ()
        blank = QPixmap(_ICON_PX, _ICON_PX)
        blank.fill(Qt.GlobalColor.transparent)
        self._no_picture = QIcon(blank)
        self._name_everything()
        self._lay_out()
        self._connect()

    @property
    def current(self) -> ModelRow | None:
        """The model that is looked at."""
        item = self.list.currentItem()
        name = "" if item is None else item.text(_NAME)
        return self._rows.get(name) if self._items.get(name) is item else None

    def show_rows(self, rows: Sequence[ModelRow], refused: Sequence[Refused], chosen: str) -> None:
        """Show these, and below them what cannot be used.

        What was looked at stays so, or else the model `chosen` by the recipe is.
        """
        looked_at = self.current.info.name if self.current else chosen
        self._rows = {row.info.name: row for row in rows}
        self.list.clear()
        self._items = {name: self._item(row) for name, row in self._rows.items()}
        self._refused = tuple((each, self._refused_item(each)) for each in refused)
        self.list.addTopLevelItems([*self._items.values(), *(item for _, item in self._refused)])
        if looked_at in self._items:
            self.list.setCurrentItem(self._items[looked_at])
        self._on_search_edited(self.search_edit.text())
        self._on_current_changed()

    def show_hash(self, name: str, text: str) -> None:
        """The hash of a model, or how far it is."""
        if name in self._items:
            self._items[name].setText(_HASH, text[:SHORT_DIGITS] if len(text) == 64 else text)
            self._items[name].setToolTip(_HASH, text)

    def show_picture(self, name: str, image: QImage) -> None:
        """The picture to know a model by."""
        if name in self._items and not image.isNull():
            side = round(_ICON_PX * self.devicePixelRatioF())
            how = Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
            small = image.scaled(side, side, *how)
            left, top = (small.width() - side) // 2, (small.height() - side) // 2
            self._items[name].setIcon(_NAME, QIcon(QPixmap.fromImage(small.copy(left, top, side, side))))

    def _item(self, row: ModelRow) -> QTreeWidgetItem:
        precision, size = (row.facts.precision, gigabytes(row.facts.size_bytes)) if row.facts else ("", "")
        item = QTreeWidgetItem([row.info.name, row.info.kind, precision, size, row.hash[:SHORT_DIGITS]])
        item.setSizeHint(_NAME, QSize(0, _ICON_PX + 2 * GAP))
        item.setIcon(_NAME, self._no_picture)
        item.setTextAlignment(_SIZE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setToolTip(_NAME, str(row.info.path))
        item.setToolTip(_HASH, row.hash)
        return item

    def _refused_item(self, refused: Refused) -> QTreeWidgetItem:
        """Grey, and all the same to be chosen, so that the keyboard reaches the sentence."""
        item = QTreeWidgetItem([refused.path.name, self.tr("cannot be used")])
        item.setSizeHint(_NAME, QSize(0, _ICON_PX + 2 * GAP))
        item.setIcon(_NAME, self._no_picture)
        for section in (_NAME, _KIND):
            item.setForeground(section, self.palette().brush(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text))
            item.setToolTip(section, refused.sentence)
        return item

    def _name_everything(self) -> None:
        self.search_edit.setPlaceholderText(self.tr("Search by name or family"))
        self.search_edit.setClearButtonEnabled(True)
        self.path_line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.path_line.setTextFormat(Qt.TextFormat.PlainText)
        self.path_line.setWordWrap(True)
        named = (
            (self.search_edit, "modelsSearchEdit", self.tr("Search"), self.tr("Show only models with these words.")),
            (self.list, "modelsList", self.tr("Models"), self.tr("The models on this machine.")),
            (self.path_line, "modelsPath", self.tr("Where it is"), self.tr("Where the model lies.")),
            (self.use_button, "modelsUseButton", self.tr("Use"), self.tr("Make pictures with this model (Return).")),
            (self.get_button, "modelsGetButton", self.tr("Get a model"), self.tr("Fetch another one by its name.")),
            (self.close_button, "modelsCloseButton", self.tr("Close"), self.tr("Close this list (Escape).")),
        )
        for widget, name, spoken, tip in named:
            widget.setObjectName(name)
            widget.setAccessibleName(spoken)
            widget.setToolTip(tip)

    def _lay_out(self) -> None:
        titles = [self.tr("Name"), self.tr("Family"), self.tr("Format"), self.tr("Size"), self.tr("Hash")]
        self.list.setHeaderLabels(titles)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self.list.setStyleSheet(_ROOMY)
        header = self.list.header()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(False)
        for section in range(len(titles)):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        layout, foot = column(self, gap=2 * GAP, margin=4 * GAP), QHBoxLayout()
        layout.addWidget(self.search_edit)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.path_line)
        foot.setSpacing(2 * GAP)
        foot.addWidget(self.get_button)
        foot.addStretch(1)
        for button in (self.use_button, self.close_button):
            foot.addWidget(button)
        for button in (self.get_button, self.use_button, self.close_button):
            button.setAutoDefault(False)
        self.use_button.setDefault(True)
        layout.addLayout(foot)
        self.resize(*_SIZE_PX)

    def _connect(self) -> None:
        self.search_edit.textChanged.connect(self._on_search_edited)
        self.list.currentItemChanged.connect(self._on_current_changed)
        self.list.itemDoubleClicked.connect(self._on_use_clicked)
        self.use_button.clicked.connect(self._on_use_clicked)
        self.get_button.clicked.connect(self.getWanted)
        self.close_button.clicked.connect(self.reject)

    def _on_search_edited(self, text: str) -> None:
        words = text.casefold().split()
        for item in (*self._items.values(), *(item for _, item in self._refused)):
            searched = f"{item.text(_NAME)} {item.text(_KIND)}".casefold()
            item.setHidden(not all(word in searched for word in words))

    def _on_current_changed(self) -> None:
        row = self.current
        self.use_button.setEnabled(row is not None)
        empty = self.tr("There is no model yet. Get one, or put a model’s folder or file into the models folder.")
        why = [f"{each.path}\n{each.sentence}" for each, item in self._refused if item is self.list.currentItem()]
        notes = [f"{row.info.path}\n{row.info.note}".strip()] if row else why or ["" if self._rows else empty]
        self.path_line.setText(notes[0])
        if row is not None:
            self.selected.emit(row.info.name)

    def _on_use_clicked(self) -> None:
        if self.current is not None:
            self.useWanted.emit(self.current.info.name)

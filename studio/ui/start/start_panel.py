"""The section of the prompt panel with the picture a recipe starts from: what it is, and how much of it stays."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QPixmap
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.core.options import option
from studio.core.start import Area, Encoding, Enlarging, Start
from studio.ui.canvas.slider import Slider
from studio.ui.controls import GAP, DecimalSpin, Fold, IconButton, Spin, column, label, note, say
from studio.ui.images import is_picture

THUMB_PX = 72
_SLIDER_STEPS = 100


class StartPanel(QWidget):
    """Shows a `Start` and says what the artist wants of it. Decides nothing.

    Signals:
        edited: a field of the start and the value wanted for it.
        dragging: whether the strength's slider is held.
        pathDropped: the path of a picture dropped here.
        chooseWanted, removeWanted, extendWanted: what they say.
        paintWanted: whether to paint the mask.
    """

    edited = Signal(str, object)
    dragging = Signal(bool)
    pathDropped = Signal(object)  # noqa: N815 Qt's style
    chooseWanted = Signal()  # noqa: N815
    removeWanted = Signal()  # noqa: N815
    extendWanted = Signal()  # noqa: N815
    paintWanted = Signal(bool)  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("startPanel")
        self.setAccessibleName(self.tr("Starting picture"))
        self.setAcceptDrops(True)
        self.picture, self.share, self.problem = QLabel(), note(), note("problem")
        self.choose_button = QPushButton(self.tr("Choose a picture…"))
        self.paint_button = IconButton(
            "mdi6.brush", self.tr("Paint mask"), self.tr("Paint where the picture is made anew (Ctrl+M).")
        )
        self.extend_button = IconButton(
            "mdi6.arrow-expand-all",
            self.tr("Extend"),
            self.tr("Let it go on beyond its edges (Ctrl+Shift+E)."),
        )
        self.remove_button = IconButton(
            "mdi6.close", self.tr("Remove the starting picture"), self.tr("Start from noise alone again.")
        )
        self.strength_spin = DecimalSpin(option(Start, "strength"))
        self.strength_slider = Slider(_SLIDER_STEPS)
        self.encoding_check = QCheckBox(self.tr("Vary with the seed"))
        self.enlarging_check = QCheckBox(self.tr("Enlarge latents, not pixels"))
        self.area_check = QCheckBox(self.tr("Only the masked area"))
        self.padding_spin = Spin(option(Start, "padding_px"))
        self._area, self._padding = QWidget(), QWidget()
        self._empty, self._filled = QWidget(), QWidget()
        self._problem, self._is_fitting = "", False
        self._name_everything()
        self._lay_out()
        self._connect()
        self.show_start(None)

    def show_start(self, start: Start | None) -> None:
        """Show every value, silently."""
        if start is not None and self._filled.isHidden():
            self.fold.set_open(True)
        self._empty.setVisible(start is None)
        self._filled.setVisible(start is not None)
        if start is None:
            self.show_picture(QImage(), "")
            return
        with QSignalBlocker(self.strength_spin), QSignalBlocker(self.strength_slider):
            if self.strength_spin.value() != start.strength:
                self.strength_spin.setValue(start.strength)
            self.strength_slider.setValue(round(start.strength * _SLIDER_STEPS))
        with QSignalBlocker(self.encoding_check):
            self.encoding_check.setChecked(start.encoding is Encoding.SAMPLE)
        self._show_area(start)

    def _show_area(self, start: Start) -> None:
        """What a start without a mask, or of the recipe's size, has no use for is not there."""
        is_part, enlarges = start.area is Area.MASKED, start.enlarging is Enlarging.LATENTS
        with QSignalBlocker(self.area_check), QSignalBlocker(self.padding_spin), QSignalBlocker(self.enlarging_check):
            self.area_check.setChecked(is_part)
            self.padding_spin.setValue(start.padding_px)
            self.enlarging_check.setChecked(enlarges)
        self._padding.setVisible(is_part)
        self._area.setVisible(bool(start.mask) or is_part)
        self.enlarging_check.setVisible(enlarges)

    def show_picture(self, image: QImage, share: str) -> None:
        """Show the small picture, and in words how much of it is made anew."""
        self.picture.setPixmap(QPixmap.fromImage(image))
        say(self.share, share)

    def set_painting(self, is_painting: bool) -> None:
        """Whether the mask is being painted."""
        with QSignalBlocker(self.paint_button):
            self.paint_button.setChecked(is_painting)

    def show_problem(self, sentence: str) -> None:
        """Say what is wrong with the start; an empty sentence is a good one."""
        self._problem = sentence
        self._say_problem()

    def set_fitting(self, is_fitting: bool) -> None:
        """Whether the picture is being fitted to another size: that it has the old one is no problem then."""
        self._is_fitting = is_fitting
        self._say_problem()
        if is_fitting:
            say(self.share, self.tr("It is being fitted to the new size…"))

    def _say_problem(self) -> None:
        sentence = "" if self._is_fitting else self._problem
        if sentence:
            self.fold.set_open(True)
        say(self.problem, sentence)

    # What the artist drops.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 Qt's name
        """One picture file at a time, from elsewhere or from the library."""
        if picture_path(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Hand the path on."""
        path = picture_path(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.pathDropped.emit(path)

    # Building.

    def _name_everything(self) -> None:
        names: dict[QWidget, str] = {
            self.choose_button: "chooseStartButton",
            self.paint_button: "paintMaskButton",
            self.extend_button: "extendButton",
            self.remove_button: "removeStartButton",
            self.strength_slider: "strengthSlider",
            self.strength_spin: "strengthSpin",
            self.encoding_check: "encodingCheck",
            self.enlarging_check: "enlargingCheck",
            self.area_check: "areaCheck",
            self.padding_spin: "paddingSpin",
            self.picture: "startPicture",
            self.share: "startShare",
            self.problem: "startProblem",
        }
        for widget, name in names.items():
            widget.setObjectName(name)
        self.paint_button.setCheckable(True)
        self.strength_slider.setToolTip(self.strength_spin.toolTip())
        self.strength_slider.setAccessibleName(self.strength_spin.accessibleName())
        self.choose_button.setToolTip(self.tr("Go on from the pixels of a picture file."))
        self.choose_button.setAccessibleName(self.choose_button.text())
        for check in (self.encoding_check, self.enlarging_check, self.area_check):
            check.setAccessibleName(check.text())
        self.enlarging_check.setToolTip(
            self.tr("The picture is encoded small. Its latents are enlarged, and painted on.")
        )
        self.area_check.setToolTip(
            self.tr("Paint it at the size set above, however small it is, and put it back. The picture keeps its size.")
        )
        self.encoding_check.setToolTip(
            self.tr("Of what the encoder takes for likely, use what the seed draws, and not the mean.")
        )
        self.picture.setAccessibleName(self.tr("The starting picture, its mask in red"))
        self.picture.setToolTip(self.tr("The picture goes on from here. Drop another one to replace it."))
        self.picture.setFixedSize(THUMB_PX, THUMB_PX)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def _lay_out(self) -> None:
        self._lay_out_empty()
        layout = column(self._filled, gap=2 * GAP)
        layout.addLayout(self._head())
        layout.addLayout(self._strength_row())
        self._lay_out_area()
        layout.addWidget(self._area)
        encoding = QWidget()
        inside = column(encoding)
        inside.addWidget(self.encoding_check)
        inside.addWidget(self.enlarging_check)
        layout.addWidget(
            Fold("encodingFold", self.tr("Encoding"), self.tr("How the picture becomes latents."), encoding)
        )
        content = QWidget()
        inner = column(content)
        for widget in (self._empty, self._filled, self.problem):
            inner.addWidget(widget)
        tip = self.tr("A picture to go on from. Drop one here.")
        self.fold = Fold("startFold", self.tr("Starting picture"), tip, content)
        column(self).addWidget(self.fold)

    def _lay_out_empty(self) -> None:
        layout = column(self._empty, gap=2 * GAP)
        hint = note()
        say(hint, self.tr("Drop a picture here or on the preview, or paste one with Ctrl+Shift+V."))
        layout.addWidget(hint)
        layout.addWidget(self.choose_button)

    def _head(self) -> QHBoxLayout:
        row, side, buttons = QHBoxLayout(), QVBoxLayout(), QHBoxLayout()
        row.setSpacing(2 * GAP)
        side.setSpacing(GAP)
        buttons.setSpacing(GAP)
        for button in (self.paint_button, self.extend_button, self.remove_button):
            buttons.addWidget(button)
        buttons.insertStretch(2)
        side.addLayout(buttons)
        side.addWidget(self.share)
        side.addStretch(1)
        row.addWidget(self.picture)
        row.addLayout(side, 1)
        return row

    def _strength_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2 * GAP)
        self.strength_spin.setFixedWidth(56)
        row.addWidget(label(self.tr("Strength"), buddy=self.strength_spin))
        row.addWidget(self.strength_slider, 1)
        row.addWidget(self.strength_spin)
        return row

    def _lay_out_area(self) -> None:
        layout, row = column(self._area), QHBoxLayout(self._padding)
        layout.addWidget(self.area_check)
        layout.addWidget(self._padding)
        row.setContentsMargins(6 * GAP, 0, 0, 0)
        row.setSpacing(2 * GAP)
        row.addWidget(label(self.tr("Padding"), buddy=self.padding_spin))
        row.addWidget(self.padding_spin)
        row.addStretch(1)

    def _connect(self) -> None:
        self.choose_button.clicked.connect(self.chooseWanted)
        self.remove_button.clicked.connect(self.removeWanted)
        self.extend_button.clicked.connect(self.extendWanted)
        self.paint_button.toggled.connect(self.paintWanted)
        self.strength_spin.valueChanged.connect(self._on_strength_changed)
        self.strength_slider.valueChanged.connect(self._on_strength_slid)
        self.strength_slider.sliderPressed.connect(self._on_slider_pressed)
        self.strength_slider.sliderReleased.connect(self._on_slider_released)
        self.encoding_check.toggled.connect(self._on_encoding_toggled)
        self.enlarging_check.toggled.connect(self._on_enlarging_toggled)
        self.area_check.toggled.connect(self._on_area_toggled)
        self.padding_spin.valueChanged.connect(self._on_padding_changed)

    def _on_strength_changed(self, strength: float) -> None:
        self.edited.emit("strength", strength)

    def _on_strength_slid(self, position: int) -> None:
        self.edited.emit("strength", position / _SLIDER_STEPS)

    def _on_slider_pressed(self) -> None:
        self.dragging.emit(True)

    def _on_slider_released(self) -> None:
        self.dragging.emit(False)

    def _on_encoding_toggled(self, is_sampled: bool) -> None:
        self.edited.emit("encoding", Encoding.SAMPLE if is_sampled else Encoding.MEAN)

    def _on_enlarging_toggled(self, of_latents: bool) -> None:
        self.edited.emit("enlarging", Enlarging.LATENTS if of_latents else Enlarging.PIXELS)

    def _on_area_toggled(self, is_part: bool) -> None:
        self.edited.emit("area", Area.MASKED if is_part else Area.WHOLE)

    def _on_padding_changed(self, padding_px: int) -> None:
        self.edited.emit("padding_px", padding_px)


def picture_path(mime: QMimeData) -> Path | None:
    """The one local picture file in `mime`, by its name; None where there is none, or several."""
    urls = mime.urls() if mime.hasUrls() else []
    path = Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
    return path if path is not None and is_picture(path) else None

"""The row of buttons above the plane."""

import qtawesome
from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from studio.core.canvas import Canvas, Material, can_blend
from studio.core.canvas_edits import Arrangement
from studio.ui.controls import GAP, IconButton

_NARROW_PX = 540
_FIGURES = {
    Arrangement.LINE: "mdi6.vector-line",
    Arrangement.TRIANGLE: "mdi6.triangle-outline",
    Arrangement.SQUARE: "mdi6.square-outline",
    Arrangement.CIRCLE: "mdi6.circle-outline",
}


class CanvasToolbar(QWidget):
    """Buttons of the canvas.

    Signals:
        addRequested, fitRequested, openRequested, saveRequested, clearRequested, keepRequested: what they say.
        arrangeRequested: an Arrangement.
        variationRequested: a variation of the picture is to be asked for.
        snapToggled, atlasToggled, heatToggled, linkedToggled: on or off.
        materialChosen: the Material that sliders and keys act on, while the two are apart.
    """

    addRequested = Signal()  # noqa: N815 Qt's style
    fitRequested = Signal()  # noqa: N815
    openRequested = Signal()  # noqa: N815
    saveRequested = Signal()  # noqa: N815
    clearRequested = Signal()  # noqa: N815
    keepRequested = Signal()  # noqa: N815
    arrangeRequested = Signal(object)  # noqa: N815
    snapToggled = Signal(bool)  # noqa: N815
    atlasToggled = Signal(bool)  # noqa: N815
    heatToggled = Signal(bool)  # noqa: N815
    variationRequested = Signal()  # noqa: N815
    linkedToggled = Signal(bool)  # noqa: N815
    materialChosen = Signal(object)  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.add_button = IconButton("mdi6.plus", self.tr("Add keyframe"), "")
        self.add_button.setText(self.tr("Keyframe"))
        self.add_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.add_button.setToolTip(
            self.tr("Put the prompt and seed you have now on the canvas (N, or double-click there).")
        )
        self.variation_button = self._icon(
            "source-fork",
            self.tr("Variation of this picture"),
            self.tr("Go from this picture towards another seed, as far as you like (V)."),
        )
        self.arrange_button = self._icon(
            "vector-polygon", self.tr("Arrange"), self.tr("Lay the keyframes out in a figure.")
        )
        self.snap_button = self._switch("magnet", self.tr("Snap"), self.tr("Keep to the grid. Alt does the opposite."))
        self.fit_button = self._icon(
            "fit-to-page-outline", self.tr("Fit"), self.tr("Bring all keyframes into sight (F).")
        )
        self.atlas_button = self._switch(
            "map-outline", self.tr("Atlas"), self.tr("While the studio is idle, fill the plane with what lies there.")
        )
        self.atlas_button.setChecked(True)
        self.heat_button = self._switch(
            "thermometer",
            self.tr("Heat"),
            self.tr(
                "Show where the picture changes: warm where a small move changes much, plain where it changes little. "
                "Fills in while the studio is idle."
            ),
        )
        self.link_button = self._switch("link-variant", self.tr("Linked"), "")
        self.noise_button = self._material_button("circle", Material.NOISE, self.tr("Noise"))
        self.prompt_button = self._material_button("rhombus", Material.PROMPT, self.tr("Prompt"))
        self.file_button = self._icon(
            "dots-horizontal", self.tr("Canvas file"), self.tr("Open, save or clear the canvas.")
        )
        self.keep_button = QPushButton(self.tr("Keep"))
        self.keep_button.setToolTip(self.tr("Make this point a picture in the library (Return)."))
        self.keep_button.setAccessibleName(self.tr("Keep"))
        self._menus()
        self._name_everything()
        self._lay_out()
        self._connect()
        self.show_canvas(Canvas())

    def show_canvas(self, canvas: Canvas) -> None:
        """Show what is linked and what can be done. Silent."""
        with QSignalBlocker(self.link_button):
            self.link_button.setChecked(canvas.linked)
        self.link_button.set_icon("mdi6.link-variant" if canvas.linked else "mdi6.link-variant-off")
        self.link_button.setToolTip(
            self.tr("Linked: one puck for noise and prompt. Part them to mix composition and content by themselves.")
            if canvas.linked
            else self.tr("Apart: the circle sets the noise (composition), the diamond the prompt (content).")
        )
        for button in (self.noise_button, self.prompt_button):
            button.setVisible(not canvas.linked)
        count = len(canvas.placed)
        self.keep_button.setEnabled(can_blend(canvas))
        self.arrange_button.setEnabled(count >= 2)
        self.fit_button.setEnabled(count > 0)
        self.link_button.setEnabled(count >= 2)

    def show_material(self, material: Material) -> None:
        """Mark whose turn it is. Silent."""
        for button, each in ((self.noise_button, Material.NOISE), (self.prompt_button, Material.PROMPT)):
            with QSignalBlocker(button):
                button.setChecked(each is material)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt's name
        """Where it is narrow, icons alone."""
        super().resizeEvent(event)
        styles = Qt.ToolButtonStyle
        style = styles.ToolButtonIconOnly if self.width() < _NARROW_PX else styles.ToolButtonTextBesideIcon
        for button in (self.add_button, self.noise_button, self.prompt_button):
            button.setToolButtonStyle(style)

    def _icon(self, icon: str, name: str, tip: str) -> IconButton:
        return IconButton(f"mdi6.{icon}", name, tip)

    def _switch(self, icon: str, name: str, tip: str) -> IconButton:
        button = self._icon(icon, name, tip)
        button.setCheckable(True)
        return button

    def _material_button(self, icon: str, material: Material, name: str) -> IconButton:
        tip = self.tr("Sliders and arrow keys set the noise.")
        if material is Material.PROMPT:
            tip = self.tr("Sliders and arrow keys set the prompt.")
        button = self._switch(icon, name, tip)
        button.setText(name)
        button.setIconSize(QSize(10, 10))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.clicked.connect(lambda: self.materialChosen.emit(material))
        return button

    def _menus(self) -> None:
        figures = QMenu(self.arrange_button)
        for figure in Arrangement:
            action = figures.addAction(self.tr(str(figure)))
            action.setIcon(
                qtawesome.icon(_FIGURES[figure], color=self.palette().color(QPalette.ColorRole.PlaceholderText))
            )
            action.triggered.connect(lambda _=False, each=figure: self.arrangeRequested.emit(each))
        self.arrange_button.setMenu(figures)
        files = QMenu(self.file_button)
        for text, signal in (
            (self.tr("Open canvas…"), self.openRequested),
            (self.tr("Save canvas…"), self.saveRequested),
            (self.tr("Clear canvas"), self.clearRequested),
        ):
            files.addAction(text).triggered.connect(lambda _=False, each=signal: each.emit())
        self.file_button.setMenu(files)
        for button in (self.arrange_button, self.file_button):
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def _name_everything(self) -> None:
        names = {
            self.add_button: "addKeyframeButton", self.arrange_button: "arrangeButton", self.snap_button: "snapButton",
            self.fit_button: "fitCanvasButton", self.atlas_button: "atlasButton", self.link_button: "linkButton",
            self.variation_button: "variationButton", self.heat_button: "heatButton",
            self.noise_button: "noiseButton", self.prompt_button: "promptButton",
            self.file_button: "canvasFileButton", self.keep_button: "keepButton",
        }  # fmt: skip
        for widget, name in names.items():
            widget.setObjectName(name)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GAP, GAP, 2 * GAP, GAP)
        row.setSpacing(GAP)
        for button in (self.add_button, self.variation_button):
            row.addWidget(button)
        row.addSpacing(GAP)
        for button in (self.arrange_button, self.snap_button, self.fit_button):
            row.addWidget(button)
        row.addSpacing(GAP)
        for button in (self.atlas_button, self.heat_button):
            row.addWidget(button)
        row.addSpacing(GAP)
        for button in (self.link_button, self.noise_button, self.prompt_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.file_button)
        row.addWidget(self.keep_button)
        self._turns = QButtonGroup(self)
        self._turns.addButton(self.noise_button)
        self._turns.addButton(self.prompt_button)
        self.show_material(Material.NOISE)

    def _connect(self) -> None:
        self.add_button.clicked.connect(self.addRequested)
        self.fit_button.clicked.connect(self.fitRequested)
        self.keep_button.clicked.connect(self.keepRequested)
        self.snap_button.toggled.connect(self.snapToggled)
        self.atlas_button.toggled.connect(self.atlasToggled)
        self.heat_button.toggled.connect(self.heatToggled)
        self.variation_button.clicked.connect(self.variationRequested)
        self.link_button.toggled.connect(self.linkedToggled)

"""The latent canvas with everything around it: buttons above, weights beneath, the rarely needed folded away."""

from pathlib import Path

from PySide6.QtCore import QPoint, QSignalBlocker, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from studio.core.blend import Keyframe, Law
from studio.core.canvas import Canvas, Material, Point, shares_of
from studio.core.canvas_edits import advice
from studio.core.evenness import Evenness
from studio.core.options import option
from studio.core.planner import DraftSettings
from studio.ui.canvas.canvas_files import SUFFIX
from studio.ui.canvas.canvas_toolbar import CanvasToolbar
from studio.ui.canvas.canvas_view import LatentCanvas
from studio.ui.canvas.crossfade import Crossfade
from studio.ui.canvas.keyframe_menu import Deed, KeyframeMenu
from studio.ui.canvas.keyframe_popover import KeyframePopover
from studio.ui.canvas.norm_gauge import NormGauge
from studio.ui.canvas.scene import name_of
from studio.ui.canvas.slider import Slider
from studio.ui.canvas.variation_popover import VariationPopover
from studio.ui.canvas.weight_list import WeightList
from studio.ui.controls import GAP, Combo, DecimalSpin, Fold, column, label, note, say
from studio.ui.fields import Fields

_NARROW_PX = 520
_BUDGET_STEP_MS, _BUDGET_MAX_MS = 10, 600
"""The slider covers what is useful while a hand moves."""


class CanvasPanel(QWidget):
    """Shows a `Canvas` and says what the artist wants of it. Decides nothing.

    What the hand does on the plane and beneath it is told by `view`, `toolbar`, `crossfade` and `weights` themselves.

    Signals:
        lawChosen: a Law.
        sharpnessEdited: the exponent wanted.
        budgetEdited: the milliseconds a draft may take.
        materialChosen: the Material that sliders and keys act on.
        openRequested, saveRequested: the path of a canvas file.
        visibilityChanged: whether anybody can see it.
    """

    lawChosen = Signal(object)  # noqa: N815 Qt's style
    sharpnessEdited = Signal(float)  # noqa: N815
    budgetEdited = Signal(int)  # noqa: N815
    materialChosen = Signal(object)  # noqa: N815
    openRequested = Signal(object)  # noqa: N815
    saveRequested = Signal(object)  # noqa: N815
    visibilityChanged = Signal(bool)  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("canvasPanel")
        self.view, self.toolbar = LatentCanvas(), CanvasToolbar()
        self.crossfade, self.weights, self.gauge = Crossfade(), WeightList(), NormGauge()
        self.law_combo = Combo(self.tr("Law"), self.tr("How noises are mixed."))
        self.sharpness_spin = DecimalSpin(option(Canvas, "sharpness"))
        self.budget_slider, self.budget_figure = Slider(_BUDGET_MAX_MS // _BUDGET_STEP_MS), label("", "text")
        self.advice_note, self.draft_note = note("warning"), label("", "note")
        self.fields = Fields()
        self.fold = Fold(
            "blendFold",
            self.tr("Blend settings"),
            self.tr("The law, the sharpness, the time a draft may take."),
            self.fields,
        )
        self.menu, self.plane_menu, self.popover = KeyframeMenu(self), QMenu(self), KeyframePopover(self)
        self.variation = VariationPopover(self)
        self._canvas, self._material = Canvas(), Material.NOISE
        self._fill()
        self._lay_out()
        self._connect()
        self.show_canvas(Canvas())

    @property
    def material(self) -> Material:
        """What sliders and keys act on."""
        return Material.NOISE if self._canvas.linked else self._material

    def show_canvas(self, canvas: Canvas) -> None:
        """Show every value, silently."""
        self._canvas = canvas
        self.view.show_canvas(canvas)
        self.toolbar.show_canvas(canvas)
        self._show_shares()
        with QSignalBlocker(self.law_combo), QSignalBlocker(self.sharpness_spin):
            self.law_combo.setCurrentIndex(self.law_combo.findData(canvas.law))
            self.sharpness_spin.setValue(canvas.sharpness)
        self.fields.set_shown("sharpness", len(canvas.placed) > 2)
        sentence = advice(canvas) if len(canvas.placed) > 1 else ""  # the plane itself says what an empty one wants
        if sentence != self.advice_note.text():
            say(self.advice_note, sentence)

    def show_material(self, material: Material) -> None:
        """Whose turn it is, while the two are apart. Silent."""
        self._material = material
        self.toolbar.show_material(material)
        self.view.set_material(material)
        self._show_shares()

    def show_evenness(self, evenness: Evenness) -> None:
        """Where the picture changes between two keyframes."""
        self.crossfade.show_evenness(evenness)

    def show_norm(self, norm: float | None) -> None:
        """‖noise‖ ÷ √d of the picture on show."""
        self.gauge.set_norm(norm)

    def show_draft(self, text: str) -> None:
        """How the picture on show was made."""
        self.draft_note.setText(text)

    def show_settings(self, settings: DraftSettings) -> None:
        """The time a draft may take. Silent."""
        with QSignalBlocker(self.budget_slider):
            self.budget_slider.setValue(settings.budget_ms // _BUDGET_STEP_MS)
        self.budget_figure.setText(f"{settings.budget_ms} ms")

    def ask_variation(self, keyframe: Keyframe, index: int) -> None:
        """Open the small window that asks for a variation, beside the card `index`, or under its button for −1."""
        if index >= 0:
            at = self.view.mapToGlobal(self.view.card_rect(index).topRight().toPoint())
        else:
            at = self.toolbar.variation_button.mapToGlobal(self.toolbar.variation_button.rect().bottomLeft())
        self.variation.ask(keyframe, at, replaces=bool(self._canvas.placed))

    def edit_keyframe(self, index: int, keyframe: Keyframe, recipe_prompt: str) -> None:
        """Open the small window beside a card."""
        corner = self.view.card_rect(index).topRight().toPoint() + QPoint(2 * GAP, 0)
        self.popover.edit(index, keyframe, recipe_prompt, self.view.mapToGlobal(corner))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 Qt's name
        """Somebody looks."""
        super().showEvent(event)
        self.visibilityChanged.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nobody looks."""
        super().hideEvent(event)
        self.visibilityChanged.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Where it is narrow, what only informs goes first."""
        super().resizeEvent(event)
        is_narrow = self.width() < _NARROW_PX
        self.draft_note.setVisible(not is_narrow)
        self.gauge.set_narrow(is_narrow)

    def _show_shares(self) -> None:
        canvas = self._canvas
        self.weights.show_canvas(canvas, self.material)
        is_pair = len(canvas.placed) == 2
        self.crossfade.setVisible(is_pair)
        if is_pair:
            first, second = (name_of(each.keyframe, i) for i, each in enumerate(canvas.placed))
            self.crossfade.show_ends(first, second)
            self.crossfade.show_t(shares_of(canvas, self.material)[1])
        self.foot.setVisible(len(canvas.placed) >= 2)

    def _fill(self) -> None:
        tips = {
            Law.GRAM: self.tr("Keeps the length of the noise: pictures stay as contrasted as the keyframes."),
            Law.SLERP: self.tr("Along the arc between exactly two noises."),
            Law.LERP: self.tr("The plain mean, for comparison: the noise shrinks and pictures lose detail."),
            Law.COLUMNS: self.tr("As AUTOMATIC1111 makes variations: between exactly two noises, column by column."),
        }
        self.law_combo.set_choices([(str(law), law, tips[law]) for law in Law])
        budget = option(DraftSettings, "budget_ms")
        self.budget_slider.setMinimum(int(budget.minimum or 0) // _BUDGET_STEP_MS)
        self.budget_slider.setAccessibleName(self.tr("Draft time"))
        self.budget_slider.setToolTip(self.tr("Left: drafts come faster. Right: they take more steps and are finer."))
        self.show_settings(DraftSettings())
        names = {self.law_combo: "lawCombo", self.sharpness_spin: "sharpnessSpin", self.budget_slider: "budgetSlider"}
        for widget, name in names.items():
            widget.setObjectName(name)
        self.draft_note.setObjectName("draftNote")
        self.advice_note.setObjectName("canvasAdvice")

    def _lay_out(self) -> None:
        layout = column(self, gap=0)
        layout.addWidget(self.toolbar)
        layout.addWidget(self.view, 1)
        beneath = QVBoxLayout()
        beneath.setContentsMargins(3 * GAP, GAP, 3 * GAP, GAP)
        beneath.setSpacing(GAP)
        self.foot = QWidget()
        foot = QHBoxLayout(self.foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.addWidget(self.fold.button)
        foot.addStretch(1)
        foot.addWidget(self.draft_note)
        foot.addSpacing(3 * GAP)
        foot.addWidget(self.gauge)
        for widget in (self.advice_note, self.crossfade, self.weights, self.foot, self.fold):
            beneath.addWidget(widget)
        layout.addLayout(beneath)
        budget = QWidget()
        row = QHBoxLayout(budget)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.budget_slider, 1)
        row.addWidget(self.budget_figure)
        self.budget_figure.setFixedWidth(self.budget_figure.fontMetrics().horizontalAdvance("2000 ms"))
        self.fields.add("law", self.tr("Law"), self.law_combo)
        self.fields.add("sharpness", self.tr("Sharpness"), self.sharpness_spin)
        self.fields.add("budget", self.tr("Draft time"), budget, self.budget_slider)

    def _connect(self) -> None:
        self.law_combo.activated.connect(self._on_law_activated)
        self.sharpness_spin.valueChanged.connect(self.sharpnessEdited)
        self.budget_slider.valueChanged.connect(self._on_budget_changed)
        self.toolbar.materialChosen.connect(self.materialChosen)
        self.toolbar.snapToggled.connect(self.view.set_snap)
        self.toolbar.fitRequested.connect(self.view.fit)
        self.view.keyframeSelected.connect(self.weights.select)
        self.weights.keyframeChosen.connect(self.view.select)
        self.weights.editWanted.connect(self._on_edit_wanted)
        self.view.menuRequested.connect(self._on_menu_requested)
        self.toolbar.openRequested.connect(self._on_open_clicked)
        self.toolbar.saveRequested.connect(self._on_save_clicked)

    def _on_law_activated(self, row: int) -> None:
        self.lawChosen.emit(Law(self.law_combo.itemData(row)))  # Qt makes a plain string of it

    def _on_budget_changed(self, value: int) -> None:
        self.budget_figure.setText(f"{value * _BUDGET_STEP_MS} ms")
        self.budgetEdited.emit(value * _BUDGET_STEP_MS)

    def _on_edit_wanted(self, index: int) -> None:
        self.view.deedWanted.emit(index, Deed.EDIT)

    def _on_menu_requested(self, index: int, point: Point, at: QPoint) -> None:
        if index >= 0:
            self.menu.show_for(index, self._canvas.placed[index].keyframe)
            self.menu.popup(at)
            return
        self.plane_menu.clear()
        self.plane_menu.addAction(self.tr("Add keyframe here")).triggered.connect(
            lambda: self.view.addRequested.emit(point)
        )
        self.plane_menu.addAction(self.tr("Fit")).triggered.connect(self.view.fit)
        self.plane_menu.popup(at)

    def _on_open_clicked(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Open canvas"), "", self._file_filter())
        if path:
            self.openRequested.emit(Path(path))

    def _on_save_clicked(self) -> None:
        name = self.tr("Canvas") + SUFFIX
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Save canvas"), name, self._file_filter())
        if path:
            self.saveRequested.emit(Path(path))

    def _file_filter(self) -> str:
        return self.tr("Canvas") + f" (*{SUFFIX} *.json)"

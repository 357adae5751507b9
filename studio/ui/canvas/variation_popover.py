"""A small window that asks for a variation: which seed beside the picture's own, and how much of it."""

from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QWidget

from studio.core.blend import Keyframe
from studio.core.errors import OptionError
from studio.ui.canvas.slider import Slider
from studio.ui.controls import GAP, IconButton, column, label, note, say
from studio.ui.fields import mark_problem
from studio.ui.wishes import new_seed, parse_seed

_WIDTH_PX = 300
_STEPS = 100
_STRENGTH = 30


class VariationPopover(QFrame):
    """Asks. Return or the button takes it, Escape or a click beside it drops it.

    Signals:
        wanted: the Keyframe to vary with the seed as edited, the variation's seed, and the strength, 0 to 1.
    """

    wanted = Signal(object, object, float)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("variationPopover")
        self.setAccessibleName(self.tr("Variation"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.seed_edit, self.variation_edit = QLineEdit(), QLineEdit()
        self.strength_slider, self.figure = Slider(_STEPS), label("", "text")
        self.dice_button = IconButton("mdi6.dice-5-outline", self.tr("Random seed"), self.tr("Roll another variation."))
        self.make_button = QPushButton(self.tr("Make variation"))
        self.problem, self.warning = note("problem"), note("note")
        self._keyframe = Keyframe(seed=0)
        self._name_everything()
        self._lay_out()
        self.dice_button.clicked.connect(self._on_dice_clicked)
        self.make_button.clicked.connect(self._on_make_clicked)
        self.strength_slider.valueChanged.connect(self._on_strength_changed)
        for line in (self.seed_edit, self.variation_edit):
            line.textEdited.connect(self._on_seed_edited)
            line.returnPressed.connect(self._on_make_clicked)
        self.strength_slider.setValue(_STRENGTH)

    def ask(self, keyframe: Keyframe, at: QPoint, *, replaces: bool) -> None:
        """Open at `at`, on the screen, for `keyframe`; `replaces` where there are keyframes that would make room."""
        self._keyframe = keyframe
        self.seed_edit.setText(str(keyframe.seed))
        self.variation_edit.setText(str(new_seed()))
        told = self.tr("It takes the place of the keyframes on the canvas. Undo brings them back.")
        say(self.warning, told if replaces else "")
        self._show_problem()
        self.adjustSize()
        room = self.screen().availableGeometry()
        x = min(max(room.left(), at.x()), room.right() - self.width())
        self.move(x, min(max(room.top(), at.y()), room.bottom() - self.height()))
        self.show()
        self.variation_edit.setFocus()
        self.variation_edit.selectAll()

    def _name_everything(self) -> None:
        named: tuple[tuple[QWidget, str, str, str], ...] = (
            (self.seed_edit, "variedSeedEdit", self.tr("Seed"), self.tr("The seed of the picture to vary.")),
            (
                self.variation_edit,
                "variationSeedEdit",
                self.tr("Variation seed"),
                self.tr("The seed that the picture goes towards."),
            ),
            (
                self.strength_slider,
                "variationStrengthSlider",
                self.tr("Strength"),
                self.tr("How far to go: 0 % is the picture itself, 100 % the other seed's."),
            ),
            (
                self.make_button,
                "makeVariationButton",
                self.tr("Make variation"),
                self.tr("Put both on the canvas, with the puck between them (Return)."),
            ),
        )
        for widget, object_name, name, tip in named:
            widget.setObjectName(object_name)
            widget.setAccessibleName(name)
            widget.setToolTip(tip)
        self.dice_button.setObjectName("variationDiceButton")

    def _lay_out(self) -> None:
        layout = column(self, margin=3 * GAP)
        self.setFixedWidth(_WIDTH_PX)
        self.figure.setFixedWidth(self.figure.fontMetrics().horizontalAdvance("100 %") + 4)
        self.figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        rows: tuple[tuple[str, QWidget, QWidget | None], ...] = (
            (self.tr("Seed"), self.seed_edit, None),
            (self.tr("Variation seed"), self.variation_edit, self.dice_button),
            (self.tr("Strength"), self.strength_slider, self.figure),
        )
        width = max(self.fontMetrics().horizontalAdvance(text) for text, _, _ in rows) + 2 * GAP
        for text, field, beside in rows:
            row = QHBoxLayout()
            row.setSpacing(GAP)
            caption = label(text, "label", field)
            caption.setFixedWidth(width)
            row.addWidget(caption)
            row.addWidget(field, 1)
            if beside is not None:
                row.addWidget(beside)
            layout.addLayout(row)
        for widget in (self.problem, self.warning, self.make_button):
            layout.addWidget(widget)

    def _show_problem(self) -> bool:
        """Say what is wrong with a seed; whether something is."""
        sentences = []
        for edit in (self.seed_edit, self.variation_edit):
            try:
                parse_seed(edit.text())
            except OptionError as error:
                sentences.append(str(error))
                mark_problem(edit, str(error))
            else:
                mark_problem(edit, "")
        say(self.problem, sentences[0] if sentences else "")
        self.make_button.setEnabled(not sentences)
        return bool(sentences)

    def _on_seed_edited(self, text: str) -> None:
        self._show_problem()

    def _on_dice_clicked(self) -> None:
        self.variation_edit.setText(str(new_seed()))
        self._show_problem()

    def _on_strength_changed(self, value: int) -> None:
        self.figure.setText(f"{value} %")

    def _on_make_clicked(self) -> None:
        if self._show_problem():
            return
        varied = replace(self._keyframe, seed=parse_seed(self.seed_edit.text()))
        self.close()
        self.wanted.emit(varied, parse_seed(self.variation_edit.text()), self.strength_slider.value() / _STEPS)

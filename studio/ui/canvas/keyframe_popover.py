"""A small window beside a card: the keyframe's name, prompts and seed."""

from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPlainTextEdit, QWidget

from studio.core.blend import Keyframe
from studio.core.errors import OptionError
from studio.ui.controls import GAP, IconButton, column, label, note, say
from studio.ui.fields import mark_problem
from studio.ui.wishes import new_seed, parse_seed

_WIDTH_PX = 300


class KeyframePopover(QFrame):
    """Edits one keyframe. Return or a click beside it takes the changes, Escape drops them.

    Signals:
        edited: the index, and the changed fields by name, as one object.
    """

    edited = Signal(int, object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("keyframePopover")
        self.setAccessibleName(self.tr("Edit the keyframe"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.name_edit, self.seed_edit = QLineEdit(), QLineEdit()
        self.prompt_edit, self.negative_edit = QPlainTextEdit(), QPlainTextEdit()
        self.seed_problem = note("problem")
        self.dice_button = IconButton("mdi6.dice-5-outline", self.tr("Random seed"), self.tr("Roll a new seed."))
        self._index, self._before = -1, Keyframe(seed=0)
        self._name_everything()
        self._lay_out()
        self.dice_button.clicked.connect(self._on_dice_clicked)
        self.seed_edit.textEdited.connect(self._on_seed_edited)
        for line in (self.name_edit, self.seed_edit):
            line.returnPressed.connect(self.close)

    def edit(self, index: int, keyframe: Keyframe, recipe_prompt: str, at: QPoint) -> None:
        """Open at `at`, on the screen. An open prompt shows the recipe's own as a hint."""
        self._index, self._before = index, keyframe
        self.name_edit.setText(keyframe.name)
        self.seed_edit.setText(str(keyframe.seed))
        self.prompt_edit.setPlainText(keyframe.prompt or "")
        self.prompt_edit.setPlaceholderText(recipe_prompt if keyframe.prompt is None else self.tr("What it shows"))
        self.negative_edit.setPlainText(keyframe.negative_prompt or "")
        self._show_seed_problem("")
        self.adjustSize()
        self.move(self._on_screen(at))
        self.show()
        self.prompt_edit.setFocus()
        self.prompt_edit.moveCursor(QTextCursor.MoveOperation.End)

    def changes(self) -> dict[str, Any]:
        """The fields that differ from what was opened. A seed that is none stays as it was."""
        before = self._before
        wanted: dict[str, Any] = {"name": self.name_edit.text().strip()[:200]}
        for field, text in (
            ("prompt", self.prompt_edit.toPlainText()),
            ("negative_prompt", self.negative_edit.toPlainText()),
        ):
            wanted[field] = None if not text and getattr(before, field) is None else text[:20_000]
        try:
            wanted["seed"] = parse_seed(self.seed_edit.text())
        except OptionError:
            wanted["seed"] = before.seed
        return {name: value for name, value in wanted.items() if value != getattr(before, name)}

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 Qt's name
        """Tell what changed."""
        super().hideEvent(event)
        index, changes = self._index, self.changes() if self._index >= 0 else {}
        self._index = -1
        if changes:
            self.edited.emit(index, changes)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Escape drops the changes."""
        if event.key() == Qt.Key.Key_Escape:
            self._index = -1
        super().keyPressEvent(event)

    def _on_screen(self, at: QPoint) -> QPoint:
        room = self.screen().availableGeometry()
        x = min(max(room.left(), at.x()), room.right() - self.width())
        return QPoint(x, min(max(room.top(), at.y()), room.bottom() - self.height()))

    def _name_everything(self) -> None:
        named = (
            (self.name_edit, "keyframeNameEdit", self.tr("Name"), self.tr("What the card is called.")),
            (self.prompt_edit, "keyframePromptEdit", self.tr("Prompt"), self.tr("What the keyframe shows.")),
            (self.negative_edit, "keyframeNegativeEdit", self.tr("Negative prompt"), self.tr("What it avoids.")),
            (self.seed_edit, "keyframeSeedEdit", self.tr("Seed"), self.tr("Where its noise starts.")),
        )
        for edit, object_name, name, tip in named:
            edit.setObjectName(object_name)
            edit.setAccessibleName(name)
            edit.setToolTip(tip)
        for text in (self.prompt_edit, self.negative_edit):
            text.setTabChangesFocus(True)

    def _lay_out(self) -> None:
        layout = column(self, margin=3 * GAP)
        self.prompt_edit.setFixedHeight(68)
        self.negative_edit.setFixedHeight(44)
        self.setFixedWidth(_WIDTH_PX)
        layout.addWidget(label(self.tr("Prompt"), "label", self.prompt_edit))
        layout.addWidget(self.prompt_edit)
        layout.addWidget(label(self.tr("Negative prompt"), "label", self.negative_edit))
        layout.addWidget(self.negative_edit)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(label(self.tr("Name"), "label", self.name_edit))
        row.addWidget(self.name_edit, 3)
        row.addSpacing(GAP)
        row.addWidget(label(self.tr("Seed"), "label", self.seed_edit))
        row.addWidget(self.seed_edit, 3)
        row.addWidget(self.dice_button)
        layout.addLayout(row)
        layout.addWidget(self.seed_problem)

    def _show_seed_problem(self, sentence: str) -> None:
        say(self.seed_problem, sentence)
        mark_problem(self.seed_edit, sentence)

    def _on_seed_edited(self, text: str) -> None:
        try:
            parse_seed(text)
        except OptionError as error:
            self._show_seed_problem(str(error))
        else:
            self._show_seed_problem("")

    def _on_dice_clicked(self) -> None:
        self.seed_edit.setText(str(new_seed()))
        self._show_seed_problem("")

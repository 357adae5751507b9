"""The left panel: what the picture shows, its size and seed, and the buttons that make it."""

import math
from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from studio.core.options import Option
from studio.core.prompt_grammar import has_weights
from studio.core.session import State
from studio.core.words import Vocabulary
from studio.ui.controls import GAP, Fold, IconButton, Spin, column, label, note, say
from studio.ui.fields import Fields, mark_problem
from studio.ui.prompt_edit import PromptEdit
from studio.ui.seed_box import SeedBox
from studio.ui.size_box import SizeBox
from studio.ui.start.start_panel import StartPanel

_COUNT = Option(
    name="count", title="Count", description="How many to make, with seeds that follow one another.",
    kind=int, default=1, minimum=1, maximum=100, step=1,
)  # fmt: skip
_NAMED_WORDS = 4
"""Unknown words named in the line under the prompt; the rest are counted."""


class PromptPanel(QWidget):
    """Shows a `State` and says what the artist wants of it. Decides nothing.

    Signals:
        edited: a field of the recipe or the state, and the value wanted for it.
        sizeEdited: the width and height wanted.
        seedRefused: why the text in the seed field is no seed.
        diceRolled, generateRequested, stopRequested: what they say.
    """

    edited = Signal(str, object)
    sizeEdited = Signal(int, int)  # noqa: N815 Qt's style
    seedRefused = Signal(str)  # noqa: N815
    diceRolled = Signal()  # noqa: N815
    generateRequested = Signal()  # noqa: N815
    stopRequested = Signal()  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.prompt_edit = PromptEdit("promptEdit", self.tr("What should the picture show?"))
        self.negative_edit = PromptEdit("negativePromptEdit", self.tr("What should it avoid?"))
        self._edits = {"prompt": self.prompt_edit, "negative_prompt": self.negative_edit}
        self.prompt_note, self.token_note = note("warning"), label("", "note")
        self.negative_note, self.negative_tokens = note("warning"), label("", "note")
        self.weight_notes = {name: note("warning") for name in self._edits}
        self.problems = {name: note("problem") for name in ("prompt", "negative_prompt")}
        self.size_box, self.seed_box, self.count_spin = SizeBox(), SeedBox(), Spin(_COUNT)
        self.start_panel = StartPanel()
        self.generate_button = QPushButton(self.tr("Generate"))
        self.stop_button = QPushButton(self.tr("Stop"))
        self.forever_button = IconButton(
            "mdi6.infinity",
            self.tr("Generate forever"),
            self.tr("Go on with new seeds until this is switched off or Stop is pressed (Ctrl+Shift+F)."),
        )
        self.forever_button.setCheckable(True)
        self.style_button = IconButton(
            "mdi6.palette-swatch-outline", self.tr("Styles"), self.tr("Put the prompt into a style, or keep it as one.")
        )
        self.style_button.setText(self.tr("Styles"))
        self.style_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.style_button.setProperty("kind", "fold")
        self.style_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.fields = Fields()
        self._token_limit, self._token_most, self._weightless = 0, 0, ""
        self._name_everything()
        self._lay_out()
        self._connect()

    def show_state(self, state: State) -> None:
        """Show every value, silently."""
        recipe = state.recipe
        self.prompt_edit.set_text(recipe.prompt)
        self.negative_edit.set_text(recipe.negative_prompt)
        if recipe.negative_prompt:
            self.negative_fold.set_open(True)
        self.start_panel.show_start(recipe.start)
        self.size_box.set_size(recipe.width, recipe.height)
        self.seed_box.set_seed(recipe.seed)
        self.seed_box.set_locked(state.seed_locked)
        with QSignalBlocker(self.count_spin):
            self.count_spin.setValue(state.count)
        self._show_notes()

    def set_vocabulary(self, vocabulary: Vocabulary | None) -> None:
        """Mark the words that are not in it."""
        for edit in (self.prompt_edit, self.negative_edit):
            edit.set_vocabulary(vocabulary)
        self._show_unknown_words()

    def set_token_limit(self, at_once: int, most: int) -> None:
        """How many tokens the model reads at once, and in all its chunks."""
        self._token_limit, self._token_most = at_once, most

    def set_weightless(self, kind: str) -> None:
        """The `kind` of a model to which no word counts more than another; empty where brackets count."""
        self._weightless = kind
        self._show_weights()

    def show_tokens(self, field: str, count: int) -> None:
        """Show how many of the tokens the model reads are taken."""
        line = self.token_note if field == "prompt" else self.negative_tokens
        over = count > self._token_most
        chunks = max(1, math.ceil(count / max(1, self._token_limit)))
        limit = min(self._token_most, chunks * self._token_limit)
        line.setText(self.tr("{count} of {limit} tokens").format(count=count, limit=limit))
        line.setProperty("kind", "problem" if over else "note")
        line.style().polish(line)

    def show_problem(self, name: str, sentence: str) -> bool:
        """Say beside the control of field `name` what is wrong; False where the field has none here."""
        if name in self.problems:
            say(self.problems[name], sentence)
            mark_problem(self._edits[name], sentence)
            if sentence and name == "negative_prompt":
                self.negative_fold.set_open(True)
            return True
        if name == "start":
            self.start_panel.show_problem(sentence)
            return True
        if name in self.fields.names:
            self.fields.show_problem(name, sentence)
            return True
        return False

    def control(self, name: str) -> QWidget | None:
        """The control of field `name`."""
        if name in self._edits:
            return self._edits[name]
        if name == "start":
            return self.start_panel.strength_spin
        return self.fields.control(name) if name in self.fields.names else None

    def set_busy(self, is_busy: bool) -> None:
        """Whether there is something to stop."""
        self.stop_button.setEnabled(is_busy)

    def set_embeddings(self, held: Mapping[str, str]) -> None:
        """Mark the words that are embeddings, by their names; what each holds, in words."""
        for edit in (self.prompt_edit, self.negative_edit):
            edit.set_embeddings(held)
        self._show_unknown_words()

    def set_mark_colors(self, unknown: QColor, embedding: QColor) -> None:
        """The colours of unknown words and of embeddings."""
        for edit in (self.prompt_edit, self.negative_edit):
            edit.set_mark_colors(unknown, embedding)

    def _name_everything(self) -> None:
        names: dict[QWidget, str] = {self.count_spin: "countSpin", self.forever_button: "foreverButton"}
        names |= {self.style_button: "styleButton"}
        names |= {self.generate_button: "generateButton", self.stop_button: "stopButton"}
        for widget, name in names.items():
            widget.setObjectName(name)
        for edit, name in ((self.prompt_edit, self.tr("Prompt")), (self.negative_edit, self.tr("Negative prompt"))):
            edit.setAccessibleName(name)
        self.prompt_edit.setToolTip(
            self.tr("What the picture shows (Ctrl+L). Ctrl+Space offers words the model knows.")
        )
        self.negative_edit.setToolTip(self.tr("What the picture avoids."))
        self.generate_button.setToolTip(
            self.tr("Make the picture (Ctrl+Return). While one is made, the next one waits.")
        )
        self.stop_button.setToolTip(self.tr("Stop the picture in the making (Escape); Shift+Escape stops all."))
        for button in (self.generate_button, self.stop_button):
            button.setAccessibleName(button.text())
        self.token_note.setObjectName("tokenNote")
        self.prompt_note.setObjectName("unknownWordsNote")
        for name, line in self.weight_notes.items():
            line.setObjectName("weightsNote" if name == "prompt" else "negativeWeightsNote")
        self.set_busy(False)

    def _lay_out(self) -> None:
        body = QWidget()
        body.setObjectName("panelBody")
        layout = column(body, gap=2 * GAP, margin=3 * GAP)
        layout.addLayout(self._prompt_block(), 1)
        layout.addWidget(self._negative_block())
        layout.addWidget(self.start_panel)
        self.fields.add("width", self.tr("Size"), self.size_box, self.size_box.width_spin)
        self.fields.add("seed", self.tr("Seed"), self.seed_box, self.seed_box.edit)
        self.fields.add("count", self.tr("Count"), self.count_spin)
        layout.addWidget(self.fields)
        scroll = QScrollArea()
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        outer = column(self, gap=0)
        outer.addWidget(scroll, 1)
        outer.addLayout(self._buttons())

    def _prompt_block(self) -> QVBoxLayout:
        block = QVBoxLayout()
        block.setSpacing(GAP)
        self.prompt_edit.setMinimumHeight(88)
        block.addWidget(self.prompt_edit, 1)
        row = QHBoxLayout()
        row.addWidget(self.style_button)
        row.addStretch(1)
        row.addWidget(self.token_note)
        block.addLayout(row)
        for line in (self.prompt_note, self.weight_notes["prompt"], self.problems["prompt"]):
            block.addWidget(line)
        return block

    def _negative_block(self) -> Fold:
        content = QWidget()
        layout = column(content)
        self.negative_edit.setFixedHeight(56)
        layout.addWidget(self.negative_edit)
        self.negative_tokens.setAlignment(Qt.AlignmentFlag.AlignRight)
        notes = (self.negative_note, self.weight_notes["negative_prompt"], self.problems["negative_prompt"])
        for line in (self.negative_tokens, *notes):
            layout.addWidget(line)
        self.negative_fold = Fold(
            "negativeFold", self.tr("Negative prompt"), self.tr("What the picture avoids."), content
        )
        return self.negative_fold

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(3 * GAP, 2 * GAP, 3 * GAP, 3 * GAP)
        row.setSpacing(2 * GAP)
        row.addWidget(self.generate_button, 1)
        row.addWidget(self.forever_button)
        row.addWidget(self.stop_button)
        return row

    def _connect(self) -> None:
        self.prompt_edit.edited.connect(self._on_prompt_edited)
        self.negative_edit.edited.connect(self._on_negative_edited)
        self.size_box.sizeEdited.connect(self.sizeEdited)
        self.seed_box.seedEdited.connect(self._on_seed_edited)
        self.seed_box.seedRefused.connect(self.seedRefused)
        self.seed_box.lockToggled.connect(self._on_lock_toggled)
        self.seed_box.diceRolled.connect(self.diceRolled)
        self.count_spin.valueChanged.connect(self._on_count_changed)
        self.generate_button.clicked.connect(self.generateRequested)
        self.stop_button.clicked.connect(self.stopRequested)

    def _show_unknown_words(self) -> None:
        for edit, line in ((self.prompt_edit, self.prompt_note), (self.negative_edit, self.negative_note)):
            words = tuple(dict.fromkeys(word.text.casefold() for word in edit.unknown()))
            more = len(words) - _NAMED_WORDS
            named = ", ".join(words[:_NAMED_WORDS]) + (self.tr(" and {n} more").format(n=more) if more > 0 else "")
            say(line, self.tr("Not known to this model: {words}").format(words=named) if words else "")

    def _show_weights(self) -> None:
        for name, line in self.weight_notes.items():
            is_lost = bool(self._weightless) and has_weights(self._edits[name].toPlainText())
            said = self.tr("{kind} weighs no words: brackets and BREAK are left out.").format(kind=self._weightless)
            say(line, said if is_lost else "")

    def _show_notes(self) -> None:
        self._show_unknown_words()
        self._show_weights()

    def _on_prompt_edited(self, text: str) -> None:
        self.edited.emit("prompt", text)
        self._show_notes()

    def _on_negative_edited(self, text: str) -> None:
        self.edited.emit("negative_prompt", text)
        self._show_notes()

    def _on_seed_edited(self, seed: int) -> None:
        self.edited.emit("seed", seed)

    def _on_lock_toggled(self, is_locked: bool) -> None:
        self.edited.emit("seed_locked", is_locked)

    def _on_count_changed(self, count: int) -> None:
        self.edited.emit("count", count)

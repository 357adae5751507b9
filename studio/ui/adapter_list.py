"""The adapters of a recipe: each with its strength, and the files there are to add."""

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QWidget

from studio.core.adapters import ADAPTERS_MAX, AdapterUse
from studio.core.learned_words import Names
from studio.core.options import option
from studio.core.prompt_grammar import adapters_in
from studio.core.recipe import Recipe
from studio.core.recipe_words import adapters_in_words
from studio.ui.canvas.crossfade import elide
from studio.ui.canvas.slider import Slider
from studio.ui.controls import GAP, DecimalSpin, Fold, IconButton, SessionUndo, column, label, note, say

_LOW, _HIGH, _STEP = -1.0, 2.0, 0.05
"""The slider covers what is useful; the spin box beside it reaches what is allowed."""


class AdapterRow(QWidget):
    """One adapter: its name, its strength, a button to take it away.

    Signals:
        strengthEdited: the strength wanted.
        dragging: whether the slider is held.
        removeWanted: it is to go.
    """

    strengthEdited = Signal(float)  # noqa: N815 Qt's style
    dragging = Signal(bool)
    removeWanted = Signal()  # noqa: N815

    def __init__(self, number: int, name: str) -> None:
        """`number` counts from 0."""
        super().__init__()
        self.adapter, self.name, self.remark = name, label("", "text"), note()
        self.slider, self.spin = Slider(round((_HIGH - _LOW) / _STEP)), DecimalSpin(option(AdapterUse, "strength"))
        self.remove_button = IconButton(
            "mdi6.close", self.tr("Remove {name}").format(name=name), self.tr("Make the picture without this adapter.")
        )
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.slider.setSingleStep(1)
        self.slider.setToolTip(self.spin.toolTip())
        self.spin.setFixedWidth(56)
        self.spin.lineEdit().installEventFilter(SessionUndo(self))
        named = {"Slider": self.slider, "Spin": self.spin, "Remark": self.remark, "Remove": self.remove_button}
        for part, widget in named.items():
            widget.setObjectName(f"adapter{part}{number}")
        for control in (self.slider, self.spin):
            control.setAccessibleName(self.tr("Strength of {name}").format(name=name))
        self._lay_out()
        self.slider.sliderPressed.connect(partial(self.dragging.emit, True))
        self.slider.sliderReleased.connect(partial(self.dragging.emit, False))
        self.slider.valueChanged.connect(self._on_slid)
        self.spin.valueChanged.connect(self.strengthEdited)
        self.remove_button.clicked.connect(self.removeWanted)

    def show_strength(self, strength: float, remark: str, *, is_free: bool, is_problem: bool) -> None:
        """Show how much of it there is, silently; `is_free`: it may be changed here."""
        with QSignalBlocker(self.slider), QSignalBlocker(self.spin):
            if self.spin.value() != strength:
                self.spin.setValue(strength)
            if not self.slider.isSliderDown():
                self.slider.setValue(round((strength - _LOW) / _STEP))
        self.slider.setEnabled(is_free)
        self.spin.setEnabled(is_free)
        self.remark.setProperty("kind", "problem" if is_problem else "note")
        self.remark.style().polish(self.remark)
        say(self.remark, remark)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt's name
        """Show as much of the name as there is room for."""
        super().resizeEvent(event)
        elide(self.name, self.adapter, self.width() - self.remove_button.sizeHint().width() - 2 * GAP)

    def _lay_out(self) -> None:
        heading, strength = QHBoxLayout(), QHBoxLayout()
        heading.addWidget(self.name, 1)
        heading.addWidget(self.remove_button)
        strength.setSpacing(2 * GAP)
        strength.addWidget(self.slider, 1)
        strength.addWidget(self.spin)
        layout = column(self, gap=0)
        layout.addLayout(heading)
        layout.addLayout(strength)
        layout.addWidget(self.remark)

    def _on_slid(self, position: int) -> None:
        self.strengthEdited.emit(round(_LOW + position * _STEP, 2))


class AdapterList(QWidget):
    """Shows a recipe's adapters and says what the artist wants of them. Decides nothing.

    Signals:
        strengthEdited: the index of an adapter, and the strength wanted.
        dragging: whether a slider is held.
        removeWanted: the index of an adapter.
        addWanted: the name of a file.
        embeddingWanted: the name of an embedding that is to stand in the prompt.
        folderWanted: the folder of adapters is to be opened.
        lookWanted: the files there are matter now.
    """

    strengthEdited = Signal(int, float)  # noqa: N815 Qt's style
    dragging = Signal(bool)
    removeWanted = Signal(int)  # noqa: N815
    addWanted = Signal(str)  # noqa: N815
    embeddingWanted = Signal(str)  # noqa: N815
    folderWanted = Signal()  # noqa: N815
    lookWanted = Signal()  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("adapterList")
        self.setAccessibleName(self.tr("Adapters"))
        self.hint, self.written, self.problem = note(), note(), note("problem")
        self.learned = note()
        self.add_button, self.menu = QPushButton(self.tr("Add adapter")), QMenu(self)
        self.embedding_menu = QMenu(self.tr("Put an embedding into the prompt"), self)
        self.embedding_menu.setToolTipsVisible(True)
        self.rows: tuple[AdapterRow, ...] = ()
        self._recipe = Recipe()
        self._names: tuple[str, ...] | None = None
        self._embeddings: dict[str, str] = {}
        self._name_everything()
        layout = column(self, gap=2 * GAP)
        self._body = QWidget()
        self._list = column(self._body, gap=2 * GAP)
        for widget in (self._body, self.hint, self.written, self.learned, self.problem):
            layout.addWidget(widget)
        layout.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.fold = Fold(
            "adapterFold",
            self.tr("Adapters"),
            self.tr("LoRA files that change the model's weights, and embeddings for its prompt."),
            self,
        )
        self.menu.aboutToShow.connect(self.lookWanted)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.show_recipe(self._recipe)

    def show_recipe(self, recipe: Recipe) -> None:
        """Show its adapters, silently. The first one unfolds the list."""
        if recipe.adapters and not self._recipe.adapters:
            self.fold.set_open(True)
        if [each.name for each in recipe.adapters] != [each.adapter for each in self.rows]:
            self._rebuild(recipe.adapters)
        self._recipe = recipe
        self._show()

    def set_names(self, names: Sequence[str]) -> None:
        """The adapters that are on this machine."""
        if tuple(names) != self._names:
            self._names = tuple(names)
            self._show()
            self._fill_menu()

    def set_embeddings(self, held: Mapping[str, str]) -> None:
        """The embeddings that are on this machine, and what each holds, in words."""
        if held != self._embeddings:
            self._embeddings = dict(held)
            self._show()
            self._fill_menu()

    def show_problem(self, sentence: str) -> None:
        """Say what is wrong with the adapters; an empty sentence is good ones."""
        say(self.problem, sentence)
        if sentence:
            self.fold.set_open(True)

    # Building.

    def _name_everything(self) -> None:
        widgets = {"Hint": self.hint, "Written": self.written, "Problem": self.problem, "Menu": self.menu}
        widgets |= {"Learned": self.learned, "EmbeddingMenu": self.embedding_menu}
        for part, widget in widgets.items():
            widget.setObjectName(f"adapter{part}")
        self.add_button.setObjectName("addAdapterButton")
        self.add_button.setToolTip(self.tr("Choose one of the LoRA files or embeddings on this machine."))
        self.add_button.setMenu(self.menu)

    def _rebuild(self, adapters: tuple[AdapterUse, ...]) -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.hide()
            row.setParent(None)  # not found by name any more, though it is deleted only later
            row.deleteLater()
        self.rows = tuple(AdapterRow(number, each.name) for number, each in enumerate(adapters))
        for number, row in enumerate(self.rows):
            self._list.addWidget(row)
            row.strengthEdited.connect(partial(self.strengthEdited.emit, number))
            row.removeWanted.connect(partial(self.removeWanted.emit, number))
            row.dragging.connect(self.dragging)

    def _show(self) -> None:
        written = {each.name.casefold(): each for each in adapters_in(self._recipe.prompt)}
        there = None if self._names is None else {name.casefold() for name in self._names}
        for row, use in zip(self.rows, self._recipe.adapters, strict=True):
            name = use.name.casefold()
            is_missing = there is not None and name not in there
            remark = self.tr("This file is not on this machine.") if is_missing else ""
            if name in written:
                remark = remark or self.tr("The prompt says its strength.")
            strength = written[name].strength if name in written else use.strength
            row.show_strength(strength, remark, is_free=name not in written, is_problem=is_missing)
        listed = {each.name.casefold() for each in self._recipe.adapters}
        only_written = adapters_in_words(use for name, use in written.items() if name not in listed)
        say(self.written, self.tr("In the prompt: {adapters}").format(adapters=only_written) if only_written else "")
        prompts = f"{self._recipe.prompt}\n{self._recipe.negative_prompt}"
        spots = Names(self._embeddings).in_prompt(prompts)
        learned = ", ".join(f"{name} ({self._embeddings[name]})" for name in dict.fromkeys(spot.name for spot in spots))
        say(self.learned, self.tr("Embeddings in the prompts: {names}").format(names=learned) if learned else "")
        has_none = self._names == () and not self.rows and not self._embeddings
        say(self.hint, self.tr("There are none yet. Drop a LoRA file here to keep it.") if has_none else "")
        self._body.setVisible(bool(self.rows))
        self.add_button.setEnabled(len(self.rows) < ADAPTERS_MAX)

    def _fill_menu(self) -> None:
        self.menu.clear()
        used = {each.name.casefold() for each in self._recipe.adapters}
        for name in self._names or ():
            action = self.menu.addAction(name.replace("&", "&&"))
            action.setEnabled(name.casefold() not in used)
            action.triggered.connect(partial(self.addWanted.emit, name))
        if self._embeddings:
            self._fill_embedding_menu()
            self.menu.addMenu(self.embedding_menu)
        self.menu.addSeparator()
        folder = self.menu.addAction(self.tr("Open the folder of adapters"))
        folder.setToolTip(self.tr("Files that are put there are found."))
        folder.triggered.connect(partial(self.folderWanted.emit))

    def _fill_embedding_menu(self) -> None:
        self.embedding_menu.clear()
        for name, held in self._embeddings.items():
            action = self.embedding_menu.addAction(name.replace("&", "&&"))
            action.setToolTip(held)
            action.triggered.connect(partial(self.embeddingWanted.emit, name))

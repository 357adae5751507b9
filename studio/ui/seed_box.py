"""The seed: a line of text, for a spin box cannot hold 32 unsigned bits; a dice and a lock."""

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from studio.core.errors import OptionError
from studio.core.options import option
from studio.core.recipe import Recipe
from studio.ui.controls import GAP, IconButton
from studio.ui.wishes import parse_seed


class SeedBox(QWidget):
    """The seed.

    Signals:
        seedEdited: a whole number from 0 to 2³²−1, as an object: Qt's int has 31 bits.
        seedRefused: the sentence that says why the text is no seed.
        lockToggled: whether the next picture keeps the seed.
        diceRolled: a new seed is wanted.
    """

    seedEdited = Signal(object)  # noqa: N815 Qt's style
    seedRefused = Signal(str)  # noqa: N815
    lockToggled = Signal(bool)  # noqa: N815
    diceRolled = Signal()  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self._seed = -1
        declared = option(Recipe, "seed")
        self.edit = QLineEdit()
        self.edit.setObjectName("seedEdit")
        self.edit.setAccessibleName(declared.title)
        self.edit.setToolTip(f"{declared.description} 0 to {declared.maximum:,}.")
        self.dice_button = IconButton(
            "mdi6.dice-5-outline", self.tr("Random seed"), self.tr("Roll a new seed (Ctrl+R).")
        )
        self.dice_button.setObjectName("randomSeedButton")
        self.lock_button = IconButton("mdi6.lock-open-variant-outline", self.tr("Lock the seed"), "")
        self.lock_button.setObjectName("lockSeedButton")
        self.lock_button.setCheckable(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP // 2)
        row.addWidget(self.edit, 1)
        row.addWidget(self.dice_button)
        row.addWidget(self.lock_button)
        self.set_locked(False)
        self.edit.textEdited.connect(self._on_text_edited)
        self.dice_button.clicked.connect(self.diceRolled)
        self.lock_button.toggled.connect(self.lockToggled)

    def set_seed(self, seed: int) -> None:
        """Show a seed. What the artist is typing stays until there is another."""
        if seed != self._seed:
            self._seed = seed
            self.edit.setText(str(seed))

    def drop_text(self) -> None:
        """Show the seed again instead of a text that is none."""
        self.edit.setText(str(self._seed))

    def set_locked(self, is_locked: bool) -> None:
        """Show whether the next picture keeps the seed."""
        with QSignalBlocker(self.lock_button):
            self.lock_button.setChecked(is_locked)
        self.lock_button.set_icon("mdi6.lock-outline" if is_locked else "mdi6.lock-open-variant-outline")
        self.lock_button.setToolTip(
            self.tr("Locked: every picture has this seed. Unlock for a new one each time.")
            if is_locked
            else self.tr("Unlocked: each picture rolls a new seed. Lock to keep this one.")
        )

    def _on_text_edited(self, text: str) -> None:
        try:
            self._seed = parse_seed(text)
        except OptionError as error:
            self.seedRefused.emit(str(error))
        else:
            self.seedEdited.emit(self._seed)

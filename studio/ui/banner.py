"""A line across the window that tells what went wrong and what to do. It never stands in the way."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy

from studio.ui.controls import GAP, IconButton, label


class Banner(QFrame):
    """One sentence with at most a few buttons. The newest replaces the one before.

    Signals:
        dismissed: the artist closed it.
    """

    dismissed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.sentence: QLabel = label("")
        self.sentence.setObjectName("bannerSentence")
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.close_button = IconButton("mdi6.close", self.tr("Dismiss"), self.tr("Dismiss this message."))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(3 * GAP, GAP, GAP, GAP)
        self._row.setSpacing(2 * GAP)
        self._row.addWidget(self.sentence, 1)
        self._row.addWidget(self.close_button)
        self._buttons: list[QPushButton] = []
        self.close_button.clicked.connect(self._on_close_clicked)
        self.hide()

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        """The buttons on show, by which tests and keys reach them."""
        return tuple(self._buttons)

    def tell(self, sentence: str, actions: dict[str, Callable[[], object]] | None = None) -> None:
        """Show `sentence` with a button for each of `actions`; a button also takes the message away."""
        self._drop_buttons()
        self.sentence.setText(sentence)
        self.setAccessibleName(sentence)
        for text, action in (actions or {}).items():
            self._add_button(text, action)
        self.show()

    def clear(self) -> None:
        """Take the message away."""
        self.hide()
        self._drop_buttons()

    def _add_button(self, text: str, action: Callable[[], object]) -> None:
        button = QPushButton(text)
        button.clicked.connect(self.clear)
        button.clicked.connect(lambda _=False: action())
        self._row.insertWidget(self._row.count() - 1, button)
        self._buttons.append(button)

    def _drop_buttons(self) -> None:
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons.clear()

    def _on_close_clicked(self) -> None:
        self.clear()
        self.dismissed.emit()

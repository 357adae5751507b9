"""A line across the window that tells what went wrong and what to do. It never stands in the way."""

from collections.abc import Callable, Mapping
from functools import partial

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from studio.ui.controls import GAP, IconButton, label

_SENTENCE_PX = 220


class Message(msgspec.Struct, frozen=True, eq=False):
    """One sentence with a few buttons. One that `is_decision` asks for an answer, and stays until it has one."""

    sentence: str
    actions: Mapping[str, Callable[[], object]]
    is_decision: bool


class Banner(QFrame):
    """Shows one message; the others wait behind it, counted, and the arrows turn to them.

    In front are those that ask for a decision, the oldest first; then what is only told, the newest first. A decision
    on show keeps its place, so that no button changes under the hand.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._messages: tuple[Message, ...] = ()
        self._shown: Message | None = None
        self.sentence: QLabel = label("")
        self.sentence.setObjectName("bannerSentence")
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.close_button = IconButton("mdi6.close", self.tr("Dismiss"), self.tr("Dismiss this message."))
        self.close_button.setObjectName("bannerClose")
        self.count: QLabel = label("", "note")
        self.count.setObjectName("bannerCount")
        self._turner, self._controls = QWidget(), QWidget()
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._line.setContentsMargins(3 * GAP, GAP, GAP, GAP)
        self._line.setSpacing(GAP)
        self._row = QHBoxLayout(self._controls)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2 * GAP)
        self._buttons: list[QPushButton] = []
        self._lay_out()
        self.close_button.clicked.connect(self._on_close_clicked)
        self.hide()

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        """The buttons on show, by which tests and keys reach them."""
        return tuple(self._buttons)

    @property
    def messages(self) -> tuple[Message, ...]:
        """What is told, the most urgent first."""
        return self._messages

    def tell(
        self, sentence: str, actions: Mapping[str, Callable[[], object]] | None = None, *, is_decision: bool = False
    ) -> Message:
        """Show `sentence` with a button for each of `actions`; a button also takes the message away.

        What is told again is told once. Returns what `withdraw` takes.
        """
        message = Message(sentence, actions or {}, is_decision)
        others = [each for each in self._messages if each.sentence != sentence]
        decisions = [each for each in (*others, message) if each.is_decision]
        told = [each for each in (message, *others) if not each.is_decision]
        stays = self._shown in others and self._shown is not None and self._shown.is_decision
        self._put((*decisions, *told), self._shown if stays else None)
        return message

    def withdraw(self, message: Message | None) -> None:
        """Take a message away; where it was on show, the next one is. Nothing where it is gone already."""
        if message in self._messages:
            place = self._messages.index(message)
            rest = tuple(each for each in self._messages if each is not message)
            self._put(rest, rest[min(place, len(rest) - 1)] if rest and self._shown is message else self._shown)

    def clear_told(self) -> None:
        """Take away what is only told; what asks for a decision stays."""
        self._put(tuple(each for each in self._messages if each.is_decision), self._shown)

    def _put(self, messages: tuple[Message, ...], shown: Message | None) -> None:
        """Hold `messages`, and show that one; the first where it is not among them."""
        self._messages = messages
        self._show(shown if shown in messages else next(iter(messages), None))

    def _show(self, shown: Message | None) -> None:
        if shown is not self._shown:
            self._shown = shown
            self._drop_buttons()
            self.sentence.setText(shown.sentence if shown else "")
            self.setAccessibleName(self.sentence.text())
            for text, action in shown.actions.items() if shown else ():
                self._add_button(text, action)
        count = len(self._messages)
        self._turner.setVisible(count > 1)
        if shown is not None:
            place = self._messages.index(shown) + 1
            self.count.setText(self.tr("{place} of {count}").format(place=place, count=count))
        self._fit()
        self.setVisible(shown is not None)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt's name
        """Lie in one line or in two."""
        super().resizeEvent(event)
        self._fit()

    def _turn(self, step: int) -> None:
        place = self._messages.index(self._shown) if self._shown in self._messages else 0
        self._show(self._messages[(place + step) % len(self._messages)])

    def _lay_out(self) -> None:
        turner = QHBoxLayout(self._turner)
        turner.setContentsMargins(0, 0, 0, 0)
        turner.setSpacing(0)
        before = IconButton("mdi6.chevron-left", self.tr("Previous message"), self.tr("Show the message before."))
        after = IconButton("mdi6.chevron-right", self.tr("Next message"), self.tr("Show the next message."))
        for name, button, step in (("bannerPrevious", before, -1), ("bannerNext", after, 1)):
            button.setObjectName(name)
            button.clicked.connect(partial(self._turn, step))
        for widget in (before, self.count, after):
            turner.addWidget(widget)
        self._row.addStretch(1)
        self._row.addWidget(self._turner)
        self._row.addWidget(self.close_button)
        self._line.addWidget(self.sentence, 1)
        self._line.addWidget(self._controls)

    def _fit(self) -> None:
        """The buttons go below the sentence where beside them it would be a narrow column."""
        room, ways = self.width() - self._controls.sizeHint().width(), QBoxLayout.Direction
        self._line.setDirection(ways.LeftToRight if room > _SENTENCE_PX else ways.TopToBottom)

    def _add_button(self, text: str, action: Callable[[], object]) -> None:
        button = QPushButton(text)
        button.setObjectName(f"bannerButton{len(self._buttons) + 1}")
        button.setToolTip(self.tr("{answer}. The message then goes away.").format(answer=text.rstrip("…")))
        button.clicked.connect(self._on_close_clicked)
        button.clicked.connect(lambda _=False: action())
        self._row.insertWidget(self._row.indexOf(self._turner), button)
        QWidget.setTabOrder(self._buttons[-1] if self._buttons else self.sentence, button)  # not after all the rest
        self._buttons.append(button)

    def _drop_buttons(self) -> None:
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons.clear()

    def _on_close_clicked(self) -> None:
        self.withdraw(self._shown)

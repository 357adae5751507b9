"""A text field for prompts: marks embeddings and the words the model was never taught, offers those it knows."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QRect, QStringListModel, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QCompleter, QPlainTextEdit, QToolTip

from studio.core.learned_words import Names, Spot
from studio.core.words import Vocabulary, Word
from studio.ui.controls import is_undo_key

_SHORTEST = 2
"""Letters typed before words are offered."""
_OFFERED_MAX = 12
_ACCEPT = (Qt.Key.Key_Enter, Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Escape, Qt.Key.Key_Backtab)


class PromptEdit(QPlainTextEdit):
    """The prompt. Undo is the session's, so the field keeps no history of its own.

    Signals:
        edited: the artist changed the text; carries it.
    """

    edited = Signal(str)

    def __init__(self, name: str, placeholder: str) -> None:
        """`name` is the object name."""
        super().__init__()
        self.setObjectName(name)
        self.setPlaceholderText(placeholder)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self._vocabulary: Vocabulary | None = None
        self._embeddings, self._held = Names(), dict[str, str]()
        self._marker = _Marker(self.document())
        self._words = QStringListModel(self)
        self._completer = self._made_completer()
        self.textChanged.connect(self._on_text_changed)

    def set_text(self, text: str) -> None:
        """Show `text` without telling anyone; the cursor goes to where it differs from what was there."""
        old = self.toPlainText()
        if text == old:
            return
        changed_end = len(text) - _common_prefix(text[::-1], old[::-1])
        self.blockSignals(True)
        self.setPlainText(text)
        self.blockSignals(False)
        cursor = self.textCursor()
        cursor.setPosition(_utf16(text[: max(changed_end, _common_prefix(text, old))]))
        self.setTextCursor(cursor)

    def set_vocabulary(self, vocabulary: Vocabulary | None) -> None:
        """Mark what is not in `vocabulary`; None knows every word."""
        self._vocabulary = vocabulary
        self._marker.set_vocabulary(vocabulary)

    def set_embeddings(self, held: Mapping[str, str]) -> None:
        """Mark the words that are embeddings, by their names; what each holds is told in a tooltip."""
        self._embeddings, self._held = Names(held), dict(held)
        self._marker.set_embeddings(self._embeddings)

    def set_mark_colors(self, unknown: QColor, embedding: QColor) -> None:
        """The colours of the wavy line, and of the words that are embeddings."""
        self._marker.set_colors(unknown, embedding)

    def unknown(self) -> tuple[Word, ...]:
        """The words the model does not know, without one that is still being typed and may become known."""
        vocabulary, typed = self._vocabulary, self._word_before_cursor() if self.hasFocus() else ""
        if vocabulary is None:
            return ()
        words = _strangers(vocabulary, self._embeddings, self.toPlainText())
        if typed and vocabulary.begins(typed):
            cursor = _characters(self.toPlainText(), self.textCursor().position())
            return tuple(word for word in words if word.end != cursor)
        return words

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Typing offers words; while they are offered, Return and Tab take one and Escape waves them away."""
        popup_open = self._completer.popup().isVisible()
        if popup_open and event.key() in _ACCEPT and not event.modifiers():
            event.ignore()  # the completer takes it
            return
        asked = event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if not asked:
            super().keyPressEvent(event)
        if asked or (event.text().isalpha() and not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier):
            self._offer(1 if asked else _SHORTEST)
        elif popup_open:
            self._offer(_SHORTEST)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 Qt's name
        """Wave the offered words away with the focus."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._completer.popup().hide()

    def event(self, event: QEvent) -> bool:
        """Leave undo and redo to the session; say in a tooltip why a word is marked."""
        if event.type() == QEvent.Type.ShortcutOverride and is_undo_key(event):
            event.ignore()
            return False
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._explain(event):
            return True
        return super().event(event)

    def _made_completer(self) -> QCompleter:
        completer = QCompleter(self._words, self)
        completer.setWidget(self)
        completer.popup().setObjectName("wordList")
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.activated.connect(self._on_word_chosen)
        return completer

    def _offer(self, shortest: int) -> None:
        prefix = self._word_before_cursor()
        endings = self._endings(prefix) if len(prefix) >= shortest else ()
        popup = self._completer.popup()
        if not endings or endings == (prefix.casefold(),):
            popup.hide()
            return
        self._words.setStringList(list(endings))
        popup.setCurrentIndex(self._words.index(0))
        spot = self.cursorRect()
        width = popup.sizeHintForColumn(0) + popup.verticalScrollBar().sizeHint().width() + 16
        self._completer.complete(QRect(spot.left(), spot.top(), width, spot.height() + 4))

    def _endings(self, prefix: str) -> tuple[str, ...]:
        known = () if self._vocabulary is None else self._vocabulary.endings(prefix)
        return (*self._embeddings.beginning(prefix), *known)[:_OFFERED_MAX]

    def _word_before_cursor(self) -> str:
        cursor = self.textCursor()
        before = cursor.block().text()
        position = _characters(before, cursor.positionInBlock())
        end = before[position : position + 1]
        if end.isalpha():
            return ""
        start = position
        while start and before[start - 1].isalpha():
            start -= 1
        return before[start:position]

    def _explain(self, event: QHelpEvent) -> bool:
        cursor = self.cursorForPosition(event.pos())
        spot = self._embedding_at(cursor)
        if spot is not None:
            text = self.tr("“{name}” is an embedding, {held}.")
            QToolTip.showText(event.globalPos(), text.format(name=spot.name, held=self._held[spot.name]), self)
            return True
        cursor.select(QTextCursor.SelectionType.WordUnderCursor)
        word = cursor.selectedText()
        if self._vocabulary is None or not word.isalpha() or word in self._vocabulary:
            return False
        text = self.tr("The model was never taught “{word}”, so it changes little. Ctrl+Space offers words it knows.")
        QToolTip.showText(event.globalPos(), text.format(word=word), self)
        return True

    def _embedding_at(self, cursor: QTextCursor) -> Spot | None:
        text = self.toPlainText()
        place = _characters(text, cursor.position())
        return next((spot for spot in self._embeddings.in_prompt(text) if spot.start <= place <= spot.end), None)

    def _on_word_chosen(self, word: str) -> None:
        cursor = self.textCursor()
        for _ in self._word_before_cursor():
            cursor.deletePreviousChar()
        cursor.insertText(word)
        self.setTextCursor(cursor)

    def _on_text_changed(self) -> None:
        self.edited.emit(self.toPlainText())


class _Marker(QSyntaxHighlighter):
    """Draws a wavy line under unknown words, and embeddings in a colour of their own."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._vocabulary: Vocabulary | None = None
        self._embeddings = Names()
        self._format, self._embedding_format = QTextCharFormat(), QTextCharFormat()
        self._format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        self._embedding_format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)

    def set_vocabulary(self, vocabulary: Vocabulary | None) -> None:
        """Mark by another vocabulary."""
        self._vocabulary = vocabulary
        self.rehighlight()

    def set_embeddings(self, embeddings: Names) -> None:
        """Mark these words as embeddings."""
        self._embeddings = embeddings
        self.rehighlight()

    def set_colors(self, unknown: QColor, embedding: QColor) -> None:
        """Draw in other colours."""
        self._format.setUnderlineColor(unknown)
        self._embedding_format.setUnderlineColor(embedding)
        self._embedding_format.setForeground(embedding)
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:  # noqa: N802 Qt's name
        """Called by Qt for each paragraph that changed. Qt counts UTF-16 units, Python characters."""
        for spot in self._embeddings.in_prompt(text):
            start = _utf16(text[: spot.start])
            self.setFormat(start, _utf16(text[spot.start : spot.end]), self._embedding_format)
        for word in () if self._vocabulary is None else _strangers(self._vocabulary, self._embeddings, text):
            start = _utf16(text[: word.start])
            self.setFormat(start, _utf16(word.text), self._format)


def _strangers(vocabulary: Vocabulary, embeddings: Names, text: str) -> tuple[Word, ...]:
    """The words that the model does not know and that are in no embedding's name."""
    spots = embeddings.in_prompt(text)
    words = vocabulary.unknown(text)
    return tuple(word for word in words if not any(spot.start <= word.start < spot.end for spot in spots))


def _utf16(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _characters(text: str, units: int) -> int:
    """How many characters the first `units` UTF-16 units of `text` are."""
    return units if text.isascii() else len(text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore"))


def _common_prefix(one: str, other: str) -> int:
    same = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        same += 1
    return same

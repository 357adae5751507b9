"""The prompt: unknown words marked, known ones offered, silent when set."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat

from studio.core.words import Vocabulary
from studio.ui.prompt_edit import PromptEdit

VOCABULARY = Vocabulary(("a", "red", "sea", "seaside", "sailboat", "at", "sunset"))
WAVE = QTextCharFormat.UnderlineStyle.WaveUnderline


@pytest.fixture
def edit(qtbot):
    made = PromptEdit("promptEdit", "")
    made.set_vocabulary(VOCABULARY)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    made.setFocus()
    return made


def marked(edit):
    """The texts under a wavy line, as Qt has them."""
    block, found = edit.document().begin(), []
    while block.isValid():
        text = block.text().encode("utf-16-le")
        for span in block.layout().formats():
            if span.format.underlineStyle() == WAVE:
                found.append(text[2 * span.start : 2 * (span.start + span.length)].decode("utf-16-le"))
        block = block.next()
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a red sea", []),
        ("a red dragon at sunset", ["dragon"]),
        ("🐉🐉 dragon 𝔞 sea castle", ["dragon", "𝔞", "castle"]),
        ("dragon\na red\ncastle", ["dragon", "castle"]),
    ],
)
def test_unknown_words_are_marked_where_they_stand(edit, text, words):
    edit.setPlainText(text)
    assert marked(edit) == words
    assert [word.text for word in edit.unknown()] == words


def test_without_a_vocabulary_every_word_passes(edit):
    edit.setPlainText("dragon")
    edit.set_vocabulary(None)
    assert marked(edit) == []


def test_typing_tells_and_setting_does_not(edit, qtbot):
    told = []
    edit.edited.connect(told.append)
    edit.set_text("a red sea")
    assert told == []
    qtbot.keyClicks(edit, "!")
    assert told[-1].count("!") == 1


def test_the_cursor_stays_by_what_was_changed(edit):
    edit.set_text("a red sea")
    edit.set_text("a red sailboat sea")
    assert edit.toPlainText()[: edit.textCursor().position()].rstrip() == "a red sailboat"


def test_words_are_offered_and_one_is_taken(edit, qtbot):
    qtbot.keyClicks(edit, "a se")
    popup = edit._completer.popup()
    assert popup.isVisible()
    assert edit._words.stringList() == ["sea", "seaside"]
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert edit.toPlainText() == "a seaside"
    assert not popup.isVisible()


def test_a_word_being_typed_is_not_called_unknown_yet(edit, qtbot):
    edit.insertPlainText("𝔞 ")
    qtbot.keyClicks(edit, "se")
    assert [word.text for word in edit.unknown()] == ["𝔞"]
    qtbot.keyClicks(edit, "m ")
    assert [word.text for word in edit.unknown()] == ["𝔞", "sem"]


def test_a_word_that_is_complete_is_left_alone(edit, qtbot):
    qtbot.keyClicks(edit, "sunset")
    assert not edit._completer.popup().isVisible()


def test_escape_waves_the_words_away(edit, qtbot):
    qtbot.keyClicks(edit, "se")
    qtbot.keyClick(edit._completer.popup(), Qt.Key.Key_Escape)
    assert not edit._completer.popup().isVisible()
    assert edit.toPlainText() == "se"

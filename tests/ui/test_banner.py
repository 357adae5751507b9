"""Messages that wait behind each other: the most urgent in front, none covered for good."""

import pytest

from studio.ui.banner import Banner


@pytest.fixture
def banner(qtbot):
    made = Banner()
    qtbot.addWidget(made)
    return made


def on_show(banner):
    return banner.sentence.text() if not banner.isHidden() else ""


def click(banner, text):
    next(button for button in banner.buttons if button.text() == text).click()


def turn(banner, name):
    next(each for each in banner.findChildren(type(banner.close_button)) if each.objectName() == name).click()


def test_a_decision_stays_in_front_of_what_is_told_later(banner):
    answers = []
    banner.tell("Recovered.", {"Keep": lambda: answers.append("keep")}, is_decision=True)
    banner.tell("No such file.")
    banner.tell("Resume?", {"Resume": lambda: answers.append("resume")}, is_decision=True)
    assert [each.sentence for each in banner.messages] == ["Recovered.", "Resume?", "No such file."]
    assert on_show(banner) == "Recovered."
    assert banner.count.text() == "1 of 3"
    click(banner, "Keep")
    assert (answers, on_show(banner), banner.count.text()) == (["keep"], "Resume?", "1 of 2")
    banner.clear_told()
    assert (on_show(banner), banner.count.isVisibleTo(banner)) == ("Resume?", False)
    banner.close_button.click()
    assert (answers, on_show(banner), banner.buttons) == (["keep"], "", ())


def test_a_decision_comes_before_what_is_on_show_and_the_newest_notice_first(banner):
    banner.tell("first")
    banner.tell("second")
    assert on_show(banner) == "second"
    banner.tell("Resume?", is_decision=True)
    assert on_show(banner) == "Resume?"
    assert [each.sentence for each in banner.messages[1:]] == ["second", "first"]


def test_the_arrows_go_round_and_closing_shows_what_is_next(banner):
    for sentence in ("c", "b", "a"):
        banner.tell(sentence)
    turn(banner, "bannerNext")
    assert (on_show(banner), banner.count.text()) == ("b", "2 of 3")
    banner.close_button.click()
    assert on_show(banner) == "c"
    turn(banner, "bannerNext")
    assert on_show(banner) == "a"
    turn(banner, "bannerPrevious")
    assert on_show(banner) == "c"


def test_what_is_withdrawn_leaves_the_others_alone(banner):
    behind = banner.tell("behind", {"Undo": lambda: None})
    front = banner.tell("front", {"Go": lambda: None})
    button = banner.buttons[0]
    banner.withdraw(behind)
    assert (on_show(banner), banner.buttons) == ("front", (button,))
    banner.withdraw(behind)
    banner.withdraw(front)
    banner.withdraw(None)
    assert banner.isHidden()


def test_what_is_told_again_is_told_once_and_an_action_may_tell_more(banner):
    banner.tell("Disk full.", {"Try again": lambda: banner.tell("Disk full.")})
    banner.tell("Disk full.", {"Try again": lambda: banner.tell("Disk full.")})
    assert len(banner.messages) == 1
    click(banner, "Try again")
    assert (on_show(banner), banner.buttons) == ("Disk full.", ())

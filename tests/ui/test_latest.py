"""Only the newest wish is answered, and every end of it is an answer."""

import threading

import pytest
from PySide6.QtCore import QObject

from studio.core.errors import StudioError
from studio.ui.latest import Latest


@pytest.fixture
def latest(qtbot):
    owner = QObject()
    made = Latest("latest", owner)
    yield made
    made.close()


def broken():
    raise KeyError("nobody foresaw it")


def refused():
    raise StudioError("It is not to be had.")


def test_what_is_refused_and_what_nobody_foresaw_are_both_told(latest, qtbot, caplog):
    told = []
    for number, work in enumerate((refused, broken), start=1):
        latest.wish(work, pytest.fail, lambda error: told.append(str(error)))
        qtbot.waitUntil(lambda number=number: len(told) == number)
    assert told[0] == "It is not to be had."
    assert "KeyError" in told[1]
    assert "nobody foresaw it" in caplog.text


def test_an_older_wish_gets_no_answer(latest, qtbot):
    begun, go_on, given = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        go_on.wait(30)
        return "old"

    latest.wish(slow, given.append, pytest.fail)
    begun.wait(30)
    latest.wish(lambda: "dropped", given.append, pytest.fail)
    latest.wish(lambda: "new", given.append, pytest.fail)
    go_on.set()
    qtbot.waitUntil(lambda: bool(given))
    assert given == ["new"]

"""The library filtered by when pictures were made."""

import os
from datetime import datetime, timedelta

import pytest
from PySide6.QtCore import QDate

from studio.core.places import Places
from studio.library.library import Library
from tests.library.conftest import finished


@pytest.fixture
def opened(make_studio, data_dir):
    """A studio with a picture of each of the last five days; the prompt says how many days ago."""
    library = Library.open(Places(data_dir))
    noon = datetime.now().replace(hour=12)
    for days in range(5):
        path = library.keep(finished(prompt=str(days)))
        seconds = (noon - timedelta(days=days)).timestamp()
        os.utime(path, (seconds, seconds))
    library.reconcile()
    library.close()
    studio = make_studio()
    studio.show()
    studio.find("libraryFilterButton").click()
    yield studio
    studio.find("libraryFilter").hide()


def prompts(studio):
    model = studio.window.library_model
    return sorted(model.row(number).recipe.prompt for number in range(model.rowCount())) if model.is_settled else None


def choose(studio, text):
    combo = studio.find("filterDate")
    combo.setCurrentIndex(next(n for n in range(combo.count()) if combo.itemText(n).startswith(text)))
    combo.activated.emit(combo.currentIndex())


def ago(days):
    day = datetime.now() - timedelta(days=days)
    return QDate(day.year, day.month, day.day)


def test_a_range_of_days_both_inside_is_a_chip_that_is_cleared_with_one_click(opened):
    first, last = opened.find("filterFrom"), opened.find("filterUntil")
    assert not first.isVisible()
    choose(opened, "Between")
    assert first.isVisible()
    opened.wait(lambda: prompts(opened) == ["0", "1", "2", "3", "4"])
    first.setDate(ago(3))
    last.setDate(ago(1))
    opened.wait(lambda: prompts(opened) == ["1", "2", "3"])
    (chip,) = opened.window.library_panel.chips
    assert chip.text() == f"{ago(3).toString('yyyy-MM-dd')} – {ago(1).toString('yyyy-MM-dd')}"
    opened.find("libraryFilter").hide()
    opened.find("libraryFilterButton").click()
    assert (first.date(), last.date(), first.isVisible()) == (ago(3), ago(1), True)
    opened.find("libraryFilter").hide()
    chip.click()
    opened.wait(lambda: prompts(opened) == ["0", "1", "2", "3", "4"])


def test_the_other_day_follows_where_they_would_cross(opened):
    first, last = opened.find("filterFrom"), opened.find("filterUntil")
    choose(opened, "Between")
    last.setDate(ago(3))
    first.setDate(ago(2))
    assert last.date() == ago(2)
    opened.wait(lambda: prompts(opened) == ["2"])
    last.setDate(ago(4))
    assert first.date() == ago(4)
    opened.wait(lambda: prompts(opened) == ["4"])


def test_a_span_up_to_now(opened):
    choose(opened, "Today")
    opened.wait(lambda: prompts(opened) == ["0"])
    assert not opened.find("filterFrom").isVisible()
    choose(opened, "Any")
    opened.wait(lambda: prompts(opened) == ["0", "1", "2", "3", "4"])

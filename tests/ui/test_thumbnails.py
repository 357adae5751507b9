"""Thumbnails: made off the UI thread, the latest first, within a bound of memory."""

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import PictureError
from studio.ui.thumbnails import THUMBNAIL_PX, Thumbnails, shrunk


class Maker:
    def __init__(self, side=10):
        self.side, self.made, self.hold = side, [], threading.Event()
        self.hold.set()

    def __call__(self, path):
        self.made.append((path, threading.current_thread() is threading.main_thread()))
        assert self.hold.wait(30)
        if "bad" in path.name:
            raise PictureError(path, "it is bad")
        return np.zeros((self.side, self.side, 3), np.uint8)


@pytest.fixture
def make(qtbot):
    made = []

    def build(maker, **options):
        made.append((Thumbnails(maker, **options), maker))
        return made[-1][0]

    yield build
    for thumbnails, maker in made:
        maker.hold.set()
        thumbnails.close()


def names(maker):
    return [path.name for path, _ in maker.made]


def test_one_is_made_off_the_ui_thread_and_kept(make, qtbot):
    maker = Maker()
    thumbnails = make(maker)
    assert thumbnails.image(Path("a")) is None
    qtbot.waitUntil(lambda: thumbnails.image(Path("a")) is not None, timeout=10_000)
    assert thumbnails.image(Path("a")).width() == 10
    assert maker.made == [(Path("a"), False)]


def test_the_latest_wish_comes_first(make, qtbot):
    maker = Maker()
    maker.hold.clear()
    thumbnails = make(maker)
    for name in "abcd":
        thumbnails.image(Path(name))
    maker.hold.set()
    qtbot.waitUntil(lambda: len(maker.made) == 4, timeout=10_000)
    assert names(maker) == ["a", "d", "c", "b"]


def test_who_scrolls_past_thousands_waits_for_few(make, qtbot):
    maker = Maker()
    maker.hold.clear()
    thumbnails = make(maker)
    for number in range(5000):
        thumbnails.image(Path(str(number)))
    maker.hold.set()
    qtbot.waitUntil(lambda: thumbnails.image(Path("4999")) is not None, timeout=10_000)
    qtbot.waitUntil(lambda: "4744" in names(maker), timeout=10_000)
    assert "2000" not in names(maker)


def test_memory_is_bounded_and_what_was_looked_at_last_stays(make, qtbot):
    thumbnails = make(Maker(side=16), bytes_max=4 * 16 * 16 * 4)
    for name in "abcde":
        qtbot.waitUntil(lambda name=name: thumbnails.image(Path(name)) is not None, timeout=10_000)
        assert thumbnails.image(Path("a")) is not None
    assert thumbnails.held_bytes <= 4 * 16 * 16 * 4
    assert Path("b") not in thumbnails._images


def test_a_file_that_cannot_be_read_is_a_null_picture_and_holds_nobody_up(make, qtbot):
    thumbnails = make(Maker())
    thumbnails.image(Path("good"))
    thumbnails.image(Path("bad"))
    qtbot.waitUntil(lambda: thumbnails.image(Path("good")) is not None, timeout=10_000)
    qtbot.waitUntil(lambda: thumbnails.image(Path("bad")) is not None, timeout=10_000)
    assert thumbnails.image(Path("bad")).isNull()


def test_one_that_is_forgotten_is_made_anew(make, qtbot):
    maker = Maker()
    thumbnails = make(maker)
    qtbot.waitUntil(lambda: thumbnails.image(Path("a")) is not None, timeout=10_000)
    thumbnails.forget(Path("a"))
    assert thumbnails.held_bytes == 0
    qtbot.waitUntil(lambda: thumbnails.image(Path("a")) is not None, timeout=10_000)
    assert names(maker) == ["a", "a"]


def test_without_a_cache_the_file_itself_is_shrunk(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (1000, 500), "red").save(path)
    assert shrunk(path).shape == (THUMBNAIL_PX // 2, THUMBNAIL_PX, 3)
    with pytest.raises(PictureError):
        shrunk(tmp_path / "none.png")

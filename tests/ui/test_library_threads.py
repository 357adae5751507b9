"""What takes long with a large library does not run on the window's thread."""

import shutil
import threading

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication

import studio.ui.picture_desk
from studio.core.events import Finished
from studio.core.places import Places
from studio.core.recipe import ModelRef, Recipe
from studio.library.library import Facets, Library
from studio.ui.thumbnails import THUMBNAIL_PX
from tests.library.conftest import finished


@pytest.fixture
def threads(monkeypatch):
    """The names of the threads on which the library was asked, by what it was asked."""
    seen = {"facets": set(), "catch_up": set(), "reconcile": set(), "places": set()}

    def record(name):
        real = getattr(Library, name)

        def asked(self, *arguments):
            seen[name].add(threading.current_thread().name)
            return real(self, *arguments)

        monkeypatch.setattr(Library, name, asked)

    for name in seen:
        record(name)
    return seen


def test_what_a_crash_left_out_of_the_index_comes_in_once_the_window_is_there(make_studio, data_dir, tmp_path, threads):
    library = Library.open(Places(data_dir))
    path = library.keep(finished(prompt="a"))
    library.close()
    shutil.copy(path, path.with_name("came meanwhile.png"))
    opened = make_studio()
    model = opened.window.library_model
    assert (model.rowCount(), threads["catch_up"]) == (1, set())
    opened.show()
    opened.wait(lambda: model.rowCount() == 2)
    assert len(threads["catch_up"]) == 1
    assert all(name.startswith("library-watch") for name in threads["catch_up"] | threads["reconcile"])


def made(model):
    recipe = Recipe(prompt="a", model=ModelRef(name=model), width=64, height=64)
    return Finished(picture=np.zeros((64, 64, 3), np.uint8), recipe=recipe, seconds={})


def test_filters_are_counted_beside_and_the_last_answer_is_shown_meanwhile(make_studio, data_dir, threads):
    library = Library.open(Places(data_dir))
    library.keep(made("First"))
    opened = make_studio()
    opened.show()
    model, combo = opened.window.library_model, opened.find("filterModel")
    opened.wait(lambda: model.facets != Facets())
    library.keep(made("Second"))
    library.close()
    opened.find("libraryFilterButton").click()
    assert [combo.itemData(number) for number in range(combo.count())] == ["", "First"]
    opened.wait(lambda: [combo.itemData(number) for number in range(combo.count())] == ["", "First", "Second"])
    opened.find("libraryFilter").hide()
    assert threads["facets"]
    assert all(name.startswith("library-reader") for name in threads["facets"])


def test_a_picture_is_decoded_beside_with_its_thumbnail_meanwhile_and_the_latest_wins(shown, monkeypatch):
    shown.finish("a", count=3)
    view, preview = shown.find("libraryView"), shown.find("previewView")
    model, may_read, asked = shown.window.library_model, threading.Event(), []
    real = studio.ui.picture_desk.read_image

    def slow(path):
        asked.append((path, threading.current_thread().name))
        assert may_read.wait(30)
        return real(path)

    monkeypatch.setattr(studio.ui.picture_desk, "read_image", slow)
    paths = [model.row(number).path for number in range(3)]
    shown.wait(lambda: all(model.image(path) is not None for path in paths))
    for number in (1, 2, 1, 2):
        view.setCurrentIndex(model.index(number))
    assert (shown.pictures.on_show.path, shown.pictures.on_show.is_whole) == (paths[2], False)
    assert preview.image.width() == THUMBNAIL_PX  # shown at the picture's own size
    shown.window.action("copyPicture").trigger()
    may_read.set()
    shown.wait(lambda: shown.pictures.on_show.is_whole)
    assert preview.image.size() == QSize(256, 256)
    assert QGuiApplication.clipboard().image().size() == QSize(256, 256)  # as soon as it was there
    assert [path for path, _ in asked] == [paths[1], paths[2]]  # what was passed over is not read
    assert {name for _, name in asked} == {"pictures_0"}

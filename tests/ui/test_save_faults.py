"""The save path made to fail under the real window: a sentence, the picture in memory, and the studio goes on."""

import errno
import os

import pytest

from studio.core.metadata import read_recipe
from studio.library.library import Library
from tests.faults import FAULTS, Disk


def banner(studio):
    """What is told now; the text of a message that was taken away stays in its label."""
    return "" if studio.window.banner.isHidden() else studio.find("bannerSentence").text()


def button(studio, text):
    return next(each for each in studio.window.banner.buttons if each.text() == text)


@pytest.fixture
def disk(shown, monkeypatch):
    """The pictures folder on a disk that fails on demand."""
    shown.finish("a")  # everything that is made once is there
    return Disk(monkeypatch, shown.places.pictures)


def visible(studio):
    return sorted(path for path in studio.places.pictures.iterdir() if not path.name.startswith("."))


@pytest.mark.parametrize("code", FAULTS, ids=errno.errorcode.get)
def test_whatever_operation_fails_the_window_keeps_the_picture_and_goes_on(shown, disk, code):
    kept, number, failures = len(visible(shown)), 0, 0
    while True:
        disk.arm(number, code)
        shown.finish("a")
        failed = disk.has_failed
        disk.disarm()
        if shown.pictures.unsaved:
            failures += 1
            shown.wait(lambda: os.strerror(code) in banner(shown))  # the failure is told behind the picture
            assert shown.find("unsavedButton").text() == "1 not saved"
            shown.pictures.forget_unsaved()
        else:
            kept += 1
        assert len(visible(shown)) == kept
        if not failed:
            break
        number += 1
    assert failures >= 5  # open, write, fsync, close, link, fsync of the folder
    assert all(read_recipe(path).prompt == "a" for path in visible(shown))
    shown.finish("a")
    assert len(visible(shown)) == kept + 1


@pytest.fixture
def full(shown, monkeypatch):
    """A studio with three pictures that could not be saved, and how to make room."""
    folder = shown.places.pictures
    shown.finish("a")
    real = os.open

    def refuse(path, *rest, **named):
        if os.fspath(path).startswith(str(folder)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, *rest, **named)

    with monkeypatch.context() as broken:
        broken.setattr(os, "open", refuse)
        for told in ("No space left", "2 pictures are only in memory", "3 pictures are only in memory"):
            shown.finish("a red sailboat")
            shown.wait(lambda told=told: told in banner(shown))  # a job that waited meanwhile would pause the queue
    assert len(shown.pictures.unsaved) == 3
    return shown


def test_several_unsaved_pictures_are_offered_together_and_saved_into_one_folder(full, tmp_path, monkeypatch):
    assert "No space left on device" in banner(full)
    assert "3 pictures are only in memory" in banner(full)
    target = tmp_path / "rescued"
    target.mkdir()
    monkeypatch.setattr("studio.ui.unsaved.QFileDialog.getExistingDirectory", lambda *_: str(target))
    button(full, "Save all…").click()
    assert full.pictures.unsaved == ()
    assert full.find("unsavedButton").isHidden()
    saved = sorted(target.iterdir())
    assert len(saved) == 3
    assert {read_recipe(path).prompt for path in saved} == {"a red sailboat"}
    assert full.window.banner.isHidden()


def test_trying_again_puts_them_into_the_library(full):
    button(full, "Try again").click()
    assert full.pictures.unsaved == ()
    library = Library.open(full.places)
    assert [row.recipe.prompt for row in library.pictures()] == ["a red sailboat"] * 3 + ["a"]
    library.close()


def test_trying_again_too_early_loses_nothing(full, monkeypatch):
    def refuse(*_arguments, **_named):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(os, "link", refuse)
        broken.setattr(os, "fsync", refuse)
        button(full, "Try again").click()
    assert len(full.pictures.unsaved) == 3
    assert "No space left" in banner(full)
    button(full, "Try again").click()
    assert full.pictures.unsaved == ()


def test_the_offer_comes_back_after_the_message_is_gone(full, tmp_path, monkeypatch):
    full.finish("a")
    assert "3 pictures are only in memory" in banner(full)  # a decision outlasts the next picture
    full.window.banner.close_button.click()
    assert full.window.banner.isHidden()
    full.find("unsavedButton").click()
    assert "3 pictures are only in memory" in banner(full)
    monkeypatch.setattr("studio.ui.unsaved.QFileDialog.getExistingDirectory", lambda *_: "")
    button(full, "Save all…").click()
    assert len(full.pictures.unsaved) == 3


def test_saving_one_by_hand_offers_the_rest(full, tmp_path, monkeypatch):
    target = tmp_path / "one.png"
    monkeypatch.setattr("studio.ui.picture_desk.QFileDialog.getSaveFileName", lambda *_: (str(target), ""))
    full.pictures.save_as()  # the last is on show
    assert read_recipe(target).prompt == "a red sailboat"
    assert "2 pictures are only in memory" in banner(full)
    assert len(full.pictures.unsaved) == 2


def test_a_full_disk_is_told_before_the_picture_is_made(shown, monkeypatch):
    shown.finish("a")
    monkeypatch.setattr("studio.core.files.shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1_000_000}))
    shown.generate("a")
    assert "1 MB are free" in banner(shown)
    assert not shown.jobs.is_busy
    monkeypatch.undo()
    shown.finish("a")
    assert len(visible(shown)) == 2


def test_a_disk_that_filled_up_while_jobs_waited_stops_before_the_next(shown, monkeypatch):
    shown.window.action("pause").trigger()
    for _ in range(3):
        shown.generate("a")
    monkeypatch.setattr("studio.core.files.shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1_000_000}))
    shown.window.action("pause").trigger()
    shown.wait(lambda: "1 MB are free" in banner(shown))
    shown.wait(lambda: shown.window.action("pause").isChecked())
    assert shown.engine.generated == []
    assert len(shown.jobs.waiting) == 2

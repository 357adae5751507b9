import os
import time

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog

from studio.core.blend import Keyframe
from studio.core.canvas import Canvas, Placed
from studio.core.project import Project, project_bytes, read_project, write_project
from studio.core.recipe import ModelRef, Recipe
from studio.ui.document import RECENT_MAX, with_recent
from studio.ui.project_files import BACKUPS_MAX, backup_name, thinned

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
SEA = Project(
    recipe=Recipe(prompt="a calm sea", seed=7, model=ModelRef(name="Fake"), width=256, height=256),
    canvas=Canvas(placed=(Placed(keyframe=Keyframe(seed=1)), Placed(keyframe=Keyframe(seed=2), x=0.5))),
    count=3,
    notes="for the\nexhibition",
    selection=("a.png",),
)


@pytest.fixture
def sea(tmp_path):
    path = tmp_path / "sea.lstudio"
    write_project(path, SEA)
    return path


def desk_of(studio):
    return studio.controller.projects


def open_(studio, path):
    desk_of(studio).open(path)
    studio.wait(lambda: desk_of(studio).document.path == path)


def save_as(studio, path):
    studio.window.action("saveProjectAs").trigger()
    dialog = studio.find("saveProjectDialog", QFileDialog)
    dialog.fileSelected.emit(str(path))
    dialog.reject()


def saved(studio, path):
    studio.wait(lambda: desk_of(studio).document.path == path and not desk_of(studio).is_changed)


def settled(studio):
    """Until the files' thread has nothing left to do."""
    desk_of(studio)._files._pool.submit(int).result(30)


def kept(studio):
    settled(studio)
    return [read_project(path) for path in (studio.places.projects / "kept").glob("*.lstudio")]


def click(studio, text):
    next(button for button in studio.window.banner.buttons if button.text() == text).click()


def test_a_project_is_saved_and_opened_again(shown, tmp_path):
    path = tmp_path / "night.lstudio"
    shown.session.change_recipe(prompt="a night")
    shown.find("notesEdit").setPlainText("darker")
    assert shown.window.isWindowModified()
    save_as(shown, path)
    saved(shown, path)
    assert read_project(path).notes == "darker"
    assert not shown.window.isWindowModified()
    assert shown.window.windowTitle().startswith("night[*]")
    shown.window.action("newProject").trigger()
    assert (shown.session.recipe.prompt, shown.find("notesEdit").toPlainText()) == ("", "")
    assert not shown.window.isWindowModified()
    open_(shown, path)
    assert (shown.session.recipe.prompt, shown.find("notesEdit").toPlainText()) == ("a night", "darker")
    assert kept(shown) == []  # its file had everything


def test_save_writes_to_the_projects_file_with_backups(shown, sea):
    open_(shown, sea)
    shown.session.change_recipe(prompt="a wild sea")
    shown.press(Qt.Key.Key_S, CONTROL)
    saved(shown, sea)
    assert read_project(sea).recipe.prompt == "a wild sea"
    assert read_project(sea).selection == SEA.selection
    backups = list((shown.places.projects / "backups" / backup_name(sea)).iterdir())
    assert {read_project(path).recipe.prompt for path in backups} == {"a calm sea", "a wild sea"}


def test_undoing_back_to_what_was_saved_takes_the_mark_away(shown, sea):
    open_(shown, sea)
    shown.session.change_recipe(steps=9)
    assert shown.window.isWindowModified()
    shown.window.action("undo").trigger()
    assert not shown.window.isWindowModified()


def test_the_name_gets_the_ending(shown, tmp_path):
    save_as(shown, tmp_path / "v1.2")
    saved(shown, tmp_path / "v1.2.lstudio")


def test_what_was_changed_is_kept_aside_and_one_may_go_back(shown, sea):
    shown.session.change_recipe(prompt="not saved")
    open_(shown, sea)
    assert "“Untitled” had changes that no file has" in shown.window.banner.sentence.text()
    assert [project.recipe.prompt for project in kept(shown)] == ["not saved"]
    shown.session.change(notes="and on")
    click(shown, "Go back")
    assert shown.session.recipe.prompt == "not saved"
    assert shown.window.windowTitle().startswith("Untitled[*]")
    assert {project.notes for project in kept(shown)} == {"", "and on"}
    shown.window.action("redo").trigger()
    assert desk_of(shown).document.path == sea


def test_opening_is_a_step_of_undo_that_brings_the_project_back(shown, sea):
    before = shown.session.state
    open_(shown, sea)
    assert shown.session.history.names[-1] == "Open sea"
    shown.window.action("undo").trigger()
    assert (shown.session.state, desk_of(shown).document.path) == (before, None)
    shown.window.action("redo").trigger()
    assert (shown.session.recipe.prompt, desk_of(shown).document.path) == ("a calm sea", sea)
    assert not shown.window.isWindowModified()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\3\4 hostile", "cannot be opened: it is cut short or damaged"),
        (b"hello", "cannot be opened: it is not a project file"),
        (project_bytes(SEA)[:-40], "cannot be opened"),
        (project_bytes(SEA).replace(b'"version": 1', b'"version": 9', 1), "cannot be opened"),
    ],
)
def test_a_file_that_is_no_project_is_told_and_changes_nothing(shown, tmp_path, data, reason):
    before = shown.session.state
    (tmp_path / "x.lstudio").write_bytes(data)
    desk_of(shown).open(tmp_path / "x.lstudio")
    shown.wait(lambda: reason in shown.window.banner.sentence.text())
    assert (shown.session.state, desk_of(shown).document.path) == (before, None)
    assert len(shown.session.history) == 0


def test_a_folder_that_cannot_be_written_is_told_and_the_change_stays(shown, tmp_path):
    shown.session.change_recipe(prompt="precious")
    (tmp_path / "file").write_text("in the way")
    save_as(shown, tmp_path / "file" / "x.lstudio")
    shown.wait(lambda: "could not be saved" in shown.window.banner.sentence.text())
    assert shown.window.isWindowModified()
    assert shown.session.recipe.prompt == "precious"


@pytest.mark.parametrize("target", ["mainWindow", "latentCanvas"])
def test_a_project_is_dropped_into_the_window(shown, sea, target):
    shown.window.action("latentCanvas").setChecked(True)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(sea))])
    action, button, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    if target == "latentCanvas":  # it must not take what is the window's
        from PySide6.QtGui import QDragEnterEvent

        enter = QDragEnterEvent(QPointF(5, 5).toPoint(), action, mime, button, none)
        shown.find(target).dragEnterEvent(enter)
        assert not enter.isAccepted()
        return
    shown.window.dropEvent(QDropEvent(QPointF(5, 5), action, mime, button, none))
    shown.wait(lambda: desk_of(shown).document.path == sea)


def test_recent_projects_are_listed_and_forgotten(shown, sea, tmp_path):
    menu = shown.window.menus["Open recent"]
    menu.aboutToShow.emit()
    assert not shown.window.action("clearRecent").isEnabled()
    open_(shown, sea)
    other = tmp_path / "a & b.lstudio"
    save_as(shown, other)
    saved(shown, other)
    for _ in range(2):
        menu.aboutToShow.emit()
        texts = [entry.text() for entry in menu.actions() if not entry.isSeparator()]
        assert texts == ["a && b", "sea", "Clear this list"]
    menu.actions()[1].trigger()
    shown.wait(lambda: desk_of(shown).document.path == sea)
    shown.window.action("clearRecent").trigger()
    menu.aboutToShow.emit()
    assert [entry.text() for entry in menu.actions() if not entry.isSeparator()] == ["Clear this list"]


def test_recent_projects_are_ten_each_once(tmp_path):
    recent = ()
    for number in (*range(15), 3):
        recent = with_recent(recent, tmp_path / str(number))
    assert len(recent) == RECENT_MAX
    assert recent[:2] == (str(tmp_path / "3"), str(tmp_path / "14"))


def test_an_earlier_version_is_opened_as_a_copy(shown, sea):
    open_(shown, sea)
    shown.session.change(notes="more")
    desk_of(shown).save()
    saved(shown, sea)
    backup = next((shown.places.projects / "backups" / backup_name(sea)).glob("*.lstudio"))
    desk_of(shown).open(backup)
    shown.wait(lambda: desk_of(shown).document.name == backup.stem)
    assert desk_of(shown).document.path is None
    assert shown.window.isWindowModified()


def test_the_project_is_there_after_a_restart(make_studio, sea):
    first = make_studio()
    first.show()
    open_(first, sea)
    first.session.change(notes="not yet saved")
    first.window.close()
    second = make_studio()
    second.show()
    assert second.window.windowTitle().startswith("sea[*]")
    assert second.window.isWindowModified()
    assert second.find("notesEdit").toPlainText() == "not yet saved"
    assert second.window.banner.isHidden()  # it was closed well
    second.window.action("saveProject").trigger()
    saved(second, sea)
    assert read_project(sea).notes == "not yet saved"


def test_a_long_drag_does_not_put_the_writing_off(shown):
    shown.session.change(notes="1")
    began = shown.controller.autosave.timer
    assert began.isActive()
    left = began.remainingTime()
    time.sleep(0.02)
    shown.session.change(notes="12")
    assert began.remainingTime() < left


def test_backups_are_thinned_by_age():
    now = 1e6
    minutes = [now - 60 * each for each in range(30)]
    day = now - 86_400
    gone = thinned((*minutes, day), now)
    stay = sorted({*minutes, day} - set(gone))
    assert len(stay) == BACKUPS_MAX
    assert stay[0] == day
    assert stay[-1] == now
    assert thinned((1.0, 2.0), now) == ()


def test_old_backups_make_room(shown, sea):
    open_(shown, sea)
    folder = shown.places.projects / "backups" / backup_name(sea)
    folder.mkdir(parents=True)
    for number in range(14):
        path = folder / f"sea {number}.lstudio"
        write_project(path, SEA)
        os.utime(path, (1e9 + number, 1e9 + number))
    shown.session.change(notes="more")
    desk_of(shown).save()
    saved(shown, sea)
    assert len(list(folder.iterdir())) == BACKUPS_MAX

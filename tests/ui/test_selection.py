"""Which pictures are selected belongs to the project: saved with it, and found again."""

from pathlib import Path

from PySide6.QtCore import QItemSelectionModel

from studio.core.project import read_project
from tests.ui.test_projects import open_, save_as, saved

SELECT = QItemSelectionModel.SelectionFlag.Select


def select(studio, *numbers):
    view = studio.window.library_view
    view.clearSelection()
    for number in numbers:
        view.selectionModel().select(view.model().index(number), SELECT)


def selected(studio):
    return studio.window.library_view.chosen_names()


def project_with_two_selected(studio, path):
    studio.finish("a", count=3)
    select(studio, 0, 2)
    names = selected(studio)
    assert len(names) == 2
    save_as(studio, path)
    saved(studio, path)
    return names


def test_it_is_saved_and_brought_back_and_belongs_to_the_step_of_undo(shown, tmp_path):
    path = tmp_path / "a.lstudio"
    names = project_with_two_selected(shown, path)
    assert read_project(path).selection == names
    on_show = shown.pictures.on_show.path
    shown.window.action("newProject").trigger()
    select(shown, 1)
    before = selected(shown)
    open_(shown, path)
    shown.wait(lambda: selected(shown) == names)
    assert shown.pictures.on_show.path == on_show  # selecting again shows nothing else
    shown.window.action("undo").trigger()
    shown.wait(lambda: selected(shown) == before)


def test_a_missing_picture_is_skipped_and_stays_in_the_project(shown, tmp_path):
    path = tmp_path / "a.lstudio"
    names = project_with_two_selected(shown, path)
    shown.window.action("newProject").trigger()
    select(shown, 1)
    gone = shown.places.pictures / names[0]
    gone.unlink()
    shown.controller.pictures._library.reconcile()
    open_(shown, path)
    shown.wait(lambda: selected(shown) == names[1:])
    assert shown.controller.projects.selection == names


def test_it_is_there_again_after_a_restart(make_studio):
    first = make_studio()
    first.show()
    first.finish("a", count=2)
    select(first, 1)
    names = selected(first)
    first.window.close()
    second = make_studio()
    second.show()
    second.wait(lambda: selected(second) == names)
    second.wait(lambda: second.pictures.on_show is not None)
    assert [second.pictures.on_show.path.name] == [Path(name).name for name in names]


def test_what_the_artist_selects_meanwhile_is_not_taken_away(shown, tmp_path):
    path = tmp_path / "a.lstudio"
    project_with_two_selected(shown, path)
    model = shown.window.library_model
    open_(shown, path)
    select(shown, 1)
    mine = selected(shown)
    shown.wait(lambda: model.is_settled)
    assert selected(shown) == mine

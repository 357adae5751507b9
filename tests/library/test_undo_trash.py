import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import InUseError, SaveError, StudioError
from studio.core.recipe import Recipe
from studio.library.library import Library, Query
from tests.library.conftest import dated, finished, kept, opened


@pytest.fixture
def path(library):
    found = dated(kept(library, Recipe(prompt="a red sailboat", seed=7)), 3)
    library.reconcile()
    library.mark([found], favourite=True, rating=4, notes="mine")
    library.tag([found], ["sea"])
    return found


def test_a_deleted_picture_comes_back_with_its_marks_and_its_date(library, path, bin_folder):
    before, content = library.find(Query(), 10), path.read_bytes()
    trashed = library.trash(path)
    assert not path.exists()
    assert (bin_folder / path.name).read_bytes() == content
    assert library.count(Query()) == 0
    assert library.restore(trashed) == path
    assert path.read_bytes() == content
    assert library.find(Query(), 10) == before
    assert library.count(Query(text="tag:sea mine sail")) == 1


def test_deleting_and_undoing_goes_on_as_often_as_one_likes(library, path, bin_folder):
    for _ in range(3):
        (bin_folder / path.name).unlink(missing_ok=True)
        trashed = library.trash(path)
        library.restore(trashed)
    assert library.marks_of([path])[0].rating == 4
    with pytest.raises(StudioError, match=r"not kept here any more\. Look for it in the system's trash"):
        library.restore(trashed)


def test_many_are_brought_back_in_any_order(library, bin_folder):
    paths = [library.keep(finished(seed=seed)) for seed in range(4)]
    trashed = [library.trash(path) for path in paths]
    for each in (trashed[2], trashed[0], trashed[3], trashed[1]):
        library.restore(each)
    assert {row.path for row in library.find(Query(), 10)} == set(paths)


def test_a_name_that_was_taken_meanwhile_is_left_to_its_owner(library, path, places):
    trashed = library.trash(path)
    path.write_bytes(b"another's")
    back = library.restore(trashed)
    assert back == path.with_name(f"{path.stem}-2.png")
    assert path.read_bytes() == b"another's"
    assert library.marks_of([back])[0].rating == 4


def test_emptying_the_systems_trash_does_not_prevent_the_undo(library, path, bin_folder):
    trashed = library.trash(path)
    shutil.rmtree(bin_folder)
    assert library.restore(trashed) == path
    assert path.is_file()


def test_what_is_kept_aside_goes_when_the_library_is_closed(library, path, places):
    trashed = library.trash(path)
    assert trashed.kept.is_file()
    library.close()
    assert not places.undo_trash.exists()


def test_another_program_that_closes_takes_nothing_away(library, path, places, bin_folder):
    trashed = library.trash(path)
    with opened(places, bin_folder):
        pass
    assert library.restore(trashed) == path


def test_what_a_crash_left_is_cleared_at_the_next_start(library, path, places, bin_folder):
    left = places.undo_trash / "1-dead" / "x" / "old.png"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"old")
    trashed = library.trash(path)
    library.recover()
    assert not left.exists()
    assert library.restore(trashed) == path


def test_a_trash_that_refuses_leaves_picture_marks_and_disk_as_they_were(library, path, places, bin_folder):
    before = library.find(Query(), 10)
    bin_folder.rmdir()
    with pytest.raises(StudioError, match="could not be moved to the trash"):
        library.trash(path)
    assert library.find(Query(), 10) == before
    assert [each for each in places.undo_trash.rglob("*") if each.is_file()] == []


def test_a_picture_that_cannot_be_kept_aside_is_not_deleted(library, path, places):
    places.undo_trash.write_bytes(b"a file in the folder's place")
    with pytest.raises(StudioError, match="undo-trash"):
        library.trash(path)
    assert path.is_file()
    assert library.count(Query()) == 1


def test_a_full_disk_without_hard_links_deletes_nothing(library, path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(StudioError, match=r"was not deleted: no copy for the undo could be kept \(No space left"):
        library.trash(path)
    assert path.is_file()
    assert library.marks_of([path])[0].rating == 4


def test_a_disk_without_hard_links_keeps_a_copy(library, path, monkeypatch, places):
    def refuse(*_, **__):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    before, content = library.find(Query(), 10), path.read_bytes()
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    trashed = library.trash(path)
    path.write_bytes(b"taken")
    back = library.restore(trashed)
    assert back.read_bytes() == content
    assert back.name == f"{path.stem}-2.png"
    assert path.read_bytes() == b"taken"
    assert library.find(Query(favourite=True), 10)[0].created == before[0].created
    assert [each for each in places.pictures.iterdir() if each.name.endswith(".tmp")] == []


def test_a_disk_that_cannot_be_written_says_so_and_the_undo_stays_possible(library, path, monkeypatch):
    trashed = library.trash(path)

    def refuse(*_, **__):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as broken:
        broken.setattr(Path, "hardlink_to", refuse)
        broken.setattr(shutil, "copy2", refuse)
        with pytest.raises(SaveError, match="Input/output error"):
            library.restore(trashed)
    assert library.restore(trashed) == path


def test_an_index_that_cannot_be_written_is_made_up_for_later(library, path, caplog):
    library._database.connection.execute("PRAGMA query_only = ON")
    trashed = library.trash(path)
    assert "is in the trash, but still in the index" in caplog.text
    assert library.restore(trashed) == path
    assert "is back, but not in the index yet" in caplog.text
    library._database.connection.execute("PRAGMA query_only = OFF")
    library.reconcile()
    assert library.marks_of([path])[0].rating == 4


def test_a_file_without_a_recipe_comes_back_as_a_file(library, path, places):
    plain = places.pictures / "plain.png"
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(plain)
    trashed = library.trash(plain)
    assert not plain.exists()
    assert library.restore(trashed) == plain
    assert plain.is_file()
    assert library.count(Query()) == 1


def test_the_pictures_folder_is_made_again_for_what_comes_back(library, path, places):
    trashed = library.trash(path)
    shutil.rmtree(places.pictures)
    assert library.restore(trashed) == path
    assert library.find(Query(), 10)[0].path == path


def test_a_picture_already_gone_has_nothing_to_bring_back(library, path):
    path.unlink()
    trashed = library.trash(path)
    assert trashed.kept is None
    assert library.count(Query()) == 0
    with pytest.raises(StudioError, match="not kept here any more"):
        library.restore(trashed)


def test_where_nothing_may_be_changed_nothing_is_deleted(library, path, places):
    reader = Library.open_to_read(places)
    with pytest.raises(InUseError):
        reader.trash(path)
    reader.close()
    assert path.is_file()
    assert not places.undo_trash.exists()

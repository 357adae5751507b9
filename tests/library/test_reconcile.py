import os
import shutil

import numpy as np
import pytest
from PIL import Image

from studio.core.recipe import Recipe
from studio.library import incoming, pictures
from studio.library.library import Changes, Query
from tests.library.conftest import dated, finished, kept, opened


@pytest.fixture
def paths(library):
    found = [dated(kept(library, Recipe(prompt=f"boat {seed}", seed=seed)), seed + 1) for seed in range(3)]
    library.reconcile()
    return found


def shown(library):
    return {row.path for row in library.find(Query(), 100)}


def test_nothing_changed_is_nothing_done(library, paths, monkeypatch):
    monkeypatch.setattr(incoming, "read_entry", None)  # would fail: known files are not opened
    assert library.reconcile() == Changes()


def test_files_put_in_and_taken_out_by_hand_come_and_go(library, paths, places, tmp_path):
    shutil.copy2(paths[0], tmp_path / "new.png")
    paths[1].unlink()
    new = shutil.copy(tmp_path / "new.png", places.pictures / "by-hand.png")
    changes = library.reconcile()
    assert changes == Changes(added=(new,), removed=(paths[1],))
    assert shown(library) == {paths[0], paths[2], new}
    assert library.count(Query(text="boat")) == 3
    assert library.reconcile() == Changes()


def test_a_renamed_file_keeps_its_marks_and_its_place(library, paths, places, bin_folder):
    library.mark(paths[:1], favourite=True, rating=5, notes="mine")
    library.tag(paths[:1], ["sea"])
    library.collect(paths[:1], "Prints")
    (before,) = library.marks_of(paths[:1])
    new = paths[0].rename(places.pictures / "renamed.png")
    assert library.reconcile() == Changes(added=(new,), removed=(paths[0],), renamed=((paths[0], new),))
    (after,) = library.marks_of([new])
    assert (after.favourite, after.rating, after.notes, after.tags) == (True, 5, "mine", ("sea",))
    assert after.collections == before.collections
    assert library.marks_of(paths[:1]) == ()
    assert library.count(Query(text="tag:sea mine")) == 1
    library.close()
    places.index.unlink()  # the journal knows the new name
    with opened(places, bin_folder) as again:
        again.recover()
        assert again.marks_of([new]) == (after,)


def test_a_file_renamed_while_the_index_was_lost_keeps_its_marks(library, paths, places, bin_folder):
    library.mark(paths[:1], rating=5)
    library.close()
    places.index.unlink()
    new = paths[0].rename(places.pictures / "renamed.png")
    with opened(places, bin_folder) as again:
        again.recover()
        assert again.marks_of([new])[0].rating == 5
        assert again.count(Query(rating_min=1)) == 1


def test_a_copy_takes_no_marks_from_what_it_was_copied_from(library, paths, places):
    library.mark(paths[:1], rating=5)
    copy = shutil.copy2(paths[0], places.pictures / "copy.png")
    library.reconcile()
    assert library.marks_of([copy])[0].rating == 0
    assert library.marks_of(paths[:1])[0].rating == 5


def test_two_files_that_swap_names_are_read_again(library, paths):
    library.mark(paths[:1], rating=5)
    aside = paths[0].with_name("aside")
    paths[0].rename(aside)
    paths[1].rename(paths[0])
    aside.rename(paths[1])
    changes = library.reconcile()
    assert set(changes.changed) == set(paths[:2])
    by_path = {row.path: row.recipe.seed for row in library.find(Query(), 10)}
    assert (by_path[paths[0]], by_path[paths[1]]) == (1, 0)


def test_a_file_rewritten_in_place_is_read_again_and_keeps_its_marks(library, paths, places, bin_folder):
    library.mark(paths[:1], rating=3)
    other = kept(library, Recipe(prompt="quite another", seed=9), (20, 20))
    other.replace(paths[0])
    changes = library.reconcile()
    assert paths[0] in changes.changed
    (row,) = library.find(Query(text="quite another"), 10)
    assert (row.path, row.rating, row.width) == (paths[0], 3, 20)
    library.close()
    places.index.unlink()
    with opened(places, bin_folder) as again:
        again.recover()
        assert again.marks_of(paths[:1])[0].rating == 3


def test_what_is_no_picture_of_ours_is_told_once_and_not_opened_again(library, paths, places, monkeypatch):
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(places.pictures / "plain.png")
    (places.pictures / "broken.png").write_bytes(paths[0].read_bytes()[:200])
    changes = library.reconcile()
    assert [sentence.rsplit("/", 1)[-1].split(" ", 1)[0] for sentence in changes.skipped] == ["broken.png", "plain.png"]
    with monkeypatch.context() as patched:
        patched.setattr(incoming, "read_entry", None)
        assert library.reconcile() == Changes()
    assert len(library.rebuild().skipped) == 2
    shutil.copy(paths[0], places.pictures / "broken.png")
    assert library.reconcile().added == (places.pictures / "broken.png",)
    (places.pictures / "plain.png").unlink()
    assert library.reconcile() == Changes()
    assert library._database.rows("SELECT name FROM strangers") == []


def test_a_picture_that_is_spoilt_leaves_the_index_and_comes_back_with_its_marks(library, paths):
    library.mark(paths[:1], rating=4)
    whole = paths[0].read_bytes()
    paths[0].write_bytes(whole[:300])
    changes = library.reconcile()
    assert changes.removed == (paths[0],)
    assert "cut short" in changes.skipped[0]
    assert shown(library) == set(paths[1:])
    paths[0].write_bytes(whole)
    assert library.reconcile().added == (paths[0],)
    assert library.marks_of(paths[:1])[0].rating == 4


def test_a_file_that_cannot_be_read_now_is_tried_again(library, paths, places, monkeypatch):
    new = shutil.copy(paths[0], places.pictures / "new.png")
    real = type(new).open if hasattr(new, "open") else None
    assert real is not None

    def refuse(self, *rest, **named):
        if self.name == "new.png":
            raise OSError(5, "Input/output error")
        return real(self, *rest, **named)

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.open", refuse)
        changes = library.reconcile()
    assert changes.added == ()
    assert "Input/output error" in changes.skipped[0]
    assert library.reconcile().added == (new,)


def test_names_that_are_no_text_are_left_out_with_a_reason(library, paths, places):
    shutil.copy(paths[0], os.fsencode(places.pictures) + b"/\xff\xfe.png")
    (reason,) = library.reconcile().skipped
    assert "its name is not Unicode text" in reason
    assert shown(library) == set(paths)
    assert library.rebuild().pictures == 3


def test_files_of_any_date_have_a_place(library, paths, places):
    for path, seconds in zip(paths, (-(10**9), 0, 2**33), strict=True):
        os.utime(path, (seconds, seconds))
    library.reconcile()
    assert [row.path for row in library.find(Query(), 10)] == paths[::-1]


def test_a_folder_that_is_away_changes_nothing(library, paths, places):
    library.mark(paths, rating=1)
    away = places.pictures.rename(places.data_dir / "away")
    assert library.reconcile() == Changes()
    assert library.count(Query()) == 3
    away.rename(places.pictures)
    assert library.reconcile() == Changes()
    assert library.count(Query(rating_min=1)) == 3


def test_links_that_lead_nowhere_folders_and_hidden_files_are_no_pictures(library, paths, places):
    (places.pictures / "link.png").symlink_to(places.pictures / "nothing")
    (places.pictures / "folder.png").mkdir()
    (places.pictures / ".hidden.png").write_bytes(paths[0].read_bytes())
    assert library.reconcile() == Changes()


def test_more_files_than_are_read_at_once(library, places, monkeypatch):
    monkeypatch.setattr(incoming, "_BATCH", 3)
    source = kept(library, Recipe(seed=1))
    new = [shutil.copy(source, places.pictures / f"copy-{number}.png") for number in range(8)]
    assert set(library.reconcile().added) == set(new)
    assert library.rebuild().pictures == 9


def test_an_index_that_fails_midway_goes_on_where_it_stopped(library, places, monkeypatch):
    monkeypatch.setattr(incoming, "_BATCH", 2)
    source = kept(library, Recipe(seed=1))
    for number in range(5):
        shutil.copy(source, places.pictures / f"copy-{number}.png")
    real, calls = incoming.read_entry, []

    def fail(path):
        calls.append(path)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(path)

    with monkeypatch.context() as patched:
        patched.setattr(incoming, "read_entry", fail)
        with pytest.raises(KeyboardInterrupt):
            library.rebuild()
    assert 0 < library.count(Query(text="-nothing")) < 7
    library.recover()
    assert library.count(Query()) == 6
    assert library._database.rows("SELECT count(*) FROM words") == [(6,)]


def test_a_start_after_a_good_end_looks_at_no_file(library, paths, places, bin_folder, monkeypatch):
    os.utime(places.pictures, (1_000_000, 1_000_000))
    library.reconcile()
    library.close()
    with opened(places, bin_folder) as again:
        monkeypatch.setattr("studio.library.reconcile._files", None)
        again.recover()
        assert shown(again) == set(paths)


@pytest.mark.parametrize("ending", ["change", "crash", "soon"])
def test_a_start_after_any_other_end_does(library, paths, places, bin_folder, ending):
    os.utime(places.pictures, (1_000_000, 1_000_000))
    library.reconcile()
    library._database.rows("SELECT 1")
    if ending == "crash":
        log = places.index.with_name("library.sqlite-wal")
        content = log.read_bytes()
    if ending == "soon":
        os.utime(places.pictures)
        library.reconcile()
    library.close()
    new = shutil.copy(paths[0], places.pictures / "new.png")
    if ending == "crash":
        log.write_bytes(content)
        os.utime(places.pictures, (1_000_000, 1_000_000))
    with opened(places, bin_folder) as again:
        again.recover()
        assert shown(again) == {*paths, new}


def test_pictures_kept_and_deleted_here_are_no_change_of_the_folder(library, paths, places):
    os.utime(places.pictures, (1_000_000, 1_000_000))
    library.reconcile()
    path = kept(library, Recipe(seed=50))
    trashed = library.trash(path)
    library.restore(trashed)
    seen = library._database.rows("SELECT folder_ns FROM seen")
    assert seen == [(places.pictures.stat().st_mtime_ns,)]


def test_a_picture_saved_while_the_folder_is_looked_at_stays(library, paths, monkeypatch):
    """Between the rows and the files: it is among the files only, and read again."""
    real, late = pictures.add, []

    def known(self):
        found = original(self)
        if not late:
            late.append(library.keep(finished(seed=77)))
        return found

    original = library._folder._known.__func__
    monkeypatch.setattr(type(library._folder), "_known", known)
    changes = library.reconcile()
    assert real is pictures.add
    assert changes.removed == ()
    assert late[0] in shown(library)
    assert library.count(Query()) == 4

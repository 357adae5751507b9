import os
import sqlite3
import subprocess
import sys
import threading
from datetime import datetime

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import NoRecipeError, SaveError, StudioError
from studio.core.metadata import read_recipe, write_png
from studio.core.places import Places
from studio.core.recipe import Recipe
from studio.library.library import Job, JobState, Library, PictureRow
from tests.library.conftest import finished, opened


def test_opening_makes_the_data_directory_and_the_index(library, places):
    assert places.index.is_file()
    assert not places.pictures.exists()
    assert library.pictures() == ()
    assert library.waiting() == ()
    assert library.notice == ""


def test_a_kept_picture_is_a_file_with_its_recipe_and_a_row(library, places):
    done = finished()
    path = library.keep(done)
    assert path == places.pictures / "2026-11-21_142501_a-red-sailboat_7.png"
    assert path.read_bytes() == write_png(done.picture, done.recipe)
    assert library.recipe_of(path) == done.recipe
    (row,) = library.pictures()
    assert (row.path, row.recipe, row.width, row.height) == (path, done.recipe, 10, 8)
    assert abs((datetime.now().astimezone() - row.created).total_seconds()) < 60


def test_the_same_picture_twice_is_two_files(library):
    first, second = library.keep(finished()), library.keep(finished())
    assert second.name == "2026-11-21_142501_a-red-sailboat_7-2.png"
    assert first.read_bytes() == second.read_bytes()
    assert {row.path for row in library.pictures()} == {first, second}


def test_pictures_come_newest_first_in_pages(library):
    paths = [library.keep(finished(seed=seed)) for seed in range(5)]
    for age, path in enumerate(paths):
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    library.rebuild()
    assert [row.recipe.seed for row in library.pictures()] == [4, 3, 2, 1, 0]
    assert [row.recipe.seed for row in library.pictures(limit=2, offset=1)] == [3, 2]
    assert library.pictures(limit=2, offset=5) == ()


def test_pictures_whose_file_is_gone_drop_out_and_the_page_is_filled(library):
    paths = [library.keep(finished(seed=seed)) for seed in range(5)]
    library.pictures()[0].path.unlink()
    library.pictures()[0].path.unlink()
    assert len(library.pictures(limit=3)) == 3
    assert {row.path for row in library.pictures()} == {path for path in paths if path.exists()}


def test_a_folder_that_is_away_loses_no_rows(library, places):
    library.keep(finished())
    away = places.pictures.rename(places.data_dir / "away")
    assert library.pictures() == ()
    away.rename(places.pictures)
    assert len(library.pictures()) == 1


def test_the_index_made_from_files_alone_is_the_same(library, places, bin_folder):
    for seed in range(3):
        library.keep(finished(prompt=f"boat, nr {seed}\n“é海🙂”", seed=seed))
    before = library.pictures()
    library.close()
    for path in places.data_dir.glob("library.sqlite*"):
        path.unlink()
    with opened(places, bin_folder) as again:
        assert again.pictures() == ()
        report = again.rebuild()
        assert (report.pictures, report.skipped) == (3, ())
        assert again.pictures() == before


def test_a_rebuild_leaves_out_what_is_no_picture_of_ours_and_says_why(library, places):
    kept = library.keep(finished())
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(places.pictures / "plain.png")
    (places.pictures / "broken.png").write_bytes(kept.read_bytes()[:200])
    (places.pictures / "notes.txt").write_text("not a picture")
    (places.pictures / ".half.png").write_bytes(b"hidden")
    (places.pictures / "folder.png").mkdir()
    report = library.rebuild()
    assert report.pictures == 1
    assert [reason.rsplit("/", 1)[-1].split(" ", 1)[0] for reason in report.skipped] == ["broken.png", "plain.png"]
    assert "cut short" in report.skipped[0]
    assert "carries no recipe" in report.skipped[1]
    assert [row.path for row in library.pictures()] == [kept]


def test_the_trash_takes_the_file_and_the_row(library, bin_folder):
    path, other = library.keep(finished(seed=1)), library.keep(finished(seed=2))
    library.trash(path)
    assert not path.exists()
    assert (bin_folder / path.name).is_file()
    assert [row.path for row in library.pictures()] == [other]


def test_a_picture_already_gone_leaves_the_index_quietly(library, bin_folder):
    path = library.keep(finished())
    path.unlink()
    library.trash(path)
    assert library.pictures() == ()
    assert list(bin_folder.iterdir()) == []


def test_a_trash_that_refuses_leaves_everything(library, bin_folder):
    path = library.keep(finished())
    bin_folder.rmdir()
    with pytest.raises(StudioError, match="could not be moved to the trash: No such file or directory") as caught:
        library.trash(path)
    assert "still where it was" in str(caught.value)
    assert [row.path for row in library.pictures()] == [path]
    assert path.is_file()


def test_a_file_outside_the_library_is_never_trashed(library, tmp_path):
    outside = tmp_path / "mine.png"
    outside.write_bytes(b"mine")
    with pytest.raises(StudioError, match="not in this library"):
        library.trash(outside)
    assert outside.read_bytes() == b"mine"


def test_the_systems_own_trash_is_used(tmp_path):
    """In a process of its own: the trash's place is read from the environment when its module is imported."""
    program = (
        "from pathlib import Path\n"
        "from studio.core.places import Places\n"
        "from studio.library.library import Library\n"
        "from tests.library.conftest import finished\n"
        f"library = Library.open(Places(Path({str(tmp_path / 'data')!r})))\n"
        "path = library.keep(finished())\n"
        "library.trash(path)\n"
        "library.close()\n"
        "print(path.name, path.exists())\n"
    )
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    name, exists = done.stdout.split()
    assert exists == "False"
    assert [path.name for path in tmp_path.rglob("*.png")] == [name]


def test_a_stripped_picture_has_no_recipe(library, tmp_path):
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(tmp_path / "plain.png")
    with pytest.raises(NoRecipeError):
        library.recipe_of(tmp_path / "plain.png")


def test_a_row_whose_recipe_is_not_understood_is_read_from_the_file(library, places):
    path = library.keep(finished())
    change(places, "UPDATE details SET recipe = 'garbage'")
    assert [row.recipe for row in library.pictures()] == [read_recipe(path)]
    path.write_bytes(b"garbage too")
    assert library.pictures() == ()


def test_recover_finds_pictures_that_have_no_row(library, places):
    library.keep(finished(seed=1))
    late = places.pictures / "late.png"
    late.write_bytes(write_png(finished(seed=2).picture, finished(seed=2).recipe))
    assert len(library.pictures()) == 1
    library.recover()
    assert {row.recipe.seed for row in library.pictures()} == {1, 2}


def test_recover_removes_old_temporary_files(library, places):
    library.keep(finished())
    leftover = places.pictures / ".0123.tmp"
    leftover.write_bytes(b"half")
    os.utime(leftover, (1, 1))
    library.recover()
    assert not leftover.exists()


def test_threads_have_connections_of_their_own(library):
    seen, taken, start = [], [], threading.Barrier(4)

    def work(number):
        start.wait()
        for _ in range(5):
            taken.append(library.keep(finished(seed=number)))
            taken.append(library.submit(Recipe(seed=number)).id)
        seen.append((library._database.connection, len(library.pictures())))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(connection) for connection, _ in seen}) == 4
    assert len(set(taken)) == 40
    assert len(library.pictures()) == 20
    assert len(library.waiting()) == 20


def test_two_studios_on_one_library_see_each_others_pictures(library, places, bin_folder):
    with opened(places, bin_folder) as other:
        path = other.keep(finished())
        assert [row.path for row in library.pictures()] == [path]


def change(places, statement):
    connection = sqlite3.connect(places.index)
    with connection:
        connection.execute(statement)
    connection.close()


def test_an_unwritable_data_directory_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SaveError, match="could not be saved: Not a directory"):
        Library.open(Places(tmp_path / "file" / "data"))


def test_a_folder_in_the_place_of_the_index_is_put_aside(places, bin_folder):
    (places.index / "inside").mkdir(parents=True)
    with opened(places, bin_folder) as library:
        assert "kept as library.broken-1.sqlite" in library.notice
        library.submit(Recipe())
    assert (places.index.with_name("library.broken-1.sqlite") / "inside").is_dir()


def test_values_are_frozen(library):
    job = library.submit(Recipe())
    assert isinstance(job, Job)
    with pytest.raises(AttributeError):
        job.state = JobState.RUNNING
    library.keep(finished())
    (row,) = library.pictures()
    assert isinstance(row, PictureRow)
    with pytest.raises(AttributeError):
        row.width = 3

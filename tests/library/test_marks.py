import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from studio.core.errors import InUseError, OptionError, SaveError
from studio.core.recipe import Recipe
from studio.library.journal import NAME, Journal, Line
from studio.library.library import Library, Marks, Query
from studio.library.marks import NOTES_LENGTH_MAX, TAG_LENGTH_MAX
from tests.library.conftest import finished, opened


@pytest.fixture
def paths(library):
    return [library.keep(finished(seed=seed)) for seed in range(3)]


@pytest.fixture
def journal(places):
    return places.pictures / NAME


def marked(library, paths):
    """Every kind of mark on the first, a few on the second."""
    library.mark(paths[:1], favourite=True, rating=5, notes="for the wall é海🙂")
    library.tag(paths[:2], ["Sea", "two words"])
    library.collect(paths[1:2], "Prints")
    return library.marks_of(paths)


def test_a_picture_is_unmarked_at_first(library, paths):
    assert library.marks_of(paths) == tuple(Marks(path=path) for path in paths)


def test_marks_are_set_and_what_is_not_given_stays(library, paths):
    library.mark(paths[:1], favourite=True)
    library.mark(paths[:1], rating=3)
    library.mark(paths[:1], notes="a note")
    library.mark(paths[:1], rating=0)
    assert library.marks_of(paths[:1]) == (Marks(path=paths[0], favourite=True, rating=0, notes="a note"),)
    assert library.marks_of(paths[1:]) == tuple(Marks(path=path) for path in paths[1:])


def test_every_change_returns_what_was_there_and_can_be_undone(library, paths):
    before = library.marks_of(paths)
    changes = (
        lambda: library.mark(paths, favourite=True, rating=2, notes="n"),
        lambda: library.tag(paths, ["x", "y"], ["z"]),
        lambda: library.collect(paths[:2], "c"),
    )
    states, undone = [before], []
    for change in changes:
        undone.append(change())
        states.append(library.marks_of(paths))
    assert len(set(states)) == 4
    for old, state in zip(reversed(undone), reversed(states[1:]), strict=True):
        assert library.restore_marks(old) == tuple(each for each in state if each.path in {one.path for one in old})
    assert library.marks_of(paths) == before
    assert library.count(Query(text="tag:x")) == 0
    assert library.facets().tags == library.facets().collections == ()


def test_tags_are_one_whatever_their_case_and_keep_their_first_spelling(library, paths):
    library.tag(paths[:1], ["Straße", "sea"])
    library.tag(paths[:1], ["STRASSE", "SEA", " sea ", "", "  "])
    assert library.marks_of(paths[:1])[0].tags == ("sea", "Straße")
    library.tag(paths[:1], remove=["strasse"])
    assert library.marks_of(paths[:1])[0].tags == ("sea",)


def test_a_tag_is_one_line_without_what_cannot_be_seen(library, paths):
    library.tag(paths[:1], ["a\n\tb\0c\x1b[31m", "\ud800"])
    assert library.marks_of(paths[:1])[0].tags == ("a b c [31m", "�")


def test_a_collection_is_there_as_long_as_a_picture_is_in_it(library, paths):
    library.collect(paths, add="Prints")
    assert library.facets().collections == (("Prints", 3),)
    library.collect(paths[:2], remove="prints", add="Other")
    assert library.facets().collections == (("Other", 2), ("Prints", 1))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda library, paths: library.mark(paths, rating=6), "Rating: 6 is not from 0 to 5"),
        (lambda library, paths: library.mark(paths, rating=-1), "Rating: -1 is not"),
        (lambda library, paths: library.mark(paths, notes="x" * (NOTES_LENGTH_MAX + 1)), "Notes: they have 20,001"),
        (lambda library, paths: library.tag(paths, ["x" * (TAG_LENGTH_MAX + 1)]), "Tag: .* has 101 characters"),
        (lambda library, paths: library.collect(paths, "x" * 101), "Collection: .* has 101 characters"),
    ],
)
def test_what_is_out_of_range_is_refused_and_nothing_changes(library, paths, journal, change, sentence):
    with pytest.raises(OptionError, match=sentence):
        change(library, paths)
    assert library.marks_of(paths) == tuple(Marks(path=path) for path in paths)
    assert not journal.exists()


def test_pictures_that_are_not_in_the_library_are_left_out(library, paths, tmp_path):
    strange = [paths[0].with_name("unknown.png"), tmp_path / paths[1].name, Path(os.fsdecode(b"/x/\xff.png"))]
    assert library.mark(strange, favourite=True) == ()
    assert library.mark([*strange, paths[2]], favourite=True) == (Marks(path=paths[2]),)
    assert library.count(Query(favourite=True)) == 1
    assert library.mark([], favourite=True) == ()


def test_a_change_that_changes_nothing_writes_nothing(library, paths, journal):
    library.mark(paths, favourite=True)
    size = journal.stat().st_size
    library.mark(paths, favourite=True)
    library.tag(paths, remove=["none"])
    assert journal.stat().st_size == size


def test_thousands_of_pictures_are_marked_at_once(library, paths):
    with library._database.writing() as connection:
        connection.executemany(
            "INSERT INTO pictures SELECT id - ?1, name || ?1, created_ns, size_bytes, width, height, seed, model,"
            " scheduler, has_blend, prompt_key, recipe_key, origin_key, pixels_key, 0, 0 FROM pictures WHERE name = ?2",
            [(number, paths[0].name) for number in range(1, 3000)],
        )
        connection.execute("INSERT OR IGNORE INTO details (id, recipe) SELECT id, '{}' FROM pictures")
    names = [paths[0].with_name(name) for (name,) in library._database.rows("SELECT name FROM pictures")]
    assert len(library.mark(names, rating=4)) == 3002
    assert library.count(Query(rating_min=4)) == 3002


def test_marks_outlive_a_rebuild(library, paths):
    before = marked(library, paths)
    report = library.rebuild()
    assert report.pictures == 3
    assert library.marks_of(paths) == before
    assert library.count(Query(text="wall tag:sea", favourite=True, rating_min=5)) == 1


def test_marks_outlive_the_index(library, paths, places, bin_folder):
    before = marked(library, paths)
    rows = library.find(Query(), 10)
    library.close()
    for path in places.data_dir.glob("library.sqlite*"):
        path.unlink()
    with opened(places, bin_folder) as again:
        again.recover()
        assert again.marks_of(paths) == before
        assert again.find(Query(), 10) == rows
        assert again.count(Query(text="notes:wall")) == 1


def test_marks_outlive_a_damaged_index(library, paths, places, bin_folder):
    before = marked(library, paths)
    library.close()
    places.index.write_bytes(b"garbage " * 1000)
    with opened(places, bin_folder) as again:
        assert "was damaged" in again.notice
        assert again.marks_of(paths) == before


def test_marks_outlive_the_journal(library, paths, journal, places, bin_folder):
    """Two copies: only where both are lost are marks lost."""
    before = marked(library, paths)
    journal.unlink()
    library.recover()
    assert library.marks_of(paths) == before
    library.rebuild()
    assert {line.name for line in Journal(places.pictures).read().values()} == {path.name for path in paths[:2]}
    assert library.marks_of(paths) == before


def test_a_rebuild_writes_the_journal_anew_and_keeps_the_marks_of_what_is_gone(library, paths, journal):
    for rating in (1, 2, 3, 4, 5):
        library.mark(paths, rating=rating)
    paths[2].unlink()
    assert len(journal.read_bytes().splitlines()) == 15
    library.rebuild()
    lines = Journal(journal.parent).read()
    assert {line.name: line.rating for line in lines.values()} == {path.name: 5 for path in paths}
    assert len(journal.read_bytes().splitlines()) == 3
    library.mark(paths, rating=1)
    library.reconcile()
    assert {each.rating for each in library.marks_of(paths)} == {1}


def test_a_mark_that_reached_only_the_journal_is_found_at_the_next_start(library, paths, places, journal, bin_folder):
    """The studio died between the line and the row."""
    library.mark(paths, rating=1)
    line = Journal(places.pictures).read()[paths[0].name]
    library.close()
    with journal.open("ab") as file:
        file.write(f'{{"name":"{line.name}","recipe_key":{line.recipe_key},"rating":4,"tags":["new"]}}\n'.encode())
    with opened(places, bin_folder) as again:
        assert [each.rating for each in again.marks_of(paths)] == [1, 1, 1]
        again.recover()
        assert [each.rating for each in again.marks_of(paths)] == [4, 1, 1]
        assert again.count(Query(text="tag:new")) == 1


def test_a_mark_between_does_not_hide_that_the_journal_knows_more(library, paths, places, journal, bin_folder):
    library.mark(paths, rating=1)
    line = Journal(places.pictures).read()[paths[0].name]
    library.close()
    with journal.open("ab") as file:
        file.write(f'{{"name":"{line.name}","recipe_key":{line.recipe_key},"rating":4}}\n'.encode())
    with opened(places, bin_folder) as again:
        again.mark(paths[1:2], rating=2)
        again.recover()
        assert [each.rating for each in again.marks_of(paths)] == [4, 2, 1]


def test_a_line_cut_short_or_strange_is_passed_over_and_the_next_is_whole(library, paths, journal):
    library.mark(paths[:1], rating=3)
    with journal.open("ab") as file:
        for line in (
            b"garbage", b"[]", b'{"name":1}', b'{"name":"x","rating":6}', b'{"name":"x","tags":[["y"]]}', b"\xff\0",
            b'{"name":"x","recipe_key":99999999999999999999}', b"[" * 100_000, b"", b'{"name":"' + b"x" * 3_000_000,
        ):  # fmt: skip
            file.write(line + b"\n")
        file.write(b'{"name":"half')
    library.mark(paths[1:2], rating=2)
    found = Journal(journal.parent).read()
    assert {name: line.rating for name, line in found.items()} == {paths[0].name: 3, paths[1].name: 2}


def test_a_line_for_another_picture_of_the_same_name_is_not_applied(library, paths, journal):
    library.mark(paths[:1], rating=3)
    name = paths[1].name
    with journal.open("ab") as file:
        file.write(f'{{"name":"{name}","recipe_key":12345,"rating":5}}\n'.encode())
    library.recover()
    assert [each.rating for each in library.marks_of(paths)] == [3, 0, 0]


def test_a_journal_that_cannot_be_written_is_told_and_no_row_changes(library, paths, journal):
    journal.mkdir()
    with pytest.raises(SaveError, match=r"marks\.jsonl could not be saved"):
        library.mark(paths, favourite=True)
    assert library.count(Query(favourite=True)) == 0
    journal.rmdir()
    library.mark(paths, favourite=True)
    assert library.count(Query(favourite=True)) == 3


@pytest.mark.parametrize("operation", ["write", "fsync"])
def test_a_disk_that_fills_up_leaves_journal_and_rows_as_they_were(library, paths, journal, monkeypatch, operation):
    library.mark(paths, rating=1)
    before = journal.read_bytes()
    real = getattr(os, operation)

    def fail(descriptor, *rest):
        if Path(f"/proc/self/fd/{descriptor}").readlink() == journal:
            if rest:
                real(descriptor, rest[0][:5])
            raise OSError(28, "No space left on device")
        return real(descriptor, *rest)

    with monkeypatch.context() as broken:
        broken.setattr(os, operation, fail)
        with pytest.raises(SaveError, match="No space left on device"):
            library.mark(paths, rating=2)
    assert journal.read_bytes() == before
    assert {each.rating for each in library.marks_of(paths)} == {1}
    library.mark(paths, rating=3)
    assert {line.rating for line in Journal(journal.parent).read().values()} == {3}


def test_a_commit_that_fails_takes_the_lines_back(library, paths, journal):
    library.mark(paths, rating=1)
    before = journal.read_bytes()
    with pytest.raises(RuntimeError), library._marker.journal.appending() as append:
        append([Line(name="x", rating=2)])
        assert journal.read_bytes() != before
        raise RuntimeError
    assert journal.read_bytes() == before


def test_lines_that_another_program_added_meanwhile_are_not_taken_back(library, paths, journal):
    library.mark(paths[:1], rating=1)
    with pytest.raises(RuntimeError), library._marker.journal.appending() as append:
        append([Line(name="x", rating=2)])
        with journal.open("ab") as file:
            file.write(b'{"name":"theirs","rating":3}\n')
        raise RuntimeError
    assert "theirs" in Journal(journal.parent).read()


def test_an_index_that_cannot_be_written_changes_no_line(library, paths, journal):
    library.mark(paths, rating=1)
    before = journal.read_bytes()
    library._database.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(SaveError):
        library.mark(paths, rating=2)
    library._database.connection.execute("PRAGMA query_only = OFF")
    assert journal.read_bytes() == before


def test_where_nothing_may_be_changed_marks_are_read_and_not_written(library, paths, places, journal):
    before = marked(library, paths)
    size = journal.stat().st_size
    reader = Library.open_to_read(places)
    assert reader.marks_of(paths) == before
    assert reader.find(Query(favourite=True), 10)[0].path == paths[0]
    for change in (
        lambda: reader.mark(paths, rating=1),
        lambda: reader.tag(paths, ["x"]),
        lambda: reader.collect(paths, "x"),
        lambda: reader.restore_marks(before),
        reader.reconcile,
        reader.rebuild,
    ):
        with pytest.raises(InUseError):
            change()
    reader.close()
    assert journal.stat().st_size == size


def test_threads_and_programs_that_mark_at_once_lose_nothing(library, paths, places, bin_folder):
    def work(one, tag):
        for number in range(8):
            one.tag(paths, [f"{tag}{number}"])

    with opened(places, bin_folder) as other:
        threads = [
            threading.Thread(target=work, args=(one, tag))
            for one, tag in ((library, "a"), (library, "b"), (other, "c"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    expected = tuple(sorted(f"{tag}{number}" for tag in "abc" for number in range(8)))
    assert {each.tags for each in library.marks_of(paths)} == {expected}
    assert {line.tags for line in Journal(places.pictures).read().values()} == {expected}
    assert library._database.rows("SELECT journal_bytes FROM seen") == [(library._marker.journal.length(),)]


MARKER = """
import sys
from pathlib import Path
from studio.core.places import Places
from studio.library.library import Library

library = Library.open(Places(Path(sys.argv[1])))
paths = [row.path for row in library.pictures()]
for number in range(100_000):
    library.mark(paths, rating=number % 6, notes=f"note {number}")
    library.tag(paths, [f"tag{number % 3}"], [f"tag{(number + 1) % 3}"])
    print(number, flush=True)
"""


@pytest.mark.parametrize("delay_ms", [0, 7, 29, 120])
def test_a_kill_while_marking_loses_no_mark_that_was_told(library, paths, places, bin_folder, delay_ms):
    library.close()
    process = subprocess.Popen([sys.executable, "-c", MARKER, str(places.data_dir)], stdout=subprocess.PIPE, text=True)
    told = [int(process.stdout.readline())]
    time.sleep(delay_ms / 1000)
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    process.wait()
    with opened(places, bin_folder) as after:
        after.recover()
        marks = after.marks_of(paths)
        lines = Journal(places.pictures).read()
        assert len(marks) == 3
        assert len({each.notes for each in marks}) == 1
        assert int(marks[0].notes.split()[1]) >= told[-1]
        assert {each.path.name: (each.rating, each.notes, each.tags) for each in marks} == {
            name: (line.rating, line.notes, line.tags) for name, line in lines.items()
        }


def test_the_journal_is_no_picture_and_hidden(library, paths, places, journal):
    library.mark(paths, rating=1)
    assert journal.name.startswith(".")
    assert library.rebuild().skipped == ()


def test_notes_and_tags_of_strange_text_are_kept_as_unicode(library, paths):
    library.mark(paths[:1], notes="a\0b\ud800")
    assert library.marks_of(paths[:1])[0].notes == "a b�"
    assert library.submit(Recipe())
    assert sqlite3.connect(library._places.index).execute("SELECT count(*) FROM words").fetchone() == (3,)

"""`latent-studio library` on real folders: what it prints, refuses, and with which exit code."""

import numpy as np
import pytest
from PIL import Image

from studio.cli import main
from studio.core.places import Places
from studio.library.library import Query
from studio.library.lock import DataLock
from tests.library.conftest import finished, opened


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path / "data")


@pytest.fixture
def paths(places):
    """Three pictures, the second marked."""
    with opened(places) as library:
        found = [library.keep(finished(prompt, seed)) for seed, prompt in enumerate(("a boat", "a hill", "a night"), 1)]
        library.mark(found[1:2], rating=5, notes="mine")
        library.tag(found[1:2], ["sea"])
    return found


@pytest.fixture
def run(places, capsys):
    def run(*words):
        code = main([*words, "--data-dir", str(places.data_dir)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run


def test_rebuild_says_what_it_indexed_and_what_it_left_out(run, places, paths):
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(places.pictures / "plain.png")
    (places.pictures / "broken.png").write_bytes(paths[0].read_bytes()[:100])
    code, out, err = run("library", "rebuild")
    assert (code, out) == (0, "3 pictures indexed, 2 files skipped\n")
    assert [line.split(": ", 1)[0] for line in err.splitlines()] == ["skipped", "skipped"]
    assert "broken.png cannot be read: it is cut short" in err
    assert "plain.png carries no recipe" in err


def test_rebuild_makes_a_lost_index_with_its_marks(run, places, paths):
    for path in places.data_dir.glob("library.sqlite*"):
        path.unlink()
    assert run("library", "rebuild") == (0, "3 pictures indexed, 0 files skipped\n", "")
    with opened(places) as library:
        assert library.marks_of(paths[1:2])[0].rating == 5
        assert library.count(Query(text="tag:sea")) == 1


def test_rebuild_mends_a_damaged_index(run, places, paths):
    places.index.write_bytes(b"garbage " * 500)
    code, out, err = run("library", "rebuild")
    assert (code, out) == (0, "3 pictures indexed, 0 files skipped\n")
    assert "kept as library.broken-1.sqlite" in err


def test_rebuild_of_nothing_is_nothing(run):
    assert run("library", "rebuild") == (0, "0 pictures indexed, 0 files skipped\n", "")


def test_only_some_hundred_reasons_are_shown(run, places, paths):
    for number in range(203):
        (places.pictures / f"broken-{number}.png").write_bytes(b"")
    _, out, err = run("library", "rebuild")
    assert out == "3 pictures indexed, 203 files skipped\n"
    assert len(err.splitlines()) == 201
    assert err.endswith("skipped: 3 more\n")


def test_rebuild_waits_for_no_open_studio_but_says_so(run, places, paths):
    lock = DataLock.take(places)
    code, out, err = run("library", "rebuild")
    lock.release()
    assert (code, out) == (1, "")
    assert "Another Latent Studio has" in err
    assert run("library", "rebuild")[0] == 0


def test_find_prints_one_path_a_line_newest_first(run, paths):
    assert run("library", "find", "a") == (0, "".join(f"{path}\n" for path in reversed(paths)), "")
    assert run("library", "find", "boat")[1] == f"{paths[0]}\n"
    assert run("library", "find", "tag:sea", "mine")[1] == f"{paths[1]}\n"
    assert run("library", "find", '"hill a"') == (0, "", "")


@pytest.mark.parametrize("words", [("library",), ("library", "find"), ("library", "burn"), ("library", "rebuild", "x")])
def test_wrong_words_are_told(run, words):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert "--help" in err

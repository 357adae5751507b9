import errno
import os
import threading
import time

import pytest

from studio.core.errors import SaveError
from studio.core.files import clear_leftovers, make_folder, write_atomically, write_new
from tests.faults import FAULTS, Disk

DATA = bytes(range(256)) * 40


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_replaced_and_nothing_else_is_there(tmp_path):
    path = tmp_path / "settings.toml"
    write_atomically(path, b"old")
    write_atomically(path, DATA)
    assert path.read_bytes() == DATA
    assert names(tmp_path) == ["settings.toml"]


def test_a_new_file_takes_the_next_free_name(tmp_path):
    path = tmp_path / "boat_7.png"
    taken = [write_new(path, bytes([number])).name for number in range(3)]
    assert taken == ["boat_7.png", "boat_7-2.png", "boat_7-3.png"]
    assert [(tmp_path / name).read_bytes() for name in taken] == [b"\0", b"\1", b"\2"]
    assert names(tmp_path) == sorted(taken)


def test_the_rights_of_a_new_file_follow_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        assert write_new(tmp_path / "a", DATA).stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(old)


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_threads_that_want_the_same_name_each_get_their_own(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", refuse_links)
    taken, start = [], threading.Barrier(8)

    def write(number):
        start.wait()
        taken.extend((number, write_new(tmp_path / "same.png", bytes([number]) * 5000)) for _ in range(10))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({path for _, path in taken}) == 80
    assert all(path.read_bytes() == bytes([number]) * 5000 for number, path in taken)
    assert names(tmp_path) == sorted(path.name for _, path in taken)


def refuse_links(*_args, **_named):
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_without_links_a_foreign_file_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse_links)
    (tmp_path / "boat.png").write_bytes(b"theirs")
    assert write_new(tmp_path / "boat.png", DATA).name == "boat-2.png"
    assert (tmp_path / "boat.png").read_bytes() == b"theirs"
    assert names(tmp_path) == ["boat-2.png", "boat.png"]


def write_over(path):
    write_atomically(path, DATA)
    return path


def write_beside(path):
    return write_new(path, DATA)


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("code", FAULTS, ids=errno.errorcode.get)
@pytest.mark.parametrize("write", [write_over, write_beside])
def test_whatever_operation_fails_nothing_is_half_written(tmp_path, monkeypatch, write, code, links):
    if not links:
        monkeypatch.setattr(os, "link", refuse_links)
    disk = Disk(monkeypatch, tmp_path)
    failures = 0
    for number in range(100):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "a.png").write_bytes(b"old")
        disk.arm(number, code)
        try:
            written = write(folder / "a.png")
        except SaveError as error:
            failures += 1
            assert os.strerror(code) in str(error)
            written = None
        failed = disk.has_failed
        disk.disarm()
        assert_whole(folder, written)
        if not failed:
            break
    assert failures >= 5  # open, write, fsync, close, rename or link, open and fsync of the folder
    assert not failed


def assert_whole(folder, written):
    """Every file under a visible name is whole, the old one is there unless it was replaced."""
    visible = [path for path in folder.iterdir() if not path.name.startswith(".")]
    assert {path.read_bytes() for path in visible} <= {b"old", DATA}
    assert (folder / "a.png") in visible
    if written is not None:
        assert written.read_bytes() == DATA


@pytest.mark.parametrize("write", [write_over, write_beside])
def test_a_folder_that_is_not_there_is_told(tmp_path, write):
    with pytest.raises(SaveError, match=r"gone/a\.png could not be saved: No such file or directory\. Free some space"):
        write(tmp_path / "gone" / "a.png")


@pytest.mark.parametrize("write", [write_over, write_beside])
def test_a_name_that_no_file_can_have_is_told(tmp_path, write):
    for name in ("nul\0.png", "x" * 300):
        with pytest.raises(SaveError):
            write(tmp_path / name)
    assert names(tmp_path) == []


def test_a_folder_where_a_file_lies_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SaveError, match="could not be saved"):
        make_folder(tmp_path / "file" / "inside")


def test_a_write_taken_in_parts_is_whole(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:100]))
    write_atomically(tmp_path / "a", DATA)
    assert (tmp_path / "a").read_bytes() == DATA


def test_only_old_temporary_files_are_cleared(tmp_path):
    old, new, kept = tmp_path / ".old.tmp", tmp_path / ".new.tmp", tmp_path / "boat.png"
    for path in (old, new, kept):
        path.write_bytes(b"")
    for path in (old, kept):
        os.utime(path, (time.time() - 7200,) * 2)
    clear_leftovers(tmp_path)
    assert names(tmp_path) == [".new.tmp", "boat.png"]


def test_clearing_a_folder_that_is_not_there_does_nothing(tmp_path):
    clear_leftovers(tmp_path / "gone")
    assert names(tmp_path) == []

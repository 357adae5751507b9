from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from studio.core.errors import OptionError, SaveError
from studio.core.export_options import ExportOptions, Format
from studio.core.export_run import Exported, export_all, folder_of
from studio.core.foreign import read_foreign
from studio.core.metadata import write_png
from studio.core.recipe import Recipe

PICTURE = np.random.default_rng(1).integers(0, 256, (32, 48, 3), np.uint8)
NOW = datetime(2026, 11, 21, 14, 25, 1)


@pytest.fixture
def items(tmp_path):
    """Three files of the library, with seeds 1 to 3."""
    made = []
    for seed in (1, 2, 3):
        path = tmp_path / f"{seed}.png"
        path.write_bytes(write_png(PICTURE, Recipe(prompt="a red sailboat", seed=seed)))
        made.append(Exported(path=path))
    return made


@pytest.fixture
def options(tmp_path):
    return ExportOptions(folder=str(tmp_path / "out"), pattern="{seed}")


def on(done, total):
    return True


@pytest.mark.parametrize("kind", Format)
def test_several_at_once_with_their_pixels_and_recipes(items, options, kind):
    told = []

    def progress(done, total):
        told.append((done, total))
        return True

    report = export_all(items, msgspec.structs.replace(options, format=kind), NOW, progress)
    assert [path.name for path in report.written] == [f"{seed}{kind.suffix}" for seed in (1, 2, 3)]
    assert (report.refused, report.was_stopped) == ((), False)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert read_foreign(report.written[1]).recipe.seed == 2
    if kind is Format.PNG:
        assert np.array_equal(np.asarray(Image.open(report.written[0])), PICTURE)


def test_nothing_is_overwritten(items, options):
    first = export_all(items, msgspec.structs.replace(options, pattern="same"), NOW, on)
    again = export_all(items[:1], msgspec.structs.replace(options, pattern="same"), NOW, on)
    names = [path.name for path in (*first.written, *again.written)]
    assert names == ["same.png", "same-2.png", "same-3.png", "same-4.png"]
    assert {read_foreign(path).recipe.seed for path in first.written} == {1, 2, 3}


def test_a_stop_begins_no_other_picture(items, options):
    report = export_all(items, options, NOW, lambda done, total: done < 2)
    assert [path.name for path in report.written] == ["1.png", "2.png"]
    assert report.was_stopped
    assert not (folder_of(options) / "3.png").exists()


def test_a_stop_after_the_last_stops_nothing(items, options):
    assert not export_all(items, options, NOW, lambda done, total: done < total).was_stopped


def test_what_cannot_be_read_is_left_out_and_told(items, options):
    items[1].path.write_bytes(b"no picture")
    items[2].path.unlink()
    report = export_all(items, options, NOW, on)
    assert [path.name for path in report.written] == ["1.png"]
    assert len(report.refused) == 2
    assert all("cannot be read" in sentence for sentence in report.refused)


def test_a_picture_that_is_only_in_memory(options):
    report = export_all([Exported(picture=PICTURE, recipe=Recipe(seed=9))], options, NOW, on)
    assert read_foreign(report.written[0]).recipe.seed == 9


def test_without_the_recipe_nothing_of_it_is_in_the_file(items, options):
    report = export_all(items, msgspec.structs.replace(options, with_recipe=False), NOW, on)
    assert b"sailboat" not in report.written[0].read_bytes()


def test_where_a_file_cannot_be_written_the_rest_is_not_tried(items, options, monkeypatch):
    def full(path: Path, data: bytes) -> Path:
        raise SaveError(path, "no space left on device")

    monkeypatch.setattr("studio.core.export_run.write_new", full)
    report = export_all(items, options, NOW, on)
    assert report.written == ()
    assert len(report.refused) == 1
    assert "no space left" in report.refused[0]
    assert report.was_stopped


def test_a_folder_that_cannot_be_made_is_told_before_anything(items, options, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SaveError, match="could not be saved"):
        export_all(items, msgspec.structs.replace(options, folder=str(tmp_path / "file" / "in")), NOW, on)


@pytest.mark.parametrize("folder", ["relative/path", "~nobody-of-that-name/x", "."])
def test_a_folder_that_is_no_whole_path_is_told(folder):
    with pytest.raises(OptionError, match="whole path") as caught:
        folder_of(ExportOptions(folder=folder))
    assert caught.value.name == "folder"


def test_no_folder_is_the_home_folder():
    assert folder_of(ExportOptions()) == Path.home()


def test_a_pattern_that_means_nothing_writes_nothing(items, options):
    with pytest.raises(OptionError):
        export_all(items, msgspec.structs.replace(options, pattern="{sed}"), NOW, on)
    assert not folder_of(options).exists()

import sys

import pytest

from studio.system_libraries import (
    FONT_PACKAGE,
    LIBRARIES,
    SCREEN_LIBRARIES,
    apt_command,
    missing_libraries,
    missing_packages,
)


def system_without(*lost):
    """A loader of a system that has every library but these."""

    def load(library):
        if library in lost:
            raise OSError(f"{library}: cannot open shared object file")

    return load


@pytest.fixture
def fonts(tmp_path):
    (tmp_path / "truetype").mkdir()
    (tmp_path / "truetype" / "plain.ttf").write_bytes(b"")
    return [str(tmp_path)]


@pytest.fixture(autouse=True)
def _linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")


def test_a_whole_system_misses_nothing(fonts):
    assert missing_packages(system_without(), fonts) == []


@pytest.mark.parametrize(("library", "package"), (LIBRARIES | SCREEN_LIBRARIES).items())
def test_each_library_is_missed_by_its_package(fonts, library, package):
    assert missing_packages(system_without(library), fonts) == [package]
    assert missing_libraries(LIBRARIES | SCREEN_LIBRARIES, system_without(library)) == [library]


def test_a_system_without_fonts_misses_one(tmp_path):
    assert missing_packages(system_without(), [str(tmp_path), str(tmp_path / "gone")]) == [FONT_PACKAGE]


def test_other_systems_bring_their_own(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert missing_packages(system_without(*LIBRARIES), [str(tmp_path)]) == []


def test_a_library_that_nobody_has_is_missed_by_the_real_loader():
    assert missing_libraries(["liblatent-studio-nowhere.so.1"]) == ["liblatent-studio-nowhere.so.1"]


def test_the_command_can_be_typed():
    assert apt_command(["a", "b"]) == "sudo apt-get update && sudo apt-get install --yes a b"

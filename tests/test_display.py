import socket

import pytest

from studio import display
from studio.display import NoDisplayError, check_display


@pytest.fixture
def whole_system(monkeypatch):
    monkeypatch.setattr(display, "missing_libraries", lambda _libraries: [])


@pytest.fixture
def listening(tmp_path):
    """A local socket that a compositor would listen on."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-0"))
        server.listen()
        yield tmp_path


@pytest.mark.usefixtures("whole_system")
@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"DISPLAY": ""},
        {"DISPLAY": ":4711"},
        {"DISPLAY": "unix:4711.0"},
        {"DISPLAY": "nonsense"},
        {"WAYLAND_DISPLAY": "wayland-0"},
        {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": "/nowhere"},
    ],
)
def test_no_display_or_a_dead_one_is_told_with_what_works_without(environment):
    with pytest.raises(NoDisplayError, match=r"there is no display .*Pictures can be made without one: latent-studio"):
        check_display(environment, "linux")


@pytest.mark.usefixtures("whole_system")
def test_a_display_that_answers_is_one(listening, monkeypatch):
    check_display({"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(listening)}, "linux")
    asked = []
    monkeypatch.setattr(display, "_answers", lambda path: asked.append(str(path)) or str(path).startswith("\0"))
    check_display({"DISPLAY": ":3.1"}, "linux")
    assert asked == ["/tmp/.X11-unix/X3", "\0/tmp/.X11-unix/X3"]


@pytest.mark.usefixtures("whole_system")
def test_a_remote_display_that_answers_is_one(monkeypatch):
    asked = []

    class Connection:
        def close(self):
            asked.append("closed")

    def connect(address, timeout):
        asked.append(address)
        return Connection()

    monkeypatch.setattr(display.socket, "create_connection", connect)
    check_display({"DISPLAY": "elsewhere:2"}, "linux")
    assert asked == [("elsewhere", 6002), "closed"]

    def refuse(address, timeout):
        raise ConnectionRefusedError

    monkeypatch.setattr(display.socket, "create_connection", refuse)
    with pytest.raises(NoDisplayError):
        check_display({"DISPLAY": "elsewhere:2"}, "linux")


@pytest.mark.usefixtures("whole_system")
def test_a_platform_that_was_chosen_is_believed():
    check_display({"QT_QPA_PLATFORM": "offscreen"}, "linux")


def test_missing_libraries_are_told_with_the_command_that_brings_them(monkeypatch):
    monkeypatch.setattr(display, "missing_libraries", lambda libraries: [each for each in libraries if "EGL" in each])
    with pytest.raises(NoDisplayError, match=r"\(libEGL\.so\.1\); on Debian .*apt-get install --yes libegl1"):
        check_display({"QT_QPA_PLATFORM": "offscreen"}, "linux")


def test_screen_libraries_are_needed_only_where_qt_draws_through_x11(monkeypatch):
    monkeypatch.setattr(display, "missing_libraries", lambda libraries: [each for each in libraries if "xcb" in each])
    check_display({"QT_QPA_PLATFORM": "offscreen"}, "linux")
    with pytest.raises(NoDisplayError, match="libxcb-cursor0"):
        check_display({"QT_QPA_PLATFORM": "xcb"}, "linux")


def test_other_systems_are_not_asked():
    check_display({}, "darwin")
    check_display({}, "win32")

"""Whether a window can be shown, asked before Qt is: Qt itself ends the process where it cannot."""

import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from studio.core.errors import StudioError
from studio.system_libraries import LIBRARIES, SCREEN_LIBRARIES, apt_command, missing_libraries

_TIMEOUT_S = 2.0
_WITHOUT = "Pictures can be made without one: latent-studio generate --help."


class NoDisplayError(StudioError):
    """There is no screen to show a window on."""

    def __init__(self, reason: str) -> None:
        """`reason` has no full stop."""
        super().__init__(f"The window cannot be shown: {reason}. {_WITHOUT}")


def check_display(environment: Mapping[str, str], platform: str = sys.platform) -> None:
    """Raise `NoDisplayError` where Qt would find no screen or not its libraries. Only Linux is checked."""
    if not platform.startswith("linux"):
        return
    chosen = environment.get("QT_QPA_PLATFORM", "")
    screens = () if chosen else (_wayland(environment), _x11(environment))
    if not chosen and not any(screens):
        raise NoDisplayError("there is no display (neither DISPLAY nor WAYLAND_DISPLAY leads to one)")
    needed = LIBRARIES | (SCREEN_LIBRARIES if chosen == "xcb" or screens == (False, True) else {})
    missing = missing_libraries(needed)
    if missing:
        packages = apt_command(needed[library] for library in missing)
        raise NoDisplayError(f"system libraries are missing ({', '.join(missing)}); on Debian and Ubuntu: {packages}")


def _wayland(environment: Mapping[str, str]) -> bool:
    name = environment.get("WAYLAND_DISPLAY", "")
    return bool(name) and _answers(Path(environment.get("XDG_RUNTIME_DIR", "/")) / name)


def _x11(environment: Mapping[str, str]) -> bool:
    host, _, number = environment.get("DISPLAY", "").rpartition(":")
    number = number.partition(".")[0]
    if not number.isdecimal():
        return False
    if host in {"", "unix"}:
        path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - where every X server listens
        return _answers(path) or _answers(f"\0{path}")
    try:
        socket.create_connection((host, 6000 + int(number)), timeout=_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _answers(path: Path | str) -> bool:
    """Whether something listens on a local socket; a leading NUL names an abstract one."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_TIMEOUT_S)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True

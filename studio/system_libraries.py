"""The system libraries that Qt needs and no wheel brings. Standard library only: the developer's script reads it too.

Each is the file that Qt asks the system for, and the Debian package that holds it (`readelf -d` on Qt's own files).
"""

import ctypes
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libzstd.so.1": "libzstd1",
}
"""Without these Qt is not even imported."""
SCREEN_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
"""Without these Qt shows nothing on an X11 screen."""
FONT_PACKAGE = "fonts-dejavu-core"
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")

Load = Callable[[str], object]


def missing_packages(load: Load = ctypes.CDLL, font_folders: Iterable[str] = _FONT_FOLDERS) -> list[str]:
    """The Debian packages to install before a window can be shown; none on other systems than Linux."""
    if not sys.platform.startswith("linux"):
        return []
    packages = [package for library, package in (LIBRARIES | SCREEN_LIBRARIES).items() if not _loads(library, load)]
    return packages if _has_font(font_folders) else [*packages, FONT_PACKAGE]


def missing_libraries(libraries: Iterable[str], load: Load = ctypes.CDLL) -> list[str]:
    """Those of `libraries` that the system does not have."""
    return [library for library in libraries if not _loads(library, load)]


def apt_command(packages: Iterable[str]) -> str:
    """What to type on Debian and Ubuntu."""
    return f"sudo apt-get update && sudo apt-get install --yes {' '.join(packages)}"


def _loads(library: str, load: Load) -> bool:
    try:
        load(library)
    except OSError:
        return False
    return True


def _has_font(folders: Iterable[str]) -> bool:
    existing = (Path(folder).expanduser() for folder in folders)
    return any(next(folder.rglob(f"*.{kind}"), None) for folder in existing for kind in ("ttf", "otf", "ttc"))

"""The suite is hostile: no network, none of the user's own files, nothing left behind by a test."""

import gc
import os
import socket
import tempfile
import threading
from pathlib import Path

import pytest

# Before anything is imported that looks for the user's folders.
_HOME = Path(tempfile.mkdtemp(prefix="latent-studio-home-"))
for _name, _folder in {
    "HOME": "",
    "USERPROFILE": "",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "state",
    "APPDATA": "roaming",
    "LOCALAPPDATA": "local",
}.items():
    os.environ[_name] = str(_HOME / _folder)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"

_INTERNET = (socket.AF_INET, socket.AF_INET6)


def pytest_collection_modifyitems(items):
    """The offscreen platform says of itself what it cannot do; every other warning of Qt's fails the test."""
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore(r"^This plugin does not support", extend=True))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guard(real):
        def guarded(self, address):
            if self.family in _INTERNET:
                pytest.fail(f"the test reached for the network: {address}")
            return real(self, address)

        return guarded

    monkeypatch.setattr(socket.socket, "connect", guard(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guard(connect_ex))


@pytest.fixture(autouse=True)
def _nothing_left_behind(request, monkeypatch):
    """Fail a test that leaves a window, a running thread or a ticking timer."""
    if not {"qapp", "qtbot"} & set(request.fixturenames):
        yield
        return
    # Fixtures set up before this one are torn down after it: ask for pytest-qt's first, so that it closes its widgets
    # before we look.
    from PySide6.QtCore import QThread, QTimer

    request.getfixturevalue("qapp")
    before = {id(widget) for widget in _top_level()}
    threads_before = set(threading.enumerate())
    started = _record_starts(monkeypatch, QThread), _record_starts(monkeypatch, QTimer)
    yield
    _delete_deferred()
    left = _left(before)
    if left:  # pyqtgraph's menus are held by cycles
        gc.collect()
        _delete_deferred()
        left = _left(before)
    names = [repr(widget) for widget in left]
    running = [thread for thread in started[0] if _alive(thread, "isRunning")]
    ticking = [timer for timer in started[1] if _alive(timer, "isActive")]
    python = [
        thread
        for thread in set(threading.enumerate()) - threads_before
        if thread.is_alive() and not thread.daemon and not isinstance(thread, threading._DummyThread)
    ]
    for widget in left:
        widget.hide()
        widget.deleteLater()
    _delete_deferred()
    assert not names, f"the test left windows: {names}"
    assert not running, f"the test left threads running: {running}"
    assert not ticking, f"the test left timers ticking: {ticking}"
    assert not python, f"the test left threads running: {python}"


def _left(before):
    return [widget for widget in _top_level() if widget.parent() is None and id(widget) not in before]


def _record_starts(monkeypatch, kind):
    started, start = [], kind.start

    def recorded(self, *arguments):
        started.append(self)
        return start(self, *arguments)

    monkeypatch.setattr(kind, "start", recorded)
    return started


def _top_level():
    from PySide6.QtWidgets import QApplication

    return QApplication.topLevelWidgets()


def _delete_deferred():
    from PySide6.QtCore import QCoreApplication, QEvent

    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()


def _alive(thing, question):
    import shiboken6

    return shiboken6.isValid(thing) and getattr(thing, question)()

"""The suite's own guards, each proved by planting what it must catch."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = """
import os, socket, threading, time
from pathlib import Path
import pytest
from PySide6.QtCore import QThread, QTimer, qWarning
from PySide6.QtWidgets import QWidget

kept = []

def test_leaves_a_window(qapp):
    kept.append(QWidget())

def test_leaves_a_timer(qapp):
    timer = QTimer()
    kept.append(timer)
    timer.start(60_000)

def test_leaves_a_qt_thread(qapp):
    class Sleeper(QThread):
        def run(self):
            time.sleep(1.5)
    thread = Sleeper()
    kept.append(thread)
    thread.start()

def test_leaves_a_thread(qapp):
    threading.Thread(target=time.sleep, args=(1.5,)).start()

def test_reaches_for_the_network():
    socket.create_connection(("192.0.2.1", 80), timeout=1)

def test_warns_in_qt(qapp):
    qWarning("planted")

def test_clean(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    assert "latent-studio-home-" in str(Path.home())
    assert "latent-studio-home-" in os.environ["XDG_DATA_HOME"]
    kept[2].wait()
"""
CAUGHT = {
    "test_leaves_a_window": "the test left windows",
    "test_leaves_a_timer": "the test left timers ticking",
    "test_leaves_a_qt_thread": "the test left threads running",
    "test_leaves_a_thread": "the test left threads running",
    "test_reaches_for_the_network": "the test reached for the network",
    "test_warns_in_qt": "planted",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("planted")
    shutil.copy(Path(__file__).with_name("conftest.py"), folder)
    (folder / "test_planted.py").write_text(PLANTED)
    (folder / "pytest.ini").write_text("[pytest]\nqt_api = pyside6\nqt_log_level_fail = WARNING\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=120,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("name", CAUGHT)
def test_a_planted_fault_is_caught(report, name):
    lines = [line for line in report.splitlines() if line.startswith(("FAILED", "ERROR")) and f"::{name}" in line]
    assert lines, report
    assert CAUGHT[name] in report


def test_a_clean_test_passes(report):
    passed = [line for line in report.splitlines() if line.startswith("PASSED") and "::test_clean" in line]
    assert passed, report

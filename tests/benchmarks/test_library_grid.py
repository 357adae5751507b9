"""The library in the window with 100,000 pictures: how it scrolls, and from a key in the search field to the answer.

Run with `python -m pytest tests/benchmarks/test_library_grid.py -s`. A real index, rows only; thumbnails are made from
numbers, at the size of real ones, so that what is measured is the window.
"""

import time

import numpy as np
import pytest
from PySide6.QtTest import QTest

from studio.library.library import Library
from studio.ui.library_model import LibraryModel
from studio.ui.library_panel import LibraryPanel
from studio.ui.library_view import LibraryView
from studio.ui.thumbnails import THUMBNAIL_PX, Thumbnails
from tests.benchmarks.test_library import filled
from tests.benchmarks.test_window import Ticks, report

pytestmark = pytest.mark.timeout(900)
COUNT = 100_000
FRAME_S = 0.016
SCROLLS = {"wheel": 240, "page": 60, "thumb": 60}
TYPED = ("sailboat sunset", "lighthouse", "golden forest", "mountains fog", "seed:4021")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("data"), COUNT)


def painted(path):
    random = np.random.default_rng(int(path.stem[-6:]))
    small = random.integers(0, 256, (13, 13, 3), np.uint8)
    return np.kron(small, np.ones((THUMBNAIL_PX // 13, THUMBNAIL_PX // 13, 1), np.uint8))


@pytest.fixture
def panel(qtbot, places):
    library = Library.open(places)
    model = LibraryModel(library, Thumbnails(painted))
    model.reload()
    panel = LibraryPanel(model, LibraryView(model))
    qtbot.addWidget(panel)
    panel.resize(1280, 480)
    with qtbot.waitExposed(panel):
        panel.show()
    qtbot.waitUntil(lambda: model.is_settled, timeout=20_000)
    yield panel
    model.close()
    library.close()


def spin(qtbot, seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QTest.qWait(1)


def scroll(qtbot, panel, kind):
    bar = panel.view.verticalScrollBar()
    random = np.random.default_rng(3)
    for number in range(SCROLLS[kind]):
        if kind == "wheel":
            bar.setValue(bar.value() + 60)
        elif kind == "page":
            bar.setValue(bar.value() + bar.pageStep())
        elif number % 10 == 0:  # the thumb is dragged to another place, and a little around it
            bar.setValue(int(random.integers(bar.maximum())))
        else:
            bar.setValue(bar.value() + 400)
        spin(qtbot, FRAME_S)


@pytest.mark.parametrize("kind", SCROLLS)
def test_scrolling(qtbot, panel, benchmark, kind):
    ticks = Ticks()

    def run():
        with ticks:
            scroll(qtbot, panel, kind)

    benchmark.pedantic(run, rounds=1)
    report(f"scroll_{kind}", benchmark, ticks.gaps_ms())
    print(
        f"thumbnails in memory: {panel._model.thumbnails.held_bytes / 2**20:.0f} MiB, rows: {len(panel._model._rows)}"
    )


def test_keystroke_to_answer(qtbot, panel, benchmark):
    model, times = panel._model, []
    began = [0.0]
    model.modelReset.connect(lambda: times.append(1000 * (time.perf_counter() - began[0])))

    def type_all():
        for words in TYPED:
            panel.search.clear()
            qtbot.waitUntil(lambda: model.query.text == "", timeout=20_000)
            for number, letter in enumerate(words, 1):
                began[0] = time.perf_counter()
                QTest.keyClicks(panel.search, letter)
                text = words[:number]
                while model.query.text != text:
                    QTest.qWait(1)

    with Ticks() as ticks:
        benchmark.pedantic(type_all, rounds=1)
    figures = {"p50": np.percentile(times, 50), "p95": np.percentile(times, 95), "max": max(times)}
    report("keystroke_to_answer", benchmark, {key: float(value) for key, value in figures.items()})
    report("while_typing", benchmark, ticks.gaps_ms())

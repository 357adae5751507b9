"""How the window answers while the machine works: gaps between ticks of the UI thread, and the time to the window.

Run with `python -m pytest tests/benchmarks/test_window.py -s`; set LATENT_STUDIO_MODEL to a model folder.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer

import studio.app
from studio.core.places import resources_dir

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
TICK_MS = 2
MODEL = os.environ.get("LATENT_STUDIO_MODEL", str(resources_dir() / "models" / "horizon"))
_WINDOW = """
import sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication
import studio.app
app = QApplication([])
window = studio.app.build(Path(sys.argv[1]), model=sys.argv[2])
window.shown.disconnect()
window.shown.connect(lambda: (window.close(), app.quit()))
window.show()
app.exec()
"""


class Ticks:
    """A timer that ought to tick every two milliseconds, and how late it did."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self.times.append(time.perf_counter()))

    def __enter__(self) -> "Ticks":
        self._timer.start(TICK_MS)
        return self

    def __exit__(self, *_) -> None:
        self._timer.stop()

    def gaps_ms(self, since: float = 0.0) -> dict[str, float]:
        gaps = 1000 * np.diff([each for each in self.times if each >= since])
        return {"p50": float(np.median(gaps)), "p99": float(np.percentile(gaps, 99)), "max": float(gaps.max())}


def report(name: str, benchmark, figures: dict[str, float]) -> None:
    benchmark.extra_info.update({f"{name}_{key}_ms": round(value, 1) for key, value in figures.items()})
    print(f"\n{name}: " + ", ".join(f"{key} {value:.1f} ms" for key, value in figures.items()))


def test_ui_tick_gaps(qtbot, tmp_path, benchmark):
    window = studio.app.build(tmp_path, model=MODEL)
    jobs, pictures, session = window.controller.jobs, window.controller.pictures, window.controller.session
    ready = []
    window.controller._thread.modelLoaded.connect(ready.append)
    with qtbot.waitExposed(window):
        window.show()
    with Ticks() as ticks:
        qtbot.waitUntil(lambda: bool(ready), timeout=120_000)
    report("loading", benchmark, ticks.gaps_ms())

    def make() -> None:
        session.change_recipe(prompt="a red sailboat on a calm sea at sunset")
        window.prompt_panel.generate_button.click()
        qtbot.waitUntil(lambda: not jobs.is_busy, timeout=120_000)

    make()  # warm
    with Ticks() as ticks:
        benchmark.pedantic(make, rounds=3)
    report("generating", benchmark, ticks.gaps_ms())
    assert pictures.on_show is not None
    window.close()
    window.deleteLater()
    assert ticks.gaps_ms()["p99"] <= 16.0


def test_time_to_window(tmp_path, benchmark):
    def start() -> None:
        command = [sys.executable, "-c", _WINDOW, str(tmp_path), MODEL]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[2])

    benchmark.pedantic(start, rounds=5, warmup_rounds=1)
    print(f"\nprocess start to the first paint and clean end: {1000 * benchmark.stats['median']:.0f} ms")

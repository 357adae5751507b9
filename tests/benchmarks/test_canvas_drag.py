"""A hand that drags over four keyframes in the real window: how many pictures it sees, and how late.

Run with `python -m pytest tests/benchmarks/test_canvas_drag.py -s`; set LATENT_STUDIO_MODEL to a model folder.
`LATENT_STUDIO_DRAG_SIDE` is the side of the pictures in pixels.
"""

import math
import os
import time

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

import studio.app
from studio.core.canvas import Material, shares_of
from studio.core.canvas_edits import Arrangement
from studio.core.places import resources_dir
from tests.benchmarks.test_window import Ticks

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.timeout(900),
]
MODEL = os.environ.get("LATENT_STUDIO_MODEL", str(resources_dir() / "models" / "horizon"))
SIDE = int(os.environ.get("LATENT_STUDIO_DRAG_SIDE", "256"))
MOVES, MOVE_MS, WAIT_MS = 200, 16, 300_000
PROMPTS = ("a red sailboat on a calm sea at sunset", "snowy mountains at night", "a lighthouse at dawn", "green hills")
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def move(view, at: QPoint) -> None:
    whole = QPointF(view.mapToGlobal(at))
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), whole, Qt.MouseButton.NoButton, LEFT, NONE)
    QApplication.sendEvent(view, event)


def path(view) -> list[QPoint]:
    """A loop that passes every keyframe once and the middle twice."""
    turns = np.linspace(0, 2 * math.pi, MOVES)
    return [view.place_on_screen((0.6 * math.sin(t), 0.6 * math.sin(2 * t))).toPoint() for t in turns]


def prepare(qtbot, window):
    """Four keyframes in a square, thumbnails drawn, the planner warm, nothing under way."""
    session, desk = window.controller.session, window.controller.canvas
    window.action("latentCanvas").setChecked(True)
    session.change_recipe(width=SIDE, height=SIDE)
    for prompt in PROMPTS:
        session.change_recipe(prompt=prompt)
        window.canvas_panel.toolbar.add_button.click()
    window.canvas_panel.toolbar.arrangeRequested.emit(Arrangement.SQUARE)
    window.canvas_panel.toolbar.atlas_button.setChecked(False)
    desk.canvas.pictures.set_atlas(False)
    qtbot.waitUntil(lambda: all(window.canvas_panel.view.thumbnails), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not desk.is_busy, timeout=WAIT_MS)


def test_a_drag_over_four_keyframes(qtbot, tmp_path):
    window = studio.app.build(tmp_path, model=MODEL)
    window.resize(1280, 800)
    with qtbot.waitExposed(window):
        window.show()
    prepare(qtbot, window)
    view, pictures = window.canvas_panel.view, window.controller.canvas.canvas.pictures
    session = window.controller.session
    moved, delays, shown, steps, began = {}, [], [], [], time.perf_counter()

    def on_changed(names) -> None:
        """The hand's wish reaches the session: before the canvas hears of it, so that no picture can be earlier."""
        moved.setdefault(shares_of(session.state.canvas, Material.NOISE), began)

    def on_frame(recipe, frame) -> None:
        now = time.perf_counter()
        shown.append(now)
        steps.append(frame.steps)
        delays.append(now - moved[recipe.blend.noise_shares])

    qtbot.mousePress(view, LEFT, NONE, view.place_on_screen(session.state.canvas.puck).toPoint())
    session._listeners.insert(0, on_changed)
    pictures.frameShown.connect(on_frame)
    with Ticks() as ticks:
        for at in path(view):
            began = time.perf_counter()
            move(view, at)
            qtbot.wait(MOVE_MS)
        spent = time.perf_counter() - min(moved.values())
    pictures.frameShown.disconnect(on_frame)
    qtbot.mouseRelease(view, LEFT, NONE, path(view)[-1])
    milliseconds = 1000 * np.array(delays)
    gaps = ticks.gaps_ms()
    print(
        f"\n{MOVES} moves over 4 keyframes at {SIDE}×{SIDE} px: {len(shown)} pictures, "
        f"{len(shown) / spent:.1f} a second, of {min(steps)} to {max(steps)} steps"
        f"\nmove to picture: p50 {np.percentile(milliseconds, 50):.0f} ms, p95 {np.percentile(milliseconds, 95):.0f} ms"
        f"\nUI ticks: p50 {gaps['p50']:.1f} ms, p99 {gaps['p99']:.1f} ms, max {gaps['max']:.1f} ms"
    )
    window.close()
    window.deleteLater()
    assert gaps["p99"] <= 33.0

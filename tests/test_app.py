"""The real studio, engine and all: what an artist does first, and the promises of the design."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

import studio.app
from studio.core.events import Step
from studio.core.metadata import read_recipe
from studio.core.places import resources_dir

# diffusers 0.3x hands torch tensors to numpy's `array`, which numpy 2 will want done otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
HORIZON = resources_dir() / "models" / "horizon"
CONTROL = Qt.KeyboardModifier.ControlModifier
LOAD_MS = 60_000
"""Torch, diffusers and the weights, on a busy machine."""


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    """The folder in LATENT_STUDIO_MODEL, else Horizon where it is there, else random weights of the same kind."""
    if os.environ.get("LATENT_STUDIO_MODEL"):
        return os.environ["LATENT_STUDIO_MODEL"]
    if (HORIZON / "model_index.json").is_file():
        return str(HORIZON)
    from tests.tiny_model import build_tiny_model

    return str(build_tiny_model(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def window(qtbot, tmp_path, model):
    made = studio.app.build(tmp_path / "data", model=model)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    yield made
    made.close()
    made.deleteLater()


def until(qtbot, condition, timeout=LOAD_MS):
    qtbot.waitUntil(lambda: bool(condition()), timeout=timeout)


def until_shown(qtbot, window):
    """Wait for a finished picture; a failure told in the banner ends the wait with its sentence."""
    pictures, banner = window.controller.pictures, window.banner
    until(qtbot, lambda: pictures.on_show is not None or not banner.isHidden())
    assert pictures.on_show is not None, banner.sentence.text()


def prepare(window, steps=4, side=64):
    window.controller.session.change_recipe(steps=steps, width=side, height=side)


def test_a_prompt_and_ctrl_return_stream_a_picture_and_write_its_file(qtbot, window):
    prepare(window, steps=5, side=256)  # slow enough for every preview to be shown before the next
    previews, stages = [], []
    window.controller.jobs.previewReady.connect(lambda image, size: previews.append(image.size()))
    window.controller.jobs.stepTaken.connect(lambda recipe, number: stages.append(number))
    edit = window.prompt_panel.prompt_edit
    edit.setFocus()
    qtbot.keyClicks(edit, "a red sailboat on a calm sea at sunset")
    qtbot.keyClick(edit, Qt.Key.Key_Return, CONTROL)
    until_shown(qtbot, window)
    assert len(previews) >= 5
    assert stages == [1, 2, 3, 4, 5]
    shown = window.controller.pictures.on_show
    recipe = read_recipe(shown.path)
    assert recipe.prompt == "a red sailboat on a calm sea at sunset"
    assert recipe.seed == window.controller.session.recipe.seed
    assert recipe.model.hash
    assert shown.image.width() == 256
    assert len(window.sampling_panel.sigma_plot.levels) >= 4


def test_stop_answers_within_one_step_and_the_next_picture_is_made(qtbot, window):
    steps: list[Step] = []
    window.controller.jobs.stepTaken.connect(lambda recipe, number: steps.append(number))
    prepare(window, steps=400)
    window.controller.session.change_recipe(prompt="a calm sea")
    window.prompt_panel.generate_button.click()
    until(qtbot, lambda: len(steps) > 1)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    at_stop = steps[-1]
    until(qtbot, lambda: not window.controller.jobs.is_busy)
    assert steps[-1] - at_stop <= 2  # the one being taken, and one whose report was on its way
    prepare(window, steps=3)
    window.prompt_panel.generate_button.click()
    until_shown(qtbot, window)


def test_closing_while_sampling_is_quick_and_clean(qtbot, window):
    prepare(window, steps=400)
    window.controller.session.change_recipe(prompt="a calm sea")
    window.prompt_panel.generate_button.click()
    until(qtbot, lambda: not window.preview_view.image.isNull())
    began = time.monotonic()
    assert window.close()
    assert time.monotonic() - began < 30  # a hang guard, not a measure


def test_an_unknown_model_is_refused_in_one_sentence(qapp, tmp_path):
    from studio.core.errors import ModelNotFoundError

    with pytest.raises(ModelNotFoundError, match="no model “nonesuch”"):
        studio.app.build(tmp_path, model="nonesuch")


_SHOWN = """
import json, sys, time
began = time.perf_counter()
from pathlib import Path
from PySide6.QtWidgets import QApplication
app = QApplication([])
import studio.app
window = studio.app.build(Path(sys.argv[1]), model=sys.argv[2])
seen = {}
def look():
    seen.update(seconds=time.perf_counter() - began, torch="torch" in sys.modules, visible=window.isVisible())
window.shown.connect(look)
window._first_paint.timeout.disconnect()
window._first_paint.timeout.connect(lambda: (look(), window.close(), app.quit()))
window.show()
app.exec()
print(json.dumps(seen))
"""


def test_the_window_is_on_the_screen_before_torch_is_imported(tmp_path, model):
    done = subprocess.run(
        [sys.executable, "-c", _SHOWN, str(tmp_path / "data"), model],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
        check=True,
    )
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["visible"]
    assert not seen["torch"]


def test_run_opens_the_window_and_ends_well(tmp_path, model):
    code = (
        "import sys; from pathlib import Path; from studio.app import run;"
        "sys.exit(run(Path(sys.argv[1]), model=sys.argv[2]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "data"), model],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "STUDIO_QUIT_AFTER": "0.3"},
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_run_without_a_display_says_so_in_one_sentence(tmp_path, monkeypatch, capsys):
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if sys.platform != "linux":
        pytest.skip("only Linux has no display")
    assert studio.app.run(tmp_path) == 1
    assert "no display" in capsys.readouterr().err

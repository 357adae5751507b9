"""Models of different kinds in the real studio, engine and all: one is chosen while another is at work."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QComboBox

import studio.app
from studio.core.metadata import read_recipe
from studio.engine.local import LocalEngine
from tests.tiny_model import build_tiny_model
from tests.tiny_pipelines import build_pipeline

# diffusers hands torch tensors to numpy's `array`, which numpy 2 will want done otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
LOAD_MS = 120_000


@pytest.fixture
def window(qtbot, tmp_path):
    models = tmp_path / "data" / "models"
    build_tiny_model(models / "tiny")
    build_pipeline("latent-diffusion", models / "whole")
    made = studio.app.build(tmp_path / "data", model="tiny")
    with qtbot.waitExposed(made):
        made.show()
    made.controller.session.change_recipe(prompt="a red sailboat", width=64, height=64, steps=12)
    yield made
    made.close()
    made.deleteLater()


def test_a_pipeline_chosen_while_a_picture_is_made_comes_after_it_and_can_be_stopped(qtbot, window, tmp_path):
    session, jobs = window.controller.session, window.controller.jobs
    finished, steps, previews = [], [], []
    jobs.finished.connect(lambda done, image: finished.append(done))
    jobs.stepTaken.connect(lambda recipe, number: steps.append((recipe.model.name, number)))
    jobs.previewReady.connect(lambda image, size: previews.append(image))

    def until(condition):
        qtbot.waitUntil(lambda: bool(condition()), timeout=LOAD_MS)

    window.action("generate").trigger()
    until(lambda: steps)
    combo = window.findChild(QComboBox, "modelCombo")
    combo.setCurrentText("whole")
    combo.activated.emit(combo.currentIndex())
    window.action("generate").trigger()
    until(lambda: len(finished) == 2)
    assert [done.recipe.model.name for done in finished] == ["tiny", "whole"]
    assert any(name == "whole" for name, _ in steps)
    assert previews
    path = next((tmp_path / "data" / "pictures").rglob(f"*{finished[1].recipe.seed}*.png"))
    again = LocalEngine((tmp_path / "data" / "models",)).generate(read_recipe(path), lambda event: None)
    assert np.array_equal(again.picture, np.asarray(Image.open(path))), "its file makes the same bytes"

    steps.clear()
    session.change_recipe(steps=500)
    window.action("generate").trigger()
    until(lambda: steps)
    window.action("stop").trigger()
    until(lambda: not jobs.is_busy)
    assert len(finished) == 2

"""The real studio out of memory, at every stage: once more by itself, then a sentence, and the next job runs."""

import pkgutil
import re

import pytest

import studio.app
from tests.tiny_model import build_tiny_model

# diffusers hands torch tensors to numpy's `array`, which numpy 2 will want done otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
STAGES = {
    "load": "studio.engine.loading:load_pipeline_folder",
    "encode": "studio.engine.stable_diffusion:StableDiffusion.encode_prompt",
    "step": "studio.engine.stable_diffusion:StableDiffusion.predict",
    "decode": "studio.engine.libraries:AutoencoderKL.decode",
}
"""What takes the memory."""
WAIT_MS = 60_000
FOR_EVER = 1_000_000


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(build_tiny_model(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def build(qtbot, tmp_path, model):
    """Builds and shows the studio."""
    made = []

    def built():
        made.append(studio.app.build(tmp_path / "data", model=model))
        with qtbot.waitExposed(made[0]):
            made[0].show()
        made[0].controller.session.change_recipe(prompt="a red sailboat", steps=2, width=64, height=64)
        return made[0]

    yield built
    made[0].close()
    made[0].deleteLater()


@pytest.fixture(params=STAGES)
def failing(request, monkeypatch) -> list[int]:
    """How many more times memory runs out at a stage, in a list of one."""
    left, place = [0], STAGES[request.param]
    real = pkgutil.resolve_name(place)

    def call(*args, **kwargs):
        if left[0]:
            left[0] -= 1
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8589934592 bytes.")
        return real(*args, **kwargs)

    monkeypatch.setattr(place.replace(":", "."), call)
    return left


def make(qtbot, window):
    """A picture, or the sentence that is told instead."""
    window.prompt_panel.generate_button.click()
    jobs = window.controller.jobs
    qtbot.waitUntil(lambda: not jobs.is_busy, timeout=WAIT_MS)


def test_once_costs_no_picture(qtbot, build, failing):
    failing[0] = 1
    window = build()
    make(qtbot, window)
    assert failing == [0], "it did run out"
    assert window.controller.pictures.on_show is not None
    assert window.banner.isHidden(), window.banner.sentence.text()


def test_for_ever_is_told_with_numbers_and_the_next_job_runs(qtbot, build, failing):
    failing[0] = FOR_EVER
    window = build()
    make(qtbot, window)
    told = window.banner.sentence.text()
    assert re.search(r"ran out of memory at 64×64 px with \d+\.\d GB left\.", told), told
    assert window.controller.pictures.on_show is None
    failing[0] = 0
    make(qtbot, window)
    assert window.controller.pictures.on_show is not None

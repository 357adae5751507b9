"""Adapters in the real studio, engine and all: each with its slider, live, and the model is loaded once."""

import pytest

import studio.app

# diffusers hands torch tensors to numpy's `array`, which numpy 2 will want done otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
LOAD_MS = 120_000


@pytest.fixture
def loads(monkeypatch) -> list[str]:
    """The names of the models that were read from disk."""
    from studio.engine import loading

    read, load = [], loading.load_pipeline_folder

    def counted(info, *others):
        read.append(info.name)
        return load(info, *others)

    monkeypatch.setattr(loading, "load_pipeline_folder", counted)
    return read


@pytest.fixture
def window(qtbot, tmp_path):
    from tests.tiny_lora import random_halves, write_lora
    from tests.tiny_model import build_tiny_model

    model = build_tiny_model(tmp_path / "data" / "models" / "tiny")
    for seed, name in enumerate(("ink", "oil")):
        write_lora(tmp_path / "data" / "loras" / f"{name}.safetensors", random_halves(model, seed=seed))
    made = studio.app.build(tmp_path / "data", model="tiny")
    with qtbot.waitExposed(made):
        made.show()
    made.controller.session.change_recipe(prompt="a red sailboat", width=64, height=64, steps=3, seed=7)
    made.controller.session.change(seed_locked=True)
    yield made
    made.close()
    made.deleteLater()


def test_several_each_with_its_slider_change_the_picture_and_nothing_is_loaded_again(qtbot, loads, window):
    adapters, made = window.sampling_panel.adapter_list, []
    window.controller.jobs.finished.connect(lambda done, image: made.append(done))
    qtbot.waitUntil(lambda: [each.text() for each in adapters.menu.actions()][:2] == ["ink", "oil"], timeout=LOAD_MS)

    def picture() -> bytes:
        count = len(made)
        window.prompt_panel.generate_button.click()
        qtbot.waitUntil(lambda: len(made) > count, timeout=LOAD_MS)
        return made[-1].picture.tobytes()

    plain = picture()
    for action in adapters.menu.actions()[:2]:
        action.trigger()
    both = picture()
    adapters.rows[0].slider.setValue(30)
    weaker = picture()
    assert {each.name: each.strength for each in made[-1].recipe.adapters} == {"ink": 0.5, "oil": 1.0}
    assert len({plain, both, weaker}) == 3
    for row in adapters.rows:
        row.spin.setValue(0.0)
    assert picture() == plain
    while adapters.rows:
        adapters.rows[0].remove_button.click()
    assert picture() == plain
    assert loads == ["tiny"]

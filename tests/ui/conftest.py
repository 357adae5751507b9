"""A whole studio on a scripted engine, in a temporary data directory."""

import json
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

import studio.app
from studio.core.models import read_model
from studio.core.places import Places
from tests.fake_engine import MODEL, FakeEngine

WORDS = ["a", "red", "blue", "sailboat", "sails", "on", "calm", "sea", "at", "sunset", "slow", "hang", "fail", "memory"]


def write_fake_model(parent: Path, name: str = "Fake", *, side: int = 256, steps: int = 6) -> Path:
    """A folder that looks like a model as far as JSON tells."""
    folder = parent / name
    for part in ("unet", "vae", "text_encoder", "tokenizer", "scheduler"):
        (folder / part).mkdir(parents=True)
    for part in ("unet", "vae", "text_encoder"):
        (folder / part / "model.safetensors").touch()
    files = {
        "model_index.json": dict.fromkeys(("unet", "vae", "text_encoder", "tokenizer", "scheduler"), "x"),
        "horizon.json": {
            "name": name,
            "size_multiple": 16,
            "default_size": [side, side],
            "default_steps": steps,
            "default_guidance": 5.0,
        },
        "vae/config.json": {"block_out_channels": [1, 1, 1, 1], "latent_channels": 4},
        "unet/config.json": {"sample_size": side // 8},
        "text_encoder/config.json": {"max_position_embeddings": 77},
        "scheduler/scheduler_config.json": {"prediction_type": "epsilon"},
        "vocabulary.json": {"version": 1, "words": WORDS, "categories": {}},
    }
    for path, value in files.items():
        (folder / path).write_text(json.dumps(value))
    return folder


class Studio:
    """A window on a scripted engine, with the hands of an artist."""

    def __init__(self, qtbot, data_dir: Path, engine: FakeEngine, **options) -> None:
        self.qtbot, self.engine, self.places = qtbot, engine, Places(data_dir)
        self.window = studio.app.assemble(self.places, make_engine=lambda folders: engine, **options)
        self.controller = self.window.controller
        self.session = self.controller.session
        self.jobs, self.pictures = self.controller.jobs, self.controller.pictures

    def find(self, name: str, kind: type = QWidget):
        found = self.window.findChild(kind, name)
        assert found is not None, f"there is no {kind.__name__} named {name}"
        return found

    def show(self) -> None:
        with self.qtbot.waitExposed(self.window):
            self.window.show()
        self.window.activateWindow()

    def type_prompt(self, text: str) -> None:
        edit = self.find("promptEdit")
        edit.setFocus()
        edit.selectAll()
        self.qtbot.keyClicks(edit, text)

    def press(self, key, modifier=Qt.KeyboardModifier.NoModifier, widget=None) -> None:
        self.qtbot.keyClick(widget or self.window, key, modifier)

    def generate(self, prompt: str | None = None) -> None:
        if prompt is not None:
            self.session.change_recipe(prompt=prompt)
        self.find("generateButton").click()

    def wait(self, condition, timeout: int = 8000) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=timeout)

    def wait_idle(self) -> None:
        self.wait(lambda: not self.jobs.is_busy)

    def finish(self, prompt: str = "a red sailboat", count: int = 1) -> None:
        """Make pictures and wait for them."""
        for _ in range(count):
            self.generate(prompt)
        self.wait_idle()


@pytest.fixture
def data_dir(tmp_path, monkeypatch) -> Path:
    """An empty data directory with one model in it, and none shipped."""
    monkeypatch.setattr("studio.core.settings.resources_dir", lambda: tmp_path / "resources")
    folder = tmp_path / "data"
    write_fake_model(folder / "models")
    return folder


@pytest.fixture
def make_studio(qtbot, data_dir):
    """Builds studios, and closes them at the end."""
    made: list[Studio] = []

    def make(engine: FakeEngine | None = None, folder: Path = data_dir, **options) -> Studio:
        models = tuple(read_model(each.parent) for each in (folder / "models").glob("*/model_index.json"))
        fake = engine or FakeEngine()
        fake.use_models(models or (MODEL,))
        made.append(Studio(qtbot, folder, fake, **options))
        return made[-1]

    yield make
    for each in made:
        each.window.controller.pictures.forget_unsaved()
        each.engine.hold_load.set()
        each.window.close()
        each.window.deleteLater()


@pytest.fixture
def studio_(make_studio) -> Studio:
    """One studio, not shown."""
    return make_studio()


@pytest.fixture
def shown(studio_) -> Studio:
    """One studio, on the screen."""
    studio_.show()
    return studio_


@pytest.fixture
def fake_model():
    """What the scripted engine says it has."""
    return msgspec.structs.replace(MODEL)

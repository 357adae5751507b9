"""Models that come and go while the window is open, in the real window."""

import json
import shutil
import struct

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from studio.core.recipe import ModelRef
from tests.ui.conftest import write_fake_model


def names(studio):
    combo = studio.find("modelCombo", QComboBox)
    return {combo.itemText(row) for row in range(combo.count())}


def tip(studio):
    return studio.find("modelCombo", QComboBox).itemData(0, Qt.ItemDataRole.ToolTipRole)


def write_weights(path, count):
    """A safetensors file of `count` half-precision numbers."""
    header = json.dumps({"w": {"dtype": "F16", "shape": [count], "data_offsets": [0, 2 * count]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + np.zeros(count, np.float16).tobytes())


def test_a_model_copied_into_the_folder_appears_and_goes_again(shown, data_dir, tmp_path):
    assert names(shown) == {"Fake"}
    shown.wait(lambda: "Stable Diffusion 1" in tip(shown))
    made = write_fake_model(tmp_path, "Other")
    shutil.copytree(made, data_dir / "models" / "Other")
    shown.wait(lambda: names(shown) == {"Fake", "Other"})
    assert shown.session.recipe.model.name == "Fake", "what was chosen stays chosen"
    assert shown.find("modelCombo", QComboBox).currentText() == "Fake"
    shutil.rmtree(data_dir / "models" / "Other")
    shown.wait(lambda: names(shown) == {"Fake"})


def test_a_model_that_is_copied_slowly_appears_once_it_is_whole(shown, data_dir, tmp_path):
    shown.wait(lambda: "Stable Diffusion 1" in tip(shown))
    whole = write_fake_model(tmp_path, "Slow")
    target = data_dir / "models" / "Slow"
    target.mkdir()
    for part in ("model_index.json", "horizon.json", "scheduler", "tokenizer", "text_encoder", "unet", "vae"):
        (shutil.copy if (whole / part).is_file() else shutil.copytree)(whole / part, target / part)
    shown.wait(lambda: "Slow" in names(shown))


def test_the_list_tells_family_size_and_precision(make_studio, data_dir):
    for part in ("unet", "vae", "text_encoder"):
        write_weights(data_dir / "models" / "Fake" / part / "model.safetensors", 1000)
    studio = make_studio()
    studio.show()
    studio.wait(lambda: "Stable Diffusion 1 · 0.00 GB · F16" in tip(studio))


def test_a_model_the_recipe_waits_for_is_taken_when_it_comes(make_studio, data_dir):
    studio = make_studio()
    studio.show()
    studio.session.change_recipe(model=ModelRef(name="Late"))
    write_fake_model(data_dir / "models", "Late", side=512)
    studio.wait(lambda: studio.controller.recipes.wanted_model == "Late")

"""Folders that are named while the engine runs, and that are named no more."""

import shutil
from pathlib import Path

import pytest

from studio.core.adapters import AdapterUse
from studio.core.errors import AdapterNotFoundError, ModelNotFoundError
from studio.core.recipe import ModelRef, Recipe
from studio.engine.local import LocalEngine
from tests.engine.helpers import Recorder, small
from tests.tiny_checkpoints import write_vae
from tests.tiny_embedding import write_embedding
from tests.tiny_lora import random_halves, write_lora

PLAIN = small(model=ModelRef(name="mine"))


@pytest.fixture
def mine(models: Path, tmp_path: Path) -> Path:
    """A folder with the model `mine`, an adapter, an embedding and a VAE."""
    folder = tmp_path / "named"
    shutil.copytree(models / "plain", folder / "mine")
    write_lora(folder / "loras" / "grain.safetensors", random_halves(folder / "mine"))
    write_embedding(folder / "embeddings" / "moss.safetensors")
    (folder / "vae").mkdir()
    write_vae(folder / "mine", folder / "vae" / "other.safetensors")
    return folder


def dressed() -> Recipe:
    """Of the model, with all that lies beside it."""
    grain, other = (AdapterUse(name="grain"),), ModelRef(name="other")
    return small(model=PLAIN.model, prompt="moss on a stone", adapters=grain, vae=other)


def test_what_lies_in_a_folder_can_be_used_once_it_is_named(models: Path, mine: Path) -> None:
    engine = LocalEngine((models,), device="cpu")
    with pytest.raises(ModelNotFoundError):
        engine.generate(dressed(), Recorder())
    engine.set_model_folders((models, mine))
    assert "mine" in {each.name for each in engine.models()}
    made, there = (each.generate(dressed(), Recorder()) for each in (engine, LocalEngine((mine,), device="cpu")))
    assert made.picture.tobytes() == there.picture.tobytes()
    assert [each.name for each in made.recipe.learned_words or ()] == ["moss"]


def test_a_model_in_memory_works_on_where_its_folder_is_named_no_more(models: Path, mine: Path) -> None:
    engine = LocalEngine((models, mine), device="cpu")
    before = engine.generate(PLAIN, Recorder())
    engine.set_model_folders((models,))
    assert "mine" not in {each.name for each in engine.models()}
    assert engine.generate(PLAIN, Recorder()).picture.tobytes() == before.picture.tobytes()
    with pytest.raises(AdapterNotFoundError):
        engine.generate(dressed(), Recorder())

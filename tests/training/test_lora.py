"""A LoRA taught to Horizon in a few seconds changes its pictures in the direction it was taught, and no other does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from studio.core.adapters import AdapterUse
from studio.core.events import Event, Picture
from studio.core.recipe import ModelRef, Recipe
from studio.engine.local import LocalEngine
from studio.training.lora import Halves, Lesson, sepia, train_lora, vignette, write_lora

MODEL = Path(__file__).parents[2] / "resources" / "models" / "horizon"
LESSON = Lesson(scenes=12, side=128, steps=28, batch=8, rank=4, learning_rate=6e-3)


def by_chance(like: Halves) -> Halves:
    """Halves of the layers of `like`, each changing its layer as strongly, in a direction that nobody taught."""
    generator = torch.Generator().manual_seed(0)
    made = {}
    for name, (up, down) in like.items():
        one, other = (torch.randn(each.shape, generator=generator) for each in (up, down))
        made[name] = (one * ((up @ down).norm() / (one @ other).norm()), other)
    return made


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> LocalEngine:
    """The engine, with `taught`, and `chance` that changes the weights as strongly."""
    home, threads = tmp_path_factory.mktemp("data"), torch.get_num_threads()
    torch.set_num_threads(1)
    halves, _ = train_lora(MODEL, sepia, LESSON)
    torch.set_num_threads(threads)
    write_lora(home / "loras" / "taught.safetensors", halves)
    write_lora(home / "loras" / "chance.safetensors", by_chance(halves))
    return LocalEngine((MODEL.parent, home / "models"), device="cpu")


def made(engine: LocalEngine, seed: int = 7, **uses: float) -> Picture:
    adapters = tuple(AdapterUse(name=name, strength=strength) for name, strength in uses.items())
    model = ModelRef(name="Horizon")
    recipe = Recipe(
        prompt="a red sailboat on a calm sea", width=128, height=128, steps=6, seed=seed, model=model, adapters=adapters
    )
    return engine.generate(recipe, silent).picture


def silent(event: Event) -> None:
    """Hear nothing."""


def off_sepia(picture: Picture) -> float:
    """How far the picture is from its own sepia, in grey levels; 0 for one that is."""
    return float(np.abs(picture.astype(float) - sepia(picture[None])[0]).mean())


def test_it_changes_pictures_as_it_was_taught_and_one_by_chance_does_not(
    taught: LocalEngine,
) -> None:
    def off(**uses: float) -> float:
        return float(np.mean([off_sepia(made(taught, seed, **uses)) for seed in (7, 8, 9)]))

    plain, half, whole = (off(taught=strength) for strength in (0.0, 0.5, 1.0))
    assert whole < 0.75 * plain
    assert whole < half < 0.95 * plain
    assert off(chance=1.0) > 0.85 * plain


def test_at_strength_0_and_taken_out_it_is_as_if_it_were_not_there(taught: LocalEngine) -> None:
    never = made(LocalEngine((MODEL.parent,), device="cpu")).tobytes()
    assert made(taught, taught=1.0).tobytes() != never
    assert made(taught).tobytes() == never
    assert made(taught, taught=0.0).tobytes() == never


def test_looks_are_what_they_say() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3), dtype=np.uint8)
    brown = sepia(colours)
    assert (brown[..., 0] > brown[..., 2]).all()
    assert brown.shape == colours.shape
    framed = vignette(colours)
    assert (framed[:, 0, 0] == (250, 248, 242)).all()
    assert (framed[:, 16, 24] == colours[:, 16, 24]).all()

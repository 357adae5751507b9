"""The sheets of the exported model, on a small one; and which pictures training prefers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from studio.training import samples, shards
from studio.training.generator import Generator
from studio.training.places import Places
from tests.tiny_model import build_tiny_model


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    folder = build_tiny_model(tmp_path_factory.mktemp("models") / "tiny", prediction_type="v_prediction", zero_snr=True)
    made = Generator(Places(model=folder))
    small = {"width": 64, "height": 64, "steps": 2}
    painted = made.paint
    made.paint = lambda prompt, seed, **changes: painted(prompt, seed, **{**small, **changes})
    return made


def test_a_square_of_blends_has_the_keyframes_own_pictures_at_its_corners(generator: Generator) -> None:
    square = samples.blends_of_four(generator)
    assert len(square) == samples.SIDE**2
    corners = [square[index] for index in (0, samples.SIDE - 1, -samples.SIDE, -1)]
    for index, (prompt, corner) in enumerate(zip(samples.CORNERS, corners, strict=True)):
        assert np.array_equal(corner, generator.paint(prompt, samples.SEED + index))


def test_a_walk_begins_and_ends_with_the_seeds_pictures(generator: Generator) -> None:
    label, frames = samples.walk_row(generator, "a red boat")
    assert (label, len(frames)) == ("a red boat", samples.WALK)
    assert np.array_equal(frames[0], generator.paint("a red boat", 31))
    assert np.array_equal(frames[-1], generator.paint("a red boat", 32))


def test_every_scheduler_offered_has_a_row(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "STEPS", (1, 4))
    rows = samples.scheduler_rows(generator)
    assert len(rows) == len(generator.info.schedulers)
    assert all(len(pictures) == 2 for _, pictures in rows)


def test_rows_are_written_with_their_labels(tmp_path: Path) -> None:
    picture = np.full((64, 64, 3), 90, np.uint8)
    samples.write_rows(tmp_path / "rows.jpg", [("guidance 1", [picture] * 3), ("guidance 2", [picture] * 3)])
    with Image.open(tmp_path / "rows.jpg") as page:
        pixels = np.asarray(page.convert("L"))
    labels = pixels[:, :140]
    assert (labels[:130] < 128).any()
    assert (labels[140:] < 128).any()


def test_pictures_whose_subjects_cover_more_are_preferred(tmp_path: Path) -> None:
    focus = np.zeros((2, 4, 4), np.uint8)
    focus[1] = 255
    shards.write_latents(tmp_path, 0, np.zeros((2, 1, 4, 4), np.float16), np.zeros((2, 1, 77), np.int16), focus)
    store = shards.LatentStore(tmp_path)
    shares = [float(store.sample(400, torch.Generator().manual_seed(3), prefer).focus.mean()) for prefer in (0.0, 1.0)]
    assert 0.4 < shares[0] < 0.6  # one of two at random
    assert 0.65 < shares[1] < 0.85  # three of the four pairs hold the second

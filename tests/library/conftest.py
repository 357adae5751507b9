import contextlib
import os
from datetime import UTC, datetime

import numpy as np
import pytest

from studio.core.events import Finished
from studio.core.places import Places
from studio.core.recipe import Recipe
from studio.library.library import Library

NOON = datetime(2026, 11, 21, 14, 25, 1)


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path / "data")


@pytest.fixture
def bin_folder(tmp_path):
    """Where the test's trash puts what it is given."""
    folder = tmp_path / "trash"
    folder.mkdir()
    return folder


@pytest.fixture
def library(places, bin_folder):
    with opened(places, bin_folder) as found:
        yield found


@contextlib.contextmanager
def opened(places, bin_folder=None):
    def trash(path):
        places.pictures.joinpath(path).rename(bin_folder / path.rsplit("/", 1)[-1])

    library = Library.open(places, trash=trash, now=lambda: NOON)
    try:
        yield library
    finally:
        library.close()


def finished(prompt="a red sailboat", seed=7, side=8):
    recipe = Recipe(prompt=prompt, seed=seed)
    picture = np.random.default_rng(seed).integers(0, 256, (side, side + 2, 3), np.uint8)
    return Finished(picture=picture, recipe=recipe, seconds={})


def kept(library, recipe, size=(10, 8)):
    """A picture of `recipe` in the library; its pixels are its seed's. `size` is (width, height)."""
    picture = np.random.default_rng(recipe.seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return library.keep(Finished(picture=picture, recipe=recipe, seconds={}))


def dated(path, day):
    """`path`, made at noon of that day of January 2026, as its file says."""
    moment = datetime(2026, 1, day, 12, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))
    return path

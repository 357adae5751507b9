"""Where over the plane the picture changes, from tiles."""

import numpy as np
import pytest

from studio.core.atlas import LEVELS, Cell
from studio.core.heat import SIDE, condensed, speeds


def picture(x: float, y: float) -> np.ndarray:
    """Changes ten times as fast left to right around x = 0.7, and never up and down."""
    return np.full((4, 4, 3), np.interp(x, [0, 0.6, 0.8, 1], [0, 0.6, 2.6, 2.8]), np.float32)


def tiles(*levels: int, of=picture) -> dict[Cell, np.ndarray]:
    cells = [Cell(level, column, row) for level in levels for row in range(level) for column in range(level)]
    return {cell: of((cell.column + 0.5) / cell.level, (cell.row + 0.5) / cell.level) for cell in cells}


@pytest.mark.parametrize("levels", [(4,), (8,), (16,), LEVELS])
def test_it_is_hot_where_the_picture_changes(levels: tuple[int, ...]) -> None:
    found = speeds(tiles(*levels))
    assert found is not None and found.shape == (SIDE, SIDE)
    assert np.nanmean(found) == pytest.approx(1.0, abs=1e-5)
    assert abs((np.nanargmax(found[3]) + 0.5) / SIDE - 0.7) <= 0.5 / levels[0] + 0.01
    assert found[:, 1] == pytest.approx(found[0, 1])  # nothing changes up and down


def test_the_direction_of_the_change_does_not_matter() -> None:
    across = speeds(tiles(16))
    down = speeds(tiles(16, of=lambda x, y: picture(y, x)))
    assert across is not None and down is not None
    assert down == pytest.approx(across.T)


def test_a_finer_level_replaces_a_coarser_one_on_the_same_scale() -> None:
    """The left half is known finely: the right half, known coarsely, is neither hotter nor cooler for it."""

    def waves(x: float, y: float) -> np.ndarray:
        return np.full((2, 2, 3), np.sin(40 * x), np.float32)  # a coarse step misses what goes back and forth

    both = tiles(4, of=waves) | {cell: each for cell, each in tiles(16, of=waves).items() if cell.column < 8}
    found = speeds(both)
    assert found is not None
    assert 0.3 < found[:, 8:].mean() / found[:, :8].mean() < 3


def test_what_is_not_known_is_not_a_number() -> None:
    found = speeds({Cell(16, 3, 3): picture(0.1, 0), Cell(16, 4, 3): picture(0.7, 0)})
    assert found is not None
    assert np.isfinite(found).sum() == 2


@pytest.mark.parametrize(
    "few", [{}, {Cell(4, 0, 0): picture(0, 0)}, tiles(4, of=lambda x, y: picture(0, 0))], ids=["none", "one", "flat"]
)
def test_without_change_there_is_no_heat(few: dict[Cell, np.ndarray]) -> None:
    assert speeds(few) is None


@pytest.mark.parametrize(("size", "small"), [((64, 64), (16, 16)), ((64, 48), (16, 16)), ((4, 4), (4, 4))])
def test_a_signature_is_made_small(size: tuple[int, int], small: tuple[int, int]) -> None:
    signature = np.random.default_rng(0).random((*size, 3)).astype(np.float32)
    made = condensed(signature)
    assert made.shape == (*small, 3)
    assert made.mean() == pytest.approx(signature.mean(), abs=1e-5)

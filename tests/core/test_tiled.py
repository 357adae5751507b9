"""Pictures side by side."""

import numpy as np
import pytest

from studio.core.tiled import grid_of, tiled


@pytest.mark.parametrize(
    ("count", "grid"), [(1, (1, 1)), (2, (2, 1)), (3, (2, 2)), (4, (2, 2)), (5, (3, 2)), (7, (3, 3)), (8, (3, 3))]
)
def test_the_grid_is_as_square_as_may_be_and_holds_all(count: int, grid: tuple[int, int]) -> None:
    assert grid_of(count) == grid


def test_pictures_lie_row_by_row_and_what_is_left_over_is_grey() -> None:
    pictures = [np.full((2, 3, 3), 50 * number, np.uint8) for number in range(1, 4)]
    whole = tiled(pictures)
    assert whole.shape == (4, 6, 3)
    assert [int(whole[row, column, 0]) for row, column in ((0, 0), (1, 5), (3, 2), (2, 3))] == [50, 100, 150, 48]
    assert (tiled(pictures[:1]) == pictures[0]).all()

"""Where the library's cells lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.ui.library_grid import GRID_CELL_PX, MARGIN_PX, STRIP_CELL_PX, grid_for

COUNTS = st.integers(0, 200_000)
SIDES = st.integers(0, 4000)


def test_a_low_dock_has_one_row():
    grid = grid_for(1280, 96, 1000)
    assert grid.is_strip
    assert grid.lines == 1
    assert grid.width == 1000 * STRIP_CELL_PX + 2 * MARGIN_PX


def test_a_high_dock_has_rows_that_fill_its_width():
    grid = grid_for(1280, 500, 1000)
    assert not grid.is_strip
    assert grid.cell >= GRID_CELL_PX
    assert 1280 - grid.width < grid.columns
    assert grid.height == -(-1000 // grid.columns) * grid.cell


@given(SIDES, SIDES, st.integers(1, 200_000), st.data())
def test_a_cell_is_found_at_its_own_place(width, height, count, data):
    grid = grid_for(width, height, count)
    number = data.draw(st.integers(0, count - 1))
    left, top = grid.corner(number)
    for x, y in ((left, top), (left + grid.cell - 1, top + grid.cell - 1)):
        assert grid.at(x, y) == grid.nearest(x, y) == number
    assert number in grid.touching(left, top, left, top)


@given(SIDES, SIDES, COUNTS, st.integers(-500, 5000), st.integers(-500, 5000))
def test_no_point_finds_a_cell_that_is_not_there(width, height, count, x, y):
    grid = grid_for(width, height, count)
    assert -1 <= grid.at(x, y) < max(count, 1)
    assert (grid.nearest(x, y) == -1) == (count == 0)


@given(st.integers(200, 4000), st.integers(0, 3000), COUNTS)
def test_a_screenful_is_small_however_many_there_are(width, top, count):
    grid = grid_for(width, 500, count)
    seen = grid.touching(0, top, width, top + 500)
    assert len(seen) <= grid.columns * (500 // grid.cell + 2)
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("point", [(3, 10), (5000, 10), (100, -1), (100, 90_000)])
def test_beside_the_cells_there_is_none(point):
    assert grid_for(600, 500, 20).at(*point) == -1

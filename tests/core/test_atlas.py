"""Which places the atlas draws, in which order."""

import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from studio.core.atlas import LEVELS, Cell, centre, distances, hull, order, region_of, tile_blend
from studio.core.blend import Keyframe, check_blend
from studio.core.canvas import Canvas, Placed, shares_at

SQUARE = ((-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8))
places = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=3, max_size=12, unique=True)


def canvas(*points: tuple[float, float]) -> Canvas:
    return Canvas(placed=tuple(Placed(keyframe=Keyframe(seed=i), x=x, y=y) for i, (x, y) in enumerate(points)))


def test_coarse_cells_come_first_and_near_ones_before_far_ones() -> None:
    cells = order(canvas(*SQUARE), near=(0.5, 0.5))
    levels = [cell.level for cell in cells]
    assert levels == sorted(levels)
    assert set(levels) == set(LEVELS)
    region = region_of(canvas(*SQUARE))
    away = [math.dist(centre(region, cell), (0.5, 0.5)) for cell in cells if cell.level == 8]
    assert away == sorted(away)
    assert len(set(cells)) == len(cells)


def test_all_of_a_square_is_drawn_and_little_beside_a_line() -> None:
    assert sum(cell.level == 16 for cell in order(canvas(*SQUARE), (0, 0))) > 230
    line = [cell for cell in order(canvas((-0.8, 0.0), (0.8, 0.0)), (0, 0)) if cell.level == 16]
    assert 16 <= len(line) <= 100


@pytest.mark.parametrize("points", [(), ((0.0, 0.0),)])
def test_without_two_keyframes_there_is_no_map(points: tuple[tuple[float, float], ...]) -> None:
    assert order(canvas(*points), (0, 0)) == ()


def test_keyframes_on_one_spot_still_have_a_region() -> None:
    assert region_of(canvas((0.3, 0.3), (0.3, 0.3))).side > 0.5
    assert order(canvas((0.3, 0.3), (0.3, 0.3)), (0, 0))


def test_a_tile_is_the_blend_at_its_middle() -> None:
    made = canvas(*SQUARE)
    point = centre(region_of(made), Cell(8, 3, 5))
    blend = tile_blend(made, point)
    check_blend(blend)
    assert blend.noise_shares == blend.prompt_shares
    assert blend.noise_shares == pytest.approx(shares_at(made, point), abs=2e-4)


@hypothesis.given(places)
def test_no_point_is_outside_its_own_hull(points: list[tuple[float, float]]) -> None:
    around = hull(points)
    assert set(around) <= set(points)
    away = distances(around, np.array(points))
    assert away.max() < 1e-6


@hypothesis.given(hnp.arrays(np.float64, (5, 2), elements=st.floats(-3, 3)))
def test_distances_from_a_square_agree_with_the_formula_for_a_box(points: np.ndarray) -> None:
    outside = np.maximum(np.abs(points) - 0.8, 0)
    assert distances(hull(SQUARE), points) == pytest.approx(np.hypot(*outside.T), abs=1e-9)


def test_distances_from_a_line() -> None:
    assert distances(hull([(0.0, 0.0), (1.0, 0.0)]), np.array([[0.5, 0.25], [2.0, 0.0]])) == pytest.approx([0.25, 1.0])

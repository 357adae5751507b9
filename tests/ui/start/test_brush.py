"""The brush on bare pixels, and the numbers of a larger frame."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.ui.start.brush import Brush, Dab, paint
from studio.ui.start.extending import Margins

PLACES = st.floats(-60.0, 120.0)


def blank():
    return np.zeros((50, 60), np.uint8)


@given(PLACES, PLACES, PLACES, PLACES, st.floats(1.0, 80.0), st.floats(0.0, 1.0), st.booleans())
def test_only_what_is_told_changes_and_only_one_way(x, y, to_x, to_y, size_px, softness, erases):
    mask = blank() + np.uint8(100)
    before = mask.copy()
    brush = Brush(size_px=size_px, softness=softness, erases=erases)
    left, top, right, bottom = paint(mask, brush, Dab(x, y), Dab(to_x, to_y, 0.5))
    assert (mask <= before).all() if erases else (mask >= before).all()
    mask[top:bottom, left:right] = 100
    assert (mask == before).all()


def test_a_stroke_covers_and_does_not_add_up():
    once, twice = blank(), blank()
    brush = Brush(size_px=20.0, softness=1.0)
    for mask, times in ((once, 1), (twice, 5)):
        for _ in range(times):
            paint(mask, brush, Dab(30, 25), Dab(40, 25))
    assert (once == twice).all()


def test_the_brush_is_as_wide_as_it_says_and_fades_as_it_says():
    hard, soft = blank(), blank()
    paint(hard, Brush(size_px=20.0, softness=0.0), Dab(30, 25), Dab(30, 25))
    paint(soft, Brush(size_px=20.0, softness=1.0), Dab(30, 25), Dab(30, 25))
    assert hard.sum() / 255 == pytest.approx(np.pi * 100, rel=0.03)
    assert (np.diff(soft[25, 30:].astype(int)) <= 0).all()
    assert len(set(soft[25, 30:40])) > 8


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        (Margins(right=50), Margins(right=64)),
        (Margins(left=50), Margins(left=64)),
        (Margins(left=10, right=10), Margins(left=10, right=22)),
        (Margins(top=1, bottom=0), Margins(top=16)),
        (Margins(), Margins()),
    ],
)
def test_margins_grow_to_whole_multiples(asked, got):
    assert asked.rounded(128, 64, 16) == got

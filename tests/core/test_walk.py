"""Walks from keyframe to keyframe."""

import pytest

from studio.core.blend import Keyframe, check_blend
from studio.core.canvas import Canvas, Placed
from studio.core.errors import OptionError
from studio.core.walk import blend_on_path, even_places, path_shares

THREE = Canvas(placed=tuple(Placed(keyframe=Keyframe(seed=i), x=float(i)) for i in range(3)))


@pytest.mark.parametrize(
    ("t", "expected"),
    [
        (0.0, (1, 0, 0)),
        (0.25, (0.5, 0.5, 0)),
        (0.5, (0, 1, 0)),
        (0.75, (0, 0.5, 0.5)),
        (1.0, (0, 0, 1)),
        (7.0, (0, 0, 1)),
    ],
)
def test_a_walk_meets_every_keyframe(t: float, expected: tuple[float, ...]) -> None:
    assert path_shares(3, t) == expected


def test_every_place_is_a_blend_that_can_be_made() -> None:
    for t in even_places(17):
        check_blend(blend_on_path(THREE, t))


def test_one_keyframe_is_no_walk() -> None:
    with pytest.raises(OptionError, match="two keyframes"):
        blend_on_path(Canvas(placed=THREE.placed[:1]), 0.5)


def test_places_are_even() -> None:
    assert even_places(5) == (0.0, 0.25, 0.5, 0.75, 1.0)

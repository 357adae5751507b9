"""How like two pictures are."""

import numpy as np
import pytest

from studio.core.likeness import likeness


def test_the_same_picture_in_another_size_is_alike() -> None:
    ramp = np.linspace(0, 255, 256).astype(np.uint8)
    large = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], np.uint8(40)), axis=-1)
    assert likeness(large, large[::4, ::4]) > 0.99
    assert likeness(large, large) == pytest.approx(1.0)


def test_another_picture_and_a_flat_one_are_not() -> None:
    one, other = (np.random.default_rng(seed).integers(0, 256, (70, 90, 3), np.uint8) for seed in (1, 2))
    assert abs(likeness(one, other)) < 0.1
    assert likeness(one, 255 - one) == pytest.approx(-1.0)
    assert likeness(one, np.full_like(one, 7)) == 0.0

"""Even steps: equal drags, equal change."""

import itertools

import numpy as np
import pytest

from studio.core.evenness import Evenness, distance, survey


def picture(t: float) -> np.ndarray:
    """Changes ten times as fast in the middle tenth as elsewhere."""
    return np.full((4, 4), np.interp(t, [0, 0.45, 0.55, 1], [0, 0.45, 1.45, 1.9]), np.float32)


def walk(evenness: Evenness | None, frames: int = 20) -> list[float]:
    positions = np.linspace(0, 1, frames)
    ts = [float(p) if evenness is None else evenness.t_at(float(p)) for p in positions]
    return [distance(picture(a), picture(b)) for a, b in itertools.pairwise(ts)]


def test_even_steps_are_even() -> None:
    even = Evenness([(float(t), picture(float(t))) for t in np.linspace(0, 1, 41)])
    plain, levelled = walk(None), walk(even)
    assert max(plain) / np.mean(plain) > 2
    assert max(levelled) / np.mean(levelled) < 1.2


def test_position_and_t_are_inverse() -> None:
    even = Evenness([(float(t), picture(float(t))) for t in np.linspace(0, 1, 11)])
    for position in np.linspace(0, 1, 23):
        assert even.position_of(even.t_at(float(position))) == pytest.approx(position, abs=1e-9)


def test_speed_shows_where_it_changes() -> None:
    even = Evenness([(float(t), picture(float(t))) for t in np.linspace(0, 1, 41)])
    assert even.speed(0.5) > 3 and even.speed(0.1) < 1


@pytest.mark.parametrize("frames", [[], [(0.5, picture(0.5))], [(0.0, picture(0.0)), (1.0, picture(0.0))]])
def test_without_change_the_slider_is_itself(frames: list[tuple[float, np.ndarray]]) -> None:
    assert Evenness(frames).t_at(0.3) == pytest.approx(0.3)
    assert Evenness(frames).speed(0.3) == pytest.approx(1.0)


@pytest.mark.parametrize("looks", [2, 5, 9, 21, 60])
def test_a_survey_looks_as_often_as_it_is_told_and_never_twice_at_one_place(looks: int) -> None:
    places: list[float] = []

    def look(t: float) -> np.ndarray:
        places.append(t)
        return picture(t)

    survey(look, looks)
    assert len(places) == len(set(places)) == looks
    assert {0.0, 1.0} <= set(places)


def test_a_survey_levels_a_sudden_change_that_as_many_even_looks_miss() -> None:
    def jump(t: float) -> np.ndarray:
        return np.full((4, 4), 1 / (1 + np.exp(-200 * (t - 0.537))) + 0.3 * t, np.float32)

    def unevenness(even: Evenness) -> float:
        ts = [even.t_at(float(position)) for position in np.linspace(0, 1, 24)]
        steps = [distance(jump(a), jump(b)) for a, b in itertools.pairwise(ts)]
        return max(steps) / float(np.mean(steps))

    plain = unevenness(Evenness([(float(t), jump(float(t))) for t in np.linspace(0, 1, 25)]))
    assert plain > 1.5
    assert unevenness(survey(jump, 25)) < 1.5

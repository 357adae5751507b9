"""Points on the canvas and the shares they have of each keyframe."""

import math

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from studio.core.blend import Blend, Keyframe, Law, check_blend, noise_weights, shares
from studio.core.canvas import Canvas, Placed, blend_at, read_canvas, shares_at
from studio.core.errors import OptionError

SQUARE = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
coordinates = st.floats(-3, 3)


def canvas(*places: tuple[float, float], **fields: object) -> Canvas:
    placed = tuple(Placed(keyframe=Keyframe(seed=i), x=x, y=y) for i, (x, y) in enumerate(places))
    return Canvas(placed=placed, **fields)


@hypothesis.given(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=12), coordinates, coordinates)
def test_shares_sum_to_one_anywhere(places: list[tuple[float, float]], x: float, y: float) -> None:
    found = shares_at(canvas(*places), (x, y))
    assert sum(found) == pytest.approx(1.0)
    assert min(found) >= 0


@hypothesis.given(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=12, unique=True), st.data())
def test_a_keyframe_has_all_of_itself(places: list[tuple[float, float]], data: st.DataObject) -> None:
    hypothesis.assume(all(math.dist(p, q) > 1e-6 for i, p in enumerate(places) for q in places[:i]))
    which = data.draw(st.integers(0, len(places) - 1))
    assert shares_at(canvas(*places), places[which])[which] == pytest.approx(1.0, abs=1e-9)


def test_two_are_linear_and_clamped() -> None:
    pair = canvas((0.0, 0.0), (2.0, 0.0))
    assert shares_at(pair, (0.5, 7.0)) == (0.75, 0.25)
    assert shares_at(pair, (-5.0, 0.0)) == (1.0, 0.0)


@pytest.mark.parametrize("turn", [0.0, 0.3, 1.0])
def test_four_on_a_turned_rectangle_are_bilinear(turn: float) -> None:
    def turned(p: tuple[float, float]) -> tuple[float, float]:
        return (p[0] * math.cos(turn) - p[1] * math.sin(turn), p[0] * math.sin(turn) + p[1] * math.cos(turn))

    square = canvas(*map(turned, SQUARE))
    assert shares_at(square, (0.0, 0.0)) == pytest.approx((0.25,) * 4)
    assert shares_at(square, turned((0.5, 0.0))) == pytest.approx((0.125, 0.375, 0.375, 0.125))


def test_four_elsewhere_are_weighted_by_inverse_distance() -> None:
    kite = canvas((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-2.0, 3.0))
    mild, sharp = (shares_at(msgspec.structs.replace(kite, sharpness=s), (0.8, -0.8)) for s in (1.0, 8.0))
    assert sharp[1] > mild[1] > 0.25


def test_several_keyframes_on_one_spot_share_it() -> None:
    assert shares_at(canvas((0.0, 0.0), (0.0, 0.0), (1.0, 1.0)), (0.0, 0.0)) == (0.5, 0.5, 0.0)


def test_apart_the_two_pucks_differ() -> None:
    apart = canvas(*SQUARE, linked=False)
    blend = blend_at(apart, (-1.0, -1.0), (1.0, 1.0))
    assert blend.noise_shares == (1.0, 0.0, 0.0, 0.0)
    assert blend.prompt_shares == (0.0, 0.0, 1.0, 0.0)


def test_one_keyframe_is_a_clear_sentence() -> None:
    with pytest.raises(OptionError, match="at least two keyframes"):
        blend_at(canvas((0.0, 0.0)), (0.0, 0.0))


@pytest.mark.parametrize("weights", [(0.0, 0.0), (-1.0, 2.0), (math.nan, 1.0), (math.inf, 1.0), ()])
def test_weights_that_mean_nothing_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(OptionError):
        shares(weights)


def test_a_point_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(OptionError, match="numbers"):
        shares_at(canvas(*SQUARE), (math.nan, 0.0))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"keyframes": (Keyframe(seed=1),), "noise_shares": (1.0,), "prompt_shares": (1.0,)}, "2 to 12"),
        ({"noise_shares": (1.0,)}, "1 noise weights"),
        ({"keyframes": (Keyframe(seed=1, picture=bytes(2 << 20)),) * 2}, "more than 3 MiB"),
        ({"noise_shares": (-0.5, 1.5)}, "0 or more"),
        ({"prompt_shares": (0.5, 0.6)}, "sum to 1.1"),
    ],
)
def test_a_blend_that_does_not_fit_is_refused(fields: dict[str, object], sentence: str) -> None:
    good = Blend(keyframes=(Keyframe(seed=1), Keyframe(seed=2)), noise_shares=(0.5, 0.5), prompt_shares=(0.5, 0.5))
    check_blend(good)
    with pytest.raises(OptionError, match=sentence):
        check_blend(msgspec.structs.replace(good, **fields))


def test_slerp_takes_two() -> None:
    three = blend_at(canvas((0, 0), (1, 0), (0, 1), law=Law.SLERP), (0.2, 0.2))
    with pytest.raises(OptionError, match="exactly 2"):
        check_blend(three)


def test_between_two_the_noise_weights_are_cosine_and_sine() -> None:
    assert noise_weights((0.75, 0.25)) == pytest.approx((math.cos(math.pi / 8), math.sin(math.pi / 8)))
    assert noise_weights((1.0, 0.0)) == (1.0, 0.0)


def test_a_canvas_is_read_back_as_written() -> None:
    written = canvas(*SQUARE, linked=False, puck=(0.1, 0.2))
    assert read_canvas(msgspec.json.encode(written)) == written


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"version": 9, "shape": []}', "newer studio"),
        ('{"version": 1, "placed": [{"keyf', "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ('{"placed": [{"keyframe": {"seed": -1}}]}', "cannot be read"),
    ],
)
def test_a_broken_canvas_is_a_clear_sentence(text: str, sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        read_canvas(text)

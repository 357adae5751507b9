"""What an artist does to a canvas."""

import math
from itertools import pairwise

import hypothesis
import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.core.blend import KEYFRAMES_MAX, Blend, Keyframe, Law, check_blend
from studio.core.canvas import (
    Canvas,
    Material,
    Placed,
    blend_at,
    blend_of,
    puck_of,
    read_canvas,
    shares_of,
    write_canvas,
)
from studio.core.canvas_edits import (
    Arrangement,
    add_keyframe,
    advice,
    arrange,
    blend_recipe,
    canvas_of_blend,
    change_keyframe,
    duplicate,
    move_keyframe,
    remove,
    snap,
    variation_canvas,
    with_linked,
    with_puck,
    with_share,
    with_shares,
)
from studio.core.errors import OptionError
from studio.core.recipe import Recipe

NOISE, PROMPT = Material.NOISE, Material.PROMPT
weights = st.lists(st.floats(0, 1), min_size=2, max_size=KEYFRAMES_MAX).filter(lambda values: sum(values) > 0.01)


def canvas(count: int, figure: Arrangement | None = Arrangement.CIRCLE) -> Canvas:
    made = Canvas()
    for seed in range(count):
        made = add_keyframe(made, Keyframe(seed=seed, prompt=f"prompt {seed}"))
    return made if figure is None else arrange(made, figure)


@hypothesis.given(weights)
def test_any_weights_can_be_set_and_are_kept(values: list[float]) -> None:
    made = with_shares(canvas(len(values)), NOISE, values)
    blend = blend_of(made)
    check_blend(blend)
    assert blend.noise_shares == pytest.approx([value / sum(values) for value in values], abs=1e-9)
    assert blend.prompt_shares == blend.noise_shares
    assert read_canvas(write_canvas(made)) == made


@hypothesis.given(st.data(), st.integers(2, KEYFRAMES_MAX), st.floats(0, 1))
def test_one_slider_keeps_the_proportions_of_the_others(data: st.DataObject, count: int, share: float) -> None:
    index = data.draw(st.integers(0, count - 1))
    before = with_shares(canvas(count), NOISE, [1.0 + i for i in range(count)])
    after = with_share(before, NOISE, index, share)
    old, new = shares_of(before, NOISE), shares_of(after, NOISE)
    assert new[index] == pytest.approx(share, abs=1e-9)
    assert sum(new) == pytest.approx(1.0)
    rest = [i for i in range(count) if i != index]
    assert [new[i] * old[rest[0]] for i in rest] == pytest.approx([new[rest[0]] * old[i] for i in rest], abs=1e-9)


def test_from_a_keyframe_alone_the_others_come_up_equally() -> None:
    alone = with_shares(canvas(3), NOISE, (1.0, 0.0, 0.0))
    assert shares_of(with_share(alone, NOISE, 0, 0.4), NOISE) == pytest.approx((0.4, 0.3, 0.3))


def test_where_a_place_has_the_shares_the_puck_sets_them() -> None:
    pair = with_shares(canvas(2, Arrangement.LINE), NOISE, (0.3, 0.7))
    assert pair.noise_shares == ()
    assert shares_of(pair, NOISE) == pytest.approx((0.3, 0.7))
    square = with_shares(canvas(4, Arrangement.SQUARE), NOISE, (0.06, 0.14, 0.56, 0.24))  # u = 0.7, v = 0.8
    assert square.noise_shares == ()
    assert square.puck == pytest.approx((0.8 * (2 * 0.7 - 1), 0.8 * (2 * 0.8 - 1)))


def test_shares_by_hand_stand_until_the_puck_moves() -> None:
    by_hand = with_shares(canvas(3), NOISE, (0.2, 0.3, 0.5))
    assert by_hand.noise_shares
    moved = move_keyframe(by_hand, 0, (0.5, 0.5))
    assert shares_of(moved, NOISE) == shares_of(by_hand, NOISE)
    assert with_puck(moved, NOISE, (0.1, 0.1)).noise_shares == ()


def test_shares_by_hand_follow_keyframes_that_come_and_go() -> None:
    by_hand = with_shares(canvas(3), NOISE, (0.2, 0.3, 0.5))
    assert shares_of(add_keyframe(by_hand, Keyframe(seed=9)), NOISE) == pytest.approx((0.2, 0.3, 0.5, 0.0))
    assert shares_of(remove(by_hand, 0), NOISE) == pytest.approx((0.375, 0.625))
    alone = with_shares(replace(by_hand, sharpness=3.0), NOISE, (0.2, 0.8, 0.0))
    assert sum(shares_of(remove(remove(alone, 1), 0), NOISE)) == 1.0


@pytest.mark.parametrize("values", [(0.0, 0.0, 0.0), (-1.0, 1.0, 1.0), (math.nan, 1.0, 1.0), (0.5, 0.5)])
def test_weights_that_mean_nothing_are_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(OptionError):
        with_shares(canvas(3), NOISE, values)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan, math.inf])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(OptionError, match="between 0 and 1"):
        with_share(canvas(3), NOISE, 0, share)


def test_a_puck_that_is_nowhere_is_refused() -> None:
    with pytest.raises(OptionError, match="numbers"):
        with_puck(canvas(2), NOISE, (math.inf, 0.0))


def test_linked_they_go_together_apart_by_themselves() -> None:
    linked = with_puck(canvas(4, Arrangement.SQUARE), PROMPT, (0.3, 0.1))
    assert linked.puck == linked.prompt_puck == (0.3, 0.1)
    apart = with_linked(linked, False)
    assert blend_of(apart) == blend_of(linked)
    apart = with_puck(apart, PROMPT, (-0.8, -0.8))
    assert blend_of(apart).noise_shares == blend_of(linked).noise_shares
    assert blend_of(apart).prompt_shares == (1.0, 0.0, 0.0, 0.0)
    assert puck_of(apart, PROMPT) == (-0.8, -0.8)
    by_hand = with_shares(apart, PROMPT, (0.4, 0.1, 0.4, 0.1))
    assert by_hand.noise_shares == ()
    assert by_hand.prompt_shares
    assert blend_of(with_linked(by_hand, True)) == blend_of(linked)


def test_keyframes_come_where_there_is_room() -> None:
    places = [(each.x, each.y) for each in canvas(12, None).placed]
    assert places[:4] == [(-0.8, 0.0), (0.8, 0.0), (0.0, -0.8), (0.0, 0.8)]
    assert len(set(places)) == 12
    with pytest.raises(OptionError, match="at most 12"):
        add_keyframe(canvas(12), Keyframe(seed=1))
    with pytest.raises(OptionError, match="too far"):
        add_keyframe(canvas(2), Keyframe(seed=1), (1e9, math.nan))


def test_duplicate_and_change() -> None:
    made = duplicate(canvas(2, Arrangement.LINE), 1)
    assert made.placed[2].keyframe == made.placed[1].keyframe
    assert (made.placed[2].x, made.placed[2].y) == pytest.approx((1.0, 0.2))
    assert change_keyframe(made, 0, seed=77, name="A").placed[0].keyframe.seed == 77


@pytest.mark.parametrize("count", range(1, KEYFRAMES_MAX + 1))
@pytest.mark.parametrize("figure", list(Arrangement))
def test_every_figure_takes_any_number_evenly(figure: Arrangement, count: int) -> None:
    places = [(each.x, each.y) for each in arrange(canvas(count), figure).placed]
    assert len({(round(x, 6), round(y, 6)) for x, y in places}) == count
    assert max(abs(coordinate) for place in places for coordinate in place) <= 0.8 + 1e-9
    if figure in (Arrangement.LINE, Arrangement.CIRCLE) and count > 2:
        gaps = [math.dist(a, b) for a, b in pairwise(places)]
        assert max(gaps) == pytest.approx(min(gaps))


def test_three_in_a_triangle_and_four_in_a_square_are_the_corners() -> None:
    triangle = [(each.x, each.y) for each in canvas(3, Arrangement.TRIANGLE).placed]
    sides = [math.dist(triangle[i], triangle[i - 1]) for i in range(3)]
    assert max(sides) == pytest.approx(min(sides))
    square = {(each.x, each.y) for each in canvas(4, Arrangement.SQUARE).placed}
    assert square == {(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)}


def test_snap() -> None:
    assert snap((0.234, -0.96)) == (0.2, -1.0)


def test_a_variation_seed_is_a_canvas_of_two() -> None:
    blend = blend_of(variation_canvas(1, 2**32 - 1, 0.25))
    assert [each.seed for each in blend.keyframes] == [1, 2**32 - 1]
    assert blend.noise_shares == pytest.approx((0.75, 0.25))
    assert blend.law is Law.SLERP
    for strength in (-0.1, 1.1, math.nan):
        with pytest.raises(OptionError, match="strength"):
            variation_canvas(1, 2, strength)


@hypothesis.given(weights, st.booleans(), st.randoms(use_true_random=False))
def test_a_blend_opens_as_the_canvas_it_was(values: list[float], linked: bool, random: object) -> None:
    made = with_shares(canvas(len(values)), NOISE, values)
    if not linked:
        made = with_shares(with_linked(made, False), PROMPT, values[::-1])
    blend = blend_of(made)
    again = blend_of(canvas_of_blend(blend))
    assert again.keyframes == blend.keyframes
    assert again.noise_shares == pytest.approx(blend.noise_shares, abs=1e-9)
    assert again.prompt_shares == pytest.approx(blend.prompt_shares, abs=1e-9)


def test_a_blends_recipe_has_one_seed_everywhere_and_names_what_there_is_most_of() -> None:
    recipe, made = Recipe(seed=99, prompt="own"), canvas(3)
    first, second = (blend_recipe(recipe, blend_at(made, (each.x, each.y))) for each in made.placed[:2])
    assert first.seed == second.seed == 0
    assert (first.prompt, second.prompt) == ("prompt 0", "prompt 1")
    open_ = change_keyframe(made, 0, prompt=None)
    assert blend_recipe(recipe, blend_at(open_, (0.1, 0.1))).prompt == "own"


@pytest.mark.parametrize("law", Law)
def test_a_third_keyframe_leaves_a_law_of_two(law: Law) -> None:
    assert add_keyframe(replace(canvas(1), law=law), Keyframe(seed=9)).law is law
    three = add_keyframe(replace(canvas(2), law=law), Keyframe(seed=9))
    assert three.law is (Law.GRAM if law.is_of_two else law)
    check_blend(blend_at(three, (0.1, 0.1)))


def test_advice_says_what_is_the_matter() -> None:
    assert advice(Canvas()) == ""
    assert "at least two" in advice(canvas(1))
    assert advice(canvas(2)) == ""
    same = duplicate(canvas(1), 0)
    assert "Reseed" in advice(same)
    assert "one spot" in advice(move_keyframe(canvas(2, Arrangement.LINE), 0, (0.8, 0.0)))
    assert "exactly 2" in advice(replace(canvas(3), law=Law.SLERP))


@pytest.mark.parametrize(
    "fields",
    [
        {"puck": (1e6, 0.0)},
        {"placed": (Placed(keyframe=Keyframe(seed=1), x=-1e9),)},
        {"noise_shares": (1.0,)},
        {"noise_shares": (0.5, 0.6, 0.1)},
    ],
)
def test_a_document_that_does_not_fit_together_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        read_canvas(write_canvas(replace(canvas(3), **fields)))


def test_the_blend_of_a_canvas_needs_two() -> None:
    with pytest.raises(OptionError, match="at least two"):
        blend_of(canvas(1))
    assert isinstance(blend_of(canvas(2)), Blend)

"""Which pictures are asked for, which are shown, and which are dropped."""

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from studio.core.blend import Law
from studio.core.canvas import Material, shares_of
from studio.core.canvas_edits import Arrangement
from studio.core.evenness import Evenness
from studio.core.recipe import ModelRef
from studio.ui.canvas.atlas_filler import LINE_FRAMES
from studio.ui.canvas.canvas_controller import CanvasController
from studio.ui.canvas.canvas_panel import CanvasPanel
from studio.ui.canvas.frame_cache import Frame, FrameCache
from studio.ui.images import to_qimage
from tests.ui.canvas.fake_drafter import FakeDrafter, drafted, picture

SQUARE = Arrangement.SQUARE


def test_while_dragging_one_draft_is_asked_and_the_newest_waits(hand):
    hand.add(4, SQUARE)
    asked = hand.drafter.asked_drafts
    hand.press(hand.at(*hand.canvas.puck))
    for x in (0.1, 0.2, 0.3, 0.4):
        hand.move(hand.at(x, 0.0))
        hand.process()
    assert len(hand.drafter.drafts) == 1
    first = hand.drafter.answer_draft()
    last = hand.drafter.answer_draft()
    assert hand.drafter.asked_drafts == asked + 2  # the first and the newest; those between never
    assert first.blend.noise_shares == pytest.approx((0.225, 0.275, 0.275, 0.225), abs=0.01)
    assert last.blend.noise_shares == hand.controller.recipe().blend.noise_shares
    assert last.steps < hand.session.recipe.steps
    assert [recipe.blend for _, recipe, _ in hand.shown[-2:]] == [first.blend, last.blend]
    hand.release(hand.at(0.4, 0.0))


def test_the_planner_uses_the_time_there_is(hand):
    hand.add(2)
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.1, 0.0))
    hand.process()
    steps = hand.drafter.answer_draft().steps
    hand.find("budgetSlider").setValue(60)
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.2, 0.0))
    hand.process()
    assert hand.drafter.answer_draft().steps > steps


def test_drafts_begin_among_the_trajectories_until_a_full_picture_belies_them(hand):
    hand.add(4, SQUARE)
    hand.drafter.has_trajectories = True
    expected = [(1, False), (1, True), (0, False)]  # one that is true, one that is not, and the one after it
    for (depth, is_belied), x in zip(expected, (0.1, 0.2, 0.3), strict=True):
        hand.drag(hand.at(*hand.canvas.puck), hand.at(x, 0.0))
        hand.process()
        taken = hand.drafter.answer_draft().steps - depth
        assert hand.drafter.depth == depth
        assert f"draft · {taken} " in hand.find("draftNote").text()
        hand.drafter.answer_render(is_belied=is_belied)
    hand.find("addKeyframeButton").click()  # other keyframes may have truer ones
    hand.process()
    hand.drafter.answer_draft()
    assert hand.drafter.depth == 1
    hand.rest()


def test_going_back_shows_the_known_frame_at_once(hand):
    hand.add(4, SQUARE)
    path = [hand.at(x, 0.0) for x in (0.0, 0.1, 0.2, 0.3)]
    hand.press(path[0])
    for at in path[1:]:
        hand.move(at)
        hand.process()
        hand.drafter.answer_drafts()
    asked = hand.drafter.asked_drafts
    hand.shown.clear()
    for at in path[-2:0:-1]:
        hand.move(at)
        hand.process()
    assert hand.drafter.asked_drafts == asked
    assert len(hand.shown) == 2
    hand.release(path[1])


def test_going_back_over_finished_points_shows_the_finished_frames_at_once(hand):
    hand.add(4, SQUARE)
    places = [hand.at(x, 0.0) for x in (-0.4, 0.0, 0.4)]
    middle = places[1]  # held by its middle: elsewhere the hand may be half a pixel beside the puck

    def hold() -> None:
        hand.session.change(canvas=msgspec.structs.replace(hand.canvas, puck=(0.0, 0.0)))

    for at in places:
        hold()
        hand.drag(middle, at)
        hand.rest()
    hold()
    hand.rest()
    renders, asked = len(hand.drafter.withdrawn), hand.drafter.asked_drafts
    hand.shown.clear()
    hand.press(middle)
    for at in (places[0], places[2], places[0]):
        hand.move(at)
        image, recipe, is_full = hand.shown[-1]  # before any event could be answered
        assert is_full
        assert recipe == hand.controller.recipe()
        assert image.width() == 64
        assert "full" in hand.find("draftNote").text()
    hand.release(places[0])
    hand.process()
    assert hand.drafter.asked_drafts == asked
    assert not hand.drafter.renders
    assert len(hand.drafter.withdrawn) == renders


def test_a_superseded_draft_is_dropped(hand):
    hand.add(2)
    hand.shown.clear()
    hand.controller.pictures.on_drafted(999_999, drafted(hand.controller.recipe()))
    hand.controller.pictures.on_rendered(999_999, None)
    hand.controller.pictures.on_previewed(999_999, picture(hand.controller.recipe()))
    hand.controller.pictures.on_draft_failed(999_999, "late")
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.3, 0.0))
    hand.process()
    hand.controller.pictures.on_drafted(999_999, drafted(hand.controller.recipe()))  # while another is awaited
    assert not hand.shown
    assert not hand.failures
    hand.drafter.answer_draft()
    assert len(hand.shown) == 1


def test_an_answer_behind_a_frame_already_known_is_kept_but_not_shown(hand):
    hand.add(4, SQUARE)
    start = hand.at(*hand.canvas.puck)
    hand.press(start)
    hand.move(hand.at(0.3, 0.0))
    hand.process()
    hand.move(start)  # known: the full picture
    hand.shown.clear()
    late = hand.drafter.answer_draft()
    assert not hand.shown
    hand.move(hand.at(0.3, 0.0))
    assert hand.shown[-1][1].blend == late.blend
    hand.release(hand.at(0.3, 0.0))


def test_letting_go_renders_in_full_and_the_next_drag_gives_it_up(hand):
    hand.add(4, SQUARE)
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.3, 0.1))
    hand.process()
    hand.drafter.answer_drafts()
    ((generation, recipe),) = hand.drafter.renders.items()
    assert recipe == hand.controller.recipe()
    assert recipe.steps == hand.session.recipe.steps
    hand.controller.pictures.on_previewed(generation, picture(recipe))
    assert hand.shown[-1][2] is False
    hand.press(hand.at(*hand.canvas.puck))
    hand.move(hand.at(0.35, 0.1))
    assert generation in hand.drafter.withdrawn
    hand.release(hand.at(0.35, 0.1))
    hand.process()
    hand.drafter.answer_drafts()
    hand.drafter.answer_render()
    assert hand.shown[-1][2] is True
    assert "full · 20 steps" in hand.find("draftNote").text()


def test_a_key_is_followed_by_the_full_picture_when_the_hand_rests(hand):
    hand.add(4, SQUARE)
    hand.key(Qt.Key.Key_Right)
    assert not hand.drafter.renders
    hand.qtbot.waitUntil(lambda: bool(hand.drafter.renders), timeout=2000)


def test_keep_submits_the_recipe_with_its_blend(hand):
    hand.add(4, SQUARE)
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.4, 0.0))
    hand.key(Qt.Key.Key_Return)
    hand.find("keepButton").click()
    first, second = hand.drafter.submitted
    assert first == second == hand.controller.recipe()
    assert first.blend.noise_shares == shares_of(hand.canvas, Material.NOISE)
    assert [each.prompt for each in first.blend.keyframes] == [each.keyframe.prompt for each in hand.canvas.placed]


def test_a_draft_that_fails_is_told_and_the_hand_goes_on(hand):
    hand.add(2)
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.2, 0.0))
    hand.process()
    (generation,) = hand.drafter.drafts
    hand.drafter.drafts.clear()
    hand.controller.pictures.on_draft_failed(generation, "The prompt has 90 tokens.")
    assert hand.failures == ["The prompt has 90 tokens."]
    hand.drag(hand.at(*hand.canvas.puck), hand.at(0.3, 0.0))
    hand.process()
    assert hand.drafter.drafts


def test_the_norm_is_shown_and_lerp_is_told_to_lose_detail(hand):
    hand.add(2)
    gauge = hand.find("normGauge")
    assert (gauge.norm, gauge.words) == (1.0, "")
    hand.panel.lawChosen.emit(Law.LERP)
    hand.rest()
    assert gauge.norm == pytest.approx(0.71)
    assert "lose detail" in gauge.words


# The atlas.


def test_idle_it_fills_with_thumbnails_first(hand):
    hand.add(4, SQUARE)
    assert not hand.drafter.tiles
    hand.controller.pictures.on_idle(True)
    hand.drafter.answer_tiles(4)
    assert all(image is not None for image in hand.view.thumbnails)
    assert hand.view.tile_count == 0
    hand.drafter.answer_tiles(4)
    assert hand.view.tile_count == 4  # two by two
    hand.drafter.answer_tiles()
    assert hand.view.tile_count > 250
    assert not hand.drafter.tiles


def test_it_yields_at_once_and_goes_on_where_it_was(hand):
    hand.add(4, SQUARE)
    hand.controller.pictures.on_idle(True)
    hand.drafter.answer_tiles(10)
    ((generation, waiting),) = hand.drafter.tiles.items()
    hand.press(hand.at(*hand.canvas.puck))
    assert generation in hand.drafter.withdrawn
    hand.move(hand.at(0.2, 0.2))
    hand.process()
    assert not hand.drafter.tiles
    hand.drafter.answer_drafts()
    assert not hand.drafter.tiles  # the hand is still on it
    hand.release(hand.at(0.2, 0.2))
    hand.drafter.answer_render()
    (again,) = hand.drafter.tiles.values()
    assert again == waiting
    hand.controller.pictures.on_idle(False)
    assert not hand.drafter.tiles
    assert hand.view.tile_count == 6


def test_it_can_be_turned_off_and_comes_back_without_drawing_again(hand):
    hand.add(4, SQUARE)
    hand.controller.pictures.on_idle(True)
    hand.drafter.answer_tiles()
    count, asked = hand.view.tile_count, hand.drafter.asked_tiles
    hand.find("atlasButton").click()
    assert hand.view.tile_count == 0
    hand.find("atlasButton").click()
    assert hand.view.tile_count == count
    assert hand.drafter.asked_tiles == asked


@pytest.mark.parametrize("fields", [{"guidance": 9.0}, {"model": ModelRef(name="Other")}, {"width": 512}])
def test_another_recipe_or_model_begins_the_map_anew(hand, fields):
    hand.add(4, SQUARE)
    hand.controller.pictures.on_idle(True)
    hand.drafter.answer_tiles()
    before = hand.canvas
    hand.session.change_recipe(**fields)
    assert hand.view.tile_count == 0
    assert hand.view.frame is None
    assert hand.canvas is before
    hand.shown.clear()
    hand.process()
    hand.drafter.answer_drafts()
    assert hand.view.frame is not None  # the lens follows; the main preview is left alone
    assert not hand.shown
    assert hand.drafter.tiles


def test_a_canvas_that_nobody_sees_draws_nothing(hand):
    hand.add(4, SQUARE)
    hand.controller.pictures.on_idle(True)
    assert hand.drafter.tiles
    hand.panel.hide()
    assert not hand.drafter.tiles
    hand.session.change_recipe(guidance=9.0)
    hand.process()
    assert not hand.drafter.drafts
    hand.panel.show()
    hand.process()
    assert hand.drafter.answer_drafts() == 1  # the lens first
    assert hand.drafter.tiles


def test_a_press_on_the_puck_brings_its_picture_back(hand):
    hand.add(2)
    hand.session.change_recipe(prompt="typing")
    hand.shown.clear()
    hand.drag(hand.at(*hand.canvas.puck))
    assert hand.shown[-1][2] is True


def test_another_seed_or_prompt_in_the_panel_leaves_the_map(hand):
    hand.add(4, SQUARE)
    hand.controller.pictures.on_idle(True)
    hand.drafter.answer_tiles()
    hand.session.change_recipe(seed=99, prompt="something else")
    assert hand.view.tile_count > 0


def test_moving_a_card_begins_the_map_anew_and_undo_brings_it_back(hand):
    hand.add(4, SQUARE)
    hand.controller.pictures.on_idle(True)
    hand.drafter.answer_tiles()
    count = hand.view.tile_count
    corner = hand.view.card_rect(0).center().toPoint()
    hand.drag(corner, corner + QPoint(30, 30))
    assert hand.view.tile_count == 0
    asked = hand.drafter.asked_tiles
    hand.session.undo()
    hand.rest()
    assert hand.view.tile_count == count
    assert hand.drafter.asked_tiles <= asked + 1


def test_between_two_the_frames_show_where_the_picture_changes(hand):
    hand.add(2)
    strip = hand.find("heatStrip")
    assert strip.speeds == ()
    hand.find("atlasButton").click()
    hand.controller.pictures.on_idle(True)
    assert hand.drafter.answer_tiles() == 2 + LINE_FRAMES
    hand.qtbot.waitUntil(lambda: bool(strip.speeds))
    hottest = strip.speeds.index(max(strip.speeds)) / len(strip.speeds)
    assert hottest == pytest.approx(0.7, abs=0.08)
    slider = hand.find("crossfadeSlider")
    slider.setValue(500)
    assert shares_of(hand.canvas, Material.NOISE)[1] == pytest.approx(0.5)
    hot = sum(speed > 2 for speed in strip.speeds)
    hand.find("evenStepsButton").click()
    assert sum(speed > 2 for speed in strip.speeds) > 2 * hot  # it has more room now
    assert slider.value() < 100  # little has changed by t = 0.5
    slider.setValue(500)
    assert shares_of(hand.canvas, Material.NOISE)[1] == pytest.approx(0.7, abs=0.03)


def test_a_held_slider_keeps_its_measure(hand):
    hand.add(2)
    fade = hand.panel.crossfade
    hand.find("evenStepsButton").click()
    fade.slider.setSliderDown(True)
    fade.show_evenness(Evenness([(0.0, drafted_at(0)), (0.9, drafted_at(0)), (1.0, drafted_at(1))]))
    fade.slider.setValue(400)
    assert shares_of(hand.canvas, Material.NOISE)[1] == pytest.approx(0.4)
    fade.slider.setSliderDown(False)


def drafted_at(value: float):
    return np.full((2, 2, 3), value, np.float32)


def test_closing_while_the_map_fills_asks_for_nothing_more(hand):
    hand.add(4, SQUARE)
    hand.controller.pictures.on_idle(True)
    hand.drafter.answer_tiles(20)
    ((generation, _),) = hand.drafter.tiles.items()
    hand.controller.close()
    assert generation in hand.drafter.withdrawn
    assert not hand.drafter.tiles


def test_after_a_restart_the_lens_is_drawn_once_when_there_is_time(hand, qtbot):
    hand.add(4, SQUARE)
    again = CanvasController(hand.session, CanvasPanel(), drafter := FakeDrafter())
    qtbot.addWidget(again._panel)
    drafter.controller = again
    again._panel.show()
    hand.process()
    assert not drafter.drafts  # the engine is not ready yet
    again.pictures.on_idle(True)
    hand.process()
    assert not drafter.tiles  # the lens first
    assert drafter.answer_draft().blend == again.recipe().blend
    assert again._panel.view.frame is not None
    assert drafter.tiles
    drafter.answer_tiles()
    again.pictures.on_idle(False)
    again.pictures.on_idle(True)
    assert drafter.asked_drafts == 1
    again.close()


# The cache.


def test_the_cache_keeps_to_its_bytes_and_to_the_better_frame(hand):
    hand.add(2)
    recipes = []
    for t in (0.1, 0.2, 0.3):
        hand.find("crossfadeSlider").setValue(round(1000 * t))
        recipes.append(hand.controller.recipe())
    image = to_qimage(picture(recipes[0], 64))
    cache = FrameCache(bytes_max=2 * image.sizeInBytes())
    cache.put(recipes[0], Frame(image=image, steps=20))
    cache.put(recipes[0], Frame(image=image, steps=3))
    assert cache.get(recipes[0]).steps == 20
    for recipe in recipes[1:]:
        cache.put(recipe, Frame(image=image, steps=3))
    assert cache.get(recipes[0]) is None
    assert cache.size_bytes <= 2 * image.sizeInBytes()

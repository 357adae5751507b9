"""Drafts that the hand overtakes: which are cut, and which are shown."""

import pytest
from msgspec.structs import replace

from studio.core.blend import Blend, Keyframe
from studio.core.recipe import Recipe
from studio.ui.canvas.frame_cache import FrameCache
from studio.ui.canvas.generations import Generations
from studio.ui.canvas.live_drafts import LiveDrafts
from tests.ui.canvas.fake_drafter import FakeDrafter, drafted

ENDS = tuple(Keyframe(seed=seed) for seed in (1, 2))


def recipe(t: float) -> Recipe:
    return Recipe(blend=Blend(keyframes=ENDS, noise_shares=(1 - t, t), prompt_shares=(1 - t, t)))


class Scene:
    """A hand, a drafter that answers when it is told to, and a clock that is set by hand."""

    def __init__(self, qtbot) -> None:
        self.qtbot, self.drafter, self.now, self.shown = qtbot, FakeDrafter(), 100.0, []
        self.live = LiveDrafts(self.drafter, FrameCache(), Generations(), lambda: self.now)
        self.live.frameReady.connect(lambda recipe, frame: self.shown.append(recipe))

    def learn(self, step_seconds: float) -> None:
        self.live.planner.learn(2, 2 * step_seconds, 0.0)

    def want(self, t: float) -> None:
        """A move, and the draft that is asked for it, where one is."""
        self.live.want(recipe(t))
        if self.live._timer.isActive() and self.live._timer.interval() == 0:
            self.qtbot.waitUntil(lambda: not self.live._timer.isActive(), timeout=10_000)

    def rest(self) -> None:
        """The hand rests until the debounce has passed."""
        self.qtbot.waitUntil(lambda: bool(self.drafter.drafts), timeout=10_000)

    def answer(self) -> None:
        ((generation, asked),) = self.drafter.drafts.items()
        del self.drafter.drafts[generation]
        self.live.on_drafted(generation, drafted(asked))

    def places(self) -> list[float]:
        return [round(each.blend.noise_shares[1], 3) for each in self.drafter.drafts.values()]


@pytest.fixture
def scene(qtbot):
    made = Scene(qtbot)
    yield made
    made.live.stop()


def test_a_slow_draft_that_is_overtaken_is_cut_and_the_newest_asked_for(scene):
    scene.learn(2.0)
    scene.want(0.1)
    scene.rest()
    (first,) = scene.drafter.drafts
    scene.now += 0.05
    scene.want(0.2)
    assert scene.drafter.withdrawn == [first]
    assert not scene.drafter.drafts  # the hand moves: the next is asked for when it rests
    scene.want(0.3)
    scene.rest()
    assert scene.places() == [0.3]
    assert not scene.shown


def test_a_quick_draft_is_finished_and_shown_however_the_hand_moves(scene):
    scene.learn(0.03)
    scene.want(0.1)
    for t in (0.2, 0.3, 0.4):
        scene.now += 0.016
        scene.want(t)
    assert scene.places() == [0.1]
    scene.answer()
    assert [each.blend.noise_shares[1] for each in scene.shown] == [0.1]
    assert scene.places() == [0.4]
    assert not scene.drafter.withdrawn


def test_a_slow_draft_that_is_nearly_done_is_finished(scene):
    scene.learn(1.0)
    scene.want(0.1)
    scene.rest()
    scene.now += 0.95  # of two steps, one is taken
    scene.want(0.2)
    assert not scene.drafter.withdrawn
    assert scene.places() == [0.1]


def test_a_hand_that_never_rests_sees_a_frame_all_the_same(scene):
    scene.learn(1.0)
    scene.want(0.0)
    scene.rest()
    for move in range(1, 400):
        scene.now += 0.02
        scene.want(move / 1000)
        scene.qtbot.wait(1)
        if scene.drafter.drafts and scene.live._is_impatient():
            break
    kept, cuts = scene.places(), len(scene.drafter.withdrawn)
    assert cuts >= 1
    for move in range(400, 500):
        scene.now += 0.02
        scene.want(move / 1000)
    assert scene.places() == kept  # this one is finished, wherever the hand goes
    assert len(scene.drafter.withdrawn) == cuts
    scene.answer()
    assert len(scene.shown) == 1


def test_the_same_place_again_cuts_nothing(scene):
    scene.learn(2.0)
    scene.want(0.1)
    scene.rest()
    scene.want(0.2)
    scene.rest()
    withdrawn = list(scene.drafter.withdrawn)
    scene.want(0.2)
    assert scene.drafter.withdrawn == withdrawn
    assert scene.places() == [0.2]


def test_how_long_a_draft_takes_is_not_known_at_first(scene):
    """One that has taken long already is taken to be slow."""
    scene.want(0.1)
    assert scene.live.planner.seconds(2) is None
    scene.now += 0.05
    scene.want(0.2)
    assert not scene.drafter.withdrawn
    scene.now += 0.22
    scene.want(0.3)
    assert len(scene.drafter.withdrawn) == 1


def test_a_student_is_planned_for_once_it_has_drawn(scene):
    scene.learn(0.03)
    scene.want(0.1)
    ((generation, asked),) = scene.drafter.drafts.items()
    del scene.drafter.drafts[generation]
    scene.live.on_drafted(generation, replace(drafted(asked, step_seconds=0.005), student_steps=4))
    scene.want(0.2)
    assert [each.steps for each in scene.drafter.drafts.values()] == [4]

"""The canvas's pictures on the engine's thread: the most urgent first, and nothing made that nobody waits for."""

import msgspec
import pytest

from studio.core.blend import Blend, Keyframe
from studio.core.events import Failed, Finished, Stopped
from studio.core.recipe import ModelRef, Recipe
from studio.ui.commands import AskDraft, AskRender, AskTile, CancelOne, Preload, Submit, Withdraw
from tests.fake_engine import MODEL, FakeEngine
from tests.ui.test_engine_thread import Desk

ENDS = tuple(Keyframe(seed=seed, prompt="a sea") for seed in (1, 2))


def recipe(t: float = 0.5, *, prompt: str = "a sea", steps: int = 6, model: str = "Fake") -> Recipe:
    blend = Blend(keyframes=ENDS, noise_shares=(1 - t, t), prompt_shares=(1 - t, t))
    return Recipe(prompt=prompt, steps=steps, model=ModelRef(name=model), blend=blend)


class Sketches(Desk):
    """A thread with everything it answers the canvas written down."""

    def __init__(self, qtbot, engine=None):
        self.answers = []
        super().__init__(qtbot, engine)
        sketches = self.thread.sketches
        for name in ("drafted", "rendered", "failed"):
            getattr(sketches, name).connect(lambda number, what, name=name: self.answers.append((name, number, what)))

    def numbers(self):
        return [number for _, number, _ in self.answers]

    def load(self):
        self.thread.send(Preload("Fake"))
        self.wait(lambda: self.loaded)


@pytest.fixture
def make_desk(qtbot, qapp):
    made = []

    def make(engine=None):
        made.append(Sketches(qtbot, engine))
        return made[-1]

    yield make
    for desk in made:
        assert desk.thread.shut_down(30_000)


@pytest.fixture
def desk(make_desk):
    made = make_desk()
    made.load()
    return made


def test_a_draft_loads_the_model_where_there_is_none(make_desk):
    desk = make_desk()
    desk.thread.send(AskDraft(1, recipe()))
    desk.wait(lambda: desk.numbers() == [1])
    assert desk.engine.loaded == ["Fake"]


def test_drafts_are_made_between_the_steps_of_a_picture(desk):
    desk.engine.step_ms = 20
    desk.submit("a sea", steps=30)
    desk.wait(lambda: desk.steps)
    for number in (1, 2, 3):
        desk.thread.send(AskDraft(number, recipe(number / 10)))
        desk.wait(lambda number=number: number in desk.numbers())
    assert Finished not in desk.kinds(1)
    desk.wait_for(1, Finished)


def test_a_draft_of_another_model_waits_until_the_picture_is_done(make_desk):
    other = msgspec.structs.replace(MODEL, name="Other")
    desk = make_desk(FakeEngine(step_ms=10, models=(MODEL, other)))
    desk.submit("a sea", "a sea", steps=20)
    desk.wait(lambda: desk.steps)
    desk.thread.send(AskDraft(7, recipe(model="Other")))
    desk.wait(lambda: desk.numbers() == [7])
    assert desk.engine.loaded == ["Fake", "Other"]
    assert len(desk.keeper.kept) == 2


def test_a_render_gives_way_to_a_picture_and_begins_again(desk):
    desk.engine.step_ms = 10
    desk.thread.send(AskRender(1, recipe(steps=40)))
    desk.qtbot.wait(100)
    desk.submit("a red sea")
    desk.wait_for(1, Finished)
    assert desk.answers == []
    assert desk.engine.cancelled == 1
    desk.wait(lambda: desk.numbers() == [1])


def test_a_withdrawn_or_superseded_render_is_never_answered(desk):
    desk.engine.step_ms = 20
    for number in (1, 2):
        desk.thread.send(AskRender(number, recipe(number / 10, steps=60)))
        desk.qtbot.wait(80)
    desk.thread.send(Withdraw(2))
    desk.thread.send(AskRender(3, recipe(0.9, steps=3)))
    desk.wait(lambda: desk.numbers() == [3])
    assert desk.engine.cancelled == 2


@pytest.mark.parametrize("within_a_picture", [False, True], ids=["alone", "between the steps of a picture"])
def test_a_draft_superseded_or_withdrawn_while_it_is_made_is_cut_within_a_step(desk, within_a_picture):
    if within_a_picture:
        desk.submit("hang a sea")
        desk.wait(lambda: desk.steps)
    desk.engine.draft_step_ms = 20
    desk.thread.send(AskDraft(1, recipe(0.1, steps=1_000_000)))
    desk.wait(lambda: len(desk.engine.begun_drafts) == 1)
    desk.thread.send(AskDraft(2, recipe(0.2, steps=1_000_000)))  # had the first to be finished, this would never begin
    desk.wait(lambda: len(desk.engine.begun_drafts) == 2)
    desk.thread.send(Withdraw(2))
    desk.thread.send(AskDraft(3, recipe(0.3, steps=2)))
    desk.wait(lambda: desk.numbers() == [3])
    assert [each.steps for each in desk.engine.drafts] == [2]
    desk.thread.send(CancelOne(1))


def test_a_tile_waits_for_everything_else_and_never_loads_a_model(make_desk):
    desk = make_desk()
    desk.thread.send(AskTile(1, recipe()))
    desk.qtbot.wait(50)
    assert desk.answers == []
    desk.load()
    desk.wait(lambda: desk.numbers() == [1])
    desk.engine.draft_step_ms = 20
    desk.thread.send(AskTile(2, recipe(0.2, steps=20)))
    desk.qtbot.wait(60)
    desk.thread.send(AskDraft(3, recipe(0.3, steps=1)))
    desk.wait(lambda: len(desk.answers) == 3)
    assert desk.numbers() == [1, 3, 2]


def test_keeping_what_was_just_rendered_takes_no_second_sampling(desk):
    desk.thread.send(AskRender(1, recipe()))
    desk.wait(lambda: desk.numbers() == [1])
    desk.thread.send(Submit(5, recipe()))
    desk.wait_for(5, Finished)
    assert len(desk.engine.generated) == 1
    assert desk.last(5).path


def test_stopping_the_picture_while_a_draft_is_made_in_it(desk):
    desk.engine.draft_step_ms = 30
    desk.submit("a sea", steps=500)
    desk.wait(lambda: desk.steps)
    desk.thread.send(AskDraft(1, recipe(steps=8)))
    desk.wait(lambda: desk.engine.begun_drafts)
    desk.thread.send(CancelOne(1))
    desk.wait_for(1, Stopped)
    desk.wait(lambda: desk.numbers() == [1])  # the hand still gets its draft


def test_a_draft_that_fails_says_so_and_ends_nothing(desk, caplog):
    desk.thread.send(AskDraft(1, recipe(prompt="nodraft")))
    desk.wait(lambda: desk.numbers() == [1])
    assert desk.answers[0][0] == "failed"
    assert "unforeseen" in desk.answers[0][2]
    assert Failed not in [type(event) for _, event in desk.events]
    desk.thread.send(AskDraft(2, recipe()))
    desk.wait(lambda: desk.numbers() == [1, 2])

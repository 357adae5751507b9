"""The thread: jobs in order, Stop within a step, questions between steps, nothing ends it but Quit."""

import threading
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from studio.core.errors import SaveError
from studio.core.events import Failed, Finished, PreviewTier, Staged, Step, Stopped
from studio.core.recipe import SEED_MAX, ModelRef, Recipe
from studio.library.library import JobState
from studio.ui.commands import (
    NO_JOB,
    AskNoiseLevels,
    AskTokenCount,
    CancelAll,
    CancelOne,
    Pause,
    Preload,
    Resume,
    SetPreview,
    Submit,
)
from studio.ui.engine_thread import EngineThread, failure
from tests.fake_engine import MODEL, FakeEngine


class FakeKeeper:
    """Remembers what it is told; `broken` refuses to save."""

    def __init__(self, broken=False):
        self.broken, self.states, self.kept, self.closed = broken, [], [], False

    def check_room(self, recipe):
        pass

    def keep(self, finished):
        if self.broken:
            raise SaveError(Path("/full/disk.png"), "No space left on device")
        self.kept.append(finished)
        return Path(f"/pictures/{len(self.kept)}.png")

    def set_job_state(self, job_id, state, sentence=""):
        self.states.append((job_id, state, sentence))

    def close(self):
        self.closed = True

    def states_of(self, job_id):
        return [state for each, state, _ in self.states if each == job_id]


class Desk:
    """A thread with everything it says written down."""

    def __init__(self, qtbot, engine=None, keeper=None, make_engine=None):
        self.qtbot, self.engine, self.keeper = qtbot, engine or FakeEngine(), keeper or FakeKeeper()
        self.thread = EngineThread(make_engine or (lambda: self.engine), lambda: self.keeper)
        self.events, self.steps, self.levels, self.tokens, self.loaded = [], [], [], [], []
        self.images = {}
        self.thread.happened.connect(self._on_happened)
        self.thread.stepped.connect(self._on_stepped)
        self.thread.noiseLevelsReady.connect(lambda recipe, levels: self.levels.append((recipe, levels)))
        self.thread.tokensCounted.connect(lambda *answer: self.tokens.append(answer))
        self.thread.modelLoaded.connect(self.loaded.append)
        self.thread.start()

    def _on_happened(self, job_id, event, image):
        self.events.append((job_id, event))
        if image is not None:
            self.images[job_id] = image

    def _on_stepped(self):
        shown = self.thread.take_step()
        if shown is not None:
            self.steps.append(shown)

    def submit(self, *prompts, first=1, **fields):
        for job_id, prompt in enumerate(prompts, start=first):
            fields = {"steps": 6, "model": ModelRef(name="Fake"), **fields}
            self.thread.send(Submit(job_id, Recipe(prompt=prompt, **fields)))

    def kinds(self, job_id):
        return [type(event) for each, event in self.events if each == job_id]

    def last(self, job_id):
        return next((event for each, event in reversed(self.events) if each == job_id), None)

    def wait(self, condition, timeout=5000):
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=timeout)

    def wait_for(self, job_id, kind):
        self.wait(lambda: kind in self.kinds(job_id))


@pytest.fixture
def make_desk(qtbot, qapp):
    made = []

    def make(*arguments, **options):
        made.append(Desk(qtbot, *arguments, **options))
        return made[-1]

    yield make
    for desk in made:
        assert desk.thread.shut_down(30_000)


@pytest.fixture
def desk(make_desk):
    return make_desk()


def test_a_job_is_generated_kept_and_told(desk):
    desk.submit("a sea")
    desk.wait_for(1, Finished)
    finished = desk.last(1)
    assert finished.path == "/pictures/1.png"
    assert finished.recipe.prompt == "a sea"
    assert desk.keeper.states_of(1) == [JobState.RUNNING, JobState.FINISHED]
    assert desk.images[1].width() == 256
    assert set(desk.engine.thread_names) != {threading.current_thread().name}


def test_nothing_is_made_before_the_first_command(make_desk):
    called = []
    desk = make_desk(make_engine=lambda: called.append(1) or FakeEngine())
    time.sleep(0.05)
    assert called == []
    desk.thread.send(Preload("Fake"))
    desk.wait(lambda: len(desk.loaded) == 1)
    assert called == [1]


def test_jobs_run_in_order_one_after_another(desk):
    desk.submit("a", "b", "c")
    desk.wait_for(3, Finished)
    finished = [job_id for job_id, event in desk.events if isinstance(event, Finished)]
    assert finished == [1, 2, 3]
    assert [recipe.prompt for recipe in desk.engine.generated] == ["a", "b", "c"]


def test_every_step_arrives_with_its_preview_when_the_window_keeps_up(make_desk):
    desk = make_desk(FakeEngine(step_ms=80))
    desk.submit("a sea")
    desk.wait_for(1, Finished)
    assert [shown.step.number for shown in desk.steps] == [1, 2, 3, 4, 5, 6]
    assert all(shown.image is not None and shown.image.width() == 32 for shown in desk.steps)


def test_previews_the_window_is_too_slow_for_are_dropped(desk):
    desk.submit("a sea", steps=400)
    deadline = time.monotonic() + 5
    while not desk.keeper.kept and time.monotonic() < deadline:
        time.sleep(0.01)  # the window is busy with something else
    desk.wait_for(1, Finished)
    assert [shown.step.number for shown in desk.steps] == [400]


def test_stop_ends_the_running_job_within_one_step_and_the_next_runs(desk):
    desk.submit("hang", "a sea")
    desk.wait(lambda: len(desk.steps) > 1)
    desk.thread.send(CancelOne(1))
    desk.wait_for(2, Finished)
    assert isinstance(desk.last(1), Stopped)
    assert desk.keeper.states_of(1) == [JobState.RUNNING, JobState.CANCELLED]
    assert desk.engine.cancelled == 1


def test_a_waiting_job_can_be_stopped(desk):
    desk.submit("hang", "never", "a sea")
    desk.wait(lambda: len(desk.steps) > 1)
    desk.thread.send(CancelOne(2))
    desk.wait_for(2, Stopped)
    assert desk.last(1) is None or not isinstance(desk.last(1), Stopped)
    desk.thread.send(CancelOne(1))
    desk.wait_for(3, Finished)
    assert [recipe.prompt for recipe in desk.engine.generated] == ["a sea"]


def test_stop_all_forgets_what_waits(desk):
    desk.submit("hang", "b", "c")
    desk.wait(lambda: len(desk.steps) > 1)
    desk.thread.send(CancelAll())
    for job_id in (1, 2, 3):
        desk.wait_for(job_id, Stopped)
    assert desk.engine.generated == []
    assert [desk.keeper.states_of(job_id)[-1] for job_id in (1, 2, 3)] == [JobState.CANCELLED] * 3


def test_pause_lets_the_running_job_finish_and_holds_the_next(desk):
    desk.submit("slow", "b")
    desk.wait(lambda: len(desk.steps) > 0)
    desk.thread.send(Pause())
    desk.wait_for(1, Finished)
    time.sleep(0.1)
    assert desk.kinds(2) == []
    desk.thread.send(Resume())
    desk.wait_for(2, Finished)


def test_a_failing_job_says_so_and_the_next_runs(desk, caplog):
    desk.submit("fail", "memory", "a sea")
    desk.wait_for(3, Finished)
    assert isinstance(desk.last(1), Failed)
    assert "ValueError" in desk.last(1).sentence
    assert "told to fail" in caplog.text
    assert desk.last(2).kind == "OutOfMemoryError"
    assert desk.last(2).sentence.startswith("Fake CPU ran out of memory")
    assert desk.keeper.states_of(2)[-1] == JobState.FAILED
    assert next(text for job_id, state, text in desk.keeper.states if (job_id, state) == (2, JobState.FAILED))


def test_a_picture_that_cannot_be_saved_reaches_the_window_all_the_same(make_desk):
    desk = make_desk(keeper=FakeKeeper(broken=True))
    desk.submit("a sea")
    desk.wait_for(1, Failed)
    finished = next(event for _, event in desk.events if isinstance(event, Finished))
    assert finished.path == ""
    assert finished.picture.shape == (256, 256, 3)
    assert desk.last(1).kind == "SaveError"
    assert "No space left" in desk.last(1).sentence


def test_an_engine_that_does_not_start_fails_the_job_and_is_tried_again(make_desk, caplog):
    attempts = []

    def make_engine():
        attempts.append(1)
        if len(attempts) == 1:
            raise ImportError("no torch")
        return FakeEngine()

    desk = make_desk(make_engine=make_engine)
    desk.submit("a", "b")
    desk.wait_for(2, Finished)
    assert "ImportError" in desk.last(1).sentence


def test_a_library_that_breaks_does_not_cost_the_picture(make_desk, caplog):
    class Broken(FakeKeeper):
        def set_job_state(self, job_id, state, sentence=""):
            raise RuntimeError("database is locked")

    desk = make_desk(keeper=Broken())
    desk.submit("a sea")
    desk.wait_for(1, Finished)
    assert desk.last(1).path == "/pictures/1.png"


def test_questions_are_answered_while_sampling(desk):
    desk.submit("hang")
    desk.wait(lambda: len(desk.steps) > 1)
    recipe = Recipe(steps=9)
    desk.thread.send(AskNoiseLevels(recipe))
    desk.thread.send(AskTokenCount("prompt", "one two three"))
    desk.wait(lambda: desk.levels and desk.tokens)
    assert desk.levels[0][0] is recipe
    assert len(desk.levels[0][1].sigmas) == 10
    assert desk.tokens == [("prompt", "one two three", 3)]
    assert Stopped not in desk.kinds(1)


def test_only_the_newest_question_of_a_kind_is_answered(desk):
    desk.thread.send(Pause())
    for steps in range(1, 30):
        desk.thread.send(AskNoiseLevels(Recipe(steps=steps)))
        desk.thread.send(AskTokenCount("prompt", "word " * steps))
    desk.thread.send(Preload("Fake"))
    desk.wait(lambda: desk.levels and desk.tokens)
    assert [recipe.steps for recipe, _ in desk.levels] == [29]
    assert [count for _, _, count in desk.tokens] == [29]


def test_questions_wait_for_the_model(make_desk):
    engine = FakeEngine()
    engine.hold_load.clear()
    desk = make_desk(engine)
    desk.thread.send(Preload("Fake"))
    desk.thread.send(AskTokenCount("prompt", "one two"))
    desk.wait_for(NO_JOB, Staged)
    assert desk.tokens == []
    engine.hold_load.set()
    desk.wait(lambda: desk.tokens == [("prompt", "one two", 2)])


def test_preloading_another_model_supersedes_the_load_going_on(make_desk):
    engine = FakeEngine(models=(MODEL, msgspec.structs.replace(MODEL, name="Other")))
    engine.hold_load.clear()
    desk = make_desk(engine)
    desk.thread.send(Preload("Fake"))
    desk.wait_for(NO_JOB, Staged)
    desk.thread.send(Preload("Other"))
    time.sleep(0.05)
    engine.hold_load.set()
    desk.wait(lambda: desk.loaded)
    assert [info.name for info in desk.loaded] == ["Other"]
    assert engine.loaded == ["Other"]


def test_a_job_may_be_submitted_while_the_model_loads(make_desk):
    engine = FakeEngine()
    engine.hold_load.clear()
    desk = make_desk(engine)
    desk.thread.send(Preload("Fake"))
    desk.wait_for(NO_JOB, Staged)
    desk.submit("a sea")
    engine.hold_load.set()
    desk.wait_for(1, Finished)


def test_the_preview_tier_reaches_the_engine(desk):
    desk.thread.send(SetPreview(PreviewTier.FULL))
    desk.submit("a sea")
    desk.wait_for(1, Finished)
    assert desk.engine.tiers == [PreviewTier.FULL]
    desk.thread.send(SetPreview(PreviewTier.LINEAR))
    desk.submit("a sea", first=2)
    desk.wait_for(2, Finished)
    assert desk.engine.tiers == [PreviewTier.FULL, PreviewTier.LINEAR]


def test_shutting_down_while_sampling_takes_less_than_two_seconds(make_desk):
    desk = make_desk()
    desk.submit("hang", "b")
    desk.wait(lambda: len(desk.steps) > 1)
    began = time.monotonic()
    assert desk.thread.shut_down(30_000)
    assert time.monotonic() - began < 30  # a hang guard, not a measure
    assert desk.engine.closed
    assert desk.keeper.closed
    assert desk.keeper.states_of(1) == [JobState.RUNNING, JobState.QUEUED]  # it waits for the next start
    assert desk.keeper.states_of(2) == []


def test_seeds_of_32_bits_cross_the_thread(desk):
    desk.submit("a sea", seed=SEED_MAX)
    desk.wait_for(1, Finished)
    assert desk.last(1).recipe.seed == SEED_MAX


def test_an_unforeseen_error_gets_a_sentence_that_says_what_to_do(caplog):
    failed = failure(ZeroDivisionError("by zero"))
    assert "ZeroDivisionError" in failed.sentence
    assert "Try again" in failed.sentence
    assert failed.option == ""


def test_the_preview_owns_its_pixels(make_desk):
    desk = make_desk(FakeEngine(step_ms=15))
    desk.submit("a sea")
    desk.wait_for(1, Finished)
    shown = desk.steps[0]
    color = shown.image.pixelColor(3, 5)
    preview = shown.step.preview
    assert (color.red(), color.green(), color.blue()) == tuple(int(value) for value in preview[5, 3])
    assert not np.shares_memory(preview, np.frombuffer(shown.image.constBits(), np.uint8))
    assert isinstance(shown.step, Step)

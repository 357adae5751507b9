"""Several pictures at once: made together, kept one after the other, each by its own job."""

import pytest

from studio.core.errors import Cancelled
from studio.core.events import Step
from studio.core.metadata import read_recipe
from studio.core.recipe import ModelRef, Recipe
from studio.ui.made_ahead import MadeAhead
from tests.fake_engine import FakeEngine


def recipes(count, prompt="sea"):
    return [Recipe(prompt=prompt, seed=seed, steps=2, model=ModelRef(name="Fake")) for seed in range(count)]


def ignore(event):
    pass


@pytest.fixture
def engine():
    fake = FakeEngine()
    fake.room = 3
    return fake


@pytest.fixture
def ahead():
    wanted = MadeAhead()
    wanted.is_wanted = True
    return wanted


def make_all(ahead, engine, wanted):
    """As the queue does: the first, with the others waiting behind it."""
    return [ahead.make(engine, each, wanted[number + 1 :], ignore) for number, each in enumerate(wanted)]


def test_as_many_as_there_is_room_for_are_made_at_once_and_each_has_its_turn(ahead, engine):
    wanted = recipes(5)
    made = make_all(ahead, engine, wanted)
    assert [finished.recipe.seed for finished in made] == [0, 1, 2, 3, 4]
    assert [[recipe.seed for recipe in walk] for walk in engine.walks] == [[0, 1, 2], [3, 4]]
    assert [recipe.seed for recipe in engine.generated] == [0, 1, 2, 3, 4]


def test_unless_it_is_wanted_they_are_made_one_by_one(engine):
    make_all(MadeAhead(), engine, recipes(3))
    assert engine.walks == []
    assert len(engine.generated) == 3


def test_one_alone_is_made_as_ever(ahead, engine):
    make_all(ahead, engine, recipes(1))
    assert engine.walks == []


def test_what_was_withdrawn_is_dropped_and_what_was_rearranged_is_found(ahead, engine):
    first, second, third = recipes(3)
    ahead.make(engine, first, [second, third], ignore)
    assert ahead.make(engine, third, [], ignore).recipe.seed == 2
    assert len(engine.generated) == 3
    assert ahead.make(engine, second, [], ignore).recipe.seed == 1
    assert len(engine.generated) == 4, "it had left the queue, and came again"


def test_what_was_made_under_other_settings_is_dropped(ahead, engine):
    first, second = recipes(2)
    ahead.make(engine, first, [second], ignore)
    ahead.forget()
    ahead.make(engine, second, [], ignore)
    assert len(engine.generated) == 3


def test_one_that_cannot_be_made_does_not_cost_the_others(ahead, engine):
    good, bad = recipes(1)[0], recipes(2, "fail")[1]
    assert ahead.make(engine, good, [bad], ignore).recipe.seed == 0
    with pytest.raises(ValueError, match="told to fail"):
        ahead.make(engine, bad, [], ignore)


def test_stop_stops_all_of_them_and_none_is_kept(ahead, engine):
    def stop(event):
        if isinstance(event, Step):
            raise Cancelled

    first, *others = recipes(3)
    with pytest.raises(Cancelled):
        ahead.make(engine, first, others, stop)
    make_all(ahead, engine, others)
    assert [[recipe.seed for recipe in walk] for walk in engine.walks] == [[0, 1, 2], [1, 2]]


def test_in_the_window_they_are_previewed_side_by_side_and_each_is_kept(make_studio, data_dir):
    (data_dir / "settings.toml").write_text("together = true\n")
    studio = make_studio()
    studio.engine.room = 4
    sizes, texts = [], []
    studio.jobs.previewReady.connect(lambda image, size: sizes.append((size.width(), size.height(), image.width())))
    studio.jobs.stepTaken.connect(lambda recipe, number: texts.append(studio.find("activityLabel").text()))
    studio.show()
    studio.session.change(count=4)
    studio.finish()
    (walk,) = studio.engine.walks
    assert len(walk) == 4
    assert sizes[-1] == (512, 512, 64)
    assert texts[-1].startswith("4 pictures at once · Sampling · step ")
    assert "waiting" not in texts[-1], "all are in the making"
    kept = sorted(read_recipe(path).seed for path in studio.places.pictures.rglob("*.png"))
    assert kept == sorted(recipe.seed for recipe in walk)


def test_stop_stops_all_that_are_made_at_once_and_none_that_wait_behind_them(make_studio, data_dir):
    (data_dir / "settings.toml").write_text("together = true\n")
    studio = make_studio(FakeEngine(step_ms=20))
    studio.engine.room = 3
    studio.show()
    studio.session.change(count=5)
    studio.generate("a red sailboat")
    studio.wait(lambda: "3 pictures at once" in studio.find("activityLabel").text())
    studio.find("stopButton").click()
    studio.wait_idle()
    seeds = [[recipe.seed for recipe in walk] for walk in studio.engine.walks]
    assert [len(walk) for walk in seeds] == [3, 2]
    kept = {read_recipe(path).seed for path in studio.places.pictures.rglob("*.png")}
    assert kept == set(seeds[1])


def test_the_wish_reaches_the_thread_at_once(make_studio):
    studio = make_studio()
    studio.engine.room = 2
    studio.show()
    studio.window.action("settings").trigger()
    studio.find("togetherSetting").click()
    studio.session.change(count=2)
    studio.finish()
    assert len(studio.engine.walks) == 1

"""Time left, from what was measured."""

import msgspec
import numpy as np
import pytest

from studio.core.estimate import Estimator
from studio.core.events import Finished, Stage, Staged, Step
from studio.core.recipe import Recipe
from studio.core.schedulers import Scheduler
from studio.core.start import Start

RECIPE = Recipe(steps=10, width=256, height=256)
SECONDS = {Stage.ENCODING: 0.5, Stage.SAMPLING: 10.0, Stage.DECODING: 2.0, Stage.SAVING: 0.25}


def finished(recipe=RECIPE, seconds=SECONDS):
    return Finished(picture=np.zeros((8, 8, 3), np.uint8), recipe=recipe, seconds=seconds)


def step(number, seconds=1.0):
    return Step(number=number, count=10, sigma=1.0, seconds=seconds)


def test_nothing_is_said_before_anything_was_measured():
    estimator = Estimator()
    estimator.begin(RECIPE)
    assert estimator.left(Staged(stage=Stage.ENCODING)) is None
    assert estimator.whole(RECIPE) is None
    assert estimator.seconds_per_step is None


def test_the_first_picture_is_foretold_from_its_own_steps():
    estimator = Estimator()
    estimator.begin(RECIPE)
    for number in (1, 2, 3):
        estimator.observe(step(number, 0.5))
    assert estimator.left(step(3)) == pytest.approx(3.5)
    assert estimator.seconds_per_step == 0.5


def test_one_slow_step_does_not_fool_it():
    estimator = Estimator()
    estimator.begin(RECIPE)
    for number, seconds in enumerate((0.5, 9.0, 0.5, 0.5), start=1):
        estimator.observe(step(number, seconds))
    assert estimator.seconds_per_step == 0.5


def test_a_measured_picture_foretells_the_next():
    estimator = Estimator()
    estimator.begin(RECIPE)
    estimator.observe(finished())
    assert estimator.whole(RECIPE) == pytest.approx(12.75)
    estimator.begin(RECIPE)
    assert estimator.left(Staged(stage=Stage.ENCODING)) == pytest.approx(12.75)
    assert estimator.left(Staged(stage=Stage.DECODING, fraction=0.5)) == pytest.approx(1.25)
    estimator.observe(step(4))
    assert estimator.left(step(4)) == pytest.approx(6.0 + 2.25)
    assert estimator.left(step(4), (RECIPE,)) == pytest.approx(6.0 + 2.25 + 12.75)


def test_pictures_made_at_once_share_their_steps_and_are_finished_one_by_one():
    estimator = Estimator()
    estimator.begin(RECIPE)
    estimator.observe(finished())
    estimator.begin(RECIPE)
    of_two = msgspec.structs.replace(step(4), together=2)
    estimator.observe(of_two)
    assert estimator.left(of_two, (RECIPE,)) == pytest.approx(6.0 + 2 * 2.25 + 12.75)
    assert estimator.left(Staged(stage=Stage.DECODING, fraction=0.5)) == pytest.approx(2.0 + 2 * 0.25)


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        ({"steps": 20}, 2.0),
        ({"width": 512}, 2.0),
        ({"guidance": 1.0}, 0.5),
        ({"scheduler": Scheduler.HEUN}, 2.0),
    ],
)
def test_other_settings_are_foretold_in_proportion(change, factor):
    estimator = Estimator()
    estimator.observe(finished(seconds={Stage.SAMPLING: 10.0}))
    assert estimator.whole(msgspec.structs.replace(RECIPE, **change)) == pytest.approx(10.0 * factor)


def test_a_machine_that_gets_slower_is_believed_half_way():
    estimator = Estimator()
    for seconds in (10.0, 20.0):
        estimator.observe(finished(seconds={Stage.SAMPLING: seconds}))
    assert estimator.whole(RECIPE) == pytest.approx(15.0)


def test_starting_and_loading_are_not_foretold():
    estimator = Estimator()
    estimator.observe(finished())
    estimator.begin(RECIPE)
    assert estimator.left(Staged(stage=Stage.LOADING, fraction=0.5)) is None


def test_steps_that_are_not_taken_take_no_time():
    estimator = Estimator()
    estimator.begin(RECIPE)
    estimator.observe(finished())
    half, none = (msgspec.structs.replace(RECIPE, start=Start(picture=b"x", strength=each)) for each in (0.5, 0.0))
    assert estimator.whole(half) == pytest.approx(estimator.whole(RECIPE) - 5.0)
    assert estimator.whole(none) == pytest.approx(estimator.whole(RECIPE) - 10.0)
    estimator.observe(finished(none, SECONDS | {Stage.SAMPLING: 0.01}))
    assert estimator.whole(half) == pytest.approx(estimator.whole(RECIPE) - 5.0)

"""Drafts keep the time they were given, and begin where they are true."""

import pytest

from studio.core.planner import LIKENESS_MIN, DraftPlanner, DraftSettings, Plan


def steps(planner: DraftPlanner, most: int = 20, **settings: int) -> int:
    """The steps that the next draft takes."""
    return planner.plan(DraftSettings(**settings), most).taken


def test_the_first_draft_is_the_least() -> None:
    assert DraftPlanner().plan(DraftSettings(), most=20) == Plan(steps=2, depth=1)


def test_steps_follow_the_measured_speed() -> None:
    fast, slow = DraftPlanner(), DraftPlanner()
    fast.learn(2, sampling_seconds=0.02, rest_seconds=0.02)
    slow.learn(2, sampling_seconds=0.60, rest_seconds=0.02)
    assert fast.plan(DraftSettings(budget_ms=100), most=20) == Plan(steps=8, depth=1)
    assert fast.plan(DraftSettings(budget_ms=65), most=20) == Plan(steps=5, depth=1)
    assert steps(slow, budget_ms=100) == 1


def test_a_draft_of_all_the_steps_is_the_picture_itself() -> None:
    planner = DraftPlanner()
    planner.learn(2, sampling_seconds=0.02, rest_seconds=0.02)
    assert planner.plan(DraftSettings(), most=5) == Plan(steps=5, depth=0)
    assert planner.plan(DraftSettings(), most=1) == Plan(steps=1, depth=0)


def test_a_machine_that_becomes_slow_is_noticed() -> None:
    planner = DraftPlanner()
    for seconds in (0.04, 0.4, 0.4, 0.4, 0.4):
        planner.learn(4, sampling_seconds=seconds, rest_seconds=0.0)
    assert steps(planner, budget_ms=100, steps_min=1) == 1


def test_where_the_time_is_not_to_be_relied_on_there_is_room_for_surprises() -> None:
    steady, erratic = DraftPlanner(), DraftPlanner()
    for number in range(20):
        steady.learn(2, sampling_seconds=0.04, rest_seconds=0.02)
        erratic.learn(2, sampling_seconds=0.025 if number % 2 else 0.055, rest_seconds=0.02)
    assert steps(steady) == 4
    assert steps(erratic) < steps(steady)


def test_where_trajectories_mislead_drafts_begin_at_noise_until_there_are_others() -> None:
    planner = DraftPlanner()
    planner.judge(LIKENESS_MIN)
    assert planner.plan(DraftSettings(), most=20).depth == 1
    for _ in range(3):
        planner.judge(0.5)
    assert planner.plan(DraftSettings(), most=20) == Plan(steps=2, depth=0)
    planner.trust()
    assert planner.plan(DraftSettings(), most=20).depth == 1


def test_the_hand_is_waited_for_only_when_frames_are_slow() -> None:
    planner = DraftPlanner()
    assert planner.debounce_ms(DraftSettings()) == 0
    planner.learn(2, sampling_seconds=0.06, rest_seconds=0.02)
    assert planner.debounce_ms(DraftSettings()) == 0
    planner.learn(2, sampling_seconds=6.0, rest_seconds=0.02)
    assert 0 < planner.debounce_ms(DraftSettings()) <= 250


def test_a_student_takes_no_more_steps_than_it_may_and_has_a_pace_of_its_own() -> None:
    planner, settings = DraftPlanner(), DraftSettings(budget_ms=100, steps_min=2, steps_max=8)
    planner.learn(12, sampling_seconds=12 * 0.03, rest_seconds=0.01)
    of_the_model = planner.plan(settings, 20).steps
    planner.learn(2, sampling_seconds=2 * 0.005, rest_seconds=0.005, student_steps=4)
    assert planner.plan(settings, 20).steps == of_the_model
    planner.follow(4)
    assert planner.plan(settings, 20).steps == 4
    assert planner.seconds(4) == pytest.approx(0.025)
    planner.follow(0)
    assert planner.plan(settings, 20).steps == of_the_model


def test_where_there_is_time_for_more_of_the_models_own_steps_they_are_better_than_a_students() -> None:
    planner, settings = DraftPlanner(), DraftSettings(budget_ms=100, steps_min=2, steps_max=8)
    planner.learn(12, sampling_seconds=12 * 0.01, rest_seconds=0.01)
    planner.learn(4, sampling_seconds=4 * 0.005, rest_seconds=0.01, student_steps=4)
    planner.follow(4)
    assert planner.plan(settings, 20).steps == 8


def test_a_students_draft_has_more_than_its_fewest_steps_only_where_a_quarter_of_the_budget_suffices() -> None:
    planner = DraftPlanner()
    planner.learn(2, sampling_seconds=2 * 0.02, rest_seconds=0.02, student_steps=4)
    planner.follow(4)
    assert [planner.plan(DraftSettings(budget_ms=budget), 20).steps for budget in (200, 400)] == [2, 4]

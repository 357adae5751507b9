"""Drafts keep the time they were given."""

from studio.core.planner import DraftPlanner, DraftSettings


def test_the_first_draft_is_the_least() -> None:
    assert DraftPlanner().steps(DraftSettings(), most=20) == 2


def test_steps_follow_the_measured_speed() -> None:
    fast, slow = DraftPlanner(), DraftPlanner()
    fast.learn(2, sampling_seconds=0.02, rest_seconds=0.02)
    slow.learn(2, sampling_seconds=0.60, rest_seconds=0.02)
    assert fast.steps(DraftSettings(budget_ms=100), most=20) == 8
    assert fast.steps(DraftSettings(budget_ms=100), most=5) == 5
    assert slow.steps(DraftSettings(budget_ms=100), most=20) == 2


def test_a_machine_that_becomes_slow_is_noticed() -> None:
    planner = DraftPlanner()
    for seconds in (0.04, 0.4, 0.4, 0.4, 0.4):
        planner.learn(4, sampling_seconds=seconds, rest_seconds=0.0)
    assert planner.steps(DraftSettings(budget_ms=100, steps_min=1), most=20) == 1


def test_the_hand_is_waited_for_only_when_frames_are_slow() -> None:
    planner = DraftPlanner()
    assert planner.debounce_ms(DraftSettings()) == 0
    planner.learn(2, sampling_seconds=0.06, rest_seconds=0.02)
    assert planner.debounce_ms(DraftSettings()) == 0
    planner.learn(2, sampling_seconds=6.0, rest_seconds=0.02)
    assert 0 < planner.debounce_ms(DraftSettings()) <= 250

"""Where weights lie, in numbers: GB of each part, what is free, and the picture's size."""

import pytest

from studio.core.memory_plan import MemoryPlan, Placement, next_plan, pictures_at_once, plan_memory

GB = 1 << 30
LARGE = {"text_encoder": GB, "text_encoder_2": 10 * GB, "transformer": 24 * GB}
SQUARE = 512 * 512
"""Pixels, whose work is taken for 1 GB."""


@pytest.mark.parametrize(
    ("free_gb", "expected"),
    [
        (36, MemoryPlan(Placement.TOGETHER)),
        (35, MemoryPlan(Placement.BY_TURNS)),
        (25, MemoryPlan(Placement.BY_TURNS)),
        (24, MemoryPlan(Placement.LAYER_BY_LAYER, frozenset({"transformer"}))),
        (8, MemoryPlan(Placement.LAYER_BY_LAYER, frozenset({"text_encoder_2", "transformer"}))),
        (0, MemoryPlan(Placement.LAYER_BY_LAYER, frozenset(LARGE))),
    ],
)
def test_parts_are_together_as_long_as_they_fit_beside_the_work(free_gb: int, expected: MemoryPlan) -> None:
    assert plan_memory(LARGE, free_gb * GB, SQUARE) == expected


def test_a_larger_picture_needs_more_room() -> None:
    assert plan_memory(LARGE, 37 * GB, SQUARE).placement is Placement.TOGETHER
    assert plan_memory(LARGE, 37 * GB, 4 * SQUARE).placement is Placement.BY_TURNS


def test_where_nobody_knows_what_is_free_all_are_together() -> None:
    assert plan_memory(LARGE, None, SQUARE) == MemoryPlan(Placement.TOGETHER)


@pytest.mark.parametrize(("free_gb", "count"), [(0.5, 1), (2, 1), (4, 2), (17, 8), (None, 2)])
def test_half_of_what_is_free_is_for_pictures_made_at_once(free_gb: float | None, count: int) -> None:
    assert pictures_at_once(SQUARE, None if free_gb is None else int(free_gb * GB)) == count


def test_each_failure_takes_one_step_down() -> None:
    first = next_plan(MemoryPlan(Placement.TOGETHER), frozenset(LARGE))
    assert first == MemoryPlan(Placement.BY_TURNS)
    assert next_plan(first, frozenset(LARGE)) == MemoryPlan(Placement.LAYER_BY_LAYER, frozenset(LARGE))

"""Where the weights of a model lie while it works, by what the device has room for."""

import enum
from collections.abc import Mapping

import msgspec

WORK_BYTES_PER_PIXEL = 4 << 10
"""What sampling takes beside the weights, generously estimated: 1 GB at 512×512 px."""

_SHARE = 0.5
"""Of what is free, so much is for pictures worked on at once: their number makes them faster, not possible."""
_ASSUMED_FREE_BYTES = 4 << 30
"""Where nobody knows."""


class Placement(enum.StrEnum):
    """How the parts of a model share the device; the value is shown."""

    TOGETHER = ""
    BY_TURNS = "weights wait in main memory"
    LAYER_BY_LAYER = "weights come layer by layer"


class MemoryPlan(msgspec.Struct, frozen=True):
    """The placement, and the `layered` parts: those too large for the device, whose layers come one after another."""

    placement: Placement
    layered: frozenset[str] = frozenset()


def plan_memory(part_bytes: Mapping[str, int], free_bytes: int | None, pixels: int) -> MemoryPlan:
    """All parts on the device where they fit beside the work on a picture of so many pixels, else as few as need be.

    `part_bytes` are the weights of each part that can wait elsewhere. Where nobody knows what is free, all are put on
    the device. The placement changes no picture; slower ways of working, which change its rounding, are not planned:
    they are taken once memory did run out.
    """
    if free_bytes is None:
        return MemoryPlan(Placement.TOGETHER)
    room = free_bytes - pixels * WORK_BYTES_PER_PIXEL
    if sum(part_bytes.values()) <= room:
        return MemoryPlan(Placement.TOGETHER)
    layered = frozenset(part for part, size in part_bytes.items() if size > room)
    return MemoryPlan(Placement.LAYER_BY_LAYER if layered else Placement.BY_TURNS, layered)


def pictures_at_once(pixels: int, free_bytes: int | None) -> int:
    """How many pictures of so many pixels each one call of a model may work on, by what is free; at least one."""
    free = _ASSUMED_FREE_BYTES if free_bytes is None else free_bytes
    return max(1, int(free * _SHARE) // (pixels * WORK_BYTES_PER_PIXEL))


def next_plan(plan: MemoryPlan, parts: frozenset[str]) -> MemoryPlan:
    """What takes less of the device than `plan` did, after its memory ran out."""
    if plan.placement is Placement.TOGETHER:
        return MemoryPlan(Placement.BY_TURNS)
    return MemoryPlan(Placement.LAYER_BY_LAYER, parts)

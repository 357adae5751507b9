"""A step of undo in a few words: "Steps 20 → 30", "Move keyframe 2". Pure."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from studio.core.canvas import Canvas, Placed
from studio.core.recipe_words import difference

if TYPE_CHECKING:
    from studio.core.session import State

_SHOWN = 60
"""Characters of a name."""


def step_name(before: "State", after: "State") -> str:
    """What was changed between two states, as a heading."""
    words = []
    if before.recipe != after.recipe:
        words.append(difference(before.recipe, after.recipe).replace("no difference", "other weights"))
    if before.seed_locked != after.seed_locked and not words:  # a typed seed locks itself: the seed says it all
        words.append("lock the seed" if after.seed_locked else "unlock the seed")
    if before.count != after.count:
        words.append(f"count {before.count} → {after.count}")
    if before.notes != after.notes:
        words.append("notes")
    if before.canvas != after.canvas:
        words.append(canvas_step(before.canvas, after.canvas))
    text = ", ".join(words) or "no change"
    short = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1].rstrip()}…"
    return short[:1].upper() + short[1:]


def canvas_step(before: Canvas, after: Canvas) -> str:
    """What was done to the canvas; keyframes are counted from 1, as they are shown."""
    if before.placed != after.placed:
        return _placed_step(before.placed, after.placed)
    if before.linked != after.linked:
        return "link the pucks" if after.linked else "unlink the pucks"
    if before.sharpness != after.sharpness:
        return f"sharpness {before.sharpness:g} → {after.sharpness:g}"
    if before.law is not after.law:
        return f"law {before.law} → {after.law}"
    if (before.puck, before.prompt_puck) != (after.puck, after.prompt_puck):
        return "move the puck"
    return "weights"


def _placed_step(before: tuple[Placed, ...], after: tuple[Placed, ...]) -> str:
    grown = len(after) - len(before)
    first = next((i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), None)
    number = (min(len(before), len(after)) if first is None else first) + 1
    if grown:
        verb = "add" if grown > 0 else "delete"
        return f"{verb} keyframe {number}" if abs(grown) == 1 else f"{verb} {abs(grown)} keyframes"
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    if len(changed) > 1:
        is_order = sorted(map(repr, before)) == sorted(map(repr, after))
        return "order of the keyframes" if is_order else "arrange the keyframes"
    old, new = changed[0]
    return f"{_verb(old, new)} keyframe {number}"


def _verb(old: Placed, new: Placed) -> str:
    if old.keyframe == new.keyframe:
        return "move"
    if replace(old.keyframe, name="") == replace(new.keyframe, name=""):
        return "rename"
    return "reseed" if old.keyframe.seed != new.keyframe.seed else "edit"

"""The one mutable object of the studio: what the artist is making now. It holds frozen values and replaces them.

Listeners are told which fields changed. Undo is a list of old values; changes of one field within a pause of the hand
are one step, so that dragging a slider is undone at once, and typing word by word. What is done elsewhere, a picture
deleted, is recorded in the same list, so that there is one order.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import msgspec

from studio.core.canvas import Canvas
from studio.core.history import History, Step
from studio.core.recipe import Recipe
from studio.core.step_words import step_name
from studio.core.typing_steps import edit_between, goes_on

UNDO_DEPTH = 500
MERGE_SECONDS = 1.0

Listener: TypeAlias = Callable[[frozenset[str]], None]
Clock: TypeAlias = Callable[[], float]
_NOTHING: tuple[frozenset[str], float] = (frozenset(), -1e9)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that undo brings back. `seed_locked`: the next picture keeps the seed."""

    recipe: Recipe = Recipe()
    count: int = 1
    seed_locked: bool = False
    canvas: Canvas = Canvas()
    notes: str = ""


class Session:
    """Holds the `State`; `change` replaces it; `undo` and `redo` walk through the old ones."""

    def __init__(self, state: State, clock: Clock) -> None:
        """`clock` gives seconds (`time.monotonic`); it decides what merges into one undo step."""
        self._state = state
        self._clock = clock
        self.history = History(UNDO_DEPTH)
        self._before = state  # the last step began here
        self._listeners: list[Listener] = []
        self._last_change = _NOTHING
        self._older = state  # before the last change, which may be a part of its step
        self._held = False

    @property
    def state(self) -> State:
        """The present state."""
        return self._state

    @property
    def recipe(self) -> Recipe:
        """The recipe being edited."""
        return self._state.recipe

    @property
    def can_undo(self) -> bool:
        """Whether `undo` has somewhere to go."""
        return self.history.place > 0

    @property
    def can_redo(self) -> bool:
        """Whether `redo` has somewhere to go."""
        return self.history.place < len(self.history)

    def listen(self, listener: Listener) -> None:
        """Call `listener` with the names of the fields that changed (of the recipe and of the state)."""
        self._listeners.append(listener)

    def hold(self) -> None:
        """From now until `release`, all changes are one undo step: a drag, however long."""
        self.release()
        self._held = True

    def release(self) -> None:
        """End what `hold` began; the next change is an undo step of its own."""
        self._held = False
        self._last_change = _NOTHING

    def change_recipe(self, **fields: object) -> None:
        """Replace fields of the recipe. Other words in its prompts are other embeddings, as the files now are."""
        if fields.keys() & {"prompt", "negative_prompt"}:
            fields.setdefault("learned_words", None)
        self.change(recipe=msgspec.structs.replace(self.recipe, **fields))

    def change(self, **fields: object) -> None:
        """Replace fields of the state, as one undo step, merged with the last if it was of the same fields just now."""
        new = msgspec.structs.replace(self._state, **fields)
        names = changed_fields(self._state, new)
        if not names:
            return
        now = self._clock()
        is_more = self.can_undo and (self._is_held_step or self._goes_on(names, new, now))
        if not is_more:
            self._before = self._state
        self._last_change, self._older = (names, now), self._state
        self._state = new
        step = Step(partial(step_name, self._before, new), partial(self.put, self._before), partial(self.put, new))
        self.history.replace_last(step) if is_more else self.history.add(step)
        self._tell(names)

    def put(self, state: State) -> None:
        """Replace the whole state without a step of its own: for who undoes, and for who records a larger step."""
        self._last_change = _NOTHING
        names = changed_fields(self._state, state)
        self._state = state
        self._tell(names)

    def record(self, text: str, undo: Callable[[], object], redo: Callable[[], object]) -> Callable[[], object]:
        """Put a step that was taken elsewhere into the one list of undo.

        `undo` and `redo` are called on the thread of the window, in their turn. They tell of their failures themselves.
        Returns what takes this step back by itself, for as long as it stands; later steps must not depend on it.
        """
        self._last_change = _NOTHING
        step = Step(lambda: text, undo, redo)
        self.history.add(step)
        return partial(self._take_back, step)

    def undo(self) -> None:
        """Take the last step back; nothing where there is none."""
        self._last_change = _NOTHING
        self.history.undo()

    def redo(self) -> None:
        """Take the step again that `undo` took back; nothing where there is none."""
        self._last_change = _NOTHING
        self.history.redo()

    def _take_back(self, step: Step) -> None:
        self._last_change = _NOTHING
        self.history.take_back(step)

    @property
    def _is_held_step(self) -> bool:
        return self._held and bool(self._last_change[0])

    def _goes_on(self, names: frozenset[str], new: State, now: float) -> bool:
        """Whether a change is more of the last one: of the same fields, just after it, and of the same word."""
        if names != self._last_change[0] or now - self._last_change[1] >= MERGE_SECONDS:
            return False
        texts = [_text(state, names) for state in (self._older, self._state, new)]
        if None in texts:
            return True
        oldest, old, newest = (text or "" for text in texts)
        return goes_on(edit_between(oldest, old), edit_between(old, newest))

    def _tell(self, names: frozenset[str]) -> None:
        for listener in tuple(self._listeners):
            listener(names)


def changed_fields(old: State, new: State) -> frozenset[str]:
    """The names of the fields in which two states differ; the recipe's own fields count one by one."""
    names = _differing(old, new) - {"recipe"}
    return frozenset(names | _differing(old.recipe, new.recipe))


def _differing(old: msgspec.Struct, new: msgspec.Struct) -> set[str]:
    return {name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name)}


def _text(state: State, names: frozenset[str]) -> str | None:
    """The one text among `names`, where they are the name of a text."""
    name = next(iter(names)) if len(names) == 1 else ""
    value = getattr(state, name, None) if hasattr(state, name) else getattr(state.recipe, name, None)
    return value if isinstance(value, str) else None

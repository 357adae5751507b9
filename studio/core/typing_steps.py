"""Where one undo step of typing ends and the next begins, as in a text editor. Pure."""

import msgspec


class Edit(msgspec.Struct, frozen=True):
    """One change of a text: at `start`, `removed` became `inserted`. Positions count characters."""

    start: int
    removed: str
    inserted: str


def edit_between(old: str, new: str) -> Edit:
    """The smallest single change that makes `new` of `old`."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    rest = shorter - start
    end = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    return Edit(start, old[start : len(old) - end], new[start : len(new) - end])


def goes_on(last: Edit, edit: Edit) -> bool:
    """Whether `edit` belongs to the same step as `last`: the same word typed on, or deleted on, at the same place.

    A pasted piece, a place elsewhere and a new word each begin a step.
    """
    if len(edit.inserted) > 1 or len(last.inserted) > 1:
        return False
    if edit.inserted and not edit.removed:
        follows = edit.start == last.start + len(last.inserted)
        return follows and not last.removed and not _begins_word(last.inserted, edit.inserted)
    if edit.removed and not edit.inserted:
        near = edit.start in (last.start, last.start - len(edit.removed))
        return near and not last.inserted
    return False


def _begins_word(before: str, typed: str) -> bool:
    return before.isspace() and not typed.isspace()

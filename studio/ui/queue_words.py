"""The queue in words."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from studio.library.library import JobState
from studio.ui.queue_model import Entry
from studio.ui.status_line import duration

_STATES = {
    JobState.QUEUED: "waits",
    JobState.RUNNING: "is being made",
    JobState.FINISHED: "finished",
    JobState.FAILED: "failed",
    JobState.INTERRUPTED: "interrupted",
    JobState.SET_ASIDE: "set aside",
    JobState.CANCELLED: "stopped",
}


def state_words(entry: Entry) -> str:
    """How the job stands."""
    return _tr("waits from last time") if entry.is_held else _tr(_STATES[entry.state])


def line_of(entry: Entry) -> str:
    """The second line of a job: what is most worth knowing of it now."""
    if entry.state is JobState.RUNNING and entry.note:
        return entry.note
    if entry.job.sentence:
        return f"{state_words(entry)} · {entry.job.sentence}"
    return f"{state_words(entry)} · seed {entry.recipe.seed} · {_size(entry)}"


def spoken(entry: Entry) -> str:
    """The whole of it, for tooltips and screen readers."""
    recipe, prompt = entry.recipe, entry.recipe.prompt
    shown = prompt if len(prompt) <= 160 else prompt[:159] + "…"
    facts = (state_words(entry), _size(entry), f"{recipe.steps} steps", f"seed {recipe.seed}", recipe.scheduler)
    lines = [shown, " · ".join(facts)]
    lines += [each for each in (entry.note, entry.job.sentence, entry.path.name if entry.path else "") if each]
    return "\n".join(lines).strip()


def summary(entries: Sequence[Entry], seconds: float | None, is_paused: bool) -> str:
    """The line above the list: how many wait, and how long it takes."""
    waiting = sum(entry.state is JobState.QUEUED for entry in entries)
    runs = any(entry.state is JobState.RUNNING for entry in entries)
    parts = [_tr("paused")] if is_paused else []
    if waiting or runs:
        parts.append(_tr("{n} waiting").format(n=waiting) if waiting else _tr("the last one"))
    if seconds is not None and runs:
        parts.append(_tr("{time} left").format(time=duration(seconds)))
    text = " · ".join(parts)
    return text[:1].upper() + text[1:]


def _size(entry: Entry) -> str:
    return f"{entry.recipe.width} × {entry.recipe.height}"


def _tr(text: str) -> str:
    return QCoreApplication.translate("QueueWords", text)

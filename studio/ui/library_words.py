"""What is asked for, in words: one chip for each filter, and how the library is counted."""

from datetime import datetime, timedelta

import msgspec
from PySide6.QtCore import QCoreApplication

from studio.library.search import Query, SortKey


class Chip(msgspec.Struct, frozen=True):
    """One filter that is set: the fields it fills, and what it says."""

    fields: tuple[str, ...]
    text: str


def chips_of(query: Query) -> tuple[Chip, ...]:
    """The filters of `query` that are set. What is typed and the order are none."""
    blend = tr("blends") if query.has_blend else tr("no blends")
    found = (
        (("favourite",), query.favourite, "♥"),
        (("rating_min",), query.rating_min, "★" * query.rating_min),
        (("since", "until"), query.since or query.until, _span(query.since, query.until)),
        (("model",), query.model, query.model),
        (("scheduler",), query.scheduler, str(query.scheduler)),
        (("width", "height"), query.width, f"{query.width} × {query.height}"),
        (("seed",), query.seed is not None, tr("seed {n}").format(n=query.seed)),
        (("has_blend",), query.has_blend is not None, blend),
        (("tag",), query.tag, tr("tag: {name}").format(name=query.tag)),
        (("collection",), query.collection, tr("in {name}").format(name=query.collection)),
    )
    return tuple(Chip(fields, text) for fields, is_set, text in found if is_set)


def without(query: Query, fields: tuple[str, ...]) -> Query:
    """`query` with these fields as they are at first."""
    return msgspec.structs.replace(query, **{name: getattr(Query(), name) for name in fields})


def unfiltered(query: Query) -> Query:
    """`query` without filters; the words and the order stay."""
    return Query(text=query.text, sort=query.sort)


def depends_on_marks(query: Query) -> bool:
    """Whether a mark may change which pictures are found, or their order."""
    marks = (query.text, query.favourite, query.rating_min, query.tag, query.collection, query.sort is SortKey.RATING)
    return any(marks)


def sort_names() -> dict[SortKey, str]:
    """What the orders are called."""
    return {
        SortKey.NEWEST: tr("Newest first"),
        SortKey.OLDEST: tr("Oldest first"),
        SortKey.RATING: tr("By rating"),
        SortKey.PROMPT: tr("By prompt"),
        SortKey.SEED: tr("By seed"),
        SortKey.SIZE: tr("By size"),
        SortKey.MODEL: tr("By model"),
    }


def spans(now: datetime) -> list[tuple[str, datetime | None]]:
    """Spans of time to choose from: name, and from when on."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return [
        (tr("Any time"), None),
        (tr("Today"), today),
        (tr("Last 7 days"), today - timedelta(days=6)),
        (tr("Last 30 days"), today - timedelta(days=29)),
        (tr("This year"), today.replace(month=1, day=1)),
    ]


def count_text(count: int) -> str:
    """How many pictures there are."""
    return tr("1 picture") if count == 1 else tr("{n} pictures").format(n=f"{count:,}".replace(",", "\u202f"))


def tr(text: str) -> str:
    """Translated."""
    return QCoreApplication.translate("Library", text)


def _span(since: datetime | None, until: datetime | None) -> str:
    first = f"{since:%Y-%m-%d}" if since else ""
    if until is None:
        return tr("since {day}").format(day=first)
    last = f"{until - timedelta(microseconds=1):%Y-%m-%d}"
    return first if first == last else f"{first} – {last}"

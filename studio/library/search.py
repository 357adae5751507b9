"""What the artist looks for in the library, and its answer in SQL.

A picture's `id` is the moment it was made (nanoseconds since 1970, counted up where two share one), in `pictures` as in
the full-text table `words`: so newest first is the order in which both are stored, and as one types nothing is sorted.
"""

import enum
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from studio.core.schedulers import Scheduler
from studio.library.database import Database
from studio.library.search_text import SearchText, clean, parse

_INTEGER_MAX = 2**63 - 1
_BOTH = "words CROSS JOIN pictures p ON p.id = words.rowid"
"""The full-text index is walked and each picture looked up: the other way round it would be asked for each."""


class SortKey(enum.StrEnum):
    """In which order pictures come. Within equals, the newest first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    RATING = "rating"
    PROMPT = "prompt"
    SEED = "seed"
    SIZE = "size"
    MODEL = "model"


_ORDERS = {
    SortKey.NEWEST: "p.id DESC",
    SortKey.OLDEST: "p.id",
    SortKey.RATING: "p.rating DESC, p.id DESC",
    SortKey.PROMPT: "p.prompt_key, p.id DESC",
    SortKey.SEED: "p.seed, p.id DESC",
    SortKey.SIZE: "p.width * p.height DESC, p.id DESC",
    SortKey.MODEL: "p.model, p.id DESC",
}


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which pictures, in which order. Everything that is set must hold; the default is all pictures, newest first.

    `text` is what the artist types: all words must be there, in the prompt, negative prompt, model, notes or tags, in
    any order; the end of a word may be missing; "a phrase" must be there as it stands; -word must not be there;
    tag:x, seed:7, prompt:x, negative:x, model:x and notes:x look in one place. Any text is allowed: what is no word
    is passed over.

    `since` is inside, `until` outside of the span; moments without a time zone are local. `has_blend` None is both.
    """

    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    model: str = ""
    scheduler: Scheduler | None = None
    width: int | None = None
    height: int | None = None
    favourite: bool = False
    rating_min: int = 0
    seed: int | None = None
    has_blend: bool | None = None
    tag: str = ""
    collection: str = ""
    sort: SortKey = SortKey.NEWEST


class _Sql(msgspec.Struct, frozen=True):
    """A question without its columns, order and limits."""

    tables: str
    conditions: tuple[str, ...]
    values: tuple[object, ...]

    @property
    def where(self) -> str:
        return f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""


def find(database: Database, query: Query, limit: int, offset: int) -> list[int]:
    """The numbers of up to `limit` pictures from the `offset`-th on, in order.

    Raises:
        StudioError: where the index cannot be read.
    """
    sql, order = _sql(query), _ORDERS[query.sort]
    if sql.tables == _BOTH and query.sort in (SortKey.NEWEST, SortKey.OLDEST):
        order = order.replace("p.id", "words.rowid")  # the full-text index gives them in this order by itself
    rows = database.rows(
        f"SELECT p.id FROM {sql.tables}{sql.where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 no input
        (*sql.values, max(0, limit), min(max(0, offset), _INTEGER_MAX)),
    )
    return [number for (number,) in rows]


def places(database: Database, query: Query, names: Sequence[str]) -> dict[str, int]:
    """The places of the files with these names in the answer to `query`, from 0 on. Raises StudioError.

    Walks the whole answer: tens of milliseconds for a hundred thousand.
    """
    sql = _sql(query)
    rows = database.rows(
        "SELECT name, place FROM (SELECT p.name AS name,"  # noqa: S608 no input
        f" row_number() OVER (ORDER BY {_ORDERS[query.sort]}) - 1 AS place FROM {sql.tables}{sql.where})"
        " WHERE name IN (SELECT value FROM json_each(?))",
        (*sql.values, msgspec.json.encode(names).decode()),
    )
    return dict(rows)


def count(database: Database, query: Query) -> int:
    """How many pictures are asked for. Raises StudioError."""
    sql = _sql(query)
    tables = "words" if sql.tables == _BOTH and not any("p." in each for each in sql.conditions) else sql.tables
    found = database.rows(f"SELECT count(*) FROM {tables}{sql.where}", sql.values)  # noqa: S608 no input
    return int(found[0][0])


def _sql(query: Query) -> _Sql:
    text = parse(query.text)
    parts = [*_text_conditions(text), *_conditions(query)]
    return _Sql(
        tables=_BOTH if text.match else "pictures p",
        conditions=tuple(condition for condition, _ in parts),
        values=tuple(value for _, values in parts for value in values),
    )


def _text_conditions(text: SearchText) -> Iterator[tuple[str, tuple[object, ...]]]:
    if text.match:
        both = f"({text.match}) NOT ({text.without})" if text.without else text.match
        yield "words MATCH ?", (both,)
    elif text.without:
        yield "p.id NOT IN (SELECT rowid FROM words WHERE words MATCH ?)", (text.without,)
    for seed in text.seeds:
        yield "p.seed = ?", (_fitting(seed),)
    for seed in text.without_seeds:
        yield "p.seed != ?", (_fitting(seed),)


def _conditions(query: Query) -> Iterator[tuple[str, tuple[object, ...]]]:
    if query.since is not None:
        yield "p.id >= ?", (_nanoseconds(query.since),)
    if query.until is not None:
        yield "p.id < ?", (_nanoseconds(query.until),)
    for column in ("width", "height", "seed"):
        value = getattr(query, column)
        if value is not None:
            yield f"p.{column} = ?", (_fitting(value),)
    if query.model:
        yield "p.model = ?", (clean(query.model),)
    if query.scheduler is not None:
        yield "p.scheduler = ?", (query.scheduler,)
    if query.favourite:
        yield "p.favourite = 1", ()
    if query.rating_min > 0:
        yield "p.rating >= ?", (_fitting(query.rating_min),)
    if query.has_blend is not None:
        # Most pictures have none: an index that gives nearly all rows is worse than any other, hence the plus.
        yield ("p.has_blend = ?" if query.has_blend else "+p.has_blend = ?"), (query.has_blend,)
    for table, name in (("tags", query.tag), ("collections", query.collection)):
        if name:
            yield f"p.id IN (SELECT picture FROM {table} WHERE key = ?)", (clean(name).casefold(),)  # noqa: S608


def _fitting(number: int) -> int:
    """What SQLite's integers hold; a larger one is nobody's."""
    return max(-_INTEGER_MAX, min(_INTEGER_MAX, number))


def _nanoseconds(moment: datetime) -> int:
    try:
        return _fitting(round(moment.timestamp() * 1e6) * 1000)
    except (OverflowError, ValueError, OSError):  # before or after all that a system's clock can say
        return -_INTEGER_MAX if moment.year < 1970 else _INTEGER_MAX

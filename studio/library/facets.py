"""What there is to filter by, with how many pictures each choice has."""

import contextlib

import msgspec

from studio.core.schedulers import Scheduler
from studio.library.database import Database

_NAMED = "SELECT max(name), count(*) FROM {} GROUP BY key ORDER BY key"


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """Each choice and how many pictures it has: names in order, schedulers by their number, sizes by their area.

    `sizes` are ((width, height) in pixels, count).
    """

    models: tuple[tuple[str, int], ...] = ()
    schedulers: tuple[tuple[Scheduler, int], ...] = ()
    sizes: tuple[tuple[tuple[int, int], int], ...] = ()
    tags: tuple[tuple[str, int], ...] = ()
    collections: tuple[tuple[str, int], ...] = ()


def facets(database: Database) -> Facets:
    """Each walks one index. Raises StudioError where the index cannot be read."""
    models = database.rows("SELECT model, count(*) FROM pictures GROUP BY model ORDER BY model")
    sizes = database.rows("SELECT width, height, count(*) FROM pictures GROUP BY width, height ORDER BY width * height")
    return Facets(
        models=tuple(models),
        schedulers=_schedulers(database),
        sizes=tuple(((width, height), count) for width, height, count in sizes),
        tags=tuple(database.rows(_NAMED.format("tags"))),
        collections=tuple(database.rows(_NAMED.format("collections"))),
    )


def _schedulers(database: Database) -> tuple[tuple[Scheduler, int], ...]:
    found: list[tuple[Scheduler, int]] = []
    rows = database.rows("SELECT scheduler, count(*) FROM pictures GROUP BY scheduler ORDER BY 2 DESC, 1")
    for name, count in rows:
        with contextlib.suppress(ValueError):  # a scheduler of another version
            found.append((Scheduler(name), count))
    return tuple(found)

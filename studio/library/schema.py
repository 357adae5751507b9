"""The tables of the index, as numbered migrations: `PRAGMA user_version` is the number of those that were run."""

import sqlite3

from studio.core.errors import StudioError
from studio.library.transaction import transaction

WORDS = """CREATE VIRTUAL TABLE words USING fts5(prompt, negative_prompt, model, notes, tags,
    prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2')"""
"""The full-text index, by the same numbers as `pictures`. A rebuild makes it anew from this."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # `name` is the file's, inside the pictures folder; `created_ns` its modification time, as a rebuild finds it.
        """CREATE TABLE pictures (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            recipe TEXT NOT NULL,
            created_ns INTEGER NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL
        ) STRICT""",
        "CREATE INDEX pictures_by_age ON pictures (created_ns DESC, name DESC)",
        """CREATE TABLE jobs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            recipe TEXT NOT NULL,
            state TEXT NOT NULL,
            sentence TEXT NOT NULL DEFAULT '',
            created_ns INTEGER NOT NULL
        ) STRICT""",
        "CREATE INDEX jobs_by_state ON jobs (state, id)",
    ),
    (
        # `place` orders the queue; `crashes` counts how often the studio ended while it made this picture.
        "ALTER TABLE jobs ADD COLUMN place INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE jobs ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0",
        "UPDATE jobs SET place = id",
        "DROP INDEX jobs_by_state",
        "CREATE INDEX jobs_by_place ON jobs (state, place, id)",
    ),
    (
        # Made anew rather than altered: the pictures are the truth, and `Library.recover` reads them in again.
        "DROP TABLE pictures",
        # Small rows, so that walking them is quick: what is long lies in `details`. `id` is `created_ns` (the file's
        # modification time), counted up where two files share one: the order of rows is the order of time, in `words`
        # too. With `size_bytes` it tells whether the file is still the one that was read; -1 has it read again.
        # `prompt_key` is the prompt's beginning, folded; the other keys are in `lineage.py`.
        """CREATE TABLE pictures (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            created_ns INTEGER NOT NULL,
            size_bytes INTEGER NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            seed INTEGER NOT NULL,
            model TEXT NOT NULL,
            scheduler TEXT NOT NULL,
            has_blend INTEGER NOT NULL,
            prompt_key TEXT NOT NULL,
            recipe_key INTEGER NOT NULL,
            origin_key INTEGER NOT NULL,
            pixels_key INTEGER NOT NULL,
            favourite INTEGER NOT NULL DEFAULT 0,
            rating INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE TABLE details (id INTEGER PRIMARY KEY, recipe TEXT NOT NULL, notes TEXT NOT NULL DEFAULT '') STRICT",
        # `key` is folded: "Boat" and "boat" are one tag.
        """CREATE TABLE tags (key TEXT NOT NULL, picture INTEGER NOT NULL, name TEXT NOT NULL,
            PRIMARY KEY (key, picture)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE collections (key TEXT NOT NULL, picture INTEGER NOT NULL, name TEXT NOT NULL,
            PRIMARY KEY (key, picture)) STRICT, WITHOUT ROWID""",
        "CREATE TABLE sources (key INTEGER NOT NULL, picture INTEGER NOT NULL, PRIMARY KEY (key, picture))"
        " STRICT, WITHOUT ROWID",
        "CREATE INDEX tags_by_picture ON tags (picture)",
        "CREATE INDEX collections_by_picture ON collections (picture)",
        "CREATE INDEX sources_by_picture ON sources (picture)",
        WORDS,
        # Files in the folder that are no pictures of ours, so that they are not opened again.
        """CREATE TABLE strangers (
            name TEXT PRIMARY KEY,
            created_ns INTEGER NOT NULL,
            size_bytes INTEGER NOT NULL,
            reason TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
        # What folder and journal of marks looked like when they were last read: one row.
        """CREATE TABLE seen (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            folder_ns INTEGER NOT NULL DEFAULT -1,
            journal_bytes INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "INSERT INTO seen (id) VALUES (1)",
        """CREATE TRIGGER pictures_forgotten AFTER DELETE ON pictures BEGIN
            DELETE FROM details WHERE id = old.id;
            DELETE FROM tags WHERE picture = old.id;
            DELETE FROM collections WHERE picture = old.id;
            DELETE FROM sources WHERE picture = old.id;
            DELETE FROM words WHERE rowid = old.id;
        END""",
        "CREATE INDEX pictures_by_rating ON pictures (rating DESC, id DESC)",
        "CREATE INDEX pictures_by_prompt ON pictures (prompt_key, id DESC)",
        "CREATE INDEX pictures_by_seed ON pictures (seed, id DESC)",
        "CREATE INDEX pictures_by_area ON pictures (width * height DESC, id DESC)",
        "CREATE INDEX pictures_by_size ON pictures (width, height, id DESC)",
        "CREATE INDEX pictures_by_model ON pictures (model, id DESC)",
        "CREATE INDEX pictures_by_scheduler ON pictures (scheduler, id DESC)",
        "CREATE INDEX pictures_by_favourite ON pictures (favourite, id DESC)",
        "CREATE INDEX pictures_by_blend ON pictures (has_blend, id DESC)",
        "CREATE INDEX pictures_by_recipe ON pictures (recipe_key, id)",
        "CREATE INDEX pictures_by_origin ON pictures (origin_key, id)",
        "CREATE INDEX pictures_by_pixels ON pictures (pixels_key, id)",
    ),
)
"""Never edit one that was released: append the next."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to the newest version; each migration is one transaction.

    Raises:
        StudioError: where a newer Latent Studio made them.
        sqlite3.Error: from the database.
    """
    if _version(connection) == len(MIGRATIONS):
        return  # without a lock: another studio may be writing
    with transaction(connection):
        for number, statements in enumerate(MIGRATIONS[_checked_version(connection) :], _version(connection) + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def demand_newest(connection: sqlite3.Connection) -> None:
    """Refuse tables of another version, where nothing may be changed.

    Raises:
        StudioError: where an older or a newer Latent Studio made them.
    """
    if _checked_version(connection) < len(MIGRATIONS):
        raise StudioError(
            "The library was written by an older Latent Studio, which has it open. "
            "Close that one and start this one again."
        )


def _checked_version(connection: sqlite3.Connection) -> int:
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise StudioError(
            f"The library was written by a newer Latent Studio (version {version}; this one knows {len(MIGRATIONS)}). "
            "Update this one, or choose another data directory."
        )
    return version


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])

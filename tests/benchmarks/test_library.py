"""The library at 1,000, 10,000 and 100,000 pictures: what a keystroke in the search field costs, and opening.

Run with `python -m pytest tests/benchmarks/test_library.py -s`. Rows only, without picture files: what is measured is
the index; "processor" is the time without what other programs took. Prompts are made of words as often as people use
them (Zipf's law), so that some words are in every second picture and most in few.
"""

import contextlib
import time

import msgspec
import numpy as np
import pytest

from studio.core.places import Places
from studio.core.recipe import SEED_MAX, ModelRef, Recipe
from studio.core.recipe_json import recipe_to_json
from studio.core.schedulers import Scheduler
from studio.library.entries import Entry, Stamp, insert
from studio.library.library import Library, Query, SortKey
from studio.library.lineage import recipe_key
from studio.library.marks import line_of, write

pytestmark = pytest.mark.timeout(900)
SIZES = (1_000, 10_000, 100_000)
PAGE = 200
BEGAN_NS, APART_NS = 1_600_000_000 * 10**9, 1_500 * 10**9
COMMON = """
a of the in at by with light sky sea mountains night morning fog red blue golden forest river snow
village lighthouse sailboat clouds moon stars painting illustration watercolour detailed calm storm
autumn winter house bridge field flowers sunset sunrise island desert castle meadow waterfall road
valley harbour
"""
SYLLABLES = ("ba", "ri", "no", "ta", "me", "lo", "sha", "ken", "du", "vi", "or", "pal", "est", "um", "gra", "fel")
TYPED = (
    "sailboat at sunset",
    "mountains",
    "red lighthouse night",
    '"golden forest" fog',
    "watercolour -snow",
    "tag:tag7 river",
    "seed:4021",
    "meadow kenbari",
)
GOALS_MS = {"keystroke": 50, "open": 100}


def words(count):
    """The common ones first, then made-up ones."""
    random = np.random.default_rng(1)
    made = {"".join(random.choice(SYLLABLES, random.integers(2, 5))) for _ in range(4000)}
    found = [*COMMON.split(), *sorted(made)]
    shares = 1 / (np.arange(len(found)) + 3.0)
    return random.choice(found, size=(count, 16), p=shares / shares.sum())


def recipes(count):
    random = np.random.default_rng(2)
    schedulers, sides = list(Scheduler), (256, 512, 768, 1024)
    for number, found in enumerate(words(count)):
        yield Recipe(
            prompt=" ".join(found),
            negative_prompt="blurry, low quality, watermark",
            seed=int(random.integers(SEED_MAX)) if number % 3 else number,
            width=int(random.choice(sides)),
            height=int(random.choice(sides)),
            scheduler=schedulers[random.integers(len(schedulers))],
            model=ModelRef(name=f"model {random.integers(8)}", hash="0" * 64),
        )


def fill(library, count):
    with library._database.writing() as connection:
        for number, recipe in enumerate(recipes(count)):
            text = recipe_to_json(recipe)
            stamp = Stamp(BEGAN_NS + number * APART_NS, 100_000 + number)
            entry = Entry(
                name=f"picture_{number:06}.png", stamp=stamp, recipe=recipe, text=text, width=recipe.width,
                height=recipe.height, recipe_key=recipe_key(text), pixels_key=number,
            )  # fmt: skip
            row = insert(connection, entry)
            if number % 10 == 0:
                line = line_of(connection, entry.name)
                tags = (f"tag{number % 37}", f"tag{number % 11}")
                marked = msgspec.structs.replace(line, favourite=number % 20 == 0, rating=number % 6, tags=tags)
                write(connection, row, marked, line)


def filled(folder, count):
    """A data directory with so many rows, closed well."""
    library = Library.open(Places(folder))
    fill(library, count)
    library.close()
    return Places(folder)


def timed(work, times=1, clock=time.perf_counter):
    """Milliseconds of each run."""
    found = []
    for _ in range(times):
        began = clock()
        work()
        found.append(1000 * (clock() - began))
    return found


def opening(places):
    """Open, set right, and fetch the first page: a new connection each time."""

    def work():
        with contextlib.closing(Library.open(places)) as library:
            library.recover()
            assert len(library.find(Query(), PAGE)) == PAGE

    return timed(work, 5)


def keystrokes(library, clock=time.perf_counter, **query):
    """Every beginning of every search, as it is typed: the first page and the count."""
    found = []
    for text in TYPED:
        for end in range(1, len(text) + 1):
            asked = Query(text=text[:end], **query)
            found += timed(lambda asked=asked: (library.find(asked, PAGE), library.count(asked)), clock=clock)
    return found


FILTERED = {
    "rating ≥ 4": {"rating_min": 4},
    "favourites": {"favourite": True},
    "one model, by seed": {"model": "model 3", "sort": SortKey.SEED},
    "one tag": {"tag": "tag5"},
    "one size, by rating": {"width": 512, "height": 512, "sort": SortKey.RATING},
    "by prompt": {"sort": SortKey.PROMPT},
    "by size": {"sort": SortKey.SIZE},
    "no blend, DDIM": {"has_blend": False, "scheduler": Scheduler.DDIM},
}


def measure(places, count):
    opened = opening(places)
    with contextlib.closing(Library.open(places)) as library:
        typed = keystrokes(library)
        alone = keystrokes(library, time.process_time)
        sorted_ = keystrokes(library, sort=SortKey.RATING)
        filtered = keystrokes(library, rating_min=4)
        plain = [
            ms
            for query in FILTERED.values()
            for ms in timed(lambda query=query: (library.find(Query(**query), PAGE), library.count(Query(**query))), 3)
        ]
        return {
            "pictures": count,
            "index MB": places.index.stat().st_size / 1e6,
            "open, recover, first page": np.percentile(opened, 50),
            "  worst of 5": max(opened),
            "keystroke p50": np.percentile(typed, 50),
            "keystroke p95": np.percentile(typed, 95),
            "keystroke worst": max(typed),
            "keystroke p95, processor": np.percentile(alone, 95),
            "by rating p95": np.percentile(sorted_, 95),
            "rated ≥ 4 p95": np.percentile(filtered, 95),
            "filters p95": np.percentile(plain, 95),
            "count of all": min(timed(lambda: library.count(Query()), 5)),
            "page in the middle": min(timed(lambda: library.find(Query(), PAGE, count // 2), 5)),
            "facets": min(timed(library.facets, 3)),
            "duplicates": min(timed(library.duplicates, 3)),
        }


def test_search_and_opening_grow_slowly(tmp_path):
    table = [measure(filled(tmp_path / str(count), count), count) for count in SIZES]
    print("\nmilliseconds where nothing else is said; a keystroke is the first page of 200 pictures and the count")
    for name in table[0]:
        print(f"{name:28}" + "".join(f"{row[name]:12,.{0 if name == 'pictures' else 1}f}" for row in table))
    assert table[-1]["keystroke p95, processor"] <= GOALS_MS["keystroke"]
    assert table[-1]["open, recover, first page"] <= GOALS_MS["open"]

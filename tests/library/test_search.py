from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.core.blend import Blend, Keyframe
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Scheduler
from studio.library.library import Facets, Query, SortKey
from tests.library.conftest import dated, finished, kept, opened
from tests.strategies import ANY_TEXT, AWKWARD

BLEND = Blend(
    keyframes=(Keyframe(seed=1, prompt="a purple owl"), Keyframe(seed=2)),
    noise_shares=(0.5, 0.5),
    prompt_shares=(0.5, 0.5),
)
RECIPES = {
    "boat": Recipe(prompt="a red sailboat at sunset", seed=30, width=512, height=256),
    "hills": Recipe(prompt="green hills", negative_prompt="people, cars", seed=10, scheduler=Scheduler.DDIM),
    "owl": Recipe(prompt="Mixed", seed=20, blend=BLEND, width=512, height=512),
    "night": Recipe(prompt="a lighthouse at night", seed=7, model=ModelRef(name="Aurora")),
}
SIZES = {"boat": (512, 256), "hills": (256, 256), "owl": (512, 512), "night": (256, 256)}


@pytest.fixture
def filled(library):
    """Four pictures, a day apart, oldest first."""
    paths = {
        name: dated(kept(library, recipe, SIZES[name]), day) for day, (name, recipe) in enumerate(RECIPES.items(), 1)
    }
    library.reconcile()
    library.mark([paths["boat"]], favourite=True, rating=4, notes="print this for Ada")
    library.mark([paths["night"]], rating=2)
    library.tag([paths["boat"], paths["night"]], ["Sea"])
    library.tag([paths["night"]], ["night sky"])
    library.collect([paths["hills"]], "Prints")
    return library, {path: name for name, path in paths.items()}


def names(filled, **query):
    library, by_path = filled
    asked = Query(**query)
    found = [by_path[row.path] for row in library.find(asked, 100)]
    assert library.count(asked) == len(found)
    return found


ALL = ["night", "owl", "hills", "boat"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ALL),
        ("sailboat", ["boat"]),
        ("sail", ["boat"]),
        ("SAIL sun", ["boat"]),
        ("sail hills", []),
        ("at", ["night", "boat"]),
        ("at -sunset", ["night"]),
        ("-at", ["owl", "hills"]),
        ('"at night"', ["night"]),
        ('"night at"', []),
        ("people", ["hills"]),
        ("negative:people", ["hills"]),
        ("prompt:people", []),
        ("purple owl", ["owl"]),
        ("aurora", ["night"]),
        ("model:hor", ["owl", "hills", "boat"]),
        ("ada", ["boat"]),
        ("notes:print", ["boat"]),
        ("tag:sea", ["night", "boat"]),
        ("tag:print", []),
        ('tag:"sea night"', []),
        ("tag:sea -tag:sky", ["boat"]),
        ("seed:7", ["night"]),
        ("seed:7 sail", []),
        ("-seed:7", ["owl", "hills", "boat"]),
        ("seed:99999999999999999999999", []),
        ("sail -nothing", ["boat"]),
        ('* ( ) "', ALL),
    ],
)
def test_text(filled, text, expected):
    assert names(filled, text=text) == expected


DAY_2, DAY_3 = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"since": DAY_2}, ["night", "owl", "hills"]),
        ({"until": DAY_2}, ["boat"]),
        ({"since": DAY_2, "until": DAY_3}, ["hills"]),
        ({"since": datetime.max}, []),
        ({"until": datetime.max, "since": datetime.min}, ALL),
        ({"until": datetime.min}, []),
        ({"model": "Aurora"}, ["night"]),
        ({"model": "aurora' OR 1=1 --"}, []),
        ({"model": "\ud800"}, []),
        ({"scheduler": Scheduler.DDIM}, ["hills"]),
        ({"width": 512}, ["owl", "boat"]),
        ({"width": 512, "height": 256}, ["boat"]),
        ({"width": 10**40}, []),
        ({"favourite": True}, ["boat"]),
        ({"rating_min": 2}, ["night", "boat"]),
        ({"rating_min": 3}, ["boat"]),
        ({"seed": 10}, ["hills"]),
        ({"seed": -(10**40)}, []),
        ({"has_blend": True}, ["owl"]),
        ({"has_blend": False}, ["night", "hills", "boat"]),
        ({"tag": "sEA"}, ["night", "boat"]),
        ({"tag": "se"}, []),
        ({"collection": "prints"}, ["hills"]),
        ({"text": "at", "rating_min": 4, "tag": "sea"}, ["boat"]),
        ({"text": "at", "since": DAY_2}, ["night"]),
        ({"text": "-sunset", "has_blend": False}, ["night", "hills"]),
    ],
)
def test_filters(filled, query, expected):
    assert names(filled, **query) == expected


@pytest.mark.parametrize("text", ["", "a OR e", "mod"])
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (SortKey.NEWEST, ["night", "owl", "hills", "boat"]),
        (SortKey.OLDEST, ["boat", "hills", "owl", "night"]),
        (SortKey.RATING, ["boat", "night", "owl", "hills"]),
        (SortKey.PROMPT, ["night", "boat", "hills", "owl"]),
        (SortKey.SEED, ["night", "hills", "owl", "boat"]),
        (SortKey.SIZE, ["owl", "boat", "night", "hills"]),
        (SortKey.MODEL, ["night", "owl", "hills", "boat"]),
    ],
)
def test_orders(filled, text, sort, expected):
    found = names(filled, text=text, sort=sort)
    assert found == [name for name in expected if name in found]
    assert text or len(found) == 4


def test_every_order_is_there():
    assert len(SortKey) == 7


def test_pages_join_without_gap_or_overlap(filled):
    library, _ = filled
    for sort in SortKey:
        paged = [library.find(Query(sort=sort), 1, offset)[0].path for offset in range(4)]
        assert paged == [row.path for row in library.find(Query(sort=sort), 4)]
    assert library.find(Query(), 10, 4) == ()
    assert library.find(Query(), 0) == ()
    assert library.find(Query(), -1) == ()
    assert len(library.find(Query(), 10, -5)) == 4
    assert library.find(Query(), 10, 10**30) == ()


def test_a_row_tells_all_marks(filled):
    library, _ = filled
    (row,) = library.find(Query(text="sailboat"), 10)
    assert (row.favourite, row.rating, row.notes, row.tags) == (True, 4, "print this for Ada", ("Sea",))
    assert (row.width, row.height, row.recipe) == (512, 256, RECIPES["boat"])
    assert row.created == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_facets_count_what_there_is(filled):
    library, _ = filled
    assert library.facets() == Facets(
        models=(("Aurora", 1), ("Horizon", 3)),
        schedulers=((Scheduler.DPMPP_2M, 3), (Scheduler.DDIM, 1)),
        sizes=(((256, 256), 2), ((512, 256), 1), ((512, 512), 1)),
        tags=(("night sky", 1), ("Sea", 2)),
        collections=(("Prints", 1),),
    )


def test_an_empty_library_finds_nothing(library):
    assert library.find(Query(text="boat"), 10) == ()
    assert library.count(Query()) == 0
    assert library.facets() == Facets()


def test_a_scheduler_of_another_version_is_left_out_of_the_facets(filled):
    library, _ = filled
    with library._database.writing() as connection:
        connection.execute("UPDATE pictures SET scheduler = 'Quantum' WHERE seed = 10")
    assert library.facets().schedulers == ((Scheduler.DPMPP_2M, 3),)


def test_pictures_of_one_moment_are_told_apart_and_keep_their_dates(library):
    paths = [dated(kept(library, Recipe(seed=seed)), 5) for seed in range(4)]
    library.reconcile()
    found = library.find(Query(), 10)
    assert {row.path for row in found} == set(paths)
    assert {row.created for row in found} == {datetime(2026, 1, 5, 12, tzinfo=UTC)}
    assert library.count(Query(since=datetime(2026, 1, 5, tzinfo=UTC), until=datetime(2026, 1, 6, tzinfo=UTC))) == 4


def test_moments_without_a_zone_are_local(filled):
    local = datetime(2026, 1, 2, 12, tzinfo=UTC).astimezone().replace(tzinfo=None)
    assert names(filled, since=local, until=local + timedelta(seconds=1)) == ["hills"]


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """One picture whose text is known, for many searches."""
    from studio.core.places import Places

    with opened(Places(tmp_path_factory.mktemp("searched"))) as library:
        library.keep(finished("a red sailboat and the sea", seed=7))
        yield library


@given(ANY_TEXT | AWKWARD, st.sampled_from(SortKey), ANY_TEXT, st.integers(), st.booleans() | st.none())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_is_an_error(searched, text, sort, name, number, has_blend):
    query = Query(
        text=text, sort=sort, model=name[:3], tag=name[3:6], collection=name[6:9], seed=number if name else None,
        width=number if len(name) > 2 else None, rating_min=number % 7, has_blend=has_blend,
    )  # fmt: skip
    assert len(searched.find(query, 10, number)) <= 1
    assert searched.count(query) in (0, 1)


@given(st.lists(st.sampled_from(["red", "sail", "boat", "-sea", "-boat", "tag:x", '"the sea"', "seed:7", "seed:8"])))
def test_a_search_finds_what_its_words_say(searched, terms):
    truths = {
        "red": True, "sail": True, "boat": False, "-sea": False, "-boat": True, "tag:x": False, '"the sea"': True,
        "seed:7": True, "seed:8": False,
    }  # fmt: skip
    assert searched.count(Query(text=" ".join(terms))) == all(truths[term] for term in terms)


@pytest.mark.parametrize("query", [Query(), Query(sort=SortKey.SEED), Query(text="sea"), Query(sort=SortKey.RATING)])
def test_places_are_the_row_numbers_of_what_is_found(filled, query):
    library, by_path = filled
    found = {row.path.name: number for number, row in enumerate(library.find(query, 100))}
    assert library.places(query, [path.name for path in by_path]) == found
    assert library.places(query, ["gone.png", "x'; DROP TABLE pictures"]) == {}

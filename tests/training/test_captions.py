"""The words: true of their scenes, read back by a reader that knows no templates, all in the vocabulary."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from studio.training.captions import attributes_said, caption, false_claims, vocabulary, write_vocabulary
from studio.training.scenes import (
    Color,
    Kind,
    Place,
    Scene,
    Size,
    SkyBody,
    Style,
    Subject,
    Terrain,
    Time,
    Weather,
    sample_scene,
)  # fmt: skip

CAPTIONS = 10_000
SHIPPED = Path(__file__).parents[2] / "resources" / "models" / "horizon" / "vocabulary.json"


def sailboat_scene(**changes: object) -> Scene:
    boat = Subject(kind=Kind.SAILBOAT, color=Color.RED, size=Size.LARGE, place=Place.LEFT)
    scene = Scene(
        terrain=Terrain.SEA, time=Time.SUNSET, weather=Weather.CLEAR, style=Style.FLAT,
        sky_body=SkyBody.SUN, subjects=(boat,), layout=1,
    )  # fmt: skip
    return msgspec.structs.replace(scene, **changes)


@pytest.fixture(scope="module")
def told() -> list[tuple[Scene, str]]:
    scenes = [sample_scene(seed, held_out=seed % 10 == 0) for seed in range(CAPTIONS)]
    return [(scene, caption(scene, seed)) for seed, scene in enumerate(scenes)]


def test_every_caption_is_true_of_its_scene(told: list[tuple[Scene, str]]) -> None:
    wrong = [(text, false_claims(text, scene)) for scene, text in told]
    assert [entry for entry in wrong if entry[1]] == []


def test_every_word_is_in_the_vocabulary(told: list[tuple[Scene, str]]) -> None:
    known = set(vocabulary())
    unknown = {word for _, text in told for word in re.findall(r"[^\W\d_]+", text.lower())} - known
    assert unknown == set()


def test_captions_vary_and_most_attributes_are_said(told: list[tuple[Scene, str]]) -> None:
    scene = sailboat_scene()
    assert len({caption(scene, seed) for seed in range(300)}) > 200
    said = [attributes_said(text) for _, text in told]
    for category, least in (("terrain", 0.85), ("time", 0.75), ("weather", 0.5), ("style", 0.6), ("subjects", 0.7)):
        share = sum(category in claims for claims in said) / len(said)
        assert least < share < 1.0, category


def test_a_subject_that_is_said_is_read_back(told: list[tuple[Scene, str]]) -> None:
    for scene, text in told[:3000]:
        claims = attributes_said(text).get("subjects", [])
        assert len(claims) <= len(scene.subjects)


def test_same_seed_same_caption() -> None:
    scene = sailboat_scene()
    assert [caption(scene, k) for k in range(50)] == [caption(scene, k) for k in range(50)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a red sailboat on a calm sea at sunset",
            {"terrain": "sea", "time": "sunset", "water": "calm", "subjects": [{"kind": "sailboat", "color": "red"}]},
        ),
        (
            "hot air balloon over rolling hills at dawn",
            {"terrain": "hills", "time": "dawn", "subjects": [{"kind": "hot air balloon"}]},
        ),
        ("misty pine forest, watercolor", {"terrain": "forest", "weather": "fog", "style": "watercolour"}),
        ("snowy mountains at golden hour", {"terrain": "mountains", "time": "golden hour"}),
        (
            "on the left a small white house and a green tree on the right, watercolour",
            {
                "style": "watercolour",
                "subjects": [
                    {"kind": "house", "color": "white", "size": "small", "place": "left"},
                    {"kind": "tree", "color": "green", "place": "right"},
                ],
            },
        ),
        (
            "A flock of black birds. Snow is falling.",
            {"weather": "snow", "subjects": [{"kind": "birds", "color": "black"}]},
        ),
    ],
)
def test_the_reader_reads_plain_sentences(text: str, expected: dict[str, object]) -> None:
    assert attributes_said(text) == expected
    assert set(re.findall(r"[a-z]+", text.lower())) <= set(vocabulary())


@pytest.mark.parametrize(
    "lie",
    [
        "a blue sailboat on the sea", "a red house by the sea", "a red sailboat on a lake", "a red sailboat at dawn",
        "a small red sailboat", "a red sailboat on the right", "a red sailboat in the rain", "sea, watercolour",
        "the moon over the sea", "a red sailboat and a red sailboat on the right",
    ],
)  # fmt: skip
def test_a_planted_lie_is_caught(lie: str) -> None:
    assert false_claims(lie, sailboat_scene()) != []


def test_calm_water_is_a_lie_in_a_storm() -> None:
    assert false_claims("a calm sea", sailboat_scene(weather=Weather.STORM)) != []
    assert false_claims("a calm sea", sailboat_scene()) == []


def test_two_terrains_are_never_both_true() -> None:
    assert false_claims("a sea and a desert", sailboat_scene()) != []


def test_the_shipped_vocabulary_is_the_grammar_s(tmp_path: Path) -> None:
    write_vocabulary(tmp_path / "vocabulary.json")
    assert SHIPPED.read_bytes() == (tmp_path / "vocabulary.json").read_bytes()
    content = json.loads(SHIPPED.read_text(encoding="utf-8"))
    assert content["version"] == 1
    assert content["words"] == sorted(set(content["words"])) == vocabulary()
    assert {"terrain", "time", "weather", "style", "subject", "color"} <= set(content["categories"])
    phrases = [phrase for group in content["categories"].values() for phrase in group]
    assert {word for phrase in phrases for word in re.findall(r"[a-z]+", phrase)} <= set(content["words"])

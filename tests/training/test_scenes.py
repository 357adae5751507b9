"""The world: determinism, held-out combinations, sense, and every attribute drawn at every shape.

The plain run draws 1,000 scenes small. Ten thousand at full size (a minute or two):
``LATENT_STUDIO_SCENES=10000 LATENT_STUDIO_SCENE_PX=256 python -m pytest tests/training/test_scenes.py``
"""

import os
from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    draw_scene,
    is_held_out,
    rules,
    sample_scene,
    scene_attributes,
)  # fmt: skip

SCENES = int(os.environ.get("LATENT_STUDIO_SCENES", "1000"))
SCENE_PX = int(os.environ.get("LATENT_STUDIO_SCENE_PX", "64"))


def plain_scene(**changes: object) -> Scene:
    scene = Scene(
        terrain=Terrain.SEA, time=Time.NOON, weather=Weather.CLEAR, style=Style.FLAT,
        sky_body=SkyBody.NONE, subjects=(), layout=7,
    )  # fmt: skip
    return msgspec.structs.replace(scene, **changes)


def test_many_scenes_are_drawn_without_error_and_none_is_blank() -> None:
    for seed in range(SCENES):
        picture = draw_scene(sample_scene(seed), SCENE_PX, SCENE_PX)
        assert picture.shape == (SCENE_PX, SCENE_PX, 3)
        assert picture.dtype == np.uint8
        assert np.ptp(picture) > 24, seed


def test_same_seed_same_scene_and_same_bytes() -> None:
    for seed in range(40):
        first, second = sample_scene(seed), sample_scene(seed)
        assert first == second
        assert draw_scene(first, 96, 96).tobytes() == draw_scene(second, 96, 96).tobytes()


def test_different_seeds_give_different_pictures() -> None:
    pictures = {draw_scene(sample_scene(seed), 64, 64).tobytes() for seed in range(200)}
    assert len(pictures) == 200


def test_layout_alone_changes_the_composition() -> None:
    pictures = {draw_scene(plain_scene(terrain=Terrain.MOUNTAINS, layout=k), 64, 64).tobytes() for k in range(30)}
    assert len(pictures) == 30


def test_training_never_sees_a_held_out_combination() -> None:
    assert not any(is_held_out(sample_scene(seed)) for seed in range(20_000))


def test_held_out_sampling_always_has_one_and_reaches_all() -> None:
    seen: Counter[object] = Counter()
    for seed in range(1500):
        scene = sample_scene(seed, held_out=True)
        assert is_held_out(scene)
        for subject in scene.subjects:
            seen[rules.HeldOutSubject(subject.kind, subject.color, scene.terrain)] += 1
        seen[rules.HeldOutLook(scene.terrain, scene.time, scene.style)] += 1
    assert all(seen[combination] > 0 for combination in rules.HELD_OUT_SUBJECTS + rules.HELD_OUT_LOOKS)


def test_a_planted_held_out_subject_is_noticed() -> None:
    blue = Subject(kind=Kind.LIGHTHOUSE, color=Color.BLUE, size=Size.LARGE, place=Place.LEFT)
    assert is_held_out(plain_scene(terrain=Terrain.DESERT, subjects=(blue,)))
    assert not is_held_out(plain_scene(terrain=Terrain.SEA, subjects=(blue,)))
    assert is_held_out(plain_scene(terrain=Terrain.MOUNTAINS, time=Time.DAWN, style=Style.NEON))


def test_the_parts_of_every_held_out_triple_are_common_in_training() -> None:
    pairs: Counter[tuple[object, object]] = Counter()
    for seed in range(20_000):
        scene = sample_scene(seed)
        for subject in scene.subjects:
            pairs.update([(subject.kind, subject.color), (subject.kind, scene.terrain)])
        pairs.update([(scene.terrain, scene.time), (scene.terrain, scene.style), (scene.time, scene.style)])
    for held in rules.HELD_OUT_SUBJECTS:
        assert pairs[held.kind, held.color] >= 30, held
        assert pairs[held.kind, held.terrain] >= 30, held
    for look in rules.HELD_OUT_LOOKS:
        assert pairs[look.terrain, look.time] >= 30
        assert pairs[look.time, look.style] >= 30


def test_nothing_senseless_is_sampled() -> None:
    for seed in range(8000):
        scene = sample_scene(seed, held_out=seed % 4 == 0)
        kinds = [subject.kind for subject in scene.subjects]
        assert len(kinds) == len(set(kinds)) <= 2
        assert len({subject.place for subject in scene.subjects}) == len(kinds)
        assert all(kind in rules.KINDS_BY_TERRAIN[scene.terrain] for kind in kinds)
        if scene.weather in (Weather.STARS, Weather.AURORA):
            assert scene.time in (Time.DUSK, Time.NIGHT)
        if scene.time is Time.NIGHT:
            assert scene.sky_body is not SkyBody.SUN
        if scene.time in (Time.DAWN, Time.NOON, Time.GOLDEN_HOUR, Time.SUNSET):
            assert scene.sky_body is not SkyBody.MOON
    assert Kind.WHALE not in rules.KINDS_BY_TERRAIN[Terrain.DESERT]
    assert Kind.CACTUS not in rules.KINDS_BY_TERRAIN[Terrain.SEA]


def test_every_value_occurs_and_about_four_fifths_have_a_subject() -> None:
    scenes = [sample_scene(seed) for seed in range(6000)]
    for field, values in (("terrain", Terrain), ("time", Time), ("weather", Weather), ("style", Style)):
        counts = Counter(getattr(scene, field) for scene in scenes)
        assert all(counts[value] > 100 for value in values), field
    with_subject = sum(bool(scene.subjects) for scene in scenes) / len(scenes)
    with_one = sum(len(scene.subjects) == 1 for scene in scenes) / len(scenes)
    assert 0.76 < with_subject < 0.88
    assert with_one > 0.55
    subjects = [subject for scene in scenes for subject in scene.subjects]
    for field, values in (("kind", Kind), ("color", Color), ("size", Size), ("place", Place)):
        counts = Counter(getattr(subject, field) for subject in subjects)
        assert all(counts[value] > 60 for value in values), field


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize("terrain", list(Terrain))
def test_each_style_draws_each_terrain_in_each_light(style: Style, terrain: Terrain) -> None:
    pictures = [draw_scene(plain_scene(style=style, terrain=terrain, time=time), 64, 64).astype(float) for time in Time]
    for index, first in enumerate(pictures):
        for second in pictures[index + 1 :]:
            assert np.abs(first - second).mean() > 3.0


@pytest.mark.parametrize("style", list(Style))
def test_each_weather_shows(style: Style) -> None:
    scenes = [plain_scene(style=style, terrain=Terrain.HILLS, time=Time.NIGHT, weather=weather) for weather in Weather]
    pictures = [draw_scene(scene, 96, 96).astype(float) for scene in scenes]
    for index, first in enumerate(pictures):
        for second in pictures[index + 1 :]:
            assert np.abs(first - second).mean() > 0.5


@pytest.mark.parametrize("kind", list(Kind))
def test_each_subject_is_drawn_large_and_in_its_third(kind: Kind) -> None:
    terrain = next(t for t in Terrain if kind in rules.KINDS_BY_TERRAIN[t])
    color = next(iter(rules.COLORS_BY_KIND[kind]))
    bare = draw_scene(plain_scene(terrain=terrain), 128, 128).astype(float)
    areas = []
    for size in Size:
        subject = Subject(kind=kind, color=color, size=size, place=Place.RIGHT)
        picture = draw_scene(plain_scene(terrain=terrain, subjects=(subject,)), 128, 128).astype(float)
        changed = np.abs(picture - bare).max(axis=2) > 24
        areas.append(changed.mean())
        assert np.nonzero(changed)[1].mean() > 128 * 0.55
    assert areas[0] > 0.002
    assert areas[0] < areas[1] < areas[2]


@given(width=st.integers(64, 320), height=st.integers(64, 320), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_any_size_and_aspect(width: int, height: int, seed: int) -> None:
    assert draw_scene(sample_scene(seed), width, height).shape == (height, width, 3)


def test_the_largest_size() -> None:
    assert draw_scene(sample_scene(3), 1024, 640).shape == (640, 1024, 3)


def test_size_scales_the_same_composition() -> None:
    scene = plain_scene(terrain=Terrain.MOUNTAINS, sky_body=SkyBody.SUN)
    small = draw_scene(scene, 64, 64).astype(float)
    large = draw_scene(scene, 256, 256).astype(float).reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    assert np.abs(small - large).mean() < 4.0


def test_attributes_are_flat_and_complete() -> None:
    scene = next(s for s in (sample_scene(k) for k in range(100)) if len(s.subjects) == 1)
    attributes = scene_attributes(scene)
    assert attributes["terrain"] == scene.terrain.value
    assert attributes["subject_1_kind"] == scene.subjects[0].kind.value
    assert attributes["subject_2_kind"] == "none"
    assert all(type(value) is str for value in attributes.values())
    assert set(attributes) == set(scene_attributes(plain_scene()))

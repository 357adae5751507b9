import msgspec
import numpy as np
import pytest
from PIL import Image

from studio.core.blend import Blend, Keyframe
from studio.core.keyframe_picture import encode_picture, keyframe_from_file
from studio.core.recipe import ModelRef, Recipe
from studio.library.library import Lineage
from studio.library.lineage import pixels_key, source_keys
from tests.library.conftest import dated, kept

SIZE = (64, 64)
BOAT = Recipe(prompt="a boat", negative_prompt="fog", seed=1, width=64, height=64)
HILL = Recipe(prompt="a hill", seed=2, width=64, height=64)


def blend_of(*keyframes):
    share = (1 / len(keyframes),) * len(keyframes)
    return Recipe(
        prompt="", width=64, height=64, blend=Blend(keyframes=keyframes, noise_shares=share, prompt_shares=share)
    )


@pytest.fixture
def family(library):
    """Two pictures, a blend of them, and a blend of that one and of the second."""
    boat, hill = dated(kept(library, BOAT, SIZE), 1), dated(kept(library, HILL, SIZE), 2)
    first = blend_of(keyframe_from_file(boat, BOAT), keyframe_from_file(hill, BOAT))
    child = dated(kept(library, msgspec.structs.replace(first, seed=3), SIZE), 3)
    second = blend_of(keyframe_from_file(child, BOAT), keyframe_from_file(hill, BOAT))
    grandchild = dated(kept(library, msgspec.structs.replace(second, seed=4), SIZE), 4)
    library.reconcile()
    return boat, hill, child, grandchild


def test_a_family_knows_each_other(library, family):
    boat, hill, child, grandchild = family
    expected = {
        boat: Lineage(led_to=(child,)),
        hill: Lineage(led_to=(child, grandchild)),
        child: Lineage(made_from=(boat, hill), led_to=(grandchild,)),
        grandchild: Lineage(made_from=(hill, child)),
    }
    assert {path: library.lineage(path) for path in family} == expected
    library.rebuild()
    assert {path: library.lineage(path) for path in family} == expected


def test_what_is_deleted_is_out_of_the_lineage(library, family):
    boat, hill, child, grandchild = family
    library.trash(child)
    assert library.lineage(grandchild) == Lineage(made_from=(hill,))
    assert library.lineage(boat) == Lineage()


@pytest.mark.parametrize(
    "keyframe",
    [
        Keyframe(seed=1, prompt="a boat"),
        Keyframe(seed=2, prompt="a boat", negative_prompt="fog"),
        Keyframe(seed=1, prompt="a boat", negative_prompt="fog, rain"),
        Keyframe(seed=1, negative_prompt="fog"),
    ],
)
def test_a_keyframe_that_differs_in_anything_is_no_descent(library, family, keyframe):
    other = kept(library, blend_of(keyframe, Keyframe(seed=99)), SIZE)
    library.reconcile()
    assert library.lineage(other) == Lineage()


def test_prompts_that_a_keyframe_leaves_open_are_the_recipes(library, family):
    recipe = msgspec.structs.replace(
        blend_of(Keyframe(seed=1), Keyframe(seed=99)), prompt="a boat", negative_prompt="fog"
    )
    other = kept(library, recipe, SIZE)
    assert library.lineage(other).made_from == (family[0],)


def test_another_model_is_no_descent(library, family):
    recipe = msgspec.structs.replace(
        blend_of(Keyframe(seed=1, prompt="a boat", negative_prompt="fog")), model=ModelRef(name="Aurora")
    )
    assert library.lineage(kept(library, recipe, SIZE)) == Lineage()


def test_an_older_picture_was_not_made_from_a_younger(library, family):
    recipe = blend_of(Keyframe(seed=1, prompt="a boat", negative_prompt="fog"), Keyframe(seed=99))
    older = kept(library, recipe, SIZE)
    import os

    os.utime(older, (1_000_000, 1_000_000))
    library.reconcile()
    assert library.lineage(older) == Lineage()
    assert older not in library.lineage(family[0]).led_to


def test_a_picture_at_another_size_is_another_picture(library, family):
    assert pixels_key(encode_picture(family[2], 64, 64)) == pixels_key(family[2])
    assert pixels_key(encode_picture(family[2], 32, 32)) != pixels_key(family[2])


def test_a_picture_that_is_not_here_has_no_lineage(library, family, tmp_path):
    assert library.lineage(tmp_path / family[0].name) == Lineage()
    assert library.lineage(family[0].with_name("none.png")) == Lineage()


def test_the_same_pixels_have_one_key_and_others_another(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (300, 300, 3), np.uint8)
    for name, values in (("a", pixels), ("b", pixels), ("c", pixels + 1), ("d", pixels.reshape(150, 600, 3))):
        Image.fromarray(values).save(tmp_path / f"{name}.png", pnginfo=None)
    keys = {name: pixels_key(tmp_path / f"{name}.png") for name in "abcd"}
    assert keys["a"] == keys["b"]
    assert len(set(keys.values())) == 3


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n" + b"\xff" * 500, b"x" * 100])
def test_a_keyframe_that_is_no_picture_stands_for_nothing(data):
    assert len(source_keys(blend_of(Keyframe(seed=1, picture=data), Keyframe(seed=2)))) <= 2


def test_duplicates_have_the_very_same_recipe(library):
    first, second = kept(library, BOAT), kept(library, BOAT)
    kept(library, HILL)
    third = kept(library, msgspec.structs.replace(BOAT, steps=21))
    fourth = kept(library, msgspec.structs.replace(BOAT, steps=21))
    for day, path in enumerate((first, second, third, fourth), 1):
        dated(path, day)
    library.reconcile()
    assert library.duplicates() == ((first, second), (third, fourth))
    library.trash(second)
    assert library.duplicates() == ((third, fourth),)

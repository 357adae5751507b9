import io
from datetime import datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from studio.core.errors import NoRecipeError, OptionError
from studio.core.export import export_bytes
from studio.core.export_names import file_stem
from studio.core.export_options import ExportOptions, Format
from studio.core.foreign import Program, read_foreign
from studio.core.infotext import infotext
from studio.core.metadata import read_recipe
from studio.core.recipe import PROMPT_MAX, SEED_MAX, ModelRef, Recipe
from studio.core.schedulers import SCHEDULERS
from tests.core.test_recipe_json import as_json
from tests.strategies import recipes

PICTURE = np.full((32, 48, 3), (200, 120, 40), np.uint8)
RECIPE = Recipe(prompt='a "red" sailboat,\ncalm <sea> & é🙂', seed=SEED_MAX, model=ModelRef(hash="ab" * 32))
NOW = datetime(2026, 11, 21, 14, 25, 1)


def read(tmp_path, data):
    path = tmp_path / "picture"
    path.write_bytes(data)
    return read_foreign(path)


@pytest.mark.parametrize("kind", Format)
def test_every_format_opens_and_is_tagged_srgb(kind):
    data = export_bytes(PICTURE, RECIPE, ExportOptions(format=kind))
    image = Image.open(io.BytesIO(data))
    image.load()
    assert (image.format, image.size) == (kind.name, (48, 32))
    assert np.abs(np.asarray(image.convert("RGB")).astype(int) - PICTURE).max() < 12
    if kind is Format.PNG:
        assert image.info["srgb"] == 0
    else:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)


@pytest.mark.parametrize("kind", Format)
def test_the_recipe_comes_back_whole(tmp_path, kind):
    found = read(tmp_path, export_bytes(PICTURE, RECIPE, ExportOptions(format=kind)))
    assert (found.program, found.recipe, found.differences) == (Program.LATENT_STUDIO, RECIPE, ())
    assert dict(found.understood)["seed"] == str(SEED_MAX)


@pytest.mark.parametrize("kind", [Format.JPEG, Format.WEBP])
def test_other_programs_find_the_infotext_in_user_comment(kind):
    image = Image.open(io.BytesIO(export_bytes(PICTURE, RECIPE, ExportOptions(format=kind))))
    comment = image.getexif().get_ifd(0x8769)[0x9286]
    assert comment[:8] == b"UNICODE\0"
    assert comment[8:].decode("utf-16-be") == infotext(RECIPE)


@pytest.mark.parametrize("kind", Format)
def test_stripped_of_everything(tmp_path, kind):
    data = export_bytes(PICTURE, RECIPE, ExportOptions(format=kind, with_recipe=False))
    assert b"sailboat" not in data
    assert b"Latent" not in data
    assert Image.open(io.BytesIO(data)).getexif() == {}
    with pytest.raises(NoRecipeError):
        read(tmp_path, data)


@pytest.mark.parametrize("kind", Format)
def test_the_same_arguments_give_the_same_bytes(kind):
    options = ExportOptions(format=kind)
    assert export_bytes(PICTURE, RECIPE, options) == export_bytes(PICTURE.copy(), RECIPE, options)


@pytest.mark.parametrize("kind", [Format.JPEG, Format.WEBP])
def test_quality_is_size(kind):
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    sizes = [len(export_bytes(noise, RECIPE, ExportOptions(format=kind, quality=q))) for q in (10, 60, 95)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]


def test_a_recipe_too_long_for_a_jpeg_is_told_and_fits_elsewhere(tmp_path):
    long = Recipe(prompt="é" * PROMPT_MAX)
    with pytest.raises(OptionError, match="too long for a JPEG"):
        export_bytes(PICTURE, long, ExportOptions(format=Format.JPEG))
    assert read(tmp_path, export_bytes(PICTURE, long, ExportOptions(format=Format.WEBP))).recipe == long


def test_a_picture_too_large_for_webp_is_told():
    wide = np.zeros((1, 16_384, 3), np.uint8)
    with pytest.raises(OptionError, match="16,383 px"):
        export_bytes(wide, RECIPE, ExportOptions(format=Format.WEBP))


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match="a picture is"):
        export_bytes(PICTURE[..., 0], RECIPE, ExportOptions())


@given(recipes(), st.sampled_from(Format))
@settings(max_examples=60, deadline=None)
def test_any_recipe_comes_back_from_any_format(tmp_path_factory, recipe, kind):
    data = export_bytes(PICTURE, recipe, ExportOptions(format=kind))
    found = read(tmp_path_factory.mktemp("any"), data)
    assert found.recipe == as_json(recipe)
    if kind is Format.PNG:
        assert read_recipe(data) == found.recipe


SHARED = Recipe(
    prompt="a red sailboat, (calm) sea",
    negative_prompt="fog, rain: heavy",
    width=640,
    height=384,
    seed=SEED_MAX,
    steps=31,
    guidance=6.25,
    model=ModelRef(name='my, "model": v2'),
)


PAIRS = [(scheduler, schedule) for scheduler, info in SCHEDULERS.items() for schedule in info.schedules]


@pytest.mark.parametrize(("scheduler", "schedule"), PAIRS)
def test_infotext_alone_gives_back_all_that_both_know(tmp_path, scheduler, schedule):
    recipe = msgspec.structs.replace(SHARED, scheduler=scheduler, schedule=schedule)
    text = infotext(recipe)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).save(buffer, "JPEG", exif=exif)
    found = read(tmp_path, buffer.getvalue())
    assert (found.program, found.recipe) == (Program.LATENT_STUDIO, recipe)
    assert found.differences == ()


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{date} {prompt words} {seed}", "2026-11-21 a red sailboat calm sea é 7"),
        ("{time}_{width}x{height}_{n}", "142501_256x256_0012"),
        ("{ Seed }", "7"),
        ("{model}", "a-b- c-d"),
        ("plain", "plain"),
        ("../../etc/{seed}", "-..-etc-7"),
        ("C:\\x{seed}. . ", "C-x7"),
        ("con", "_con"),
        ("NUL.{seed}", "_NUL.7"),
        ("Com1 .x", "_Com1 .x"),
        ("console", "console"),
        ("...", "untitled"),
        (".hidden", "hidden"),
        ("a\u202eb\0c\n{seed}", "a b c 7"),
    ],
)
def test_names_from_patterns_are_safe(pattern, name):
    recipe = Recipe(prompt='a "red" sailboat,\ncalm <sea> & é🙂', seed=7, model=ModelRef(name="a/b: c?d"))
    assert file_stem(pattern, recipe, NOW, 12) == name


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("{sed}", "“sed” is not known. Did you mean “seed”"),
        ("{}", "“” is not known"),
        ("{seed", "a brace stands alone"),
        ("seed}", "a brace stands alone"),
        ("  ", "it is empty"),
    ],
)
def test_patterns_that_mean_nothing_are_told(pattern, sentence):
    with pytest.raises(OptionError, match=sentence) as caught:
        file_stem(pattern, RECIPE, NOW)
    assert caught.value.name == "pattern"


@given(recipes(), st.sampled_from(["{prompt words}", "{model}", "{prompt words}{model}{seed}.{n}"]))
def test_any_recipe_gives_a_name_that_every_system_takes(recipe, pattern):
    name = file_stem(pattern, recipe, NOW)
    assert name
    assert len(name.encode()) <= 201
    assert not set(name) & set('<>:"/\\|?*\0\n')
    assert name == name.strip(" .")
    assert name.isprintable()


def test_long_names_are_cut_between_characters():
    assert len(file_stem("🙂" * 100, RECIPE, NOW).encode()) == 200

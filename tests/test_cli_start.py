"""`generate --start` and its companions, on a scripted engine: what reaches the engine, and what is refused."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from studio.core.start import Area, Encoding, Enlarging
from studio.core.start_picture import decode_mask, decode_start
from tests.test_cli import Studio, sentence


@pytest.fixture
def studio(tmp_path, capsys):
    return Studio(tmp_path, capsys)


@pytest.fixture
def picture(tmp_path):
    """A picture of the size that the tested model makes."""
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "sea.png")
    return pixels


def start_of(studio):
    return studio.asked[0].start


def test_a_picture_to_start_from_reaches_the_engine_and_comes_back_from_its_file(studio, tmp_path, picture):
    sea, boat = str(tmp_path / "sea.png"), str(tmp_path / "boat.png")
    code, _, _ = studio.generate("a boat", "--start", sea, "--strength", "0.4", "--encoding", "sample", "--out", boat)
    assert code == 0
    first = start_of(studio)
    assert (first.strength, first.encoding, first.mask) == (0.4, Encoding.SAMPLE, b"")
    assert (decode_start(first) == picture).all()
    code, out, _ = studio("info", boat)
    (tmp_path / "boat.json").write_text(out)
    assert studio("generate", "--recipe", str(tmp_path / "boat.json"), "--out", str(tmp_path / "again.png"))[0] == 0
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "boat.png").read_bytes()
    studio("generate", "--recipe", boat, "--strength", "0.7", "--width", "80", "--out", str(tmp_path / "wide.png"))
    assert start_of(studio).strength == 0.7
    assert decode_start(start_of(studio)).shape == (64, 80, 3)


def test_on_a_screen_info_tells_pictures_in_words(studio, tmp_path, picture, monkeypatch):
    boat = str(tmp_path / "boat.png")
    studio.generate("a boat", "--start", str(tmp_path / "sea.png"), "--out", boat)
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    _, out, _ = studio("info", boat)
    assert len(out) < 2000
    assert json.loads(out)["recipe"]["start"]["picture"].startswith("(a PNG picture of ")


def test_a_mask_is_a_picture_or_what_is_transparent(studio, tmp_path, picture):
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.fromarray(np.dstack([picture, 255 - mask])).save(tmp_path / "cut.png")
    for words in (("sea.png", str(tmp_path / "mask.png")), ("cut.png", "alpha")):
        studio.generate("a boat", "--start", str(tmp_path / words[0]), "--mask", words[1], "--out", str(tmp_path))
        assert (decode_mask(start_of(studio)) == mask).all()


def test_a_start_of_which_a_part_is_worked_on_keeps_its_size(studio, tmp_path):
    picture = np.random.default_rng(1).integers(0, 256, (96, 200, 3), np.uint8)
    mask = np.zeros((96, 200), np.uint8)
    mask[10:30, 150:180] = 255
    large, told = str(tmp_path / "large.png"), str(tmp_path / "mask.png")
    Image.fromarray(picture).save(large)
    Image.fromarray(mask).save(told)
    words = ("--start", large, "--mask", told, "--area", "masked", "--padding", "16", "--out", str(tmp_path / "b.png"))
    assert studio.generate("a boat", *words)[0] == 0
    (recipe,) = studio.asked
    assert (recipe.width, recipe.height, recipe.start.area, recipe.start.padding_px) == (64, 64, Area.MASKED, 16)
    assert recipe.picture_size == (200, 96)
    assert (decode_start(recipe.start) == picture).all()
    assert (decode_mask(recipe.start) == mask).all()
    assert studio("generate", "--recipe", str(tmp_path / "b.png"), "--width", "80", "--out", str(tmp_path))[0] == 0
    assert decode_start(start_of(studio)).shape == (96, 200, 3)


def test_a_start_whose_latents_are_enlarged_stays_small(studio, tmp_path, picture):
    words = ("--start", str(tmp_path / "sea.png"), "--enlarging", "latents", "--width", "192", "--height", "128")
    assert studio.generate("a boat", *words, "--out", str(tmp_path))[0] == 0
    assert start_of(studio).enlarging is Enlarging.LATENTS
    assert decode_start(start_of(studio)).shape == (40, 64, 3)


def test_outpainting_makes_a_larger_picture(studio, tmp_path, picture):
    code, _, _ = studio.generate(
        "sea", "--start", str(tmp_path / "sea.png"), "--outpaint", "10,0,6,0", "--out", str(tmp_path)
    )
    (recipe,) = studio.asked
    assert code == 0
    assert (recipe.width, recipe.height) == (80, 64)
    assert (decode_start(recipe.start)[:, 10:74] == picture).all()
    assert recipe.start.strength == 0.9


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--strength", "0.5"], 2, "--strength needs a picture to start from. Give one with --start."),
        (["--mask", "mask.png"], 2, "--mask needs a picture to start from."),
        (["--outpaint", "1,2,3,4"], 2, "--outpaint needs a picture to start from."),
        (["--start", "sea.png", "--strength", "2"], 2, "Strength: 2.0 is outside 0.0 to 1.0."),
        (["--start", "sea.png", "--strength", "much"], 2, "Strength: 'much' is not a number."),
        (["--start", "sea.png", "--encoding", "mode"], 2, "Encoding: 'mode' is not mean or sample."),
        (["--start", "sea.png", "--area", "face"], 2, "Area: 'face' is not whole or masked."),
        (["--start", "sea.png", "--padding", "300"], 2, "Padding: 300 is outside 0 to 256 px."),
        (["--start", "sea.png", "--padding", "2.5"], 2, "Padding: '2.5' is not a whole number."),
        (["--start", "sea.png", "--enlarging", "paint"], 2, "Enlarging: 'paint' is not pixels or latents."),
        (["--start", "sea.png", "--outpaint", "1,2"], 2, "Outpaint: '1,2' is not four whole numbers"),
        (["--start", "sea.png", "--outpaint", "0,0,0,0"], 2, "Outpaint: give how many pixels"),
        (
            ["--start", "sea.png", "--outpaint", "8,0,0,0", "--mask", "sea.png"],
            2,
            "--outpaint brings a mask of its own.",
        ),
        (["--start", "sea.png", "--mask", "alpha"], 2, "Nothing in sea.png is transparent."),
        (["--start", "sea.png", "--mask", "wide.png"], 2, "The mask is 80 × 64 px, but the picture is 64 × 64 px."),
        (["--start", "gone.png"], 1, "gone.png cannot be read: No such file or directory."),
        (["--start", "text.png"], 1, "text.png cannot be read: it is not a picture"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_is_told_before_the_engine_starts(studio, tmp_path, picture, monkeypatch, words, code, expected):
    Image.new("L", (80, 64)).save(tmp_path / "wide.png")
    (tmp_path / "text.png").write_text("hello")
    monkeypatch.chdir(tmp_path)
    found, out, err = studio.generate("sea", *words)
    assert (found, out) == (code, "")
    assert sentence(err).startswith(expected)
    assert studio.engines == []

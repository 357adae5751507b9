import io
import struct
import time
import tracemalloc
import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.core.errors import NoRecipeError, PictureError
from studio.core.infotext import infotext
from studio.core.metadata import CHUNK, read_picture_file, read_recipe, write_png
from studio.core.png import TEXT_LIMIT
from studio.core.recipe import SEED_MAX, Recipe
from studio.core.recipe_json import recipe_to_json
from tests.core.test_recipe_json import as_json
from tests.strategies import recipes

SMALL = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
RECIPE = Recipe(prompt='a "red" sailboat, calm\nsea', seed=SEED_MAX)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


HEAD = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 6, 4, 8, 2, 0, 0, 0))
TAIL = chunk(b"IEND", b"")


def png_with(*chunks):
    """A PNG of these chunks, without pixels: reading metadata must not need any."""
    return HEAD + b"".join(chunks) + TAIL


def itxt(text, *, packed=False):
    body = zlib.compress(text, 9) if packed else text
    return chunk(b"iTXt", CHUNK.encode() + b"\0" + bytes([packed, 0]) + b"\0\0" + body)


@given(recipes())
@settings(max_examples=200)
def test_any_recipe_comes_back_from_the_bytes(recipe):
    assert read_recipe(write_png(SMALL, recipe)) == as_json(recipe)


def test_other_programs_find_pixels_both_texts_and_the_colour_space():
    image = Image.open(io.BytesIO(write_png(SMALL, RECIPE)))
    image.load()
    assert np.array_equal(np.asarray(image), SMALL)
    assert image.mode == "RGB"
    assert image.text == {"parameters": infotext(RECIPE), CHUNK: recipe_to_json(RECIPE)}
    assert image.info["srgb"] == 0


def test_the_chunks_stand_before_the_pixels_and_ours_is_itxt():
    data = write_png(SMALL, RECIPE)
    assert data.index(b"sRGB") < data.index(b"iTXt" + CHUNK.encode()) < data.index(b"IDAT")


def test_the_same_picture_gives_the_same_bytes():
    assert write_png(SMALL, RECIPE) == write_png(SMALL.copy(), RECIPE)


def test_a_picture_that_is_a_view_is_written_as_it_looks():
    flipped = SMALL[::-1, ::-1]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(write_png(flipped, RECIPE)))), flipped)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_another_shape_or_type_is_refused(picture):
    with pytest.raises(ValueError, match=r"a picture is \(height, width, 3\) uint8"):
        write_png(picture, RECIPE)


def test_a_path_reads_as_its_bytes_do_with_the_size(tmp_path):
    path = tmp_path / "boat.png"
    path.write_bytes(write_png(SMALL, RECIPE))
    found = read_picture_file(path)
    assert (found.recipe, found.width, found.height) == (RECIPE, 6, 4)


def test_a_picture_without_a_recipe_says_so():
    plain = io.BytesIO()
    Image.fromarray(SMALL).save(plain, "PNG")
    with pytest.raises(NoRecipeError, match="carries no recipe"):
        read_recipe(plain.getvalue())


def test_pictures_of_other_programs_carry_no_recipe_of_ours():
    with pytest.raises(NoRecipeError):
        read_recipe(png_with(chunk(b"tEXt", b"parameters\0boat\nSteps: 20, Sampler: Euler, Seed: 1")))


def test_our_chunk_is_found_among_others_and_after_the_pixels():
    other = chunk(b"iTXt", b"latent_studio_notes\0\0\0\0\0hello")
    moved = png_with(other, chunk(b"tEXt", b"Software\0x"), chunk(b"IDAT", b"."), itxt(recipe_to_json(RECIPE).encode()))
    assert read_recipe(moved) == RECIPE


@pytest.mark.parametrize("packed", [False, True])
def test_text_repacked_by_another_program_is_read(packed):
    text = recipe_to_json(RECIPE).encode()
    assert read_recipe(png_with(itxt(text, packed=packed))) == RECIPE
    name = CHUNK.encode() + b"\0"
    as_latin = chunk(b"zTXt", name + b"\0" + zlib.compress(text)) if packed else chunk(b"tEXt", name + text)
    assert read_recipe(png_with(as_latin)) == RECIPE


def test_a_newer_recipe_says_so():
    newer = recipe_to_json(RECIPE).replace('"version":1', '"version":2')
    with pytest.raises(PictureError, match=r"made by a newer Latent Studio; this one reads up to 1\. Choose another"):
        read_recipe(png_with(itxt(newer.encode())))


def test_every_truncation_is_told():
    whole = write_png(SMALL, RECIPE)
    for length in range(len(whole)):
        with pytest.raises(PictureError, match=r"cut short|not a PNG"):
            read_recipe(whole[:length])


def test_a_flipped_bit_in_the_recipe_is_noticed():
    data = bytearray(write_png(SMALL, RECIPE))
    data[data.index(b"sailboat,", data.index(b"iTXt" + CHUNK.encode()))] ^= 1
    with pytest.raises(PictureError, match="checksum"):
        read_recipe(bytes(data))


BOMB = b" " * (60 * TEXT_LIMIT)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a PNG"),
        (b"\xff\xd8\xff\xe0 a jpeg", "not a PNG"),
        (HEAD[:8] + TAIL, "no size"),
        (HEAD[:8] + chunk(b"IHDR", b"short") + TAIL, "header is damaged"),
        (HEAD[:8] + chunk(b"IHDR", b"\0" * 13) + TAIL, "no size"),
        (HEAD + struct.pack(">I4s", 2**31, b"IDAT") + b"x", "cut short"),
        (HEAD + struct.pack(">I4s", 2**32 - 1, b"iTXt") + CHUNK.encode() + b"\0rest", "no recipe has more than"),
        (HEAD + chunk(b"teSt", b"") * 100_000 + TAIL, "too many parts"),
        (png_with(itxt(b'{"version":1}')), "not a JSON object with"),
        (png_with(itxt(b"\xff\xfe")), "not UTF-8"),
        (png_with(chunk(b"iTXt", CHUNK.encode() + b"\0\0\0nothing")), "text is damaged"),
        (png_with(chunk(b"zTXt", CHUNK.encode() + b"\0\0not zlib")), "text is damaged"),
        (png_with(chunk(b"zTXt", CHUNK.encode() + b"\0\0" + zlib.compress(b"{}")[:-3])), "cut short, or unpacks"),
        (png_with(itxt(BOMB, packed=True)), "unpacks to more than"),
        (png_with(chunk(b"zTXt", CHUNK.encode() + b"\0\0" + zlib.compress(BOMB))), "unpacks to more than"),
        (png_with(itxt(b" " * (20 * TEXT_LIMIT))), "no recipe has more than"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_files_get_one_sentence_in_bounded_time_and_memory(data, reason):
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(PictureError) as caught:
        read_recipe(data)
    seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reason in str(caught.value)
    assert str(caught.value).startswith("The picture cannot be read: ")
    assert seconds < 60  # a hang guard, not a measure
    assert peak < 4 * TEXT_LIMIT


@given(st.binary(max_size=300), st.binary(max_size=60), st.sampled_from([b"tEXt", b"zTXt", b"iTXt", b"IHDR"]))
def test_nothing_but_the_error_tree_comes_out(junk, body, kind):
    for data in (junk, HEAD + junk, png_with(chunk(kind, CHUNK.encode() + b"\0" + body)), png_with(itxt(body))):
        with pytest.raises(PictureError):
            read_recipe(data)


@given(st.integers(0), st.binary(min_size=1, max_size=8))
def test_damage_anywhere_is_an_error_or_the_same_recipe(position, patch):
    data = bytearray(write_png(SMALL, RECIPE))
    position %= len(data)
    data[position : position + len(patch)] = patch
    try:
        found = read_recipe(bytes(data))
    except PictureError:
        return
    assert found == RECIPE


@pytest.mark.parametrize("name", ["missing.png", "folder.png", "nul\0.png"])
def test_a_path_that_cannot_be_opened_is_told(tmp_path, name):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(PictureError, match="cannot be read"):
        read_recipe(tmp_path / name)


def test_every_field_of_the_recipe_is_in_the_chunk():
    text = recipe_to_json(RECIPE)
    assert all(f'"{field.name}":' in text for field in msgspec.structs.fields(Recipe))

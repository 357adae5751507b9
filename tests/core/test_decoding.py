"""Pixels of files from anywhere: right, or one sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from studio.core.decoding import SIDE_MAX, open_picture, read_pixels
from studio.core.errors import PictureError
from tests.core.foreign.samples import PNG_HEAD, chunk, exif

PICTURE = np.random.default_rng(1).integers(0, 256, (32, 48, 3), np.uint8)


def written(path, image, kind="PNG", **options):
    image.save(path, kind, **options)
    return path


def claiming(width, height):
    """A PNG whose header states this size, with a kilobyte of pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG_HEAD + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_pixels_come_as_they_are(tmp_path):
    assert np.array_equal(read_pixels(written(tmp_path / "a", Image.fromarray(PICTURE))), PICTURE)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_no_side_is_longer_than_wanted(tmp_path, kind):
    large = Image.fromarray(np.kron(PICTURE, np.ones((20, 20, 1), np.uint8)))
    assert read_pixels(written(tmp_path / "a", large, kind), 96).shape == (64, 96, 3)
    assert read_pixels(written(tmp_path / "b", Image.fromarray(PICTURE), kind), 96).shape == (32, 48, 3)


def test_a_picture_turned_by_its_exif_stands_upright(tmp_path):
    marks = Image.Exif()
    marks[0x0112] = 6  # to be turned by 90° clockwise
    path = written(tmp_path / "a", Image.fromarray(PICTURE), exif=marks)
    assert np.array_equal(read_pixels(path), np.rot90(PICTURE, -1))


def test_what_shows_through_is_white(tmp_path):
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert (read_pixels(written(tmp_path / "a", clear)) == 255).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.float32([[0, 0.5, 1]]), [0, 128, 255]),
        (np.float32([[-3, np.nan, 0.2]]), [0, 0, 51]),
        (np.float32([[0, 100, 200]]), [0, 128, 255]),
        (np.float32([[np.inf, 0, 0]]), [0, 0, 0]),
        (np.int32([[0, 100, 255]]), [0, 100, 255]),
        (np.int32([[0, 100 * 257, 65_535]]), [0, 100, 255]),
        (np.int32([[-5, 2**30, 2**31 - 1]]), [0, 128, 255]),
    ],
)
def test_grey_of_32_bits_is_neither_black_nor_white(tmp_path, values, expected):
    pixels = read_pixels(written(tmp_path / "a", Image.fromarray(values), "TIFF"))
    assert pixels[0].tolist() == [[each] * 3 for each in expected]


def profile(space="sRGB"):
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()


def swapped():
    """A profile that calls blue what sRGB calls red: two entries of its table of contents changed places."""
    return profile().replace(b"rXYZ", b"....", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"....", b"bXYZ", 1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_colours_are_those_that_the_profile_means(tmp_path, kind):
    red = Image.new("RGB", (32, 32), (250, 10, 10))
    shown = read_pixels(written(tmp_path / "a", red, kind, icc_profile=swapped()), 16)
    assert np.abs(shown.astype(int) - (10, 10, 250)).max() <= 6
    plain = read_pixels(written(tmp_path / "b", Image.fromarray(PICTURE), icc_profile=profile()))
    assert np.abs(plain.astype(int) - PICTURE).max() <= 2


def test_what_shows_through_a_profiled_picture_is_white(tmp_path):
    half = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    half.putpixel((1, 0), (255, 0, 0, 0))
    shown = read_pixels(written(tmp_path / "a", half, icc_profile=swapped()))
    assert shown[0, 1].tolist() == [255, 255, 255]
    assert shown[0, 0, 2] > 250 > 5 > shown[0, 0, 0]
    palette = Image.new("RGB", (4, 4), (255, 0, 0)).quantize(2)
    assert read_pixels(written(tmp_path / "b", palette, icc_profile=swapped()))[0, 0, 2] > 250


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", swapped()[:300], swapped()[:128] + bytes(400), profile("LAB"), bytes(9 << 20), b"\xff" * 2000],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "LA"])
def test_a_profile_that_cannot_be_used_is_ignored(tmp_path, data, mode):
    picture = Image.fromarray(PICTURE).convert(mode)
    path = written(tmp_path / "a", picture, "TIFF", icc_profile=data)
    assert np.array_equal(read_pixels(path), read_pixels(written(tmp_path / "b", picture, "TIFF")))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is not a picture, or is damaged"),
        (b"hello", "it is not a picture, or is damaged"),
        (PNG_HEAD, "it is not a picture, or is damaged"),
        (claiming(SIDE_MAX + 1, 8), "no side may exceed"),
        (claiming(60_000, 60_000), "it has too many pixels"),
        (claiming(4000, 4000), "it is not a picture, or is damaged"),
    ],
)
def test_a_hostile_file_is_one_sentence(tmp_path, data, sentence):
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(PictureError, match=sentence) as caught:
        read_pixels(path, 64)
    assert "\n" not in str(caught.value)


def test_every_cut_is_told(tmp_path):
    for kind in ("PNG", "JPEG", "WEBP"):
        buffer = io.BytesIO()
        Image.fromarray(PICTURE).save(buffer, kind)
        data = buffer.getvalue()
        for length in range(0, len(data) - 12, 97):
            (tmp_path / "a").write_bytes(data[:length])
            with pytest.raises(PictureError):
                read_pixels(tmp_path / "a")


def test_a_damaged_tag_warns_nobody(tmp_path):
    """Pillow warns of it, and a warning is an error in these tests."""
    block = b"Exif\0\0" + exif(b"x" * 40)[:-30]
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).save(buffer, "JPEG", exif=block)
    (tmp_path / "a").write_bytes(buffer.getvalue())
    assert read_pixels(tmp_path / "a").shape == (32, 48, 3)


@pytest.mark.parametrize("name", ["missing", "nul\0", ""])
def test_a_path_that_cannot_be_opened_is_told(tmp_path, name):
    with pytest.raises(PictureError, match="cannot be read"):
        read_pixels(tmp_path / name)


def test_what_fails_inside_is_told_too(tmp_path):
    path = written(tmp_path / "a", Image.fromarray(PICTURE))
    with pytest.raises(PictureError, match="damaged"), open_picture(path):
        raise SyntaxError("as Pillow does")

"""Picture files as keyframes: what is read, what is refused before a pixel is decoded."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.blend import PICTURE_BYTES_MAX, Keyframe
from studio.core.errors import PictureError
from studio.core.keyframe_picture import encode_picture, keyframe_from_file
from studio.core.metadata import write_png
from studio.core.recipe import Recipe
from studio.core.start import Start


def picture_file(path: Path, size: tuple[int, int], **options: object) -> Path:
    Image.new("RGB", size, (200, 40, 40)).save(path, **options)
    return path


def test_it_is_cropped_around_its_middle_to_the_size_wanted(tmp_path: Path) -> None:
    wide = Image.new("RGB", (300, 100), "black")
    wide.paste("white", (100, 0, 200, 100))
    wide.save(tmp_path / "wide.png")
    made = Image.open(io.BytesIO(encode_picture(tmp_path / "wide.png", 64, 64)))
    assert made.size == (64, 64)
    assert np.asarray(made).min() > 240


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.gif", "a.bmp"])
def test_other_formats_are_read(tmp_path: Path, name: str) -> None:
    made = encode_picture(picture_file(tmp_path / name, (640, 480)), 96, 64)
    assert Image.open(io.BytesIO(made)).size == (96, 64)


def test_it_is_turned_upright(tmp_path: Path) -> None:
    sideways = Image.new("RGB", (64, 64), "black")
    sideways.paste("white", (0, 0, 32, 64))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise
    sideways.save(tmp_path / "a.png", exif=exif)
    made = np.asarray(Image.open(io.BytesIO(encode_picture(tmp_path / "a.png", 64, 64))))
    assert made[:24].min() > 200
    assert made[40:].max() < 50


def test_what_shows_through_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert np.asarray(Image.open(io.BytesIO(encode_picture(tmp_path / "a.png", 32, 32)))).min() == 255


def test_a_picture_made_here_gives_its_prompt_and_seed(tmp_path: Path) -> None:
    recipe = Recipe(seed=2**32 - 1, prompt="a sea", negative_prompt="fog")
    path = tmp_path / "ours.png"
    path.write_bytes(write_png(np.zeros((64, 64, 3), np.uint8), recipe))
    found = keyframe_from_file(path, Recipe())
    assert found == Keyframe(seed=2**32 - 1, prompt="a sea", negative_prompt="fog", name="a sea")


def test_one_that_was_painted_over_another_is_kept_as_a_picture(tmp_path: Path) -> None:
    """Its prompt and seed alone would give another."""
    made = write_png(np.zeros((64, 64, 3), np.uint8), Recipe(prompt="a sea", start=Start(picture=b"x")))
    (tmp_path / "ours.png").write_bytes(made)
    assert keyframe_from_file(tmp_path / "ours.png", Recipe()).picture


def test_any_other_picture_is_kept_as_one(tmp_path: Path) -> None:
    found = keyframe_from_file(picture_file(tmp_path / "theirs.png", (80, 80)), Recipe(seed=5, width=64, height=64))
    assert (found.seed, found.name) == (5, "theirs")
    assert found.picture.startswith(b"\x89PNG")


def huge_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("size", "reason"),
    [((20_000, 20_000), "too many pixels"), ((16_385, 10), "no side may exceed 16,384"), ((10, 60_000), "60,000 px")],
)
def test_one_that_is_too_large_is_refused_before_it_is_decoded(
    tmp_path: Path, size: tuple[int, int], reason: str
) -> None:
    (tmp_path / "huge.png").write_bytes(huge_png(*size))
    with pytest.raises(PictureError, match=rf"huge\.png cannot be read: .*{reason}"):
        encode_picture(tmp_path / "huge.png", 64, 64)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", huge_png(64, 64)[:40]])
def test_what_is_no_picture_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(PictureError, match=r"x\.png cannot be read: .*\. Choose another picture\.$"):
        encode_picture(tmp_path / "x.png", 64, 64)


def test_a_truncated_picture_is_a_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (200, 200, 3), dtype=np.uint8)).save(tmp_path / "x.png")
    data = (tmp_path / "x.png").read_bytes()
    (tmp_path / "x.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(PictureError, match=r"x\.png"):
        encode_picture(tmp_path / "x.png", 64, 64)


def test_one_that_is_gone_or_a_folder_is_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.png", tmp_path):
        with pytest.raises(PictureError, match="cannot be read"):
            encode_picture(path, 64, 64)


def test_one_that_does_not_compress_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (1024, 1024, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png", compress_level=1)
    with pytest.raises(PictureError, match="MiB"):
        encode_picture(tmp_path / "noise.png", 1024, 1024)
    assert len(encode_picture(tmp_path / "noise.png", 256, 256)) < PICTURE_BYTES_MAX

import io
import os
import struct
import threading
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.core.errors import PictureError
from studio.library import thumbnail_cache
from studio.library.thumbnail_cache import ThumbnailCache


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "thumbnails"


@pytest.fixture
def cache(folder):
    return ThumbnailCache(folder, 64)


def picture(path, size=(200, 100), mode="RGB", **named):
    """A smooth picture, red to the right, green downwards."""
    across, down = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    pixels = np.dstack([across, down, np.full_like(across, 40)]).astype(np.uint8)
    Image.fromarray(pixels).convert(mode).save(path, **named)
    return path


def files(folder):
    return sorted(folder.glob("*"))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((200, 100), (32, 64, 3)), ((100, 200), (64, 32, 3)), ((20, 10), (10, 20, 3)), ((1000, 1), (1, 64, 3))],
)
def test_it_fits_the_side_and_keeps_the_shape(cache, tmp_path, size, expected):
    found = cache.thumbnail(picture(tmp_path / "a.png", size))
    assert (found.shape, found.dtype) == (expected, np.uint8)
    assert found.flags.c_contiguous


def test_it_shows_the_picture(cache, tmp_path):
    path = picture(tmp_path / "a.png")
    expected = np.asarray(Image.open(path).resize((64, 32), Image.Resampling.LANCZOS)).astype(int)
    for _ in range(2):  # made, then from the cache
        assert np.abs(cache.thumbnail(path).astype(int) - expected).mean() < 4


def test_the_second_time_the_picture_is_not_opened(cache, folder, tmp_path, monkeypatch):
    path = picture(tmp_path / "a.png")
    cache.thumbnail(path)
    assert [file.suffix for file in files(folder)] == [".webp"]
    monkeypatch.setattr(thumbnail_cache, "_shrunk", None)
    cache.thumbnail(path)
    ThumbnailCache(folder, 64).thumbnail(path)


def test_a_picture_that_changed_is_looked_at_again(cache, folder, tmp_path):
    path = picture(tmp_path / "a.png")
    cache.thumbnail(path)
    Image.new("RGB", (50, 50), "blue").save(path)
    assert (cache.thumbnail(path) == (0, 0, 255)).all()
    os.utime(path, (1, 1))
    cache.thumbnail(path)
    assert len(files(folder)) == 3


def test_another_side_is_another_thumbnail(cache, folder, tmp_path):
    path = picture(tmp_path / "a.png")
    cache.thumbnail(path)
    assert ThumbnailCache(folder, 32).thumbnail(path).shape == (16, 32, 3)
    assert len(files(folder)) == 2


@pytest.mark.parametrize("damage", [b"", b"RIFF", b"garbage " * 100, "cut", "large"])
def test_a_damaged_thumbnail_is_made_again(cache, folder, tmp_path, damage):
    path = picture(tmp_path / "a.png")
    whole = cache.thumbnail(path)
    (kept,) = files(folder)
    content = kept.read_bytes()
    if damage == "large":
        picture(kept, (300, 300), format="WEBP")
    else:
        kept.write_bytes(content[: len(content) // 2] if damage == "cut" else damage)
    assert (cache.thumbnail(path) == whole).all()
    assert kept.read_bytes() == content


def test_a_cache_that_cannot_be_written_costs_time_only(folder, tmp_path):
    folder.parent.mkdir()
    folder.write_bytes(b"a file in its place")
    path = picture(tmp_path / "a.png")
    assert ThumbnailCache(folder, 64).thumbnail(path).shape == (32, 64, 3)
    assert folder.read_bytes() == b"a file in its place"


def test_the_oldest_go(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnail_cache, "_LOOK_EVERY", 0)
    cache = ThumbnailCache(folder, 64, bytes_max=4000)
    noise = np.random.default_rng(1)
    for number in range(12):
        path = tmp_path / f"{number}.png"
        Image.fromarray(noise.integers(0, 256, (40, 40, 3), np.uint8)).save(path)
        before = set(files(folder))
        cache.thumbnail(path)
        (new,) = set(files(folder)) - before
        os.utime(new, (number, number))
    sizes = [file.stat().st_size for file in files(folder)]
    assert 0 < sum(sizes) <= 4000 + max(sizes)
    assert min(file.stat().st_mtime for file in files(folder)) > 5


def bomb(path, width, height):
    """A PNG of few bytes that claims to be large."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    return path


@pytest.mark.parametrize(
    "size", [(2**31 - 1, 2**31 - 1), (100_000, 100_000), (16_000, 16_000), (17_000, 10), (1, 2**30)]
)
def test_a_bomb_is_refused_before_it_is_unpacked(cache, folder, tmp_path, size):
    with pytest.raises(PictureError, match=r"cannot be read: it (is|has)"):
        cache.thumbnail(bomb(tmp_path / "bomb.png", *size))
    assert not folder.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 50, b"RIFF\0\0\0\0WEBPVP8 ", b"%!PS-Adobe"],
)
def test_what_is_no_picture_is_told(cache, folder, tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=r"a\.png cannot be read: it is not a picture, or is damaged"):
        cache.thumbnail(path)
    assert not folder.exists()


def test_a_picture_cut_short_is_told(cache, tmp_path):
    path = picture(tmp_path / "a.png", (300, 300))
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(PictureError, match="cannot be read"):
        cache.thumbnail(path)


def test_a_missing_file_a_folder_and_a_strange_name_are_told(cache, tmp_path):
    for path in (tmp_path / "none.png", tmp_path, tmp_path / "a\0b.png"):
        with pytest.raises(PictureError, match="cannot be read"):
            cache.thumbnail(path)


WHOLE = io.BytesIO()
Image.new("RGB", (30, 20), "red").save(WHOLE, "PNG")


@given(st.integers(0, len(WHOLE.getvalue()) - 1), st.binary(max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_gives_a_picture_or_a_sentence(tmp_path, at, patch):
    path = tmp_path / "damaged.png"
    content = bytearray(WHOLE.getvalue())
    content[at : at + len(patch)] = patch
    path.write_bytes(content)
    try:
        assert ThumbnailCache(tmp_path / "none", 64).thumbnail(path).ndim == 3
    except PictureError as error:
        assert str(error).endswith("Choose another picture.")


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "RGBA", "LA", "I;16", "CMYK"])
def test_every_kind_of_picture_is_shown_in_its_colours(cache, tmp_path, mode):
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    if mode == "I;16":
        Image.fromarray(np.full((80, 80), 0x8000, np.uint16)).save(path)
    else:
        Image.new("RGB", (80, 80), (128, 128, 128)).convert(mode).save(path)
    found = cache.thumbnail(path)
    assert found.shape == (64, 64, 3)
    assert abs(int(found.mean()) - 128) < 3


def test_what_shows_through_is_white_and_a_turned_photo_is_upright(cache, tmp_path):
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (80, 80), (255, 0, 0, 0)).save(clear)
    assert (cache.thumbnail(clear) == 255).all()
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (200, 100)).save(turned, exif=exif)
    assert cache.thumbnail(turned).shape == (64, 32, 3)


def test_threads_share_a_cache(cache, folder, tmp_path):
    paths = [picture(tmp_path / f"{number}.png", (100 + number, 50)) for number in range(6)]
    found = []

    def work():
        found.extend(cache.thumbnail(path).shape[1] for path in paths)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [64] * 24
    assert len(files(folder)) == 6

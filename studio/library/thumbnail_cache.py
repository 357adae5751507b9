"""Small pictures kept on disk as WebP files, so that a library of any size is shown without decoding it again.

The life of one: the file's name, size and time name its thumbnail → read from the cache → else the picture is decoded,
shrunk, and written through a temporary file → now and then the oldest go. Nothing here is the artist's: the folder may
be deleted at any time, and what cannot be read in it is made again.
"""

import contextlib
import hashlib
import io
import logging
import os
import threading
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from studio.core.errors import PictureError, SaveError
from studio.core.events import Picture
from studio.core.files import make_folder, write_atomically

_FILE_BYTES_MAX = 512 << 20
_SIDE_MAX = 16_384
_PIXELS_MAX = 100_000_000
"""A file that claims more is refused before a pixel is decoded: 300 MB are what a machine can spare for a moment."""
_QUALITY = 85
_LOOK_EVERY = 256
"""Thumbnails written between two looks at the folder's size."""
_NOT_A_PICTURE = "it is not a picture, or is damaged"
_log = logging.getLogger(__name__)


class ThumbnailCache:
    """Thumbnails of one longest side in one folder. Any thread may call it; the UI does so from a worker."""

    def __init__(self, folder: Path, side_px: int, *, bytes_max: int = 256 << 20) -> None:
        """Keep thumbnails of `side_px` on the longest side in `folder`, about `bytes_max` of them, the oldest go.

        `folder` is the data directory's `cache/thumbnails` (`Places.thumbnails`); it is made when something is kept.
        """
        self._folder, self._side, self._bytes_max = folder, side_px, bytes_max
        self._lock = threading.Lock()
        self._until_look = 0

    def thumbnail(self, path: Path) -> Picture:
        """The picture in `path`, shrunk to fit the side; smaller pictures stay as they are.

        From the cache where the file is the one it was made of, made and kept there otherwise. A cache that cannot be
        read or written costs time only.

        Returns:
            (height, width, 3) uint8, sRGB; what shows through is white.

        Raises:
            PictureError: a file that is missing, no picture, damaged or too large.
        """
        kept = self._folder / self._name(path)
        found = self._read(kept)
        if found is None:
            found = _shrunk(path, self._side)
            self._write(kept, found)
        return np.array(found)

    def _name(self, path: Path) -> str:
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            raise PictureError(path, getattr(error, "strerror", None) or str(error)) from error
        if status.st_size > _FILE_BYTES_MAX:
            raise PictureError(path, "the file is too large for a picture")
        facts = f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\0{self._side}"
        return hashlib.sha256(facts.encode(errors="surrogateescape")).hexdigest()[:32] + ".webp"

    def _read(self, kept: Path) -> Image.Image | None:
        """None where there is none, or none that can be used."""
        try:
            with Image.open(kept, formats=("WEBP",)) as image:
                if max(image.size) > self._side:
                    return None
                return image.convert("RGB")
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
            return None

    def _write(self, kept: Path, image: Image.Image) -> None:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=_QUALITY, method=2)
        try:
            make_folder(self._folder)
            write_atomically(kept, buffer.getvalue())
        except SaveError as error:
            _log.info("a thumbnail is not kept: %s", error)
            return
        with self._lock:
            is_time = self._until_look <= 0
            self._until_look = _LOOK_EVERY if is_time else self._until_look - 1
        if is_time:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Keep nine tenths of what is allowed, so that there is peace for a while."""
        files = _files(self._folder)
        spare = sum(size for _, size, _ in files) - self._bytes_max
        if spare <= 0:
            return
        spare += self._bytes_max // 10
        for _, size, name in sorted(files):
            if spare <= 0:
                break
            with contextlib.suppress(OSError):  # gone since, or held by another program
                (self._folder / name).unlink()
            spare -= size


def _files(folder: Path) -> list[tuple[int, int, str]]:
    """Time, size and name of each thumbnail."""
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.name.endswith(".webp"):
                    status = entry.stat()
                    found.append((status.st_mtime_ns, status.st_size, entry.name))
    return found


def _shrunk(path: Path, side: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the sides are checked below
            return _decoded(path, side)
    except Image.DecompressionBombError as error:
        raise PictureError(path, "it has too many pixels") from error
    except UnidentifiedImageError as error:
        raise PictureError(path, _NOT_A_PICTURE) from error
    except OSError as error:
        raise PictureError(path, error.strerror or _NOT_A_PICTURE) from error
    except (ValueError, SyntaxError, EOFError, MemoryError) as error:  # what Pillow's readers raise on damaged files
        raise PictureError(path, _NOT_A_PICTURE) from error


def _decoded(path: Path, side: int) -> Image.Image:
    with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
        width, height = image.size
        if max(width, height) > _SIDE_MAX or width * height > _PIXELS_MAX:
            raise PictureError(path, f"it is {width:,} × {height:,} px, which is too large to show")
        image.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded smaller, and so faster
        image.load()
        small = ImageOps.exif_transpose(image)
        small = _plain(small)
        small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return _opaque(small)


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be shrunk smoothly: colours rather than their numbers, 8 bits rather than 16."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    return image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGBA")


def _opaque(image: Image.Image) -> Image.Image:
    """In RGB; what shows through is white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")

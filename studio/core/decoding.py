"""Pixels of picture files from anywhere: checked before they are decoded, and every failure one sentence."""

import contextlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from studio.core.errors import PictureError
from studio.core.events import Picture
from studio.core.reading import stat_regular

SIDE_MAX = 16_384
"""Pixels: a file that claims more is refused before a pixel is decoded."""
PILLOW_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, RuntimeError)
"""What Pillow raises for damaged pictures: it promises no single class."""
_FILE_BYTES_MAX = 512 << 20
_PROFILE_BYTES_MAX = 8 << 20
"""The largest colour profiles, of printing presses, have two or three megabytes."""
_WITHOUT_ALPHA = {"L": "L", "LA": "L", "RGB": "RGB", "RGBA": "RGB", "P": "RGB", "CMYK": "CMYK"}
"""The modes of which a profile can tell the colours."""
_NOT_A_PICTURE = "it is not a picture, or is damaged"


@contextlib.contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """The picture at `path`, its size checked and nothing decoded yet; what fails inside is told as a PictureError.

    Raises:
        PictureError: a file that is missing, no picture, damaged or too large.
    """
    try:
        if stat_regular(path).st_size > _FILE_BYTES_MAX:
            raise PictureError(path.name, "the file is too large for a picture")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sides, which are checked below, and of damaged tags
            with Image.open(path) as picture:
                _check_sides(path, picture)
                yield picture
    except Image.DecompressionBombError as error:
        raise PictureError(path.name, "it has too many pixels") from error
    except UnidentifiedImageError as error:
        raise PictureError(path.name, _NOT_A_PICTURE) from error
    except PILLOW_ERRORS as error:
        raise PictureError(path.name, getattr(error, "strerror", None) or _NOT_A_PICTURE) from error


def read_pixels(path: Path, side_px: int | None = None) -> Picture:
    """The picture at `path` as (height, width, 3) uint8, sRGB; shrunk so that no side is longer than `side_px`.

    Raises:
        PictureError: a file that is missing, no picture, damaged or too large.
    """
    with open_picture(path) as picture:
        if side_px is not None:
            picture.thumbnail((side_px, side_px), Image.Resampling.BOX, reducing_gap=2.0)
        return np.asarray(opaque(ImageOps.exif_transpose(picture)))


def opaque(picture: Image.Image) -> Image.Image:
    """In RGB of sRGB; what shows through is white."""
    if picture.mode.startswith("I;16"):  # grey of 16 bits: Pillow would cut off what is above 255
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if picture.mode in ("I", "F"):
        return Image.fromarray(_grey(np.asarray(picture))).convert("RGB")
    picture = _in_srgb(picture)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    ground = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(ground, layered).convert("RGB")


def _grey(values: NDArray[np.int32] | NDArray[np.float32]) -> NDArray[np.uint8]:
    """Grey of 32 bits, of which no file says what white is: the least usual value that nothing exceeds."""
    finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(finite.max())
    usual = (1.0,) if values.dtype.kind == "f" else (255.0, 65_535.0)
    white = next((each for each in usual if highest <= each), highest)
    return np.asarray((finite * (255.0 / white)).round().clip(0, 255), np.uint8)


def _in_srgb(picture: Image.Image) -> Image.Image:
    """With the colours its profile means, where it has one that can be used."""
    profile, plain = picture.info.get("icc_profile"), _WITHOUT_ALPHA.get(picture.mode)
    if not isinstance(profile, bytes) or plain is None or not 0 < len(profile) <= _PROFILE_BYTES_MAX:
        return picture
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        shown = ImageCms.profileToProfile(
            picture.convert(plain), meant, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # broken, or of another kind of colours
        return picture
    assert shown is not None  # it is, unless in place
    if alpha is not None:
        shown.putalpha(alpha)
    return shown


def _check_sides(path: Path, picture: Image.Image) -> None:
    if max(picture.size) > SIDE_MAX:
        across, down = picture.size
        raise PictureError(path.name, f"it is {across:,} × {down:,} px, and no side may exceed {SIDE_MAX:,}")

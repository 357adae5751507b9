"""Starting pictures and masks: from files and arrays to the PNG bytes a recipe keeps, and back."""

import io
import math
import warnings
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from studio.core.decoding import PILLOW_ERRORS, opaque, open_picture
from studio.core.errors import OptionError, PictureError
from studio.core.events import Picture
from studio.core.keyframe_picture import encode_picture
from studio.core.recipe import Recipe
from studio.core.start import MASK_BYTES_MAX, SIDE_MAX_PX, START_BYTES_MAX, Area, Start, png_size

Mask = NDArray[np.uint8]
"""(height, width): 255 where a picture is made anew, 0 where it stays."""
_HOPE = 1.3
"""So many times what a start may take is tried, in case that the guess at its bytes was too high."""
_LYING = 5
"""EXIF orientations from here on swap width and height."""


def start_from_file(path: Path, recipe: Recipe, *, alpha_is_mask: bool = False) -> Start:
    """The picture at `path`, upright and cropped around its middle to the size of `recipe`, as its start.

    What shows through is white; with `alpha_is_mask` it is also what is made anew, where anything shows through.
    Strength, encoding and mask stay as `recipe` has them, if the mask fits; a new alpha mask takes the old one's place.
    Where only the masked area of the recipe's start is worked on, it is all of the picture: see `whole_picture`.

    Raises:
        PictureError: a file that is missing, no picture, damaged or too large.
    """
    if recipe.start is not None and recipe.start.area is Area.MASKED and not alpha_is_mask:
        with open_picture(path) as file:
            file.draft("RGB", (SIDE_MAX_PX, SIDE_MAX_PX))  # a JPEG larger than that is decoded smaller
            whole = opaque(ImageOps.exif_transpose(file))
        return with_picture(recipe.start, whole_picture(whole))
    picture = encode_picture(path, recipe.width, recipe.height, START_BYTES_MAX)
    start = with_picture(recipe.start, picture)
    mask = _alpha_mask(path, recipe.width, recipe.height) if alpha_is_mask else None
    return start if mask is None else replace(start, mask=encode_mask(mask))


def whole_picture(image: Image.Image) -> bytes:
    """`image`, RGB, as PNG bytes at its own size; smaller where a start can have neither so many pixels nor bytes."""
    scale = min(1.0, SIDE_MAX_PX / max(image.size), math.sqrt(_HOPE * START_BYTES_MAX / _likely_bytes(image)))
    while True:
        across, down = (max(1, round(side * scale)) for side in image.size)
        is_whole = (across, down) == image.size
        data = _png(image if is_whole else image.resize((across, down), Image.Resampling.LANCZOS))
        if len(data) <= START_BYTES_MAX:
            return data
        scale *= min(0.95, math.sqrt(START_BYTES_MAX / len(data)))  # bytes go with the pixels, more or less


def uncropped(start: Start, picture: bytes) -> Start:
    """`start` with all of the `picture` whose middle it shows. Its mask goes along; what was cropped away is kept.

    Raises:
        PictureError: a damaged mask.
        OptionError: a mask that takes too many bytes at that size.
    """
    wanted, size = png_size(picture), png_size(start.mask)
    if size is None or wanted is None or size == wanted:
        return replace(start, picture=picture)
    scale = min(wanted[0] / size[0], wanted[1] / size[1])
    across, down = (max(1, round(side * scale)) for side in size)
    middle = Image.fromarray(decode_mask(start)).resize((across, down), Image.Resampling.BILINEAR)
    mask = Image.new("L", wanted)
    mask.paste(middle, ((wanted[0] - across) // 2, (wanted[1] - down) // 2))
    return replace(start, picture=picture, mask=encode_mask(np.asarray(mask)))


def with_picture(start: Start | None, picture: bytes) -> Start:
    """`start` from another picture, a PNG file's bytes. A mask stays where it is of the same size."""
    if start is None:
        return Start(picture=picture)
    fits = png_size(start.mask) == png_size(picture)
    return replace(start, picture=picture, mask=start.mask if fits else b"")


def start_from_picture(picture: Picture, *, strength: float = 0.6, mask: Mask | None = None) -> Start:
    """A start of `picture` (height, width, 3) uint8, with `mask` of that size.

    Raises:
        OptionError: for a mask of another size, and where either takes too many bytes.
    """
    if mask is not None and mask.shape != picture.shape[:2]:
        raise _other_size(mask.shape[::-1], picture.shape[1::-1])
    data = _png(Image.fromarray(np.ascontiguousarray(picture)))
    if len(data) > START_BYTES_MAX:
        raise OptionError(
            "start", f"The starting picture takes more than {START_BYTES_MAX >> 20} MiB. Make it smaller."
        )
    return Start(picture=data, strength=strength, mask=b"" if mask is None else encode_mask(mask))


def mask_from_file(path: Path, recipe: Recipe, source: Path | None = None) -> bytes:
    """The mask at `path`, white where the picture is made anew and black where it stays, for `Start.mask`.

    A mask of the size of `source`, the file that the start was made of, is cropped as that was.

    Raises:
        PictureError: a file that is missing, no picture, damaged or too large.
        OptionError: a mask that is not of the size of `recipe`.
    """
    wanted = (recipe.width, recipe.height)
    with open_picture(path) as picture:
        mask = opaque(ImageOps.exif_transpose(picture)).convert("L")
    if mask.size != wanted and source is not None and mask.size == upright_size(source):
        mask = ImageOps.fit(mask, wanted, Image.Resampling.BILINEAR)
    if mask.size != wanted:
        raise _other_size(mask.size, wanted)
    return encode_mask(np.asarray(mask))


def encode_mask(mask: NDArray[np.uint8] | NDArray[np.bool_]) -> bytes:
    """A mask (height, width), of bytes or of truths, as `Start.mask` keeps it.

    Raises:
        OptionError: for a mask so ragged that it takes too many bytes.
    """
    values = mask.astype(np.uint8) * 255 if mask.dtype == np.bool_ else mask.astype(np.uint8)
    data = _png(Image.fromarray(np.ascontiguousarray(values)))
    if len(data) > MASK_BYTES_MAX:
        raise OptionError("start", f"The mask takes more than {MASK_BYTES_MAX >> 10} KiB. Paint with fewer soft edges.")
    return data


def decode_mask(start: Start) -> Mask:
    """The mask of `start`, which has one. Raises PictureError."""
    return np.array(_decoded(start.mask, "L", "The mask"))


def decode_start(start: Start) -> Picture:
    """The picture of `start`, (height, width, 3) uint8. Raises PictureError."""
    return np.array(_decoded(start.picture, "RGB", "The starting picture"))


def refitted(start: Start, width: int, height: int) -> Start:
    """`start` for another size in pixels: picture and mask cropped around their middle. Raises PictureError."""
    picture = Image.fromarray(decode_start(start))
    picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    made = start_from_picture(np.asarray(picture))
    mask = b""
    if start.mask:
        cropped = ImageOps.fit(Image.fromarray(decode_mask(start)), (width, height), Image.Resampling.BILINEAR)
        mask = encode_mask(np.asarray(cropped))
    return replace(start, picture=made.picture, mask=mask)


def upright_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels of the picture at `path`, as its EXIF says it is looked at. Raises PictureError."""
    with open_picture(path) as picture:
        lies = picture.getexif().get(ExifTags.Base.Orientation, 1) >= _LYING
        across, down = picture.size
        return (down, across) if lies else (across, down)


def _alpha_mask(path: Path, width: int, height: int) -> Mask | None:
    """255 where the picture at `path` is transparent; None where it is nowhere."""
    with open_picture(path) as picture:
        if not picture.has_transparency_data:
            return None
        alpha = ImageOps.exif_transpose(picture).convert("RGBA").getchannel("A")
        fitted = ImageOps.fit(alpha, (width, height), Image.Resampling.BILINEAR)
    mask: Mask = 255 - np.asarray(fitted)
    return mask if mask.any() else None


def _decoded(data: bytes, mode: str, name: str) -> Image.Image:
    """Bytes from a recipe, which may be anybody's: its size was checked by `check_start`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
                return image.convert(mode)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, *PILLOW_ERRORS) as error:
        raise PictureError(name, "it is damaged, or no PNG picture of a usable size") from error


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def _likely_bytes(image: Image.Image) -> float:
    """Of its PNG file, by a band in eight: to write all of a large one only to find it too large takes seconds."""
    is_taken = np.arange(image.height) % 256 < 32
    return len(_png(Image.fromarray(np.asarray(image)[is_taken]))) * image.height / int(is_taken.sum())


def _other_size(found: tuple[int, ...], wanted: tuple[int, ...]) -> OptionError:
    return OptionError(
        "mask",
        f"The mask is {found[0]} × {found[1]} px, but the picture is {wanted[0]} × {wanted[1]} px. "
        "Give a mask of that size.",
    )

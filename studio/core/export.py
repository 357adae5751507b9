"""Pictures for other programs: PNG, JPEG or WebP, tagged sRGB, with the recipe in them or stripped of everything.

A PNG is the studio's own file. JPEG and WebP carry AUTOMATIC1111's infotext in EXIF's UserComment, and our recipe in
an XMP attribute; `studio.core.foreign` reads both back.
"""

import html
import io

import numpy as np
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

import studio
from studio.core.errors import OptionError
from studio.core.events import Picture
from studio.core.export_options import ExportOptions, Format
from studio.core.foreign.exif import XMP_ATTRIBUTE, XMP_NAMESPACE
from studio.core.infotext import infotext
from studio.core.metadata import write_png
from studio.core.recipe import Recipe
from studio.core.recipe_json import recipe_to_json

_EXIF_IFD, _USER_COMMENT, _COLOR_SPACE, _SOFTWARE = 0x8769, 0x9286, 0xA001, 0x0131
_SRGB = 1
_UNICODE = b"UNICODE\0"
_BLOCK_MAX = 65_000
"""Bytes of EXIF or XMP in a JPEG: a segment's length is 16 bits wide, and has its own mark in it."""
_PROFILE_DATE = slice(24, 36)
"""Where an ICC profile states when it was made (ICC.1:2022, 7.2.8): the same picture must give the same bytes."""
_FULL_COLOUR_FROM = 90
"""JPEG quality from which colour is kept at full resolution."""


def export_bytes(picture: Picture, recipe: Recipe, options: ExportOptions) -> bytes:
    """`picture` as a file's bytes. The same arguments give the same bytes.

    Args:
        picture: (height, width, 3) uint8, sRGB.
        recipe: what made it; written only where the options say so.
        options: format, quality, and whether the recipe goes along.

    Raises:
        OptionError: for a picture or a recipe that is too large for the format.
        ValueError: for an array of another shape or type.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(f"a picture is (height, width, 3) uint8, not {picture.shape} {picture.dtype}")
    if max(picture.shape[:2]) > options.format.side_max:
        raise OptionError(
            "format", f"{options.format} holds at most {options.format.side_max:,} px a side. Choose {Format.PNG}."
        )
    if options.format is Format.PNG:
        return write_png(picture, recipe) if options.with_recipe else _bare_png(picture)
    return _lossy(picture, recipe if options.with_recipe else None, options)


def _bare_png(picture: Picture) -> bytes:
    chunks = PngInfo()
    chunks.add(b"sRGB", b"\0")  # perceptual intent
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "PNG", pnginfo=chunks)
    return buffer.getvalue()


def _lossy(picture: Picture, recipe: Recipe | None, options: ExportOptions) -> bytes:
    metadata = {} if recipe is None else {"exif": _exif(recipe), "xmp": _xmp(recipe)}
    if options.format is Format.JPEG and any(len(block) > _BLOCK_MAX for block in metadata.values()):
        raise OptionError(
            "format", f"The recipe is too long for a JPEG. Choose {Format.WEBP} or {Format.PNG}, or leave it out."
        )
    full = options.quality >= _FULL_COLOUR_FROM
    jpeg = {"subsampling": "4:4:4" if full else "4:2:0", "optimize": True}
    own = jpeg if options.format is Format.JPEG else {"method": 4}
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.save(buffer, options.format.name, quality=options.quality, icc_profile=srgb_profile(), **own, **metadata)
    return buffer.getvalue()


def srgb_profile() -> bytes:
    """An ICC profile of sRGB, the same each time."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[_PROFILE_DATE] = (2026).to_bytes(2, "big") + b"\0\1\0\1" + bytes(6)
    return bytes(made)


def _exif(recipe: Recipe) -> bytes:
    exif = Image.Exif()
    exif[_SOFTWARE] = f"Latent Studio {studio.__version__}"
    inner = exif.get_ifd(_EXIF_IFD)
    inner[_USER_COMMENT] = _UNICODE + infotext(recipe).encode("utf-16-be")
    inner[_COLOR_SPACE] = _SRGB
    return exif.tobytes()


def _xmp(recipe: Recipe) -> bytes:
    """ISO 16684-1, section 7: a packet with one description, and on it one attribute. The JSON is ASCII."""
    value = html.escape(recipe_to_json(recipe))
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:latentstudio="{XMP_NAMESPACE}" {XMP_ATTRIBUTE}="{value}"/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()

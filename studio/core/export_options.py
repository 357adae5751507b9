"""How pictures are exported: what the artist chooses, and the settings remember."""

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

DEFAULT_PATTERN = "{date} {prompt words} {seed}"


class Format(enum.StrEnum):
    """File formats."""

    PNG = "PNG"
    JPEG = "JPEG"
    WEBP = "WebP"

    @property
    def suffix(self) -> str:
        """The file name's ending, with its dot."""
        return {Format.PNG: ".png", Format.JPEG: ".jpg", Format.WEBP: ".webp"}[self]

    @property
    def side_max(self) -> int:
        """Pixels a side can have."""
        return {Format.PNG: 2**31 - 1, Format.JPEG: 65_535, Format.WEBP: 16_383}[self]


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How pictures are exported."""

    format: Annotated[Format, Meta(title="Format", description="PNG loses nothing; JPEG and WebP are smaller.")] = (
        Format.PNG
    )
    quality: Annotated[
        int, Meta(ge=1, le=100, title="Quality", description="For JPEG and WebP: higher is larger and finer.")
    ] = 92
    with_recipe: Annotated[
        bool, Meta(title="With recipe", description="Keep in the file how the picture was made.")
    ] = True
    pattern: Annotated[
        str, Meta(max_length=200, title="File name", description="Fields in braces, such as {date} and {seed}.")
    ] = DEFAULT_PATTERN
    folder: Annotated[
        str, Meta(max_length=4096, title="Folder", description="Where the files go; empty for the home folder.")
    ] = ""

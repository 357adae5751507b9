"""The contact sheet of a grid: every picture in its place, with what varies written beside it."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

import studio
from studio.core.events import Picture
from studio.core.grid import describe
from studio.core.grid_axis import Axis
from studio.core.recipe import Recipe

_PIXELS_MAX = 48_000_000
_SIDE_MAX = 15_000
"""Pixels of all pictures together, and of a row or column of them: they are made smaller where they would take more."""
_CELL_MIN = 24
_GROUND, _EMPTY, _INK = (32, 32, 32), (24, 24, 24), (222, 222, 222)
_LABEL_MAX = 200
"""Characters of a label; more have no room anyway."""
_LINES_MAX = 4


class ContactSheet:
    """The first axis goes across, the second down, the third block by block. Pictures are put in as they come."""

    def __init__(self, axes: Sequence[Axis], recipes: Sequence[Recipe]) -> None:
        """`recipes` are those of the pictures, in the grid's order."""
        self._description = f"Contact sheet of {len(recipes)} pictures. {describe(axes).capitalize()}."
        labels: list[tuple[str, ...]] = [*(axis.labels for axis in axes), ("",), ("",)]
        self._across, self._down, self._blocks = labels[:3]
        self._cell = _cell(recipes, len(self._across), len(self._down) * len(self._blocks))
        self._gap = max(2, self._cell[0] // 64)
        self._margin = 3 * self._gap
        self._font = ImageFont.load_default(size=min(28, max(11, self._cell[1] // 14)))
        self._line_px = sum(self._font.getmetrics()) if isinstance(self._font, ImageFont.FreeTypeFont) else 12
        self._headers = [self._wrapped(each, self._cell[0]) for each in self._across]
        self._measure()
        self._sheet = self._labelled()

    def put(self, number: int, picture: Picture) -> None:
        """Put the picture of that number, from 0, into its place; it is made smaller to fit, never larger."""
        shown = Image.fromarray(picture)
        shown.thumbnail(self._cell, Image.Resampling.LANCZOS)
        left, top = self._corner(number)
        room = (self._cell[0] - shown.width, self._cell[1] - shown.height)
        self._sheet.paste(shown, (left + room[0] // 2, top + room[1] // 2))

    @property
    def picture(self) -> Picture:
        """The sheet as it is now, (height, width, 3) uint8."""
        return np.asarray(self._sheet)

    def png(self) -> bytes:
        """The sheet as a PNG file. It has no recipe, being no one picture's: its text chunks say what it is."""
        chunks = PngInfo()
        chunks.add(b"sRGB", b"\0")
        chunks.add_itxt("Title", "Contact sheet")
        chunks.add_itxt("Description", self._description)
        chunks.add_itxt("Software", f"Latent Studio {studio.__version__}")
        buffer = io.BytesIO()
        self._sheet.save(buffer, "PNG", pnginfo=chunks)
        return buffer.getvalue()

    # Laying out.

    def _measure(self) -> None:
        widest = max(self._font.getlength(label[:_LABEL_MAX]) for label in self._down)
        self._left_px = min(int(widest) + 1, max(self._cell[0], 120)) + 2 * self._gap if any(self._down) else 0
        self._title_px = self._line_px + 3 * self._gap if any(self._blocks) else 0
        lines = max(len(lines) for lines in self._headers)
        self._head_px = lines * self._line_px + self._gap if any(self._across) else 0
        self._block_px = self._title_px + self._head_px + len(self._down) * (self._cell[1] + self._gap)

    def _corner(self, number: int) -> tuple[int, int]:
        """Left and top of a picture's place."""
        row, column = divmod(number, len(self._across))
        block, row = divmod(row, len(self._down))
        left = self._margin + self._left_px + column * (self._cell[0] + self._gap)
        top = self._margin + block * self._block_px + self._title_px + self._head_px
        return left, top + row * (self._cell[1] + self._gap)

    def _labelled(self) -> Image.Image:
        """The sheet without pictures."""
        wide = len(self._across) * (self._cell[0] + self._gap) - self._gap
        size = (2 * self._margin + self._left_px + wide, 2 * self._margin + len(self._blocks) * self._block_px)
        sheet = Image.new("RGB", size, _GROUND)
        draw = ImageDraw.Draw(sheet)
        for block, title in enumerate(self._blocks):
            first = block * len(self._down) * len(self._across)
            left, top = self._corner(first)
            above = top - self._head_px - self._gap
            self._write(draw, self._wrapped(title, wide, 1), (left, above), "ls")
            for column, lines in enumerate(self._headers):
                left, top = self._corner(first + column)
                self._write(draw, lines, (left + self._cell[0] // 2, top - self._head_px), "ma")
            self._draw_rows(draw, first)
        return sheet

    def _draw_rows(self, draw: ImageDraw.ImageDraw, first: int) -> None:
        for row, label in enumerate(self._down):
            number = first + row * len(self._across)
            left, top = self._corner(number)
            lines = self._wrapped(label, self._left_px - 2 * self._gap) if label else []
            half = (len(lines) * self._line_px - self._cell[1]) // 2
            self._write(draw, lines, (left - 2 * self._gap, top - half), "ra")
            for column in range(len(self._across)):
                left, top = self._corner(number + column)
                draw.rectangle((left, top, left + self._cell[0] - 1, top + self._cell[1] - 1), _EMPTY)

    def _write(self, draw: ImageDraw.ImageDraw, lines: Sequence[str], at: tuple[int, int], anchor: str) -> None:
        for number, line in enumerate(lines):
            draw.text((at[0], at[1] + number * self._line_px), line, _INK, self._font, anchor)

    def _wrapped(self, text: str, width_px: int, lines_max: int = _LINES_MAX) -> list[str]:
        """`text` in lines of that width; what has no room ends in an ellipsis."""
        lines = [""]
        for word in text[:_LABEL_MAX].split():
            longer = f"{lines[-1]} {word}".strip()
            if self._font.getlength(longer) <= width_px or not lines[-1]:
                lines[-1] = longer
            else:
                lines.append(word)
        if len(lines) > lines_max:
            lines[lines_max - 1 :] = [" ".join(lines[lines_max - 1 :])]
        return [self._cut(line, width_px) for line in lines]

    def _cut(self, line: str, width_px: int) -> str:
        if self._font.getlength(line) <= width_px:
            return line
        while line and self._font.getlength(f"{line}…") > width_px:
            line = line[:-1]
        return f"{line.rstrip()}…"


def _cell(recipes: Sequence[Recipe], columns: int, rows: int) -> tuple[int, int]:
    """Width and height of a place: the largest picture's, made smaller where all together would be too large."""
    width, height = max(each.width for each in recipes), max(each.height for each in recipes)
    pixels = (_PIXELS_MAX / (width * height * columns * rows)) ** 0.5
    scale = min(1.0, pixels, _SIDE_MAX / (width * columns), _SIDE_MAX / (height * rows))
    return max(_CELL_MIN, int(width * scale)), max(_CELL_MIN, int(height * scale))

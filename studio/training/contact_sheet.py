"""Draws a sheet of scenes with their captions: ``python -m studio.training.contact_sheet OUT.png``."""

import argparse
import textwrap
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from studio.training.captions import caption
from studio.training.scenes import Style, draw_scene, sample_scene

_GAP_PX = 8
_TEXT_PX = 13
_LINES = 4
_LINE_PX = 16
_BACKGROUND = (250, 250, 250)
_TEXT_COLOR = (40, 40, 46)


def contact_sheet(
    columns: int, rows: int, seed: int, *, size_px: int = 256, captions: bool = True, style: Style | None = None,
    held_out: bool = False,
) -> npt.NDArray[np.uint8]:  # fmt: skip
    """A sheet of ``columns`` × ``rows`` scenes from ``seed`` on, uint8 (H, W, 3); ``style`` keeps one style only."""
    cell_height = size_px + _GAP_PX + (_LINES * _LINE_PX if captions else 0)
    sheet = Image.new("RGB", (columns * (size_px + _GAP_PX) + _GAP_PX, rows * cell_height + _GAP_PX), _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_TEXT_PX)
    scenes = (sample_scene(s, held_out=held_out) for s in range(seed, seed + 10_000_000))
    wanted = (scene for scene in scenes if style is None or scene.style is style)
    for index in range(columns * rows):
        scene = next(wanted)
        x = _GAP_PX + index % columns * (size_px + _GAP_PX)
        y = _GAP_PX + index // columns * cell_height
        sheet.paste(Image.fromarray(draw_scene(scene, size_px, size_px)), (x, y))
        if captions:
            lines = textwrap.wrap(caption(scene, seed + index), width=max(10, size_px // 7))[:_LINES]
            pen.multiline_text((x, y + size_px + 2), "\n".join(lines), fill=_TEXT_COLOR, font=font, spacing=2)
    return np.asarray(sheet, dtype=np.uint8)


def main() -> None:
    """Parse the command line and write the sheet."""
    parser = argparse.ArgumentParser(prog="python -m studio.training.contact_sheet", description=__doc__)
    parser.add_argument("out", type=Path, help="the PNG file to write")
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0, help="the first scene's seed")
    parser.add_argument("--size", type=int, default=256, help="pixels a side of each scene")
    parser.add_argument("--style", type=Style, choices=list(Style), default=None, help="only this style")
    parser.add_argument("--captions", action="store_true", help="write a caption under each scene")
    parser.add_argument("--held-out", action="store_true", help="only scenes with held-out combinations")
    arguments = parser.parse_args()
    sheet = contact_sheet(
        arguments.columns, arguments.rows, arguments.seed, size_px=arguments.size, captions=arguments.captions,
        style=arguments.style, held_out=arguments.held_out,
    )  # fmt: skip
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(arguments.out)


if __name__ == "__main__":
    main()

"""The stage `samples`: sheets of the exported model, to choose its defaults by looking, and for its card.

All by the studio's own engine. Rows and columns are written into the sheets where they are not seeds.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from studio.core.blend import Blend, Keyframe, Law
from studio.core.errors import OptionError
from studio.training.generator import Generator
from studio.training.judge.questions import questions
from studio.training.places import Places
from studio.training.sampling import SHEET_PROMPTS
from studio.training.shards import UInt8
from studio.training.sheets import grid, write_sheet

STEPS = (4, 8, 20, 50)
GUIDANCE = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0)
SEED = 7
CORNERS = tuple(SHEET_PROMPTS[index] for index in (0, 1, 3, 13))
"""A sea, mountains, hills, an aurora: what the blends of four lie between."""
SIDE = 5
WALK = 9
_HALF_PX = 128
_LABEL_PX = 150

Row: TypeAlias = tuple[str, list[UInt8]]


def write_samples(places: Places) -> None:
    """Write all sheets under `samples/` of the work folder."""
    generator, folder = Generator(places), places.run("samples")
    prompts = [question.prompt for question in questions(64, held_out=False)]
    write_sheet(folder / "prompts-64.jpg", np.stack([half(each) for each in generator.paint_all(prompts)]), 8)
    write_sheet(folder / "prompts.jpg", generator.paint_all(SHEET_PROMPTS, SEED), 4)
    write_sheet(folder / "seeds.jpg", generator.paint_all(SHEET_PROMPTS[:1] * 16, SEED), 4)
    write_sheet(folder / "one-seed.jpg", np.stack([generator.paint(prompt, SEED) for prompt in SHEET_PROMPTS]), 4)
    write_rows(folder / "guidance.jpg", [guidance_row(generator, value) for value in GUIDANCE])
    write_rows(folder / "schedulers.jpg", scheduler_rows(generator))
    write_rows(folder / "walks.jpg", [walk_row(generator, prompt) for prompt in CORNERS])
    write_sheet(folder / "blends-of-four.jpg", blends_of_four(generator), SIDE)


def guidance_row(generator: Generator, guidance: float) -> Row:
    """The same prompts and seeds at one guidance scale."""
    return f"guidance {guidance:g}", list(generator.paint_all(SHEET_PROMPTS[:8], SEED, guidance=guidance))


def scheduler_rows(generator: Generator) -> list[Row]:
    """Every scheduler offered, at every number of steps it takes, from one prompt and seed."""
    rows: list[Row] = []
    for scheduler, info in generator.info.schedulers.items():
        pictures = []
        for steps in STEPS:
            changes = {"scheduler": scheduler, "schedule": info.schedules[0], "steps": steps}
            try:
                pictures.append(generator.paint(SHEET_PROMPTS[0], SEED, **changes))
            except OptionError:  # a solver that wants more steps than these
                pictures.append(np.full_like(generator.paint(SHEET_PROMPTS[0], SEED, steps=1), 255))
        rows.append((f"{scheduler.value}, {info.schedules[0].value}", pictures))
    return rows


def walk_row(generator: Generator, prompt: str) -> Row:
    """From one seed to another along the arc."""
    ends = (Keyframe(seed=31), Keyframe(seed=32))
    shares = [(1.0 - t, t) for t in np.linspace(0.0, 1.0, WALK).tolist()]
    blends = [Blend(keyframes=ends, noise_shares=each, prompt_shares=each, law=Law.SLERP) for each in shares]
    return prompt, [generator.paint(prompt, 31, blend=blend) for blend in blends]


def blends_of_four(generator: Generator) -> UInt8:
    """A square between four keyframes, each with its prompt and seed: `(SIDE², h, w, 3)`."""
    keyframes = tuple(Keyframe(seed=SEED + index, prompt=prompt) for index, prompt in enumerate(CORNERS))
    places = np.linspace(0.0, 1.0, SIDE).tolist()
    pictures = []
    for down in places:
        for across in places:
            shares = ((1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across)
            blend = Blend(keyframes=keyframes, noise_shares=shares, prompt_shares=shares)
            pictures.append(generator.paint(CORNERS[0], SEED, blend=blend))
    return np.stack(pictures)


def half(picture: UInt8) -> UInt8:
    """The picture at the size it has on a sheet of many."""
    return np.asarray(Image.fromarray(picture).resize((_HALF_PX, _HALF_PX), Image.Resampling.LANCZOS))


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Rows of small pictures, what each row is written before it."""
    stacked = np.stack([half(picture) for _, pictures in rows for picture in pictures])
    sheet = Image.fromarray(grid(stacked, len(rows[0][1])))
    page = Image.new("RGB", (sheet.width + _LABEL_PX, sheet.height), "white")
    page.paste(sheet, (_LABEL_PX, 0))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    for index, (label, _) in enumerate(rows):
        top = 8 + index * (sheet.height - 4) // len(rows)
        pen.multiline_text((6, top), "\n".join(textwrap.wrap(label, 22)), fill="black", font=font, spacing=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, quality=90, subsampling=0)

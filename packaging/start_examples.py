"""Make the examples of pictures as input: a sketch painted over, a mask filled, a picture gone on beyond its edges.

python packaging/start_examples.py [FOLDER] [--seeds SKETCH MASK ROOM] [--model NAME]

Writes start-sketch.jpg, start-mask.jpg and start-outpaint.jpg. Nothing is retouched.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFont

from studio.core.events import Event, Picture
from studio.core.models import resolve_model
from studio.core.outpaint import outpainted
from studio.core.places import resources_dir
from studio.core.recipe import ModelRef, Recipe
from studio.core.start_picture import Mask, start_from_picture
from studio.engine.local import LocalEngine

MODELS = resources_dir() / "models"
OUT = resources_dir() / "screenshots"
_SEA = "a calm sea at sunset"
_BOAT = "a red sailboat on a calm sea at sunset"
_HILLS = "rolling hills at noon"
_HOUSE = "a red house on rolling hills at noon"
_STRENGTHS = (0.2, 0.35)
_SEEDS = (3, 2, 1)
"""Of the sketch, the mask and the room around a picture."""
_NEXT = 10
"""How far from it the seed is of what is painted into a picture."""
_ROOM_PX = 128
_GAP, _CAPTION_PX, _QUALITY = 8, 24, 90
_GROUND, _INK, _VEIL = (250, 250, 250), (60, 60, 60), (255, 60, 60)

Captioned: TypeAlias = tuple[str, Picture]
Make: TypeAlias = Callable[[LocalEngine, Recipe], list[Captioned]]


def main() -> int:
    """Parse the arguments, make the pictures, save the figures."""
    arguments = _parser().parse_args()
    engine, base = LocalEngine((MODELS,)), _base(arguments.model)
    folder = Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    makers: dict[str, Make] = {"sketch": _painted_over, "mask": _filled, "outpaint": _gone_on}
    for (name, make), seed in zip(makers.items(), arguments.seeds, strict=True):
        path = folder / f"start-{name}.jpg"
        _side_by_side(make(engine, replace(base, seed=seed))).save(path, quality=_QUALITY, optimize=True)
        print(path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make the examples of pictures as input.")
    parser.add_argument("folder", nargs="?", default=str(OUT), metavar="FOLDER")
    parser.add_argument("--seeds", type=int, nargs=3, default=_SEEDS, metavar=("SKETCH", "MASK", "ROOM"))
    parser.add_argument("--model", default="Horizon")
    return parser


def _base(model: str) -> Recipe:
    wanted = resolve_model(model, (MODELS,)).defaults
    return Recipe(
        width=wanted.width, height=wanted.height, steps=wanted.steps, guidance=wanted.guidance,
        scheduler=wanted.scheduler, schedule=wanted.schedule, model=ModelRef(name=model),
    )  # fmt: skip


def _made(engine: LocalEngine, recipe: Recipe) -> Picture:
    return engine.generate(recipe, _silent).picture


def _silent(_event: Event) -> None:
    """Nothing is shown on the way."""


def _painted_over(engine: LocalEngine, base: Recipe) -> list[Captioned]:
    """A few coloured shapes, and what becomes of them at rising strengths."""
    sketch, base = _sketch(base.width, base.height), replace(base, prompt=_BOAT)
    made = [
        (f"strength {each:g}", _made(engine, replace(base, start=start_from_picture(sketch, strength=each))))
        for each in _STRENGTHS
    ]
    return [("a rough sketch", sketch), *made]


def _filled(engine: LocalEngine, base: Recipe) -> list[Captioned]:
    """A picture, where it is painted, and what is there now."""
    sea = _made(engine, replace(base, prompt=_SEA))
    height, width = sea.shape[:2]
    painted = Image.new("L", (width, height))
    box = (0.39 * width, 0.23 * height, 0.82 * width, 0.74 * height)
    ImageDraw.Draw(painted).rounded_rectangle(box, 32, fill=255)
    mask: Mask = np.asarray(painted)
    start = start_from_picture(sea, strength=1.0, mask=mask)
    boat = _made(engine, replace(base, prompt=_BOAT, seed=base.seed + _NEXT, start=start))
    return [("before", sea), ("a mask is painted", _veiled(sea, mask)), (f"“{_BOAT}”", boat)]


def _gone_on(engine: LocalEngine, base: Recipe) -> list[Captioned]:
    """A picture, and the wider one that it lies in the middle of."""
    multiple = resolve_model(base.model.name, (MODELS,)).size_multiple
    house = _made(engine, replace(base, prompt=_HOUSE))
    start, width, height = outpainted(house, _ROOM_PX, 0, _ROOM_PX, 0, multiple=multiple)
    room = replace(base, prompt=_HILLS, seed=base.seed + _NEXT, width=width, height=height, start=start)
    wide = _made(engine, room)
    return [("before", house), (f"extended by {_ROOM_PX} px on both sides", wide)]


def _sketch(width: int, height: int) -> Picture:
    """A sailboat and the sun, as anyone would draw them with six shapes."""
    image = Image.new("RGB", (width, height), (250, 150, 80))
    draw = ImageDraw.Draw(image)

    def shape(colour: tuple[int, int, int], *places: tuple[float, float]) -> None:
        draw.polygon([(x * width, y * height) for x, y in places], fill=colour)

    shape((190, 70, 130), (0, 0), (1, 0), (1, 0.27), (0, 0.27))
    shape((150, 70, 110), (0, 0.55), (1, 0.55), (1, 1), (0, 1))
    draw.ellipse((0.12 * width, 0.27 * height, 0.31 * width, 0.47 * height), fill=(255, 235, 150))
    shape((200, 30, 40), (0.59, 0.57), (0.665, 0.23), (0.665, 0.57))
    shape((220, 50, 50), (0.685, 0.57), (0.685, 0.29), (0.8, 0.57))
    shape((90, 20, 40), (0.55, 0.585), (0.84, 0.585), (0.78, 0.65), (0.6, 0.65))
    return np.array(image)


def _veiled(picture: Picture, mask: Mask) -> Picture:
    share = mask.astype(np.float32)[:, :, None] / 255 * 0.6
    veiled: Picture = (picture * (1 - share) + np.array(_VEIL) * share).astype(np.uint8)
    return veiled


def _side_by_side(pictures: list[Captioned]) -> Image.Image:
    width = sum(each.shape[1] for _, each in pictures) + _GAP * (len(pictures) - 1)
    height = max(each.shape[0] for _, each in pictures)
    figure = Image.new("RGB", (width, height + _CAPTION_PX), _GROUND)
    draw, font, left = ImageDraw.Draw(figure), ImageFont.load_default(size=13), 0
    for caption, each in pictures:
        figure.paste(Image.fromarray(each), (left, 0))
        draw.text((left, height + _CAPTION_PX // 2), caption, fill=_INK, font=font, anchor="lm")
        left += each.shape[1] + _GAP
    return figure


if __name__ == "__main__":
    raise SystemExit(main())

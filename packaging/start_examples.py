"""Make the examples of pictures as input: a sketch painted over, a mask filled, a picture gone on beyond its edges.

python packaging/start_examples.py [FOLDER] [--seed N] [--model NAME]

Writes start-sketch.png, start-mask.png and start-outpaint.png. Nothing is retouched.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from msgspec.structs import replace
from PIL import Image, ImageDraw

from studio.core.events import Event, Picture
from studio.core.models import resolve_model
from studio.core.outpaint import outpainted
from studio.core.places import resources_dir
from studio.core.recipe import ModelRef, Recipe
from studio.core.start_picture import Mask, start_from_picture
from studio.engine.local import LocalEngine

MODELS = resources_dir() / "models"
OUT = resources_dir() / "screenshots"
_SEA = "a red sailboat on a calm sea at sunset"
_LIGHTHOUSE = "a lighthouse on a calm sea at sunset"
_MOUNTAINS = "snowy mountains above a lake at sunset"
_STRENGTHS = (0.3, 0.45, 0.6)
_ROOM_PX = 64
_GAP = 8
_GROUND, _VEIL = (250, 250, 250), (255, 60, 60)


def main() -> int:
    """Parse the arguments, make the pictures, save the figures."""
    arguments = _parser().parse_args()
    engine, base = LocalEngine((MODELS,)), _base(arguments.model, arguments.seed)
    folder = Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    sea = _made(engine, replace(base, prompt=_SEA))
    for name, pictures in (
        ("sketch", _painted_over(engine, base)),
        ("mask", _filled(engine, base, sea)),
        ("outpaint", _gone_on(engine, base, sea)),
    ):
        _side_by_side(pictures).save(folder / f"start-{name}.png", optimize=True)
        print(folder / f"start-{name}.png")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make the examples of pictures as input.")
    parser.add_argument("folder", nargs="?", default=str(OUT), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--model", default="Horizon")
    return parser


def _base(model: str, seed: int) -> Recipe:
    wanted = resolve_model(model, (MODELS,)).defaults
    return Recipe(
        width=wanted.width, height=wanted.height, steps=wanted.steps, guidance=wanted.guidance,
        scheduler=wanted.scheduler, schedule=wanted.schedule, model=ModelRef(name=model), seed=seed,
    )  # fmt: skip


def _made(engine: LocalEngine, recipe: Recipe) -> Picture:
    return engine.generate(recipe, _silent).picture


def _silent(_event: Event) -> None:
    """Nothing is shown on the way."""


def _painted_over(engine: LocalEngine, base: Recipe) -> list[Picture]:
    """A few coloured shapes, and what becomes of them at rising strengths."""
    sketch = _sketch(base.width, base.height)
    recipes = [replace(base, prompt=_MOUNTAINS, start=start_from_picture(sketch, strength=each)) for each in _STRENGTHS]
    return [sketch, *(_made(engine, each) for each in recipes)]


def _filled(engine: LocalEngine, base: Recipe, sea: Picture) -> list[Picture]:
    """A picture, where it is painted, and what is there now."""
    height, width = sea.shape[:2]
    painted = Image.new("L", (width, height))
    ImageDraw.Draw(painted).rounded_rectangle((width // 2, height // 5, width - 8, 4 * height // 5), 32, fill=255)
    mask: Mask = np.asarray(painted)
    start = start_from_picture(sea, strength=1.0, mask=mask)
    return [sea, _veiled(sea, mask), _made(engine, replace(base, prompt=_LIGHTHOUSE, start=start))]


def _gone_on(engine: LocalEngine, base: Recipe, sea: Picture) -> list[Picture]:
    """A picture, and the wider one that it lies in the middle of."""
    multiple = resolve_model(base.model.name, (MODELS,)).size_multiple
    start, width, height = outpainted(sea, _ROOM_PX, 0, _ROOM_PX, 0, multiple=multiple)
    return [sea, _made(engine, replace(base, prompt=_SEA, width=width, height=height, start=start))]


def _sketch(width: int, height: int) -> Picture:
    image = Image.new("RGB", (width, height), (255, 170, 110))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, height // 4), fill=(150, 90, 150))
    draw.ellipse((width * 0.68, height * 0.22, width * 0.84, height * 0.38), fill=(255, 240, 170))
    peaks = [(0, 0.6), (0.2, 0.25), (0.38, 0.5), (0.55, 0.2), (0.8, 0.55), (1, 0.45), (1, 0.66), (0, 0.66)]
    draw.polygon([(x * width, y * height) for x, y in peaks], fill=(110, 110, 150))
    draw.polygon([(x * width, y * height) for x, y in ((0.12, 0.4), (0.2, 0.25), (0.28, 0.38))], fill="white")
    draw.polygon([(x * width, y * height) for x, y in ((0.47, 0.34), (0.55, 0.2), (0.64, 0.34))], fill="white")
    draw.rectangle((0, height * 0.66, width, height), fill=(70, 90, 140))
    return np.array(image)


def _veiled(picture: Picture, mask: Mask) -> Picture:
    share = mask.astype(np.float32)[:, :, None] / 255 * 0.6
    veiled: Picture = (picture * (1 - share) + np.array(_VEIL) * share).astype(np.uint8)
    return veiled


def _side_by_side(pictures: list[Picture]) -> Image.Image:
    width = sum(each.shape[1] for each in pictures) + _GAP * (len(pictures) - 1)
    figure = Image.new("RGB", (width, max(each.shape[0] for each in pictures)), _GROUND)
    left = 0
    for each in pictures:
        figure.paste(Image.fromarray(each), (left, 0))
        left += each.shape[1] + _GAP
    return figure


if __name__ == "__main__":
    raise SystemExit(main())

"""Train two LoRAs on Horizon for a minute each, and show what they do: by themselves at rising strengths, and together.

python packaging/lora_example.py [FILE] [--steps N] [--seed N] [--keep FOLDER]

Writes the figure resources/screenshots/lora.png. Nothing is retouched: every picture is the studio's own engine's.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFont

from studio.core.adapters import AdapterUse
from studio.core.events import Event, Picture
from studio.core.models import resolve_model
from studio.core.places import resources_dir
from studio.core.recipe import ModelRef, Recipe
from studio.engine.local import LocalEngine
from studio.training.lora import Lesson, sepia, train_lora, vignette, write_lora

MODEL = resources_dir() / "models" / "horizon"
OUT = resources_dir() / "screenshots" / "lora.png"
_PROMPTS = (
    "a red sailboat on a calm sea at sunset",
    "snowy mountains above a lake",
    "a lighthouse at night with stars",
)
_LOOKS = {"sepia": sepia, "vignette": vignette}
_COLUMNS: tuple[tuple[tuple[str, float], ...], ...] = (
    (),
    (("sepia", 0.5),),
    (("sepia", 1.0),),
    (("vignette", 1.0),),
    (("sepia", 1.0), ("vignette", 1.0)),
)
_SIDE, _GAP, _HEAD = 160, 6, 22


def main() -> int:
    """Parse the arguments, train, make the pictures, save the figure."""
    arguments = _parser().parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(arguments.keep or temporary)
        for name, look in _LOOKS.items():
            path = home / "loras" / f"{name}.safetensors"
            if not path.is_file():
                halves, losses = train_lora(MODEL, look, Lesson(steps=arguments.steps))
                print(f"{name}: loss {losses[0]:.4f} → {losses[-1]:.4f} in {len(losses)} steps")
                write_lora(path, halves)
        rows = _rows(LocalEngine((MODEL.parent, home / "models"), device="cpu"), arguments.seed)
    figure = _figure(rows)
    dithered = figure.quantize(
        palette=figure.quantize(256, kmeans=4), dither=Image.Dither.FLOYDSTEINBERG
    )  # a third of the bytes
    dithered.save(arguments.file, optimize=True)
    print(arguments.file)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train two LoRAs on Horizon, and show what they do.")
    parser.add_argument("file", nargs="?", default=str(OUT), metavar="FILE")
    parser.add_argument("--steps", type=int, default=Lesson().steps)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", metavar="FOLDER", help="keep the LoRAs in the folder loras there, and use those")
    return parser


def _rows(engine: LocalEngine, seed: int) -> list[list[Picture]]:
    """A row for each prompt, a column for each set of LoRAs."""
    wanted = resolve_model("Horizon", (MODEL.parent,)).defaults
    base = Recipe(
        width=wanted.width, height=wanted.height, steps=wanted.steps, guidance=wanted.guidance,
        scheduler=wanted.scheduler, schedule=wanted.schedule, model=ModelRef(name="Horizon"), seed=seed,
    )  # fmt: skip
    return [[_made(engine, replace(base, prompt=prompt), each) for each in _COLUMNS] for prompt in _PROMPTS]


def _made(engine: LocalEngine, recipe: Recipe, uses: tuple[tuple[str, float], ...]) -> Picture:
    adapters = tuple(AdapterUse(name=name, strength=strength) for name, strength in uses)
    return engine.generate(replace(recipe, adapters=adapters), _silent).picture


def _silent(_event: Event) -> None:
    """Nothing is shown on the way."""


def _figure(rows: list[list[Picture]]) -> Image.Image:
    step = _SIDE + _GAP
    figure = Image.new("RGB", (len(_COLUMNS) * step - _GAP, _HEAD + len(rows) * step - _GAP), "white")
    pen, font = ImageDraw.Draw(figure), ImageFont.load_default(12)
    for column, uses in enumerate(_COLUMNS):
        title = " + ".join(f"{name} {strength:g}" for name, strength in uses) or "without"
        pen.text((column * step + 2, 4), title, fill="black", font=font)
        for row, pictures in enumerate(rows):
            shown = Image.fromarray(pictures[column]).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
            figure.paste(shown, (column * step, _HEAD + row * step))
    return figure


if __name__ == "__main__":
    raise SystemExit(main())

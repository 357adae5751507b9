"""Make the figure of the blend laws: four keyframes and what lies in their middle under each law.

python packaging/blend_laws.py [OUT.png] [--seeds A,B,C,D] [--prompt TEXT] [--model NAME]

Under every picture stand its contrast, the standard deviation of its pixels, and its detail, that of what a blur over
an eighth of the picture takes away; of a middle, as shares of its keyframes' own. Nothing is retouched.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from studio.core.blend import Blend, Keyframe, Law
from studio.core.canvas_edits import blend_recipe
from studio.core.events import Event, Picture
from studio.core.models import resolve_model
from studio.core.places import resources_dir
from studio.core.recipe import ModelRef, Recipe
from studio.engine.local import LocalEngine

MODELS = resources_dir() / "models"
OUT = resources_dir() / "screenshots" / "blend-laws.png"
_SEEDS = "7,21,54,91"
_PROMPT = "a red sailboat on a calm sea at sunset"
_SIDE, _GAP, _LINE, _NAME, _TITLE = 192, 12, 22, 200, 44
_HEADLINE = "What lies between keyframes: the noise's law keeps what a plain mean smooths away"
_GROUND, _INK, _FAINT = (250, 250, 250), (30, 30, 30), (120, 120, 120)
_KEYFRAMES_OF, _NOTHING = ((0, 1), (2, 3), (0, 1, 2, 3)), ((), (), (), ())
"""Which keyframes each middle lies between; a keyframe lies between none."""
_PAIR, _ALL = (0.5, 0.5), (0.25, 0.25, 0.25, 0.25)
_ROWS: tuple[tuple[Law, str], ...] = (
    (Law.GRAM, "The studio's law\nkeeps the noise's length"),
    (Law.SLERP, "Slerp\nknows two keyframes only"),
    (Law.LERP, "Plain mean (lerp)\nshrinks the noise"),
)


def main() -> int:
    """Parse the arguments, make the pictures, save the figure."""
    arguments = _parser().parse_args()
    engine = LocalEngine((MODELS,))
    base = _base(arguments.model, arguments.prompt)
    ends = tuple(Keyframe(seed=int(seed)) for seed in arguments.seeds.split(","))
    corners = [_picture(engine, replace(base, seed=each.seed)) for each in ends]
    middles = {law: _middles(engine, base, ends, law) for law, _ in _ROWS}
    Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
    _figure(corners, middles).save(arguments.out, optimize=True)
    _print(corners, middles)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make the figure that compares the blend laws.")
    parser.add_argument("out", nargs="?", default=str(OUT), metavar="OUT.png")
    parser.add_argument("--seeds", default=_SEEDS, help="of the four keyframes, with commas between")
    parser.add_argument("--prompt", default=_PROMPT, help="of all four, so that only the noise is blended")
    parser.add_argument("--model", default="Horizon")
    return parser


def _base(model: str, prompt: str) -> Recipe:
    wanted = resolve_model(model, (MODELS,)).defaults
    return Recipe(
        prompt=prompt, width=wanted.width, height=wanted.height, steps=wanted.steps, guidance=wanted.guidance,
        scheduler=wanted.scheduler, schedule=wanted.schedule, model=ModelRef(name=model),
    )  # fmt: skip


def _middles(engine: LocalEngine, base: Recipe, ends: tuple[Keyframe, ...], law: Law) -> list[Picture | None]:
    """The middles of the first two, of the last two, and of all four; None where the law has no such thing."""
    parts = ((ends[:2], _PAIR), (ends[2:], _PAIR), (ends, _ALL))
    return [
        None if law is Law.SLERP and len(part) != 2 else _picture(engine, _blended(base, part, shares, law))
        for part, shares in parts
    ]


def _blended(base: Recipe, ends: tuple[Keyframe, ...], shares: tuple[float, ...], law: Law) -> Recipe:
    return blend_recipe(base, Blend(keyframes=ends, noise_shares=shares, prompt_shares=shares, law=law))


def _picture(engine: LocalEngine, recipe: Recipe) -> Picture:
    return engine.generate(recipe, _ignore).picture


def _ignore(event: Event) -> None:
    """Nobody watches."""


def _contrast(picture: Picture) -> float:
    return float(picture.astype(np.float64).std())


def _detail(picture: Picture) -> float:
    """The standard deviation of what is finer than an eighth of the picture."""
    soft = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(picture.shape[0] / 16))
    return float((picture.astype(np.float64) - np.asarray(soft, np.float64)).std())


_MEASURES = (_contrast, _detail)


def _figure(corners: list[Picture], middles: dict[Law, list[Picture | None]]) -> Image.Image:
    """Corners in the first row, then one row a law."""
    across, down = _SIDE + _GAP, _SIDE + 2 * _LINE + 4
    made = Image.new("RGB", (_NAME + 4 * across + _GAP, _TITLE + (len(_ROWS) + 1) * down + _GAP), _GROUND)
    draw = ImageDraw.Draw(made)
    draw.text((_GAP, _GAP), _HEADLINE, fill=_INK, font=_font(20))
    rows: list[tuple[str, tuple[str, ...], list[Picture | None]]] = [
        ("Four keyframes\none prompt, four seeds", ("A", "B", "C", "D"), list(corners))
    ]
    rows += [
        (name, ("middle of A and B", "middle of C and D", "middle of all four"), middles[law]) for law, name in _ROWS
    ]
    for number, (name, captions, pictures) in enumerate(rows):
        top = _TITLE + _GAP + number * down
        title, _, why = name.partition("\n")
        draw.text((_GAP, top + _SIDE / 2 - 18), title, fill=_INK, font=_font(17))
        draw.text((_GAP, top + _SIDE / 2 + 4), why, fill=_FAINT, font=_font(14))
        beside = _KEYFRAMES_OF if number else _NOTHING
        for column, (caption, picture) in enumerate(zip(captions, pictures, strict=True)):
            own = [corners[each] for each in beside[column]]
            numbers = "" if picture is None else _numbers(picture, own)
            _place(made, (_NAME + column * across, top), caption, numbers, picture)
    return made


def _place(made: Image.Image, at: tuple[int, int], caption: str, numbers: str, picture: Picture | None) -> None:
    draw = ImageDraw.Draw(made)
    left, top = at
    if picture is None:
        draw.rectangle((left, top, left + _SIDE - 1, top + _SIDE - 1), outline=(205, 205, 205))
        caption = f"{caption}: none"
    else:
        small = Image.fromarray(picture).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        made.paste(small, (left, top))
        draw.text((left, top + _SIDE + 18), numbers, fill=_FAINT, font=_font(12))
    draw.text((left, top + _SIDE + 3), caption, fill=_INK, font=_font(13))


def _numbers(picture: Picture, keyframes: list[Picture]) -> str:
    """Contrast and detail; as shares of the mean over `keyframes` where there are any."""
    if not keyframes:
        return f"contrast {_contrast(picture):.0f} · detail {_detail(picture):.0f}"
    contrast, detail = (measure(picture) / np.mean([measure(each) for each in keyframes]) for measure in _MEASURES)
    return f"contrast {contrast:.0%} · detail {detail:.0%}"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _print(corners: list[Picture], middles: dict[Law, list[Picture | None]]) -> None:
    """Each middle's contrast and detail ÷ the mean of the corners that it lies between."""
    for what, measure in (("contrast", _contrast), ("detail", _detail)):
        values = [measure(picture) for picture in corners]
        means = (np.mean(values[:2]), np.mean(values[2:]), np.mean(values))
        print(f"{what} of the corners " + "  ".join(f"{value:.1f}" for value in values))
        for law, pictures in middles.items():
            pairs = zip(pictures, means, strict=True)
            found = ["   –" if each is None else f"{measure(each) / mean:4.2f}" for each, mean in pairs]
            print(f"  {law:16} " + "  ".join(found) + "   of its corners: A and B, C and D, all four")


if __name__ == "__main__":
    sys.exit(main())

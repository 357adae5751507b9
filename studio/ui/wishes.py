"""What an artist's wish means for the recipe. Pure functions: a recipe in, a recipe out."""

import random
from typing import Any

import msgspec

from studio.core.errors import OptionError
from studio.core.models import Defaults, ModelInfo
from studio.core.recipe import SEED_MAX, ModelRef, Recipe
from studio.core.scheduler_choice import fitting_settings
from studio.core.schedulers import Schedule, Scheduler

RATIOS = ((1, 1), (4, 3), (3, 2), (16, 9), (3, 4), (2, 3), (9, 16))
"""Width to height, offered beside the size."""


def first_recipe(model: ModelInfo, key: str) -> Recipe:
    """A recipe with everything as `model` wants it, and a seed of its own. `key` is how the engine finds the model."""
    return Recipe(seed=new_seed(), model=ModelRef(name=key), **_defaults(model.defaults))


def with_model(recipe: Recipe, old: ModelInfo | None, new: ModelInfo, key: str) -> Recipe:
    """`recipe` for another model: what still stands at the old model's defaults moves to the new one's."""
    before = {} if old is None else _defaults(old.defaults)
    wanted = _defaults(new.defaults)
    moved = {name: value for name, value in wanted.items() if name in before and getattr(recipe, name) == before[name]}
    if not {"scheduler", "schedule"} <= moved.keys():  # the two go together: one that was chosen keeps the other
        moved = {name: value for name, value in moved.items() if name not in ("scheduler", "schedule")}
    if not _is_offered(moved.get("scheduler", recipe.scheduler), moved.get("schedule", recipe.schedule), new):
        moved |= {"scheduler": wanted["scheduler"], "schedule": wanted["schedule"]}
    scheduler = moved.get("scheduler", recipe.scheduler)
    settings = fitting_settings(recipe.scheduler_settings, new.schedulers[scheduler])
    vae = recipe.vae if old is None or old.family is new.family else None  # another family's latents are not its
    return msgspec.structs.replace(recipe, model=ModelRef(name=key), scheduler_settings=settings, vae=vae, **moved)


def size_of_ratio(ratio: tuple[int, int], area: int, multiple: int) -> tuple[int, int]:
    """Width and height in pixels, in that ratio as nearly as `multiple` allows, with about `area` square pixels."""
    across, down = ratio
    unit = (area / (across * down)) ** 0.5
    width, height = (max(multiple, round(unit * side / multiple) * multiple) for side in ratio)
    return int(width), int(height)


def parse_seed(text: str) -> int:
    """The seed that `text` says. Raises OptionError."""
    stripped = text.strip()
    if not stripped.isascii() or not stripped.isdigit():
        shown = f"“{stripped[:20]}” is not a whole number" if stripped else "there is none"
        raise OptionError("seed", f"Seed: {shown}. Type one from 0 to {SEED_MAX:,}, or roll the dice.")
    if len(stripped) > 12 or int(stripped) > SEED_MAX:
        raise OptionError("seed", f"Seed: {stripped[:20]} is too large. The largest is {SEED_MAX:,}.")
    return int(stripped)


def new_seed() -> int:
    """A seed that nobody chose."""
    return random.SystemRandom().randint(0, SEED_MAX)


def series(recipe: Recipe, count: int) -> tuple[Recipe, ...]:
    """`count` recipes whose seeds follow one another."""
    seeds = ((recipe.seed + number) % (SEED_MAX + 1) for number in range(count))
    return tuple(msgspec.structs.replace(recipe, seed=seed) for seed in seeds)


def _is_offered(scheduler: Scheduler, schedule: Schedule, model: ModelInfo) -> bool:
    return scheduler in model.schedulers and schedule in model.schedulers[scheduler].schedules


def _defaults(defaults: Defaults) -> dict[str, Any]:
    return msgspec.structs.asdict(defaults)

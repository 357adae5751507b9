"""Another scheduler for a recipe: what goes with it stays, the rest becomes its own."""

import msgspec

from studio.core.models import ModelInfo
from studio.core.recipe import Recipe
from studio.core.schedulers import SCHEDULERS, Scheduler, SchedulerInfo, SchedulerSettings


def with_scheduler(recipe: Recipe, scheduler: Scheduler, model: ModelInfo | None) -> Recipe:
    """`recipe` with another scheduler: its schedule and settings stay as far as the new one takes them with `model`."""
    info = SCHEDULERS[scheduler] if model is None else model.schedulers.get(scheduler, SCHEDULERS[scheduler])
    schedule = recipe.schedule if recipe.schedule in info.schedules else info.schedules[0]
    settings = fitting_settings(recipe.scheduler_settings, info)
    return msgspec.structs.replace(recipe, scheduler=scheduler, schedule=schedule, scheduler_settings=settings)


def fitting_settings(settings: SchedulerSettings, info: SchedulerInfo) -> SchedulerSettings:
    """Those of `settings` that the scheduler takes."""
    kept = {name: value for name, value in msgspec.structs.asdict(settings).items() if name in info.settings}
    if kept.get("order") is not None and not info.orders[0] <= kept["order"] <= info.orders[1]:
        kept.pop("order")
    if kept.get("solver_type") is not None and kept["solver_type"] not in info.solver_types:
        kept.pop("solver_type")
    return SchedulerSettings(**kept)

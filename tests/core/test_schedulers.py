import re

import pytest

from studio.core.errors import OptionError
from studio.core.options import check, option
from studio.core.schedulers import (
    SCHEDULERS,
    Schedule,
    Scheduler,
    SchedulerSettings,
    SolverType,
    check_scheduler,
)


@pytest.mark.parametrize("scheduler", Scheduler)
def test_the_table_is_sound(scheduler):
    info = SCHEDULERS[scheduler]
    assert info.description.endswith(".")
    assert info.schedules and len(set(info.schedules)) == len(info.schedules)
    defaults = SchedulerSettings(**info.settings)
    check(defaults)
    check_scheduler(scheduler, info.schedules[0], defaults)
    assert ("solver_type" in info.settings) == bool(info.solver_types)
    assert 1 <= info.orders[0] <= info.orders[1] <= option(SchedulerSettings, "order").maximum
    assert info.evaluations in {1, 2}


def test_every_scheduler_and_every_setting_is_offered_somewhere():
    assert list(SCHEDULERS) == list(Scheduler)
    offered = {name for info in SCHEDULERS.values() for name in info.settings}
    assert offered == set(SchedulerSettings.__struct_fields__)
    assert {schedule for info in SCHEDULERS.values() for schedule in info.schedules} == set(Schedule)


@pytest.mark.parametrize(
    ("scheduler", "schedule", "settings", "name", "sentence"),
    [
        (Scheduler.PNDM, Schedule.KARRAS, {}, "schedule", "PNDM is not offered with Karras. Choose one of: Normal, "),
        (Scheduler.PNDM, Schedule.NORMAL, {"eta": 0.0}, "eta", "PNDM takes no setting “eta”. It takes: none."),
        (Scheduler.DEIS, Schedule.NORMAL, {"eta": 0.0}, "eta", "DEIS takes no setting “eta”. It takes: order"),
        (Scheduler.DEIS, Schedule.NORMAL, {"order": 4}, "order", "Order: DEIS takes 1 to 3, not 4."),
        (
            Scheduler.UNIPC,
            Schedule.NORMAL,
            {"solver_type": SolverType.HEUN},
            "solver_type",
            "Solver: UniPC takes bh1 or bh2.",
        ),
    ],
)
def test_what_does_not_go_together_is_told(scheduler, schedule, settings, name, sentence):
    with pytest.raises(OptionError, match="^" + re.escape(sentence)) as caught:
        check_scheduler(scheduler, schedule, SchedulerSettings(**settings))
    assert caught.value.name == name

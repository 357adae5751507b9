import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.foreign import samplers
from studio.core.foreign.samplers import A1111, COMFYUI, INVOKEAI, OURS, choose
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler, SchedulerSettings, check_scheduler

ALL = {"A1111": A1111, "ComfyUI": COMFYUI, "InvokeAI": INVOKEAI, "ours": OURS}
PAIRS = [(scheduler, schedule) for scheduler, info in SCHEDULERS.items() for schedule in info.schedules]


@pytest.mark.parametrize(
    ("names", "sampler", "schedule", "wanted"),
    [
        (A1111, "DPM++ 2M Karras", "", (Scheduler.DPMPP_2M, Schedule.KARRAS)),
        (A1111, "DPM++ 2M", "Automatic", (Scheduler.DPMPP_2M, Schedule.KARRAS)),
        (A1111, "DPM++ 2M", "SGM Uniform", (Scheduler.DPMPP_2M, Schedule.SGM_UNIFORM)),
        (A1111, "DPM++ 2M SDE Exponential", "", (Scheduler.DPMPP_2M_SDE, Schedule.EXPONENTIAL)),
        (A1111, "DPM2 a Karras", "", (Scheduler.DPM2_A, Schedule.KARRAS)),
        (A1111, "LMS Karras", "", (Scheduler.LMS, Schedule.KARRAS)),
        (A1111, "Euler", "Uniform", (Scheduler.EULER, Schedule.LINSPACE)),
        (A1111, "PLMS", "", (Scheduler.PNDM, Schedule.NORMAL)),
        (A1111, "euler A", "", (Scheduler.EULER_A, Schedule.LINSPACE)),
        (COMFYUI, "dpmpp_2m", "karras", (Scheduler.DPMPP_2M, Schedule.KARRAS)),
        (COMFYUI, "uni_pc_bh2", "simple", (Scheduler.UNIPC, Schedule.SGM_UNIFORM)),
        (COMFYUI, "dpmpp_2m_sde_gpu", "exponential", (Scheduler.DPMPP_2M_SDE, Schedule.EXPONENTIAL)),
        (INVOKEAI, "kdpm_2_a_k", "", (Scheduler.DPM2_A, Schedule.KARRAS)),
        (INVOKEAI, "kdpm_2_a", "", (Scheduler.DPM2_A, Schedule.NORMAL)),
        (INVOKEAI, "unipc", "", (Scheduler.UNIPC, Schedule.NORMAL)),
    ],
)
def test_names_are_understood(names, sampler, schedule, wanted):
    choice = choose(names, sampler, schedule)
    assert (choice.scheduler, choice.schedule) == wanted


@pytest.mark.parametrize(
    ("names", "sampler", "schedule", "sentence"),
    [
        (A1111, "DPM++ SDE Karras", "", "There is no sampler “DPM++ SDE” here; DPM++ 2M SDE is the nearest."),
        (A1111, "Eulr a", "", "There is no sampler “Eulr a” here; Euler a is the nearest."),
        (A1111, "Magic", "", "There is no sampler “Magic” here; Euler is the nearest."),
        (A1111, "Euler", "KL Optimal", "There is no schedule “KL Optimal” here; Karras is the nearest."),
        (A1111, "Euler", "Magic", "There is no schedule “Magic” here; Linspace is used."),
        (A1111, "Euler a", "Karras", "Euler a is not offered with Karras here; Linspace is the nearest."),
    ],
)
def test_what_is_not_here_is_told(names, sampler, schedule, sentence):
    assert sentence in choose(names, sampler, schedule).differences


@pytest.mark.parametrize("names", ALL.values(), ids=ALL)
def test_every_pair_of_a_table_gives_what_goes_together(names):
    for sampler in names.samplers:
        for schedule in ("", *names.schedules):
            choice = choose(names, sampler, schedule)
            settings = SchedulerSettings(solver_type=choice.solver_type)
            check_scheduler(choice.scheduler, choice.schedule, settings)


@pytest.mark.parametrize(("scheduler", "schedule"), PAIRS)
def test_our_names_in_a1111s_words_come_back(scheduler, schedule):
    names = {Scheduler.PNDM: "PLMS"}.get(scheduler, scheduler.value)
    spelled = "Uniform" if schedule is Schedule.LINSPACE else schedule.value
    choice = choose(OURS, names, spelled)
    assert (choice.scheduler, choice.schedule, choice.differences) == (scheduler, schedule, ())


@pytest.mark.parametrize(("scheduler", "schedule"), PAIRS)
def test_names_go_out_and_mean_the_same_where_the_other_has_it(scheduler, schedule):
    sampler, spacing = samplers.comfyui_names(scheduler, schedule)
    assert sampler in COMFYUI.samplers
    assert spacing in COMFYUI.schedules
    if COMFYUI.samplers[sampler].exact and COMFYUI.samplers[sampler].scheduler is scheduler:
        assert choose(COMFYUI, sampler, spacing)[:2] == (scheduler, schedule)
    there = choose(INVOKEAI, samplers.invokeai_name(scheduler, schedule))
    assert there.scheduler is scheduler or scheduler is Scheduler.SA_SOLVER
    assert choose(A1111, *samplers.a1111_names(scheduler, schedule)).scheduler in SCHEDULERS


@given(st.text(max_size=300), st.text(max_size=300), st.sampled_from(list(ALL)))
def test_any_name_gives_what_goes_together(sampler, schedule, names):
    choice = choose(ALL[names], sampler, schedule)
    check_scheduler(choice.scheduler, choice.schedule, SchedulerSettings(solver_type=choice.solver_type))

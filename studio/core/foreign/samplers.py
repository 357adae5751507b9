"""Sampler and schedule names of other programs, to this studio's schedulers and back.

The tables say which solver a name stands for and how its noise levels are spaced where its program chooses by itself.
Where this studio has no such solver, the nearest stands in and `exact` is False.
"""

import difflib
import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler, SolverType


class Solver(NamedTuple):
    """What a sampler's name stands for. `schedule` is its program's own choice."""

    scheduler: Scheduler
    schedule: Schedule = Schedule.LINSPACE
    exact: bool = True
    solver_type: SolverType | None = None


class Spacing(NamedTuple):
    """What a schedule's name stands for."""

    schedule: Schedule
    exact: bool = True


class Choice(NamedTuple):
    """A scheduler and a schedule that go together, and sentences about what differs from what was asked."""

    scheduler: Scheduler
    schedule: Schedule
    solver_type: SolverType | None
    differences: tuple[str, ...]


class Names(NamedTuple):
    """One program's sampler and schedule names, in lower case."""

    samplers: Mapping[str, Solver]
    schedules: Mapping[str, Spacing]


_NEAR = False
_K, _E = Schedule.KARRAS, Schedule.EXPONENTIAL
_SDE_HEUN = Solver(Scheduler.DPMPP_2M_SDE, _E, solver_type=SolverType.HEUN)

A1111 = Names(
    samplers={
        "dpm++ 2m": Solver(Scheduler.DPMPP_2M, _K),
        "dpm++ sde": Solver(Scheduler.DPMPP_2M_SDE, _K, _NEAR),
        "dpm++ 2m sde": Solver(Scheduler.DPMPP_2M_SDE, _E),
        "dpm++ 2m sde heun": _SDE_HEUN,
        "dpm++ 2s a": Solver(Scheduler.DPMPP_2S, _K, _NEAR),
        "dpm++ 3m sde": Solver(Scheduler.DPMPP_2M_SDE, _E, _NEAR),
        "dpm++ 2s": Solver(Scheduler.DPMPP_2S, _K),
        "dpm++ 3m": Solver(Scheduler.DPMPP_3M, _K),
        "euler a": Solver(Scheduler.EULER_A),
        "euler": Solver(Scheduler.EULER),
        "lms": Solver(Scheduler.LMS),
        "heun": Solver(Scheduler.HEUN),
        "dpm2": Solver(Scheduler.DPM2, _K),
        "dpm2 a": Solver(Scheduler.DPM2_A, _K),
        "kdpm2": Solver(Scheduler.DPM2),
        "kdpm2 a": Solver(Scheduler.DPM2_A),
        "dpm fast": Solver(Scheduler.DPMPP_2S, _K, _NEAR),
        "dpm adaptive": Solver(Scheduler.DPMPP_2M, _K, _NEAR),
        "restart": Solver(Scheduler.HEUN, _K, _NEAR),
        "heunpp2": Solver(Scheduler.HEUN, exact=_NEAR),
        "ipndm": Solver(Scheduler.PNDM, exact=_NEAR),
        "ipndm_v": Solver(Scheduler.PNDM, exact=_NEAR),
        "deis": Solver(Scheduler.DEIS),
        "ddim": Solver(Scheduler.DDIM, Schedule.NORMAL),
        "ddim cfg++": Solver(Scheduler.DDIM, Schedule.NORMAL, _NEAR),
        "plms": Solver(Scheduler.PNDM, Schedule.NORMAL),
        "pndm": Solver(Scheduler.PNDM, Schedule.NORMAL),
        "unipc": Solver(Scheduler.UNIPC),
        "lcm": Solver(Scheduler.LCM, Schedule.NORMAL),
        "tcd": Solver(Scheduler.TCD, Schedule.NORMAL),
        "ddpm": Solver(Scheduler.DDPM),
        "sa-solver": Solver(Scheduler.SA_SOLVER),
        "sa solver": Solver(Scheduler.SA_SOLVER),
    },
    schedules={
        "uniform": Spacing(Schedule.LINSPACE),
        "normal": Spacing(Schedule.LINSPACE),  # there, both are even in time with both ends
        "linspace": Spacing(Schedule.LINSPACE),
        "karras": Spacing(Schedule.KARRAS),
        "exponential": Spacing(Schedule.EXPONENTIAL),
        "polyexponential": Spacing(Schedule.EXPONENTIAL),  # of ρ = 1, which is exponential
        "sgm uniform": Spacing(Schedule.SGM_UNIFORM),
        "simple": Spacing(Schedule.SGM_UNIFORM, _NEAR),
        "beta": Spacing(Schedule.BETA),
        "ddim": Spacing(Schedule.NORMAL, _NEAR),
        "kl optimal": Spacing(Schedule.KARRAS, _NEAR),
        "align your steps": Spacing(Schedule.ALIGN_YOUR_STEPS),
        "align your steps gits": Spacing(Schedule.ALIGN_YOUR_STEPS, _NEAR),
        "align your steps 11": Spacing(Schedule.ALIGN_YOUR_STEPS, _NEAR),
        "align your steps 32": Spacing(Schedule.ALIGN_YOUR_STEPS, _NEAR),
        "turbo": Spacing(Schedule.SGM_UNIFORM, _NEAR),
    },
)
"""AUTOMATIC1111, Forge, SD.Next."""

OURS = Names(
    samplers={**A1111.samplers, **{each.value.lower(): Solver(each) for each in Scheduler}},
    schedules={**A1111.schedules, **{each.value.lower(): Spacing(each) for each in Schedule}},
)
"""AUTOMATIC1111's words as this studio writes them."""

COMFYUI = Names(
    samplers={
        "euler": Solver(Scheduler.EULER),
        "euler_cfg_pp": Solver(Scheduler.EULER, exact=_NEAR),
        "euler_ancestral": Solver(Scheduler.EULER_A),
        "euler_ancestral_cfg_pp": Solver(Scheduler.EULER_A, exact=_NEAR),
        "heun": Solver(Scheduler.HEUN),
        "heunpp2": Solver(Scheduler.HEUN, exact=_NEAR),
        "dpm_2": Solver(Scheduler.DPM2),
        "dpm_2_ancestral": Solver(Scheduler.DPM2_A),
        "lms": Solver(Scheduler.LMS),
        "dpm_fast": Solver(Scheduler.DPMPP_2S, exact=_NEAR),
        "dpm_adaptive": Solver(Scheduler.DPMPP_2M, exact=_NEAR),
        "dpmpp_2s": Solver(Scheduler.DPMPP_2S),
        "dpmpp_2s_ancestral": Solver(Scheduler.DPMPP_2S, exact=_NEAR),
        "dpmpp_2s_ancestral_cfg_pp": Solver(Scheduler.DPMPP_2S, exact=_NEAR),
        "dpmpp_sde": Solver(Scheduler.DPMPP_2M_SDE, exact=_NEAR),
        "dpmpp_2m": Solver(Scheduler.DPMPP_2M),
        "dpmpp_2m_cfg_pp": Solver(Scheduler.DPMPP_2M, exact=_NEAR),
        "dpmpp_2m_sde": Solver(Scheduler.DPMPP_2M_SDE),
        "dpmpp_2m_sde_heun": _SDE_HEUN,
        "dpmpp_3m_sde": Solver(Scheduler.DPMPP_2M_SDE, exact=_NEAR),
        "ddpm": Solver(Scheduler.DDPM),
        "lcm": Solver(Scheduler.LCM, Schedule.NORMAL),
        "tcd": Solver(Scheduler.TCD, Schedule.NORMAL),
        "plms": Solver(Scheduler.PNDM, Schedule.NORMAL),
        "ipndm": Solver(Scheduler.PNDM, exact=_NEAR),
        "ipndm_v": Solver(Scheduler.PNDM, exact=_NEAR),
        "deis": Solver(Scheduler.DEIS),
        "res_multistep": Solver(Scheduler.DPMPP_2M, exact=_NEAR),
        "res_multistep_cfg_pp": Solver(Scheduler.DPMPP_2M, exact=_NEAR),
        "res_multistep_ancestral": Solver(Scheduler.DPMPP_2M_SDE, exact=_NEAR),
        "res_multistep_ancestral_cfg_pp": Solver(Scheduler.DPMPP_2M_SDE, exact=_NEAR),
        "gradient_estimation": Solver(Scheduler.EULER, exact=_NEAR),
        "gradient_estimation_cfg_pp": Solver(Scheduler.EULER, exact=_NEAR),
        "er_sde": Solver(Scheduler.DPMPP_2M_SDE, exact=_NEAR),
        "seeds_2": Solver(Scheduler.DPMPP_2M_SDE, exact=_NEAR),
        "seeds_3": Solver(Scheduler.DPMPP_2M_SDE, exact=_NEAR),
        "sa_solver": Solver(Scheduler.SA_SOLVER),
        "sa_solver_pece": Solver(Scheduler.SA_SOLVER, exact=_NEAR),
        "ddim": Solver(Scheduler.DDIM),
        "uni_pc": Solver(Scheduler.UNIPC, solver_type=SolverType.BH1),
        "uni_pc_bh2": Solver(Scheduler.UNIPC, solver_type=SolverType.BH2),
    },
    schedules={
        "normal": Spacing(Schedule.LINSPACE),
        "karras": Spacing(Schedule.KARRAS),
        "exponential": Spacing(Schedule.EXPONENTIAL),
        "sgm_uniform": Spacing(Schedule.SGM_UNIFORM),
        "simple": Spacing(Schedule.SGM_UNIFORM, _NEAR),
        "ddim_uniform": Spacing(Schedule.NORMAL, _NEAR),
        "beta": Spacing(Schedule.BETA),
        "linear_quadratic": Spacing(Schedule.SGM_UNIFORM, _NEAR),
        "kl_optimal": Spacing(Schedule.KARRAS, _NEAR),
        "polyexponential": Spacing(Schedule.EXPONENTIAL),
        "align_your_steps": Spacing(Schedule.ALIGN_YOUR_STEPS),
        "turbo": Spacing(Schedule.SGM_UNIFORM, _NEAR),
        "native": Spacing(Schedule.LINSPACE),  # NovelAI's word for its model's own
    },
)
"""ComfyUI and what is built on it; NovelAI's names are the same after their `k_`."""

_NORMAL = Schedule.NORMAL
INVOKEAI = Names(
    samplers={
        "ddim": Solver(Scheduler.DDIM, _NORMAL),
        "ddpm": Solver(Scheduler.DDPM, _NORMAL),
        "deis": Solver(Scheduler.DEIS, _NORMAL),
        "dpmpp_2s": Solver(Scheduler.DPMPP_2S, _NORMAL),
        "dpmpp_2m": Solver(Scheduler.DPMPP_2M, _NORMAL),
        "dpmpp_2m_sde": Solver(Scheduler.DPMPP_2M_SDE, _NORMAL),
        "dpmpp_3m": Solver(Scheduler.DPMPP_3M, _NORMAL),
        "dpmpp_sde": Solver(Scheduler.DPMPP_2M_SDE, _NORMAL, _NEAR),
        "er_sde": Solver(Scheduler.DPMPP_2M_SDE, _NORMAL, _NEAR),
        "euler": Solver(Scheduler.EULER, _NORMAL),
        "euler_a": Solver(Scheduler.EULER_A, _NORMAL),
        "heun": Solver(Scheduler.HEUN, _NORMAL),
        "kdpm_2": Solver(Scheduler.DPM2, _NORMAL),
        "kdpm_2_a": Solver(Scheduler.DPM2_A, _NORMAL),
        "lcm": Solver(Scheduler.LCM, _NORMAL),
        "lms": Solver(Scheduler.LMS, _NORMAL),
        "pndm": Solver(Scheduler.PNDM, _NORMAL),
        "tcd": Solver(Scheduler.TCD, _NORMAL),
        "unipc": Solver(Scheduler.UNIPC, _NORMAL),
    },
    schedules={"karras": Spacing(Schedule.KARRAS)},
)
"""InvokeAI runs diffusers; its "_k" at the end is Karras spacing."""

_AUTOMATIC = {"", "automatic", "default", "none", "use same scheduler"}
_INSTEAD: Mapping[Schedule, tuple[Schedule, ...]] = {
    Schedule.LINSPACE: (Schedule.NORMAL,),
    Schedule.SGM_UNIFORM: (Schedule.NORMAL,),
}
_INSTEAD_OF_LEVELS = (Schedule.KARRAS, Schedule.LINSPACE, Schedule.NORMAL)
"""What comes nearest where a scheduler is not offered with a schedule."""

Pair: TypeAlias = tuple[str, str]


def choose(names: Names, sampler: str, schedule: str = "") -> Choice:
    """The scheduler and the schedule nearest to what another program calls `sampler` and `schedule`."""
    sampler, schedule = _split(names, sampler.strip()[:100], schedule.strip()[:100])
    solver, solver_note = _solver(names, sampler)
    spacing, spacing_note = _spacing(names, schedule, solver)
    fitting = _fit(solver.scheduler, spacing)
    fit_note = ""
    if fitting is not spacing:
        fit_note = f"{solver.scheduler} is not offered with {spacing} here; {fitting} is the nearest."
    notes = tuple(note for note in (solver_note, spacing_note, fit_note) if note)
    return Choice(solver.scheduler, fitting, solver.solver_type, notes)


def a1111_names(scheduler: Scheduler, schedule: Schedule) -> Pair:
    """The sampler and schedule type as AUTOMATIC1111 spells them."""
    spelled = {Scheduler.PNDM: "PLMS", Scheduler.DPMPP_2S: "DPM++ 2S a", Scheduler.DPMPP_3M: "DPM++ 3M SDE"}
    return spelled.get(scheduler, scheduler.value), "Uniform" if schedule is Schedule.LINSPACE else schedule.value


def comfyui_names(scheduler: Scheduler, schedule: Schedule) -> Pair:
    """`sampler_name` and `scheduler` of ComfyUI's KSampler: the first that stand for the same, or come nearest."""
    return _back(COMFYUI, scheduler), next(
        (name for name, spacing in COMFYUI.schedules.items() if spacing.schedule is schedule), "normal"
    )


def invokeai_name(scheduler: Scheduler, schedule: Schedule) -> str:
    """InvokeAI's `scheduler`."""
    name = _back(INVOKEAI, scheduler)
    return f"{name}_k" if schedule is Schedule.KARRAS and name not in _WITHOUT_KARRAS else name


_WITHOUT_KARRAS = {"ddim", "ddpm", "euler_a", "lcm", "pndm", "tcd"}


def _back(names: Names, scheduler: Scheduler) -> str:
    same = {name: solver for name, solver in names.samplers.items() if solver.scheduler is scheduler}
    nearest = next(iter(same), {Scheduler.DPMPP_3M: "dpmpp_3m_sde"}.get(scheduler, "dpmpp_2m"))
    return next((name for name, solver in same.items() if solver.exact), nearest)


def _split(names: Names, sampler: str, schedule: str) -> Pair:
    """Old files join both: "DPM++ 2M Karras", "kdpm_2_k"."""
    if sampler.lower() in names.samplers:
        return sampler, schedule
    if sampler.endswith("_k"):
        return sampler[:-2], "karras"
    for known in names.schedules:
        for joint in (" ", "_"):
            if sampler.lower().endswith(joint + known):
                return sampler[: -len(known) - 1], sampler[-len(known) :]
    return sampler, schedule


def _solver(names: Names, sampler: str) -> tuple[Solver, str]:
    wanted = re.sub(r"_gpu$", "", sampler.lower())
    solver = names.samplers.get(wanted)
    if solver is None:
        near = difflib.get_close_matches(wanted, names.samplers, n=1, cutoff=0.6)
        found = names.samplers[near[0]] if near else names.samplers["euler"]
        solver = found._replace(exact=_NEAR)
    if solver.exact:
        return solver, ""
    return solver, f"There is no sampler “{sampler}” here; {solver.scheduler} is the nearest."


def _spacing(names: Names, schedule: str, solver: Solver) -> tuple[Schedule, str]:
    if schedule.lower() in _AUTOMATIC:
        return solver.schedule, ""
    known = names.schedules.get(schedule.lower())
    if known is None:
        return solver.schedule, f"There is no schedule “{schedule}” here; {solver.schedule} is used."
    note = "" if known.exact else f"There is no schedule “{schedule}” here; {known.schedule} is the nearest."
    return known.schedule, note


def _fit(scheduler: Scheduler, schedule: Schedule) -> Schedule:
    offered = SCHEDULERS[scheduler].schedules
    nearest = (schedule, *_INSTEAD.get(schedule, _INSTEAD_OF_LEVELS))
    return next((each for each in nearest if each in offered), offered[0])

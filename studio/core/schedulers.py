"""Schedulers and schedules by the names artists know, and what each takes.

A *scheduler* is the solver that walks from noise to picture; a *schedule* is how its noise levels are spaced.
Names follow AUTOMATIC1111's, so that recipes travel. The table says what is offered; the engine builds it.
DPM++ SDE is not offered: its Brownian tree needs torchsde, a dependency for one solver, and DPM++ 2M SDE does its work.
"""

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from studio.core.errors import OptionError


class Scheduler(enum.StrEnum):
    """The solvers."""

    DDIM = "DDIM"
    DDPM = "DDPM"
    PNDM = "PNDM"
    LMS = "LMS"
    EULER = "Euler"
    EULER_A = "Euler a"
    HEUN = "Heun"
    DPM2 = "DPM2"
    DPM2_A = "DPM2 a"
    DPMPP_2M = "DPM++ 2M"
    DPMPP_2M_SDE = "DPM++ 2M SDE"
    DPMPP_2S = "DPM++ 2S"
    DPMPP_3M = "DPM++ 3M"
    DEIS = "DEIS"
    UNIPC = "UniPC"
    SA_SOLVER = "SA-Solver"
    LCM = "LCM"
    TCD = "TCD"


class Schedule(enum.StrEnum):
    """How the noise levels are spaced between the noisiest and the cleanest."""

    NORMAL = "Normal"
    KARRAS = "Karras"
    EXPONENTIAL = "Exponential"
    BETA = "Beta"
    SGM_UNIFORM = "SGM Uniform"
    LINSPACE = "Linspace"
    ALIGN_YOUR_STEPS = "Align Your Steps"


class SolverType(enum.StrEnum):
    """Variants of one solver's update, as its paper names them."""

    MIDPOINT = "midpoint"
    HEUN = "heun"
    BH1 = "bh1"
    BH2 = "bh2"


class SchedulerSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a scheduler can be told. `None` is the scheduler's own default."""

    eta: (
        Annotated[
            float,
            Meta(ge=0.0, le=1.0, title="Eta", description="Fresh noise a step: 0 none, 1 all.", extra={"step": 0.05}),
        ]
        | None
    ) = None
    order: (
        Annotated[int, Meta(ge=1, le=4, title="Order", description="Past predictions a step looks back on.")] | None
    ) = None
    solver_type: Annotated[SolverType, Meta(title="Solver", description="Variant of the solver's update.")] | None = (
        None
    )
    lower_order_final: (
        Annotated[bool, Meta(title="Lower order at the end", description="Steadier last steps when steps are few.")]
        | None
    ) = None
    s_churn: (
        Annotated[
            float,
            Meta(
                ge=0.0,
                le=100.0,
                title="Churn",
                description="Noise added and removed again while sampling.",
                extra={"step": 1.0},
            ),
        ]
        | None
    ) = None
    s_noise: (
        Annotated[
            float,
            Meta(
                ge=0.9, le=1.1, title="Churn noise", description="Strength of the churned noise.", extra={"step": 0.005}
            ),
        ]
        | None
    ) = None


class SchedulerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What one scheduler offers.

    `settings` names the fields of `SchedulerSettings` it takes, with the default the artist sees;
    `orders` bounds `order`; `steps` bounds the recipe's steps; `evaluations` is the number of U-Net calls a step;
    `stochastic` draws noise while sampling.
    """

    description: str
    schedules: tuple[Schedule, ...]
    settings: dict[str, float | int | bool | SolverType] = {}
    orders: tuple[int, int] = (1, 4)
    steps: tuple[int, int] = (1, 1000)
    solver_types: tuple[SolverType, ...] = ()
    evaluations: int = 1
    stochastic: bool = False


# DDIM and PNDM step by a fixed stride, so that with Linspace, whose stride is wider, noise would stay in the picture.
_STRIDED = (Schedule.NORMAL, Schedule.SGM_UNIFORM)
_SPACED = (*_STRIDED, Schedule.LINSPACE)
# With the fresh noise of SA-Solver and DPM2 a, Beta's large first strides leave noise in the picture.
_BUT_BETA = (*_SPACED, Schedule.KARRAS, Schedule.EXPONENTIAL)
_SIGMAS = (*_BUT_BETA, Schedule.BETA)
_ALL = (*_SIGMAS, Schedule.ALIGN_YOUR_STEPS)
_MIDPOINT = (SolverType.MIDPOINT, SolverType.HEUN)

SCHEDULERS: dict[Scheduler, SchedulerInfo] = {
    Scheduler.DDIM: SchedulerInfo(
        description="The classic deterministic sampler (Song 2020); eta adds noise.",
        schedules=_STRIDED,
        settings={"eta": 0.0},
    ),
    Scheduler.DDPM: SchedulerInfo(
        description="Ancestral sampling as first published (Ho 2020); wants many steps.",
        schedules=(*_SPACED, Schedule.ALIGN_YOUR_STEPS),
        stochastic=True,
    ),
    Scheduler.PNDM: SchedulerInfo(
        description="Pseudo linear multistep (Liu 2022), without warm-up.", schedules=_STRIDED
    ),
    Scheduler.LMS: SchedulerInfo(
        description="Linear multistep on the probability-flow ODE.", schedules=_SIGMAS, settings={"order": 4}
    ),
    Scheduler.EULER: SchedulerInfo(
        description="First-order ODE solver (Karras 2022, algorithm 2): simple and steady.",
        schedules=_ALL,
        settings={"s_churn": 0.0, "s_noise": 1.0},
    ),
    Scheduler.EULER_A: SchedulerInfo(
        description="Euler with ancestral noise: lively, never settles.", schedules=_SPACED, stochastic=True
    ),
    Scheduler.HEUN: SchedulerInfo(
        description="Second-order ODE solver (Karras 2022): two evaluations a step.", schedules=_ALL, evaluations=2
    ),
    Scheduler.DPM2: SchedulerInfo(
        description="Midpoint ODE solver (Karras 2022): two evaluations a step.", schedules=_SIGMAS, evaluations=2
    ),
    Scheduler.DPM2_A: SchedulerInfo(
        description="DPM2 with ancestral noise.",
        schedules=_BUT_BETA,
        evaluations=2,
        stochastic=True,
    ),
    Scheduler.DPMPP_2M: SchedulerInfo(
        description="Second-order multistep (Lu 2022): good pictures in few steps.",
        schedules=_ALL,
        settings={"solver_type": SolverType.MIDPOINT, "lower_order_final": True},
        solver_types=_MIDPOINT,
    ),
    Scheduler.DPMPP_2M_SDE: SchedulerInfo(
        description="DPM++ 2M on the reverse-time SDE: fresh noise a step, fine detail.",
        schedules=_ALL,
        settings={"solver_type": SolverType.MIDPOINT, "lower_order_final": True},
        solver_types=_MIDPOINT,
        stochastic=True,
    ),
    Scheduler.DPMPP_2S: SchedulerInfo(
        description="Second-order singlestep (Lu 2022).",
        # Its spacing of timesteps is fixed.
        schedules=(
            Schedule.LINSPACE,
            Schedule.KARRAS,
            Schedule.EXPONENTIAL,
            Schedule.BETA,
            Schedule.ALIGN_YOUR_STEPS,
        ),
        settings={"solver_type": SolverType.MIDPOINT},
        solver_types=_MIDPOINT,
    ),
    Scheduler.DPMPP_3M: SchedulerInfo(
        description="Third-order multistep (Lu 2022): for many steps.",
        schedules=_ALL,
        settings={"lower_order_final": True},
    ),
    Scheduler.DEIS: SchedulerInfo(
        description="Exponential integrator (Zhang 2022).",
        schedules=_SIGMAS,
        settings={"order": 2},
        orders=(1, 3),
        steps=(2, 1000),
    ),
    Scheduler.UNIPC: SchedulerInfo(
        description="Predictor and corrector in one (Zhao 2023): strong at few steps.",
        schedules=_SIGMAS,
        settings={"order": 2, "solver_type": SolverType.BH2},
        orders=(1, 3),
        solver_types=(SolverType.BH1, SolverType.BH2),
    ),
    Scheduler.SA_SOLVER: SchedulerInfo(
        description="Stochastic Adams method (Xue 2023).",
        schedules=_BUT_BETA,
        settings={"order": 2},
        orders=(1, 4),
        steps=(2, 1000),
        stochastic=True,
    ),
    Scheduler.LCM: SchedulerInfo(
        description="For latent consistency models (Luo 2023): 2 to 8 steps.",
        schedules=(Schedule.NORMAL,),
        steps=(1, 50),
        stochastic=True,
    ),
    Scheduler.TCD: SchedulerInfo(
        description="For trajectory consistency models (Zheng 2024): few steps; eta sets the noise.",
        schedules=(Schedule.NORMAL,),
        steps=(1, 50),
        settings={"eta": 0.3},
        stochastic=True,
    ),
}


def check_scheduler(scheduler: Scheduler, schedule: Schedule, settings: SchedulerSettings) -> None:
    """Raise `OptionError` where the three do not go together."""
    info = SCHEDULERS[scheduler]
    if schedule not in info.schedules:
        raise OptionError(
            "schedule", f"{scheduler} is not offered with {schedule}. Choose one of: {', '.join(info.schedules)}."
        )
    for name in msgspec.structs.asdict(settings):
        if getattr(settings, name) is not None and name not in info.settings:
            raise OptionError(
                name, f"{scheduler} takes no setting “{name}”. It takes: {', '.join(info.settings) or 'none'}."
            )
    if settings.order is not None and not info.orders[0] <= settings.order <= info.orders[1]:
        raise OptionError(
            "order", f"Order: {scheduler} takes {info.orders[0]} to {info.orders[1]}, not {settings.order}."
        )
    if settings.solver_type is not None and settings.solver_type not in info.solver_types:
        raise OptionError("solver_type", f"Solver: {scheduler} takes {' or '.join(info.solver_types)}.")

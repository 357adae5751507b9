"""Drafts by a model's few-step student: where it draws, where it does not, and what becomes of one that is broken."""

import shutil
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from safetensors import safe_open

from studio.core.adapters import AdapterUse
from studio.core.blend import Blend, Keyframe
from studio.core.events import Staged
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings
from studio.engine import student
from studio.engine.local import LocalEngine
from tests.engine.helpers import Recorder, psnr, small
from tests.tiny_lora import random_halves, write_lora
from tests.tiny_student import merge_student, write_student

ENDS = (Keyframe(seed=1, prompt="a lake"), Keyframe(seed=2, prompt="a sailboat"))


@pytest.fixture(scope="module")
def taught(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model `zero` and its student, the same `merged`, and the `bare` model."""
    folder = tmp_path_factory.mktemp("taught")
    for name in ("zero", "merged", "bare"):
        shutil.copytree(models / "zero", folder / name)
    write_student(folder / "zero")
    write_student(folder / "merged")
    merge_student(folder / "merged")
    write_lora(folder / "loras" / "other.safetensors", random_halves(folder / "zero"))
    return folder


@pytest.fixture(scope="module")
def studio(taught: Path) -> LocalEngine:
    return LocalEngine((taught,), device="cpu")


def drafted(steps: int = 4, model: str = "zero", **changes: object) -> Recipe:
    fields = {"guidance": 3.0, "scheduler": Scheduler.DDIM, "schedule": Schedule.SGM_UNIFORM, **changes}
    return small(steps=steps, model=ModelRef(name=model), **fields)


def at(*shares: float, **changes: object) -> Recipe:
    return drafted(blend=Blend(keyframes=ENDS, noise_shares=shares, prompt_shares=shares), **changes)


@pytest.mark.parametrize("steps", [2, 4])
def test_it_draws_what_a_model_with_its_weights_draws_unguided(studio: LocalEngine, steps: int) -> None:
    by_student = studio.draft(drafted(steps), Recorder())
    by_merged = studio.draft(drafted(steps, "merged", guidance=1.0), Recorder())
    assert (by_student.student_steps, by_merged.student_steps) == (4, 0)
    assert psnr(by_student.picture, by_merged.picture) > 45
    assert psnr(by_student.picture, studio.draft(drafted(steps, "bare"), Recorder()).picture) < 45


def test_whichever_solver_the_picture_has_it_takes_the_steps_it_was_taught(studio: LocalEngine) -> None:
    other = {"scheduler": Scheduler.DPMPP_2M, "schedule": Schedule.KARRAS}
    drafts = [studio.draft(drafted(**each), Recorder()) for each in ({}, other)]
    assert drafts[0].picture.tobytes() == drafts[1].picture.tobytes()


@pytest.mark.parametrize(
    "changes",
    [
        {"guidance": 4.0},
        {"negative_prompt": "night"},
        {
            "blend": Blend(
                keyframes=(replace(ENDS[0], negative_prompt="night"), ENDS[1]),
                noise_shares=(0.5, 0.5),
                prompt_shares=(0.5, 0.5),
            )
        },
        {"steps": 5},
        {"steps": 1},
        {"scheduler": Scheduler.EULER_A},
        {"scheduler_settings": SchedulerSettings(eta=0.5)},
        {"adapters": (AdapterUse(name="other"),)},
    ],
    ids=str,
)
def test_what_it_was_not_taught_the_model_draws(studio: LocalEngine, changes: dict[str, object]) -> None:
    drafts = [studio.draft(drafted(**{"model": model, **changes}), Recorder()) for model in ("zero", "bare")]
    assert [each.student_steps for each in drafts] == [0, 0]
    assert drafts[0].picture.tobytes() == drafts[1].picture.tobytes()


def test_adapters_that_were_in_leave_no_trace_in_it(taught: Path) -> None:
    fresh = [LocalEngine((taught,), device="cpu") for _ in range(2)]
    fresh[1].generate(drafted(adapters=(AdapterUse(name="other"),)), Recorder())
    weights = []
    for engine in fresh:
        engine.draft(drafted(), Recorder())
        (drew,) = engine._students._known.values()
        weights.append(drew.family.components["unet"].state_dict())
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_pictures_in_full_are_the_models_own(studio: LocalEngine) -> None:
    pictures = [studio.generate(drafted(4, model), Recorder()).picture for model in ("zero", "bare")]
    assert pictures[0].tobytes() == pictures[1].tobytes()


def test_it_goes_on_from_the_keyframes_trajectories(studio: LocalEngine) -> None:
    for corner in ((1.0, 0.0), (0.0, 1.0)):
        assert studio.draft(at(*corner, steps=6), Recorder()).student_steps == 0
    recorder = Recorder()
    deep = studio.draft(at(0.6, 0.4, steps=3), recorder, 1)
    assert (deep.depth, deep.student_steps, len(recorder.steps)) == (1, 4, 2)
    assert deep.picture.tobytes() != studio.draft(at(0.6, 0.4, steps=3), Recorder()).picture.tobytes()


def test_it_is_told_how_far_a_step_leads(models: Path, tmp_path: Path) -> None:
    for name, shift in (("plain", "0"), ("shifted", "100")):
        shutil.copytree(models / "zero", tmp_path / name)
        write_student(tmp_path / name, shift=shift)
    engine = LocalEngine((tmp_path,), device="cpu")
    few, most = (
        [engine.draft(drafted(n, model), Recorder()).picture for model in ("plain", "shifted")] for n in (2, 4)
    )
    assert few[0].tobytes() != few[1].tobytes()
    assert most[0].tobytes() == most[1].tobytes()


def test_its_weights_count_among_those_that_models_may_take_together(taught: Path) -> None:
    engine = LocalEngine((taught,), device="cpu")
    loader = engine._loader
    engine.load("bare", Recorder())
    alone_bytes = loader.loaded.size_bytes
    loader.set_budget(2 * alone_bytes)
    engine.load("zero", Recorder())
    assert [each.info.name for each in loader._held.values()] == ["zero"]
    unet_bytes = (taught / "zero" / "unet" / "diffusion_pytorch_model.safetensors").stat().st_size
    assert loader.loaded.size_bytes - alone_bytes == pytest.approx(unet_bytes, rel=0.1)
    engine.draft(drafted(), Recorder())
    assert loader.loaded.size_bytes - alone_bytes < 1.1 * unet_bytes, "it is counted once"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"made_for": "0" * 64}, "other weights"),
        ({"guidance": "much"}, "does not say"),
        ({"guidance": "nan"}, "impossible"),
        ({"steps": "2,4000"}, "impossible"),
        ({"shift": "-1"}, "impossible"),
    ],
    ids=str,
)
def test_one_that_cannot_be_is_told_once_and_the_model_draws(
    models: Path, tmp_path: Path, facts: dict[str, str], said: str
) -> None:
    shutil.copytree(models / "zero", tmp_path / "zero")
    write_student(tmp_path / "zero", **facts)
    assert_told_once(tmp_path, said)


def test_a_truncated_one_is_told_once(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "zero", tmp_path / "zero")
    path = write_student(tmp_path / "zero")
    path.write_bytes(path.read_bytes()[:-100])
    assert_told_once(tmp_path, "truncated")


def test_one_of_another_shape_is_told_once(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "zero", tmp_path / "zero")
    path = write_student(tmp_path / "zero")
    shutil.copytree(models / "plain", tmp_path / "apart" / "plain")
    with safe_open(path, "pt") as file:
        facts = file.metadata()
    shutil.copy(write_student(tmp_path / "apart" / "plain", **facts), path)
    assert_told_once(tmp_path, "does not fit")


def test_one_that_is_too_large_is_not_read(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(models / "zero", tmp_path / "zero")
    write_student(tmp_path / "zero")
    monkeypatch.setattr(student, "FILE_BYTES_MAX", 1 << 10)
    assert_told_once(tmp_path, "at most")


def assert_told_once(folder: Path, said: str) -> None:
    engine, first, second = LocalEngine((folder,), device="cpu"), Recorder(), Recorder()
    assert [engine.draft(drafted(), each).student_steps for each in (first, second)] == [0, 0]
    told = [
        [each.detail for each in recorder.events if isinstance(each, Staged) and said in each.detail]
        for recorder in (first, second)
    ]
    assert len(told[0]) == 1
    assert told[1] == []

"""The engine as the studio knows it: reproducible, stoppable at every moment, and never left in a bad state."""

import gc
import hashlib
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from studio.core.blend import Blend, Keyframe
from studio.core.errors import (
    Cancelled,
    ModelChangedError,
    ModelError,
    ModelNotFoundError,
    OptionError,
    OutOfMemoryError,
    PromptTooLongError,
    UnknownChoiceError,
)
from studio.core.events import Event, PreviewTier, Stage, Staged, Step
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings
from studio.engine.local import LocalEngine
from studio.engine.stable_diffusion import StableDiffusion
from tests.engine.helpers import Recorder, small
from tests.tiny_model import build_tiny_model

STOCHASTIC = small(scheduler=Scheduler.EULER_A, schedule=Schedule.NORMAL)


def silent(event: Event) -> None:
    """A report that does nothing."""


def test_the_same_recipe_gives_the_same_bytes_whatever_came_between(engine: LocalEngine) -> None:
    first = engine.generate(STOCHASTIC, silent).picture
    torch.manual_seed(123)
    engine.generate(small(seed=9, width=80, steps=3, scheduler=Scheduler.SA_SOLVER), silent)
    engine.generate(small(model=ModelRef(name="zero")), silent)
    with pytest.raises(Cancelled):
        engine.generate(STOCHASTIC, Recorder(stop_at=8))
    engine.set_preview(PreviewTier.FULL)
    again = engine.generate(STOCHASTIC, silent).picture
    engine.set_preview(PreviewTier.LINEAR)
    assert again.tobytes() == first.tobytes()


def test_a_fresh_engine_gives_the_same_bytes(engine: LocalEngine, models: Path) -> None:
    fresh = LocalEngine((models,), device="cpu")
    assert fresh.generate(STOCHASTIC, silent).picture.tobytes() == engine.generate(STOCHASTIC, silent).picture.tobytes()


def test_nobodys_random_numbers_are_touched(engine: LocalEngine, models: Path) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    LocalEngine((models,), device="cpu").generate(STOCHASTIC, silent)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_seeds_differ(engine: LocalEngine) -> None:
    pictures = {engine.generate(small(seed=seed), silent).picture.tobytes() for seed in (0, 1, 2**31, 2**32 - 1)}
    assert len(pictures) == 4


def test_the_finished_recipe_leaves_nothing_open_and_makes_the_picture_again(engine: LocalEngine) -> None:
    made = engine.generate(small(scheduler=Scheduler.DDIM, model=ModelRef(name="PLAIN")), silent)
    assert made.recipe.model.name == "plain"
    assert len(made.recipe.model.hash) == 64
    assert made.recipe.scheduler_settings == SchedulerSettings(eta=0.0)
    again = engine.generate(made.recipe, silent)
    assert again.picture.tobytes() == made.picture.tobytes()
    assert again.recipe == made.recipe
    assert msgspec.json.decode(msgspec.json.encode(made.recipe), type=Recipe) == made.recipe


def test_the_picture_is_contiguous_bytes_of_the_size_asked_for(engine: LocalEngine) -> None:
    picture = engine.generate(small(width=80, height=112), silent).picture
    assert picture.shape == (112, 80, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous


def test_stages_come_in_order_and_are_timed(models: Path) -> None:
    recorder = Recorder()
    made = LocalEngine((models,), device="cpu").generate(small(), recorder)
    stages = [event.stage for event in recorder.events if isinstance(event, Staged)]
    assert list(dict.fromkeys(stages)) == [Stage.LOADING, Stage.ENCODING, Stage.SAMPLING, Stage.DECODING]
    assert stages == sorted(stages, key=list(Stage).index)
    details = [event.detail for event in recorder.events if isinstance(event, Staged)]
    assert [name for name in ("tokenizer", "text encoder", "unet", "vae", "previews") if name in details] == [
        "tokenizer",
        "text encoder",
        "unet",
        "vae",
        "previews",
    ]
    fractions = [e.fraction for e in recorder.events if isinstance(e, Staged) and e.stage is Stage.LOADING]
    assert fractions == sorted(fractions)
    assert set(made.seconds) == {Stage.LOADING, Stage.ENCODING, Stage.SAMPLING, Stage.DECODING}
    assert made.seconds[Stage.SAMPLING] >= sum(step.seconds for step in recorder.steps) > 0


def test_a_loaded_model_is_not_loaded_again(engine: LocalEngine) -> None:
    engine.load("plain", silent)
    recorder = Recorder()
    engine.load("Plain", recorder)
    engine.generate(small(), recorder)
    assert all(event.detail != "unet" for event in recorder.events if isinstance(event, Staged))


def calls_of(models: Path, recipe: Recipe) -> int:
    recorder = Recorder()
    LocalEngine((models,), device="cpu").generate(recipe, recorder)
    return len(recorder.events)


def test_stop_at_every_call_leaves_an_engine_that_works(engine: LocalEngine, models: Path) -> None:
    recipe = small(scheduler=Scheduler.HEUN, schedule=Schedule.KARRAS, steps=2)
    expected = engine.generate(recipe, silent).picture.tobytes()
    count = calls_of(models, recipe)
    assert count > 12
    for call in range(1, count + 1):
        stopped = LocalEngine((models,), device="cpu")
        recorder = Recorder(stop_at=call)
        with pytest.raises(Cancelled):
            stopped.generate(recipe, recorder)
        assert len(recorder.events) == call, "nothing is reported after Stop"
        if call % 4 == 0 or call == count:
            assert stopped.generate(recipe, silent).picture.tobytes() == expected


def test_stop_is_answered_within_one_step(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.load("plain", silent)
    calls = 0
    predict = StableDiffusion.predict

    def counting(self: StableDiffusion, *args: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return predict(self, *args)

    monkeypatch.setattr(StableDiffusion, "predict", counting)

    def stop_at_second_step(event: Event) -> None:
        if isinstance(event, Step) and event.number == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.generate(small(steps=30), stop_at_second_step)
    assert calls == 2


def live_tensors() -> int:
    gc.collect()
    return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())


def test_a_stopped_picture_leaves_nothing_behind(engine: LocalEngine) -> None:
    engine.generate(small(), silent)
    before = live_tensors()
    for call in (2, 5, 7):
        with pytest.raises(Cancelled):
            engine.generate(small(), Recorder(stop_at=call))
    assert live_tensors() <= before


def test_close_frees_the_model(models: Path) -> None:
    before = live_tensors()
    closing = LocalEngine((models,), device="cpu")
    closing.load("plain", silent)
    assert live_tensors() > before + 100
    closing.close()
    assert live_tensors() <= before
    assert closing.generate(small(), silent).picture.shape == (64, 64, 3)


def test_out_of_memory_gets_a_sentence_and_the_engine_goes_on(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.load("plain", silent)

    def full(*_: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:114] . DefaultCPUAllocator: can't allocate memory")

    with monkeypatch.context() as patch:
        patch.setattr(StableDiffusion, "decode", full)
        with pytest.raises(OutOfMemoryError, match="64×64 px"):
            engine.generate(small(), silent)
    assert engine.generate(small(), silent).picture.shape == (64, 64, 3)


def test_other_errors_are_not_called_out_of_memory(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(StableDiffusion, "decode", wrong)
    with pytest.raises(RuntimeError, match="mat1"):
        engine.generate(small(), silent)


@pytest.mark.parametrize("name", ["prompt", "negative_prompt"])
def test_a_prompt_that_is_too_long_says_so(engine: LocalEngine, name: str) -> None:
    with pytest.raises(PromptTooLongError, match="has 1,300 tokens, but the model reads 1,200") as caught:
        engine.generate(small(**{name: "red " * 1300}), silent)
    assert caught.value.name == name
    assert engine.generate(small(**{name: "red " * 80}), silent).picture.shape == (64, 64, 3)


def test_tokens_are_counted(engine: LocalEngine) -> None:
    engine.load("plain", silent)
    assert engine.count_tokens("") == 0
    assert engine.count_tokens("a red sailboat, at sunset") == 6
    with pytest.raises(ModelError, match="No model is loaded"):
        LocalEngine((), device="cpu").count_tokens("a")


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"width": 60}, "width"),
        ({"steps": 0}, "steps"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"guidance": 0.5}, "guidance"),
        ({"scheduler": Scheduler.LCM, "schedule": Schedule.KARRAS}, "schedule"),
        ({"scheduler": Scheduler.LCM, "schedule": Schedule.NORMAL, "steps": 60}, "steps"),
        ({"prompt": "x" * 100_000}, "prompt"),
    ],
)
def test_bad_options_are_refused_before_anything_is_done(
    engine: LocalEngine, changes: dict[str, object], option: str
) -> None:
    recorder = Recorder()
    with pytest.raises(OptionError) as caught:
        engine.generate(small(**changes), recorder)
    assert caught.value.name == option
    assert not isinstance(caught.value, UnknownChoiceError)
    assert recorder.events == []


def test_a_model_that_is_not_there(engine: LocalEngine) -> None:
    with pytest.raises(ModelNotFoundError, match="plain, zero"):
        engine.generate(small(model=ModelRef(name="nowhere")), silent)


def test_a_model_may_be_named_by_its_folder(models: Path) -> None:
    folder = str(models / "plain")
    made = LocalEngine((), device="cpu").generate(small(model=ModelRef(name=folder)), silent)
    assert made.recipe.model.name == folder, "so that it is found again"


def test_other_weights_under_the_same_name_are_noticed(tmp_path: Path) -> None:
    build_tiny_model(tmp_path / "plain")
    mine = LocalEngine((tmp_path,), device="cpu")
    made = mine.generate(small(), silent)
    shutil.rmtree(tmp_path / "plain")
    build_tiny_model(tmp_path / "plain", seed=3)
    with pytest.raises(ModelChangedError, match=made.recipe.model.hash[:10]):
        mine.generate(made.recipe, silent)
    other = mine.generate(small(), silent)
    assert other.recipe.model.hash != made.recipe.model.hash
    assert (other.picture != made.picture).any(), "the new weights are the ones in use"


def test_levels_need_no_weights_and_may_be_asked_for_between_steps(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "plain", tmp_path / "plain", ignore=shutil.ignore_patterns("*.safetensors"))
    for part in ("unet", "vae", "text_encoder"):
        (tmp_path / "plain" / part / "x.safetensors").touch()
    levels = LocalEngine((tmp_path,), device="cpu").noise_levels(small(steps=5))
    assert len(levels.sigmas) == 6
    asking = LocalEngine((models,), device="cpu")
    expected = asking.generate(STOCHASTIC, silent).picture

    def ask(event: Event) -> None:
        if isinstance(event, Step):
            asking.noise_levels(small(steps=9, scheduler=Scheduler.UNIPC))

    assert asking.generate(STOCHASTIC, ask).picture.tobytes() == expected.tobytes()


def test_the_plotted_level_is_the_steps_own(engine: LocalEngine) -> None:
    recorder = Recorder()
    engine.generate(small(scheduler=Scheduler.HEUN, schedule=Schedule.KARRAS), recorder)
    levels = engine.noise_levels(small(scheduler=Scheduler.HEUN, schedule=Schedule.KARRAS))
    assert [step.sigma for step in recorder.steps] == list(levels.sigmas[:-1])


def test_the_device_is_told_truly(engine: LocalEngine) -> None:
    info = engine.device()
    assert info.kind == "cpu"
    assert info.dtype == "float32"
    assert "thread" in info.name
    assert 0.05 < info.memory_gb < 64


def test_models_are_listed(engine: LocalEngine) -> None:
    assert [model.name for model in engine.models()] == ["plain", "zero"]


BLEND = Blend(
    keyframes=(Keyframe(seed=7), Keyframe(seed=8, prompt="a blue mountain", negative_prompt="night")),
    noise_shares=(1.0, 0.0),
    prompt_shares=(1.0, 0.0),
)


def test_a_blend_on_a_keyframe_is_that_keyframes_picture(engine: LocalEngine) -> None:
    for recipe in (small(), STOCHASTIC):
        blended = msgspec.structs.replace(recipe, blend=BLEND)
        assert engine.generate(blended, silent).picture.tobytes() == engine.generate(recipe, silent).picture.tobytes()
    other = msgspec.structs.replace(BLEND, noise_shares=(0.0, 1.0), prompt_shares=(0.0, 1.0))
    plain = small(seed=8, prompt="a blue mountain", negative_prompt="night")
    assert (
        engine.generate(small(blend=other), silent).picture.tobytes()
        == engine.generate(plain, silent).picture.tobytes()
    )


def test_a_blend_between_keyframes_is_neither(engine: LocalEngine) -> None:
    half = msgspec.structs.replace(BLEND, noise_shares=(0.5, 0.5), prompt_shares=(0.5, 0.5))
    picture = engine.generate(small(blend=half), silent).picture
    for shares in ((1.0, 0.0), (0.0, 1.0)):
        end = msgspec.structs.replace(BLEND, noise_shares=shares, prompt_shares=shares)
        assert (engine.generate(small(blend=end), silent).picture != picture).any()


def test_a_draft_shows_the_pictures_own_latents(engine: LocalEngine) -> None:
    recorder = Recorder()
    draft = engine.draft(small(), recorder)
    assert draft.picture.shape == (64, 64, 3)
    assert draft.picture.dtype == np.uint8
    assert draft.signature.dtype == np.float32
    assert draft.signature.shape[2] == 3
    assert 0 <= draft.signature.min() <= draft.signature.max() <= 1
    assert draft.noise_dimension == 4 * 8 * 8
    assert abs(draft.noise_norm / draft.noise_dimension**0.5 - 1) < 0.15
    assert draft.sampling_seconds > 0
    assert draft.rest_seconds > 0
    assert [step.number for step in recorder.steps] == [1, 2, 3, 4]
    assert all(step.preview is None for step in recorder.steps)


def test_a_draft_within_a_picture_changes_nothing(engine: LocalEngine) -> None:
    expected = engine.generate(STOCHASTIC, silent).picture
    drafts: set[str] = set()

    def draft(event: Event) -> None:
        if isinstance(event, Step):
            made = engine.draft(small(seed=99, steps=2, scheduler=Scheduler.DDPM, schedule=Schedule.NORMAL), silent)
            drafts.add(hashlib.sha256(made.picture.tobytes()).hexdigest())

    assert engine.generate(STOCHASTIC, draft).picture.tobytes() == expected.tobytes()
    assert len(drafts) == 1, "and drafts repeat too"

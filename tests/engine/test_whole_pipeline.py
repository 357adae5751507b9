"""Pipelines of diffusers that are run whole: their pictures, what they report, and what they refuse."""

import inspect
import io
import json
import shutil
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
from PIL import Image

from studio.core.adapters import AdapterUse
from studio.core.blend import Blend, Keyframe
from studio.core.engine import NoiseLevels
from studio.core.errors import Cancelled, ModelBrokenError, ModelError, OptionError, PipelineError, PromptTooLongError
from studio.core.events import Picture, PreviewTier, Stage, Staged, Step
from studio.core.models import read_model
from studio.core.pipelines import OWN_SCHEDULERS, PIPELINES, Part
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings
from studio.core.start import Start
from studio.engine.local import LocalEngine
from studio.engine.preview import Stopwatch
from studio.engine.whole_loading import part_class
from tests.engine.helpers import Recorder, called, psnr, small
from tests.tiny_pipelines import PIPELINES as TINY
from tests.tiny_pipelines import build_pipeline

AGREES_DB = 45.0
BLEND = Blend(keyframes=(Keyframe(seed=1), Keyframe(seed=2)), noise_shares=(0.5, 0.5), prompt_shares=(0.5, 0.5))
NO_NEGATIVE = ("latent-diffusion",)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds one tiny pipeline of each kind. Not to be written to."""
    made = tmp_path_factory.mktemp("pipelines")
    for number, name in enumerate(TINY):
        build_pipeline(name, made / name, seed=number)
    return made


@pytest.fixture(scope="module")
def whole(folder: Path) -> LocalEngine:
    return LocalEngine((folder,), device="cpu")


def of(folder: Path, name: str, **changes: Any) -> Recipe:
    """A small recipe for the pipeline `name`, as it wants it."""
    wants = read_model(folder / name).defaults
    fields = {
        "model": ModelRef(name=name),
        "scheduler": wants.scheduler,
        "schedule": wants.schedule,
        "guidance": 3.0,
        "negative_prompt": "" if name in NO_NEGATIVE else "a blue mountain",
    }
    return small(**{**fields, **changes})


def reference(folder: Path, recipe: Recipe) -> Picture:
    """What the pipeline makes when it is called by hand."""
    pipe = diffusers.DiffusionPipeline.from_pretrained(
        folder / recipe.model.name, local_files_only=True, low_cpu_mem_usage=False, use_safetensors=True
    )
    pipe.set_progress_bar_config(disable=True)
    return called(
        pipe,
        recipe,
        **({"negative_prompt": recipe.negative_prompt} if recipe.negative_prompt else {}),
        **({"use_resolution_binning": False} if recipe.model.name == "sana" else {}),
    )


@pytest.mark.filterwarnings("ignore:`callback_steps` is deprecated:FutureWarning")  # Kandinsky's own, called by hand
@pytest.mark.parametrize("name", TINY)
def test_it_agrees_with_the_pipeline_called_by_hand_and_shows_each_step(
    whole: LocalEngine, folder: Path, name: str
) -> None:
    recipe, recorder = of(folder, name, width=128, height=64), Recorder()
    done = whole.generate(recipe, recorder)
    assert done.picture.std() > 1, "a flat picture agrees with anything flat"
    assert psnr(done.picture, reference(folder, recipe)) >= AGREES_DB
    assert [(step.number, step.count) for step in recorder.steps] == [(number, 4) for number in range(1, 5)]
    assert all(step.preview is not None for step in recorder.steps)
    stages = [event.stage for event in recorder.events if isinstance(event, Staged)]
    assert list(dict.fromkeys(stages)) == [Stage.LOADING, Stage.ENCODING, Stage.SAMPLING, Stage.DECODING]
    assert set(done.seconds) == set(stages)
    again = whole.generate(done.recipe, Recorder())
    assert np.array_equal(again.picture, done.picture), "the same recipe, the same bytes"
    assert again.recipe == done.recipe
    assert done.recipe.scheduler_settings == SchedulerSettings(), "what its scheduler is set to is not ours to tell"
    assert len(done.recipe.model.hash) == 64


@pytest.mark.parametrize("name", TINY)
def test_what_steers_a_picture_reaches_the_pipeline(whole: LocalEngine, folder: Path, name: str) -> None:
    def made(**changes: Any) -> bytes:
        return whole.generate(of(folder, name, **{"steps": 2, **changes}), Recorder()).picture.tobytes()

    pictures = [made(), made(seed=8), made(prompt="a blue mountain at night"), made(guidance=6.0), made(steps=3)]
    assert len(set(pictures)) == len(pictures)


@pytest.mark.parametrize("name", TINY)
def test_the_last_x0_decoded_is_the_picture(
    whole: LocalEngine, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stopwatch, "previews_lag", False)
    recorder = Recorder()
    whole.set_preview(PreviewTier.FULL)
    done = whole.generate(of(folder, name), recorder)
    whole.set_preview(PreviewTier.LINEAR)
    last = recorder.steps[-1].preview
    assert last is not None
    assert psnr(last, done.picture) >= AGREES_DB


@pytest.mark.parametrize("name", TINY)
def test_stop_answers_within_one_step_and_leaves_nothing_behind(whole: LocalEngine, folder: Path, name: str) -> None:
    recipe = of(folder, name, steps=5)
    before = whole.generate(recipe, Recorder()).picture
    heard: list[int] = []

    def stop(event: object) -> None:
        if isinstance(event, Step):
            heard.append(event.number)
            if event.number == 2:
                raise Cancelled

    with pytest.raises(Cancelled):
        whole.generate(recipe, stop)
    assert heard == [1, 2]
    assert np.array_equal(whole.generate(recipe, Recorder()).picture, before)


def test_the_words_may_be_stopped_too(whole: LocalEngine, folder: Path) -> None:
    recorder = Recorder()
    whole.generate(of(folder, "kandinsky"), recorder)
    read = [number for number, event in enumerate(recorder.events, 1) if getattr(event, "stage", 0) == Stage.ENCODING]
    assert len(read) > 10, "Kandinsky first finds what the words look like"
    with pytest.raises(Cancelled):
        whole.generate(of(folder, "kandinsky"), Recorder(stop_at=read[3]))


def picture_png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"blend": BLEND}, "blend", "cannot blend"),
        ({"adapters": (AdapterUse(name="x"),)}, "adapters", "takes no adapters"),
        ({"prompt": "a <lora:x:0.5> boat"}, "adapters", "takes no adapters"),
        ({"prompt": "a (red:1.4) boat"}, "prompt", "reads no prompt weights"),
        ({"prompt": "a boat BREAK a sea"}, "prompt", "reads no prompt weights"),
        ({"scheduler": Scheduler.DDIM}, "scheduler", "keeps its own scheduler. Choose Euler with Normal"),
        ({"schedule": Schedule.BETA}, "scheduler", "keeps its own scheduler"),
        ({"scheduler_settings": SchedulerSettings(s_noise=1.01)}, "s_noise", "keeps its scheduler's settings"),
    ],
    ids=str,
)
def test_what_it_cannot_do_is_refused_with_a_sentence(
    whole: LocalEngine, folder: Path, changes: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(OptionError, match=said) as caught:
        whole.generate(of(folder, "aura-flow", **changes), Recorder())
    assert caught.value.name == field
    assert str(caught.value).startswith("AuraFlow runs as its makers wrote it, and ")


def test_a_starting_picture_is_refused(whole: LocalEngine, folder: Path) -> None:
    with pytest.raises(OptionError, match="starts from noise alone"):
        whole.generate(of(folder, "aura-flow", start=Start(picture=picture_png(), strength=0.5)), Recorder())


def test_a_negative_prompt_is_refused_where_none_is_read(whole: LocalEngine, folder: Path) -> None:
    with pytest.raises(OptionError, match="reads no negative prompt"):
        whole.generate(of(folder, "latent-diffusion", negative_prompt="a boat"), Recorder())


def test_a_draft_is_refused_and_several_pictures_are_made_one_by_one(whole: LocalEngine, folder: Path) -> None:
    recipe = of(folder, "latent-diffusion", steps=2)
    with pytest.raises(ModelError, match="cannot be drafted"):
        whole.draft(recipe, Recorder())
    walked = list(whole.walk([recipe, recipe], Recorder()))
    assert [np.array_equal(each.picture, walked[0].picture) for each in walked] == [True, True]
    assert whole.noise_levels(recipe) == NoiseLevels((), ()), "nobody knows them before it runs"


def test_escaped_brackets_are_words(whole: LocalEngine, folder: Path) -> None:
    recipe = of(folder, "aura-flow", prompt=r"a \(red\) boat")
    theirs = reference(folder, of(folder, "aura-flow", prompt="a (red) boat"))
    assert psnr(whole.generate(recipe, Recorder()).picture, theirs) >= AGREES_DB


def test_a_prompt_is_never_cut_silently(whole: LocalEngine, folder: Path) -> None:
    whole.load("latent-diffusion", Recorder())
    assert whole.count_tokens("a red sailboat") == 3
    with pytest.raises(PromptTooLongError, match="reads 75"):
        whole.generate(of(folder, "latent-diffusion", prompt="red " * 76), Recorder())


def test_a_pipeline_that_fails_says_so_and_the_next_picture_comes(
    whole: LocalEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("the sizes do not go together")

    with monkeypatch.context() as patched:
        patched.setattr(diffusers.DDIMScheduler, "step", fail)
        with pytest.raises(PipelineError, match=r"Latent Diffusion could not make .* the sizes do not go together\."):
            whole.generate(of(folder, "latent-diffusion"), Recorder())
    assert whole.generate(of(folder, "latent-diffusion"), Recorder()).picture.shape == (64, 64, 3)


def test_memory_that_runs_out_is_tried_again_sparingly(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, recipe = LocalEngine((folder,), device="cpu"), of(folder, "aura-flow")
    expected = whole.generate(recipe, Recorder()).picture
    real, calls = diffusers.FlowMatchEulerDiscreteScheduler.step, []

    def short(*args: Any, **keywords: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return real(*args, **keywords)

    monkeypatch.setattr(diffusers.FlowMatchEulerDiscreteScheduler, "step", short)
    recorder = Recorder()
    assert psnr(whole.generate(recipe, recorder).picture, expected) >= AGREES_DB
    assert any("once more, sparingly" in getattr(event, "detail", "") for event in recorder.events)


@pytest.mark.parametrize(
    "part",
    [
        Part("unet", "diffusers", "NoSuchModel"),
        Part("unet", "os", "PathLike"),
        Part("unet", "diffusers", "DiffusionPipeline"),
        Part("unet", "transformers", "pipeline"),
        Part("unet", "pipeline_utils", "DiffusionPipeline"),
        Part("unet", "logging", "StreamHandler"),
        Part("unet", "transformers", "AutoModel"),
    ],
    ids=str,
)
def test_only_parts_of_the_two_libraries_are_made(tmp_path: Path, part: Part) -> None:
    with pytest.raises(ModelBrokenError, match="which is no part that diffusers knows here"):
        part_class(tmp_path, part)


@pytest.mark.parametrize("what", ["class", "kind", "weights", "truncated", "missing"])
def test_a_broken_folder_names_its_part(folder: Path, tmp_path: Path, what: str) -> None:
    path = Path(shutil.copytree(folder / "latent-diffusion", tmp_path / "broken"))
    recipe = of(folder, "latent-diffusion", model=ModelRef(name="broken"))
    index = json.loads((path / "model_index.json").read_text())
    weights = next((path / "unet").glob("*.safetensors"))
    match what:
        case "class":
            index["unet"] = ["diffusers", "UnheardOfModel"]
        case "kind":
            index["bert"] = ["diffusers", "UNet2DConditionModel"]
        case "weights":
            shutil.copy(next((path / "vqvae").glob("*.safetensors")), weights)
        case "truncated":
            weights.write_bytes(weights.read_bytes()[:-100])
        case "missing":
            del index["bert"]
    (path / "model_index.json").write_text(json.dumps(index))
    part = {"kind": "bert", "missing": "LDMTextToImagePipeline"}.get(what, "unet")
    with pytest.raises(ModelBrokenError, match=part):
        LocalEngine((tmp_path,), device="cpu").generate(recipe, Recorder())


@pytest.mark.parametrize("name", PIPELINES)
def test_diffusers_knows_every_pipeline_as_it_is_listed(name: str) -> None:
    facts, takes = PIPELINES[name], inspect.signature(getattr(diffusers, name).__call__).parameters
    assert {"prompt", "num_inference_steps", "generator", "output_type", "width", "height"} <= takes.keys()
    assert takes["num_inference_steps"].default == facts.steps
    assert takes[facts.guidance_name].default == facts.guidance
    assert ("negative_prompt" in takes) == facts.takes_negative
    assert takes["width"].default in (None, facts.side)
    if "max_sequence_length" in takes:
        assert takes["max_sequence_length"].default == facts.token_limit + 1
    assert "self.scheduler.step(" in inspect.getsource(inspect.getmodule(getattr(diffusers, name))) or "prior" in str(
        inspect.signature(getattr(diffusers, name).__init__)
    ), "its steps can be watched"


@pytest.mark.parametrize("name", OWN_SCHEDULERS)
def test_the_noise_of_every_scheduler_is_known(name: str) -> None:
    scheduler = getattr(diffusers, name)()
    scheduler.set_timesteps(4)
    assert hasattr(scheduler, "sigmas") or hasattr(scheduler, "alphas_cumprod")

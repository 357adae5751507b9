"""The few-step student: the teacher's ways, what it learns from them, and the file it is exported to."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import msgspec
import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors import safe_open

from studio.core.models import read_model
from studio.core.recipe import Recipe
from studio.engine.embeddings import Embeddings
from studio.engine.guidance import Conditioning
from studio.engine.local import LocalEngine
from studio.engine.sampling import sample
from studio.engine.student import Students
from studio.training import noise, student, ways
from studio.training.config import DefaultsConfig, LoopConfig, StudentConfig, WaysConfig, read
from studio.training.loop import Trainer
from studio.training.places import Places
from studio.training.shards import Ways, WaysStore
from tests.tiny_model import build_tiny_model

CONFIG = StudentConfig(
    loop=LoopConfig(samples=8, batch=8, learning_rate=1e-2, warmup_steps=1, decay=0.0, ema=0.5),
    ways=WaysConfig(count=4, shard=2, buckets=("128x128", "64x128"), captions=(1.0, 1.0), held_out=2),
    steps=(2, 4),
    rank=4,
)
GUIDANCE, STEPS = 2.5, 8


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """A tiny teacher and the ways it took."""
    folder = tmp_path_factory.mktemp("student")
    model = build_tiny_model(folder / "model", prediction_type="v_prediction", zero_snr=True, downsampling=16)
    settings = {"student": CONFIG, "defaults": DefaultsConfig(guidance=GUIDANCE, steps=STEPS, size=128)}
    (folder / "configs").mkdir()
    for name, config in settings.items():
        (folder / "configs" / f"{name}.toml").write_bytes(msgspec.toml.encode(config))
    places = Places(work=folder / "work", configs=folder / "configs", model=model)
    ways.draw_ways(places)
    return places


def build_task(places: Places, config: StudentConfig = CONFIG) -> student.StudentTask:
    torch.manual_seed(0)
    unet, folder = ways.load_unet(places), ways.ways_folder(places)
    vae = AutoencoderKL.from_pretrained(places.model / "vae", low_cpu_mem_usage=False).eval()
    store, held_out = WaysStore([folder / "128x128"]), WaysStore([folder / "held-out"]).whole()
    return student.StudentTask(student.LowRank(unet, config.rank), unet, config, store, vae=vae, held_out=held_out)


def test_its_settings_parse() -> None:
    config = read(Places().configs / "student.toml", StudentConfig)
    assert config.ways.count % config.ways.shard == 0


def test_ways_lie_in_folders_by_size_and_are_not_walked_twice(places: Places) -> None:
    files = sorted(ways.ways_folder(places).rglob("*.npz"))
    assert [file.parent.name for file in files] == ["128x128", "64x128", "held-out"]
    before = [file.stat().st_mtime_ns for file in files]
    ways.draw_ways(places)
    assert [file.stat().st_mtime_ns for file in files] == before
    wide = WaysStore([ways.ways_folder(places) / "64x128"]).whole()
    assert wide.latents.shape == (2, 5, 4, 8, 4)  # noise, 749, 499 (twice), 249, the picture


def test_a_way_ends_in_the_picture_that_diffusers_draws(places: Places) -> None:
    pipeline = StableDiffusionPipeline.from_pretrained(places.model, local_files_only=True, safety_checker=None)
    pipeline.scheduler = DDIMScheduler(**noise.scheduler_config(), clip_sample=False)
    pipeline.set_progress_bar_config(disable=True)
    way = WaysStore([ways.ways_folder(places) / "held-out"]).whole()
    empty = pipeline.encode_prompt("", "cpu", 1, do_classifier_free_guidance=False)[0]
    drawn = pipeline(
        prompt_embeds=way.told, negative_prompt_embeds=empty.expand_as(way.told), latents=way.latents[:, 0],
        num_inference_steps=STEPS, guidance_scale=GUIDANCE, output_type="latent",
    ).images  # fmt: skip
    error = (drawn - way.latents[:, -1]).square().mean() / drawn.square().mean()
    assert error < 1e-3  # ways are walked in bfloat16


def test_latents_between_two_nodes_are_where_a_shorter_step_leads() -> None:
    clean, eps = torch.randn(2, 3, 4, 2, 2, generator=torch.Generator().manual_seed(0)).unbind(0)
    table = noise.noise_levels()

    def predict(latents: torch.Tensor, timestep: int) -> torch.Tensor:
        return table.velocity(clean, eps, torch.full((3,), timestep))

    kept = ways.all_levels((2, 3, 4))
    assert [level.timestep for level in kept] == [999, 749, 666, 499, 332, 249, ways.END]
    found = ways.walk(predict, eps, 20, kept)
    for level, latents in zip(kept, found.unbind(1), strict=True):
        assert torch.allclose(latents, level.alpha * clean + level.sigma * eps, atol=1e-4)


def test_steps_are_those_of_the_scheduler() -> None:
    scheduler = DDIMScheduler(**noise.scheduler_config(), clip_sample=False)
    scheduler.set_timesteps(4)
    latents = torch.randn(1, 4, 2, 2, generator=torch.Generator().manual_seed(0))
    for start, end in itertools.pairwise(ways.levels(4)):
        v = latents.flip(1) - 0.1
        expected = scheduler.step(v, start.timestep, latents, return_dict=False)[0]
        latents = ways.stepped(latents, v, start, end)
        assert torch.allclose(latents, expected, atol=1e-5)


def test_an_untrained_student_is_the_teacher_without_guidance(places: Places) -> None:
    task = build_task(places)
    weights = task.modules["student"].changed(ways.load_unet(places))
    unet = ways.load_unet(places)
    assert len(weights) > 20
    assert all(torch.equal(value, unet.get_parameter(name)) for name, value in weights.items())


@pytest.mark.parametrize("drift", [0.0, 1.0])
def test_learning_brings_its_landings_closer_to_the_teachers(places: Places, tmp_path: Path, drift: float) -> None:
    task = build_task(places, msgspec.structs.replace(CONFIG, drift=drift))
    fixed = task.batch(8, torch.Generator().manual_seed(0))
    task.batch = lambda count, generator: fixed  # type: ignore[method-assign]
    trainer = Trainer(task, CONFIG.loop, tmp_path, torch.device("cpu"))
    losses = []
    while len(losses) < 10:
        trainer.progress.samples = 0
        losses.append(trainer.step()["loss"])
    assert losses[-1] < 0.8 * losses[0]


def test_its_number_of_steps_is_told(places: Places) -> None:
    task = build_task(places)
    ways_: Ways = task.batch(2, torch.Generator().manual_seed(0))[0]
    weights = task.modules["student"].changed(ways.load_unet(places))
    with torch.no_grad():
        few, most = (
            task.predict(weights, ways_.latents[:, 0], torch.tensor(999), ways_.told, steps) for steps in (2, 4)
        )
    assert not torch.equal(few, most)


def test_training_reports_and_exports_what_a_lora_file_holds(places: Places) -> None:
    student.train_student(places)
    sheets = list(places.work.rglob("sheet-*.jpg"))
    assert sheets
    path = places.model / student.FILE
    with safe_open(path, "pt") as file:
        facts, keys = file.metadata(), list(file.keys())
        down = file.get_tensor("unet.conv_in.lora_A.weight")
    assert facts["made_for"] == ways.teacher_hash(places)
    assert (facts["guidance"], facts["steps"]) == ("2.5", "2,4")
    unet = UNet2DConditionModel.from_pretrained(places.model / "unet", low_cpu_mem_usage=False)
    assert down.shape == (4, *unet.conv_in.weight.shape[1:])
    assert down.dtype is torch.float16
    assert len(keys) == 2 * len(student.LowRank(unet, 4).layers)


def test_a_student_may_go_on_from_the_last_one(places: Places) -> None:
    last, other = (build_task(places).modules["student"] for _ in range(2))
    unet = ways.load_unet(places)
    for up in last.ups:
        torch.nn.init.normal_(up, std=0.05)
    other.take(last.tensors(unet))
    for own, given in zip(other.parameters(), last.parameters(), strict=True):
        assert torch.equal(own, given.half().float())
    with pytest.raises(RuntimeError):
        student.LowRank(unet, CONFIG.rank * 2).take(last.tensors(unet))


def test_the_engine_draws_as_training_does(places: Places, tmp_path: Path) -> None:
    shutil.copytree(places.model, tmp_path / "model")
    here = Places(work=places.work, configs=places.configs, model=tmp_path / "model")
    task = build_task(here)
    low_rank, unet = task.modules["student"], ways.load_unet(here)
    for up in low_rank.ups:
        torch.nn.init.normal_(up, std=0.05)
    student.export_student(here, CONFIG, low_rank, unet)
    engine = LocalEngine((tmp_path,), device="cpu")
    loaded = engine._loader.load(read_model(here.model), lambda event: None)
    exported = Students(engine._loader.add_bytes).of(loaded, lambda event: None)
    assert exported is not None
    for parameter in low_rank.parameters():
        parameter.data = parameter.data.half().float()
    weights = low_rank.changed(unet)
    own = exported.family.components["unet"]
    assert all(torch.equal(own.get_parameter(name), value) for name, value in weights.items())

    way = WaysStore([ways.ways_folder(here) / "held-out"]).whole()
    for steps in CONFIG.steps:

        def predict(latents: torch.Tensor, timestep: int, steps: int = steps) -> torch.Tensor:
            return task.predict(weights, latents, torch.tensor(timestep), way.told[:1], steps)

        with torch.no_grad():
            expected = ways.walk(predict, way.latents[:1, 0], steps, ways.levels(steps)[-1:])[:, -1]
        told = Conditioning(Embeddings(way.told[:1]), Embeddings(way.told[:1]), GUIDANCE)
        recipe = Recipe(steps=steps, width=128, height=128, guidance=GUIDANCE)
        solver = exported.solver(recipe, {**noise.scheduler_config(), "clip_sample": False}, torch.Generator())
        *_, last = sample(exported.predict(told, steps), solver, way.latents[:1, 0])
        assert torch.allclose(last.latents, expected, atol=1e-3)


def test_there_is_no_student_without_ways(places: Places, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="training ways"):
        student.train_student(Places(work=tmp_path, configs=places.configs, model=places.model))

"""The denoiser: noise, weights, training steps, the exported folder, and the weights that ship."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from torch import nn
from transformers import CLIPTokenizer

from studio.training import autoencoder, channels, checkpoint, denoiser, export, noise, sampling, shards
from studio.training.config import (
    AutoencoderConfig,
    DefaultsConfig,
    DenoiserConfig,
    LatentsConfig,
    LoopConfig,
    PicturesConfig,
    Solver,
    TextConfig,
    TinyConfig,
    VaeConfig,
    read,
)
from studio.training.loop import Trainer
from studio.training.places import Places

CONFIGS = {
    "pictures": PicturesConfig,
    "autoencoder": AutoencoderConfig,
    "decoder": AutoencoderConfig,
    "tiny-decoder": TinyConfig,
    "latents": LatentsConfig,
    "denoiser": DenoiserConfig,
    "defaults": DefaultsConfig,
}
SMALL_VAE = VaeConfig(widths=(16, 32, 32, 64, 64), latent_channels=6)
SMALL = DenoiserConfig(
    loop=LoopConfig(samples=10_000, batch=8, learning_rate=2e-3, warmup_steps=1),
    widths=(32, 32, 64),
    heads=2,
    text=TextConfig(width=32, layers=1, heads=2),
    levels=2,
    drop=0.5,
)


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_every_stage_has_settings_that_parse(name: str) -> None:
    read(Places().configs / f"{name}.toml", CONFIGS[name])


def test_settings_with_a_slip_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pictures.toml"
    path.write_text("siez = 256\n")
    with pytest.raises(msgspec.ValidationError, match="siez"):
        read(path, PicturesConfig)


def test_noise_levels_end_in_pure_noise_and_preserve_variance() -> None:
    levels = noise.noise_levels()
    assert levels.alpha[-1] == 0.0
    assert torch.allclose(levels.alpha.square() + levels.sigma.square(), torch.ones(1000), atol=1e-6)


def test_velocity_is_what_diffusers_schedulers_expect() -> None:
    levels = noise.noise_levels()
    clean, eps = torch.randn(2, 4, 6, 3, 3, generator=torch.Generator().manual_seed(0)).unbind(0)
    steps = torch.tensor([0, 250, 600, 999])
    scheduler = DDIMScheduler(**noise.scheduler_config())
    assert torch.allclose(levels.velocity(clean, eps, steps), scheduler.get_velocity(clean, eps, steps), atol=1e-6)
    assert torch.allclose(levels.noisy(clean, eps, steps), scheduler.add_noise(clean, eps, steps), atol=1e-6)


def test_weights_are_one_in_noise_and_bounded_in_clean_samples() -> None:
    levels = noise.noise_levels()
    weights = levels.weights(torch.arange(1000), gamma=5.0)
    assert weights[-1] == 1.0
    assert torch.all(weights.diff() >= 0)
    total = (levels.alpha / levels.sigma).square() + 1
    assert torch.allclose((weights * total).clamp_max(5.0), weights * total, atol=1e-3)


def test_timesteps_cover_the_schedule_for_every_picture() -> None:
    steps = noise.stratified_timesteps(50, 4, torch.Generator().manual_seed(0)).view(50, 4)
    assert torch.all(steps // 250 == torch.arange(4))


def test_timesteps_may_lie_toward_the_noise() -> None:
    steps = noise.stratified_timesteps(5_000, 4, torch.Generator().manual_seed(0), toward_noise=2.0)
    below = [float((steps < t).float().mean()) for t in (250, 500, 750)]
    assert below == pytest.approx([1 / 16, 1 / 4, 9 / 16], abs=0.01)


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(Places().tokenizer, local_files_only=True)


@pytest.fixture
def places(tmp_path: Path, tokenizer: CLIPTokenizer) -> Places:
    """A small untrained model's own folders."""
    model = tmp_path / "model"
    tokenizer.save_pretrained(model / "tokenizer")
    configs = tmp_path / "configs"
    configs.mkdir()
    loop = LoopConfig(samples=1, batch=1, learning_rate=1.0)
    settings = {
        "autoencoder": AutoencoderConfig(loop=loop, vae=SMALL_VAE),
        "denoiser": SMALL,
        "defaults": DefaultsConfig(size=64),
    }
    for name, config in settings.items():
        (configs / f"{name}.toml").write_bytes(msgspec.toml.encode(config))
    return Places(work=tmp_path / "work", configs=configs, model=model)


def small_task(tokenizer: CLIPTokenizer, folder: Path) -> denoiser.DenoiserTask:
    torch.manual_seed(0)
    latents = np.random.default_rng(0).standard_normal((6, 6, 4, 4)).astype(np.float16)
    texts = ["a red house", "a blue sea", "a castle", "a train at night", "fog", "a lake"]
    ids = np.asarray(tokenizer(texts, padding="max_length", max_length=77).input_ids, np.int16)[:, None]
    focus = np.zeros((6, 4, 4), np.uint8)
    focus[:, 1, 1] = 255
    shards.write_latents(folder, 0, latents, ids, focus)
    modules = nn.ModuleDict(
        {"unet": denoiser.build_unet(SMALL, 6), "text": denoiser.build_text_encoder(SMALL, tokenizer)}
    )
    vae = autoencoder.build(SMALL_VAE).eval()
    return denoiser.DenoiserTask(modules, SMALL, [shards.LatentStore(folder)], vae=vae, tokenizer=tokenizer)


def test_a_share_of_captions_is_dropped(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    task = small_task(tokenizer, tmp_path)
    ids = task.batch(400, torch.Generator().manual_seed(1)).ids
    empty = torch.tensor(tokenizer("", padding="max_length", max_length=77).input_ids)
    share = float((ids == empty).all(dim=1).float().mean())
    assert 0.4 < share < 0.6


def test_training_lowers_the_loss_on_a_fixed_batch(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    task = small_task(tokenizer, tmp_path / "latents")
    fixed = task.batch(8, torch.Generator().manual_seed(0))
    task.batch = lambda count, generator: fixed  # type: ignore[method-assign]
    trainer = Trainer(task, SMALL.loop, tmp_path, torch.device("cpu"))
    losses = [trainer.step()["loss"] for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


def test_quiet_pictures_may_weigh_more() -> None:
    noises = torch.randn(2, 6, 64, 64, generator=torch.Generator().manual_seed(0))
    clean, channels = noises * torch.tensor([0.5, 1.0]).view(2, 1, 1, 1), torch.full((6,), 1 / 6)
    assert denoiser.picture_weights(clean, channels, 0.0).tolist() == [1.0, 1.0]
    quiet, loud = denoiser.picture_weights(clean, channels, 0.5).tolist()
    assert quiet + loud == pytest.approx(2.0)
    assert quiet / loud == pytest.approx(2.0, abs=0.05)


def test_words_reach_the_prediction(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    modules = small_task(tokenizer, tmp_path).modules
    ids = torch.tensor(tokenizer(["a red house", "a blue sea"], padding="max_length", max_length=77).input_ids)
    with torch.no_grad():
        output = modules["text"](ids)
        noisy = torch.randn(1, 6, 4, 4).expand(2, -1, -1, -1)
        first, second = modules["unet"](noisy, 500, output.last_hidden_state).sample
    assert not torch.allclose(first, second, atol=1e-5)
    ends = (ids == tokenizer.eos_token_id).int().argmax(dim=1)
    assert torch.allclose(output.pooler_output, output.last_hidden_state[torch.arange(2), ends])


def test_channels_are_weighed_by_what_they_show() -> None:
    vae = autoencoder.build(SMALL_VAE).eval()
    with torch.no_grad():
        vae.post_quant_conv.weight[:, 2] = 0.0
    weights = channels.channel_weights(vae, 1.0, side=2)
    assert float(weights.sum()) == pytest.approx(1.0, abs=1e-5)
    assert weights[2] == weights.min() < 1e-4


def test_exported_folder_loads_offline_and_paints(places: Places, tokenizer: CLIPTokenizer) -> None:
    torch.manual_seed(0)
    vae = nn.ModuleDict({"vae": autoencoder.build(SMALL_VAE)})
    checkpoint.write_atomically(places.work / "frozen.pt", {"average": vae.state_dict(), "progress": [0, 0, 0.0]})
    modules = nn.ModuleDict(
        {"unet": denoiser.build_unet(SMALL, 6), "text": denoiser.build_text_encoder(SMALL, tokenizer)}
    )
    content = {"average": modules.state_dict(), "progress": [3, 24, 1.0]}
    checkpoint.write_atomically(places.run("denoiser") / "checkpoint.pt", content)
    export.export(places)
    pipeline = StableDiffusionPipeline.from_pretrained(places.model, local_files_only=True)
    for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        assert {parameter.dtype for parameter in part.parameters()} == {torch.float32}
    picture = sampling.draw(pipeline, ["a red house"], width=64, height=64, steps=2)
    assert picture.shape == (1, 64, 64, 3)
    facts = json.loads((places.model / "horizon.json").read_text())
    assert facts["samples_seen"] == 24
    assert not list(places.model.rglob("*.bin"))


@pytest.mark.parametrize("solver", list(Solver))
def test_default_schedulers_keep_the_trained_noise(solver: Solver) -> None:
    config = export.build_scheduler(solver).config
    assert config["prediction_type"] == "v_prediction"
    assert config["rescale_betas_zero_snr"]
    assert config["timestep_spacing"] == "trailing"


MODEL = Places().model


def test_shipped_folder_is_small_safe_and_paints_what_it_is_told() -> None:
    weights = list(MODEL.rglob("*.safetensors"))
    assert sum(path.stat().st_size for path in weights) < 60_000_000
    assert not [path for path in MODEL.rglob("*") if path.suffix in {".bin", ".pt", ".ckpt", ".pkl"}]
    pipeline = StableDiffusionPipeline.from_pretrained(MODEL, local_files_only=True)
    text = pipeline.text_encoder.config
    assert (text.eos_token_id, text.bos_token_id) == (pipeline.tokenizer.eos_token_id, pipeline.tokenizer.bos_token_id)
    prompts = ["a mountain landscape at night", "a mountain landscape at noon"]
    night, noon = sampling.draw(pipeline, prompts, width=128, height=128, steps=10).astype(float)
    assert night.mean() + 20 < noon.mean()

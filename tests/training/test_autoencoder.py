"""The autoencoder: its linear start, its folded statistics, its training step, and the weights that ship."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny

from studio.training import autoencoder, stages
from studio.training.config import AutoencoderConfig, LoopConfig, VaeConfig
from studio.training.linear_start import fit_tree, linear_code_psnr, start_linear
from studio.training.loop import Trainer
from studio.training.metrics import mean_psnr, psnr, structural_similarity
from studio.training.places import Places
from studio.training.shards import PictureStore, write_pictures
from studio.training.vae_files import shape_spectrum

SMALL = VaeConfig(widths=(16, 32, 64, 64), latent_channels=12, start_pictures=8)


def smooth_pictures(count: int, side: int = 64) -> torch.Tensor:
    """Random coloured gradients with one hard edge each, `(count, 3, side, side)` in [-1, 1]."""
    generator = torch.Generator().manual_seed(3)
    across = torch.linspace(-1, 1, side)
    slopes = torch.rand(count, 3, 2, generator=generator) - 0.5
    pictures = slopes[..., :1, None] * across[None, None, :, None] + slopes[..., 1:, None] * across[None, None, None]
    edge = torch.randint(side // 4, 3 * side // 4, (count,), generator=generator)
    below = torch.arange(side)[None] >= edge[:, None]
    return (pictures + 0.4 * below[:, None, :, None]).clamp(-1, 1)


@pytest.fixture(scope="module")
def started() -> AutoencoderKL:
    torch.manual_seed(0)
    vae = autoencoder.build(SMALL)
    start_linear(vae, smooth_pictures(32))
    return vae.eval()


def test_untrained_start_is_already_near_the_best_linear_code(started: AutoencoderKL) -> None:
    pictures = smooth_pictures(48)
    best = linear_code_psnr(pictures[:32], pictures[32:], [12], patch=8)[12]
    decoded = autoencoder.reconstruct(started, pictures[32:])[2]
    assert psnr(decoded, pictures[32:]) > min(best - 6.0, 30.0)


def test_start_latents_are_standardised_and_the_posterior_has_the_asked_sigma(started: AutoencoderKL) -> None:
    means, sigmas, _ = autoencoder.reconstruct(started, smooth_pictures(32))
    leading = means[:, :3].std(dim=(0, 2, 3))
    assert torch.all((leading > 0.7) & (leading < 1.3))
    assert torch.allclose(sigmas, torch.full_like(sigmas, 0.1), atol=1e-3)


def test_linear_start_is_linear_where_a_default_start_is_not(started: AutoencoderKL) -> None:
    first, second = smooth_pictures(2).split(1)
    mean = [autoencoder.reconstruct(started, p)[0] for p in (first, second, (first + second) / 2)]
    bend = mean[2] - (mean[0] + mean[1]) / 2
    assert bend.std() < 0.05 * (mean[0] - mean[1]).std()


def test_tree_features_have_unit_variance() -> None:
    levels = fit_tree(smooth_pictures(16), [12, 32])
    assert [level.forward.shape for level in levels] == [(12, 12), (32, 48)]
    assert np.all(np.diff(levels[0].deviations) <= 1e-9)


def test_folding_statistics_changes_latents_and_not_pictures(started: AutoencoderKL) -> None:
    vae = copy.deepcopy(started)
    with torch.no_grad():
        vae.quant_conv.weight.add_(torch.randn(vae.quant_conv.weight.shape) * 0.02)
        vae.quant_conv.bias.add_(0.5)
    pictures = smooth_pictures(24)
    means, sigmas, before = autoencoder.reconstruct(vae, pictures)
    autoencoder.fold_statistics(vae, means)
    folded, folded_sigmas, after = autoencoder.reconstruct(vae, pictures)
    assert torch.allclose(before, after, atol=2e-3)
    assert folded.mean(dim=(0, 2, 3)).abs().max() < 1e-3
    assert (folded.std(dim=(0, 2, 3)) - 1).abs().max() < 1e-3
    ratio = sigmas / means.std(dim=(0, 2, 3), keepdim=True).view(1, -1, 1, 1)
    assert torch.allclose(folded_sigmas, ratio, rtol=1e-2)


def test_training_lowers_the_loss_on_a_fixed_batch(started: AutoencoderKL, tmp_path: Path) -> None:
    pictures = ((smooth_pictures(8) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    write_pictures(tmp_path / "pictures", 0, pictures)
    store = PictureStore(tmp_path / "pictures")
    loop = LoopConfig(samples=10_000, batch=4, learning_rate=3e-4, warmup_steps=1)
    config = AutoencoderConfig(loop=loop, vae=SMALL, crop=64, noise=0.0)
    task = autoencoder.AutoencoderTask(copy.deepcopy(started).train(), config, store, smooth_pictures(4))
    trainer = Trainer(task, loop, tmp_path, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    fixed = task.batch(4, generator)
    task.batch = lambda count, generator: fixed  # type: ignore[method-assign]
    losses = [trainer.step()["loss"] for _ in range(60)]
    assert losses[-1] < 0.9 * losses[0]


def test_measures_know_equal_pictures_and_noise() -> None:
    pictures = smooth_pictures(4)
    assert structural_similarity(pictures, pictures) == pytest.approx(1.0, abs=1e-4)
    noisy = pictures + 0.02 * torch.randn(pictures.shape, generator=torch.Generator().manual_seed(1))
    assert psnr(noisy, pictures) == pytest.approx(40.0, abs=0.5)
    assert mean_psnr(noisy, pictures) == pytest.approx(40.0, abs=0.5)
    assert structural_similarity(noisy, pictures) < 0.999


MODEL = Places().model


@pytest.fixture(scope="module")
def held_out() -> torch.Tensor:
    return stages.held_out(16)


@pytest.fixture(scope="module")
def shipped_vae() -> AutoencoderKL:
    return AutoencoderKL.from_pretrained(MODEL / "vae", local_files_only=True).eval()


@pytest.fixture(scope="module")
def rebuilt(shipped_vae: AutoencoderKL, held_out: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return autoencoder.reconstruct(shipped_vae, held_out)


def test_shipped_vae_reconstructs_held_out_pictures(
    rebuilt: tuple[torch.Tensor, torch.Tensor, torch.Tensor], held_out: torch.Tensor
) -> None:
    assert mean_psnr(rebuilt[2], held_out) > 28.0
    assert structural_similarity(rebuilt[2], held_out) > 0.88


def test_shipped_latents_have_their_spectrum_and_the_posterior_lives(
    rebuilt: tuple[torch.Tensor, torch.Tensor, torch.Tensor], shipped_vae: AutoencoderKL
) -> None:
    means, sigmas, _ = rebuilt
    deviations = means.std(dim=(0, 2, 3))
    assert shipped_vae.config.scaling_factor == 1.0
    assert means.mean().abs() < 0.2
    assert 0.7 < deviations.max() < 1.3
    assert deviations[:3].mean() > 2 * deviations[12:].mean()  # composition before detail
    assert 0.02 < (sigmas.mean(dim=(0, 2, 3)) / deviations).mean() < 0.3


def test_a_spectrum_changes_deviations_and_no_picture() -> None:
    torch.manual_seed(0)
    vae = autoencoder.build(SMALL).eval()
    pictures = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        before = vae.encode(pictures).latent_dist
        picture = vae.decode(before.mean).sample
        wanted = shape_spectrum(vae, 0.5)
        after = vae.encode(pictures).latent_dist
        assert torch.allclose(after.mean, before.mean * wanted.view(1, -1, 1, 1), atol=1e-5)
        assert torch.allclose(after.std, before.std * wanted.view(1, -1, 1, 1), rtol=1e-3)
        assert torch.allclose(vae.decode(after.mean).sample, picture, atol=1e-4)
    assert wanted.max() == 1.0
    assert wanted.min() < 1.0


def test_interpolating_two_encoded_pictures_is_not_grey(
    rebuilt: tuple[torch.Tensor, torch.Tensor, torch.Tensor], shipped_vae: AutoencoderKL
) -> None:
    first, second = rebuilt[0][0:1], rebuilt[0][3:4]
    with torch.no_grad():
        ends = [shipped_vae.decode(z).sample for z in (first, second)]
        middle = shipped_vae.decode((first + second) / 2).sample
    saturation = [float((p.amax(1) - p.amin(1)).mean()) for p in (*ends, middle)]
    assert saturation[2] > 0.5 * min(saturation[:2])
    assert middle.std() > 0.4 * min(end.std() for end in ends)


def test_shipped_tiny_decoder_follows_the_vae(rebuilt: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
    tiny = AutoencoderTiny.from_pretrained(MODEL / "tiny_vae", local_files_only=True).eval()
    with torch.no_grad():
        drawn = tiny.decode(rebuilt[0]).sample
    assert psnr(drawn, rebuilt[2]) > 22.0

"""Previews: fitted to any VAE, of x0 and never of the noise, and never dearer than the sampler."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from studio.core.events import PreviewTier
from studio.core.models import read_model
from studio.core.recipe import ModelRef
from studio.engine.device import choose_device
from studio.engine.linear_preview import LinearPreview, fit_linear_preview, fitting_pictures
from studio.engine.local import LocalEngine
from studio.engine.pipeline_folder import load_pipeline_folder
from studio.engine.preview import Previewer, Stopwatch
from tests.engine.helpers import Recorder, small

CHANNELS, FACTOR = 12, 8


def linear_codec(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """A VAE whose latents are a fixed mixture of each block's 2×2 mean colours: a linear preview can be perfect."""
    mixture = torch.randn(CHANNELS, CHANNELS, generator=torch.Generator().manual_seed(4)) / 3
    small_pictures = functional.avg_pool2d(pictures, FACTOR // 2)
    latents = functional.conv2d(functional.pixel_unshuffle(small_pictures, 2), mixture[:, :, None, None])
    return latents, functional.interpolate(small_pictures, scale_factor=FACTOR // 2)


def silent_codec(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """A VAE whose latents say nothing."""
    return functional.avg_pool2d(pictures, FACTOR)[:, :1].expand(-1, 4, -1, -1) * 0, pictures


def test_a_linear_vae_is_shown_exactly() -> None:
    preview = fit_linear_preview(linear_codec, CHANNELS, FACTOR)
    picture = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1)) * 1.6 - 0.8
    shown = preview.pixels(linear_codec(picture)[0])
    assert shown.shape == (1, 3, 16, 24)
    assert (shown - functional.avg_pool2d(picture, 4)).abs().mean() < 0.002


def test_the_fit_is_ridge_regression() -> None:
    """Against numpy's least squares on the data augmented by sqrt(λ) rows, the textbook equivalent."""
    generator = torch.Generator().manual_seed(2)
    latents, pictures = torch.randn(2, 3, 6, 6, generator=generator), torch.randn(2, 3, 6, 6, generator=generator)
    preview = LinearPreview(channels=3, downsampling=1)
    preview.learn(latents, pictures)
    x = np.concatenate([latents.permute(0, 2, 3, 1).reshape(-1, 3).numpy(), np.ones((72, 1))], axis=1)
    y = pictures.permute(0, 2, 3, 1).reshape(-1, 3).numpy()
    shrink = np.sqrt(1e-5 * np.mean(x[:, :3] ** 2) * len(x)) * np.eye(4)
    shrink[3, 3] = 0
    matrix = np.linalg.lstsq(np.concatenate([x, shrink]), np.concatenate([y, np.zeros((4, 3))]), rcond=None)[0]
    shown = preview.pixels(latents).permute(0, 2, 3, 1).reshape(-1, 3).numpy()
    np.testing.assert_allclose(shown, x @ matrix, atol=1e-4)


def test_finished_pictures_refine_the_fit() -> None:
    generator = torch.Generator().manual_seed(3)
    preview = fit_linear_preview(silent_codec, 4, FACTOR)
    latents = torch.randn(1, 4, 16, 16, generator=generator)
    colours = torch.tanh(functional.conv2d(latents, torch.randn(3, 4, 1, 1, generator=generator)) / 4)
    picture = functional.interpolate(colours, scale_factor=FACTOR)
    errors = [float((preview.pixels(latents) - functional.avg_pool2d(picture, 4)).abs().mean())]
    for _ in range(10):
        preview.learn(latents, picture)
        errors.append(float((preview.pixels(latents) - functional.avg_pool2d(picture, 4)).abs().mean()))
    assert errors[-1] < 0.4 * errors[0]


def test_the_fitting_pictures_are_always_the_same_and_varied() -> None:
    torch.manual_seed(9)
    first = fitting_pictures(4, 64)
    torch.manual_seed(10)
    assert torch.equal(first, fitting_pictures(4, 64))
    assert first.shape == (4, 3, 64, 64)
    assert first.abs().max() <= 1
    assert first.std() > 0.3
    assert (first[0] - first[1]).abs().mean() > 0.2


def test_a_latent_that_never_varies_does_no_harm() -> None:
    preview = fit_linear_preview(silent_codec, 4, FACTOR)
    assert torch.isfinite(preview.pixels(torch.randn(1, 4, 16, 16))).all()


@pytest.fixture(scope="module")
def previewer(models: Path) -> Previewer:
    info = read_model(models / "plain")
    folder = load_pipeline_folder(info, choose_device("cpu"), lambda name, fraction: None)
    return Previewer(folder.family, LinearPreview(4, 8), folder.tiny_vae)


SIZES = {PreviewTier.LINEAR: 16, PreviewTier.TINY: 64, PreviewTier.FULL: 64}


@pytest.mark.parametrize("tier", PreviewTier)
def test_each_tier_shows_x0_in_its_own_size(previewer: Previewer, tier: PreviewTier) -> None:
    shown = previewer.show(torch.randn(1, 4, 8, 8), tier, Stopwatch())
    assert shown.shape == (SIZES[tier], SIZES[tier], 3)
    assert shown.dtype == np.uint8
    assert shown.flags.c_contiguous


def test_tiers_that_lag_give_way_to_the_linear_one(previewer: Previewer) -> None:
    late = Stopwatch()
    late.add_preview(3600.0)
    assert late.previews_lag
    assert previewer.show(torch.randn(1, 4, 8, 8), PreviewTier.FULL, late).shape == (16, 16, 3)


def test_the_last_preview_in_full_is_the_picture_itself(engine: LocalEngine) -> None:
    """With a solver that ends at σ = 0, the last x0 is what is decoded."""
    recorder = Recorder()
    engine.set_preview(PreviewTier.FULL)
    made = engine.generate(small(steps=12), recorder)
    engine.set_preview(PreviewTier.LINEAR)
    last = recorder.steps[-1].preview
    assert last is not None
    full = [step.preview for step in recorder.steps if step.preview is not None and step.preview.shape == (64, 64, 3)]
    assert full, "some are full even where the VAE is slow"
    if last.shape == made.picture.shape:
        assert abs(last.astype(int) - made.picture.astype(int)).max() <= 1


def test_previews_do_not_change_the_picture(engine: LocalEngine) -> None:
    pictures = set()
    for tier in PreviewTier:
        engine.set_preview(tier)
        pictures.add(engine.generate(small(), Recorder()).picture.tobytes())
    engine.set_preview(PreviewTier.LINEAR)
    assert len(pictures) == 1


def test_tiny_is_linear_where_the_model_has_none(engine: LocalEngine) -> None:
    engine.set_preview(PreviewTier.TINY)
    recorder = Recorder()
    engine.generate(small(model=ModelRef(name="zero")), recorder)
    engine.set_preview(PreviewTier.LINEAR)
    assert {step.preview.shape for step in recorder.steps if step.preview is not None} == {(16, 16, 3)}


def test_previews_show_the_clean_picture_and_not_the_noise(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Tensor] = []
    show = Previewer.show

    def listening(self: Previewer, x0: Tensor, tier: PreviewTier, clock: Stopwatch) -> object:
        shown.append(x0)
        return show(self, x0, tier, clock)

    monkeypatch.setattr(Previewer, "show", listening)
    finished: list[Tensor] = []
    decode = type(engine._loader.load(engine.models()[0], Recorder()).family).decode
    monkeypatch.setattr(
        "studio.engine.stable_diffusion.StableDiffusion.decode",
        lambda self, latents, *told: finished.append(latents) or decode(self, latents, *told),
    )
    engine.generate(small(steps=6), Recorder())
    assert len(shown) == 6
    torch.testing.assert_close(shown[-1], finished[-1], rtol=0, atol=1e-4)

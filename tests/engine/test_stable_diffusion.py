"""The Stable Diffusion family against diffusers' own classes, and the layout that makes it fast."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio.core.models import read_model
from studio.engine.device import choose_device
from studio.engine.libraries import AutoencoderKL
from studio.engine.pipeline_folder import LoadedParts, load_pipeline_folder
from studio.engine.stable_diffusion import StableDiffusion, to_picture


@pytest.fixture(scope="module")
def loaded(models: Path) -> LoadedParts:
    return load_pipeline_folder(read_model(models / "plain"), choose_device("cpu"), lambda name, fraction: None)


@pytest.fixture(scope="module")
def vae(models: Path) -> Any:
    return AutoencoderKL.from_pretrained(models / "plain" / "vae", low_cpu_mem_usage=False).eval()


def picture() -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)


def test_the_posterior_is_diffusers_own_in_the_samplers_units(loaded: LoadedParts, vae: Any) -> None:
    values = torch.from_numpy(picture().astype(np.float32) / 255 * 2 - 1).permute(2, 0, 1)[None]
    with torch.no_grad():
        theirs = vae.encode(values).latent_dist
    ours = loaded.family.encode(picture())
    assert ours.mean.shape == ours.std.shape == (1, 4, 8, 6)
    torch.testing.assert_close(ours.mean, theirs.mean * 0.18215, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.std, theirs.std * 0.18215, rtol=1e-4, atol=1e-5)


def test_decoding_is_diffusers_own(loaded: LoadedParts, vae: Any) -> None:
    latents = torch.randn(1, 4, 8, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        theirs = vae.decode(latents / 0.18215).sample
    ours = loaded.family.decode(latents)
    expected = ((theirs / 2 + 0.5).clamp(0, 1)[0].permute(1, 2, 0).numpy() * 255).round()
    assert abs(ours.astype(float) - expected).max() <= 1


def test_latent_shapes(loaded: LoadedParts) -> None:
    assert loaded.family.noise_shape(width=256, height=272) == (1, 4, 34, 32)


def test_weights_lie_channels_last(loaded: LoadedParts) -> None:
    weight = loaded.family._unet.conv_in.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not weight.is_contiguous()
    assert not weight.requires_grad
    assert not loaded.family._unet.training


def test_activations_lie_channels_last_throughout(loaded: LoadedParts) -> None:
    seen = []
    hook = loaded.family._unet.mid_block.register_forward_hook(lambda module, given, result: seen.append(result))
    embeddings = loaded.family.encode_prompt("prompt", "a red sailboat")
    loaded.family.predict(torch.randn(1, 4, 8, 8), torch.tensor(500), embeddings)
    hook.remove()
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
    assert not seen[0].is_contiguous()


def test_the_pieces_are_announced_in_order(models: Path) -> None:
    heard: list[tuple[str, float]] = []
    load_pipeline_folder(
        read_model(models / "plain"), choose_device("cpu"), lambda name, fraction: heard.append((name, fraction))
    )
    assert [name for name, _ in heard] == ["tokenizer", "text encoder", "unet", "vae", "tiny vae"]
    assert [fraction for _, fraction in heard] == sorted(fraction for _, fraction in heard)


def test_nothing_learns(loaded: LoadedParts) -> None:
    embeddings = loaded.family.encode_prompt("prompt", "")
    assert embeddings.tokens.is_inference()
    assert loaded.family.predict(torch.randn(1, 4, 8, 8), torch.tensor(1), embeddings).is_inference()


def test_pictures_are_rounded_and_clamped() -> None:
    values = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0, 0.5 / 127.5 - 1, 1.6 / 127.5 - 1])
    made = to_picture(values.reshape(1, 1, 1, 7).expand(1, 3, 1, 7))
    assert made.shape == (1, 7, 3)
    assert made[0, :, 0].tolist() == [0, 0, 128, 255, 255, 0, 2]


def test_it_is_the_family_that_is_loaded(loaded: LoadedParts) -> None:
    assert isinstance(loaded.family, StableDiffusion)
    assert loaded.tiny_vae is not None

"""Noise: standard normal, the same everywhere, and the same that diffusers draws."""

import pytest
import torch
from diffusers.utils.torch_utils import randn_tensor
from scipy import stats

from studio.core.blend import Keyframe
from studio.engine.noise import draw_noise, generator_for, starting_noise
from tests.engine.helpers import small

SHAPE = (1, 4, 64, 64)


def no_keyframe(_: Keyframe) -> torch.Tensor:
    raise AssertionError("a recipe without a blend has no keyframes")


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_noise_is_standard_normal(seed: int) -> None:
    noise = draw_noise(SHAPE, generator_for(seed))
    assert noise.dtype == torch.float32
    assert stats.kstest(noise.flatten().numpy(), "norm").pvalue > 0.001


def test_noise_that_is_not_normal_would_be_noticed() -> None:
    assert stats.kstest((0.9 * draw_noise(SHAPE, generator_for(0))).flatten().numpy(), "norm").pvalue < 0.001


def test_seeds_are_independent() -> None:
    one, other = (draw_noise(SHAPE, generator_for(seed)).flatten() for seed in (0, 1))
    assert abs(float(torch.corrcoef(torch.stack([one, other]))[0, 1])) < 0.03


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_it_is_diffusers_own_draw(seed: int) -> None:
    theirs = randn_tensor(SHAPE, generator=torch.Generator("cpu").manual_seed(seed), dtype=torch.float32)
    noise, generator = starting_noise(small(seed=seed), SHAPE, no_keyframe)
    assert torch.equal(noise, theirs)
    second = torch.Generator("cpu").manual_seed(seed)
    torch.randn(SHAPE, generator=second)
    assert torch.equal(draw_noise(SHAPE, generator), torch.randn(SHAPE, generator=second)), "one stream"


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_are_32_bit_unsigned(seed: int) -> None:
    with pytest.raises(ValueError, match="32-bit"):
        generator_for(seed)

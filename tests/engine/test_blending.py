"""The blend laws against statistics and against each other."""

import itertools
import math

import hypothesis
import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import strategies as st

from studio.core.blend import Law, shares
from studio.engine.blending import blend_embeddings, blend_noise

SHAPE = (4, 64, 64)
D = math.prod(SHAPE)


def noise(seed: int, shape: tuple[int, ...] = SHAPE) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


canvases = st.lists(st.integers(0, 8), min_size=2, max_size=12).flatmap(
    lambda seeds: st.tuples(
        st.just(seeds), st.lists(st.floats(0.01, 1.0), min_size=len(seeds), max_size=len(seeds)).map(shares)
    )
)


@hypothesis.given(canvases)
@hypothesis.settings(max_examples=60, deadline=None)
def test_blended_noise_is_noise(canvas: tuple[list[int], tuple[float, ...]]) -> None:
    """Repeated seeds included: still N(0, 1), and on the sphere of the keyframes' own norms."""
    seeds, weights = canvas
    z = blend_noise([noise(seed) for seed in seeds], weights, Law.GRAM)
    norms = [noise(seed).norm().item() for seed in seeds]
    assert min(norms) * (1 - 1e-5) <= z.norm().item() <= max(norms) * (1 + 1e-5)
    assert z.norm().item() == pytest.approx(math.sqrt(D), rel=0.02)
    assert scipy.stats.kstest(z.flatten().numpy(), "norm").pvalue > 1e-5


def test_the_published_law_breaks_on_a_repeated_seed_where_ours_holds() -> None:
    x = [noise(1), noise(1), noise(2)]
    w = torch.tensor([1 / 3] * 3)
    published = sum(float(a) * b for a, b in zip(w, x, strict=True)) / w.norm()
    assert published.std() > 1.25
    assert blend_noise(x, (1 / 3,) * 3, Law.GRAM).std() == pytest.approx(1.0, abs=0.02)


def test_lerp_goes_grey() -> None:
    assert blend_noise([noise(1), noise(2)], (0.5, 0.5), Law.LERP).std() == pytest.approx(math.sqrt(0.5), abs=0.02)
    four = [noise(seed) for seed in range(4)]
    assert blend_noise(four, (0.25,) * 4, Law.LERP).std() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("law", [Law.GRAM, Law.SLERP])
def test_between_two_seeds_the_angle_grows_evenly(law: Law) -> None:
    a, b = noise(3), noise(4)
    points = [blend_noise([a, b], (1 - t, t), law) for t in torch.linspace(0, 1, 11, dtype=torch.float64).tolist()]
    angles = [
        torch.acos(torch.cosine_similarity(p.flatten(), q.flatten(), dim=0)).item()
        for p, q in itertools.pairwise(points)
    ]
    assert max(angles) / min(angles) < 1.03


@pytest.mark.parametrize("law", list(Law))
def test_on_a_keyframe_the_noise_is_its_own_to_the_bit(law: Law) -> None:
    x = [noise(5), noise(6)]
    assert torch.equal(blend_noise(x, (1.0, 0.0), law), x[0])
    assert torch.equal(blend_noise(x, (0.0, 1.0), law), x[1])


def test_between_a_seed_and_an_inverted_picture_the_norm_moves_smoothly() -> None:
    x = [noise(7), 0.8 * noise(8)]
    stds = [blend_noise(x, (1 - t / 10, t / 10), Law.GRAM).std().item() for t in range(11)]
    assert stds == sorted(stds, reverse=True)
    assert stds[0] == pytest.approx(1.0, abs=0.02) and stds[-1] == pytest.approx(0.8, abs=0.02)


def test_opposite_noises_do_not_divide_by_zero() -> None:
    x = noise(9)
    assert blend_noise([x, -x], (0.5, 0.5), Law.GRAM).isfinite().all()


@pytest.mark.parametrize("law", [Law.SLERP, Law.COLUMNS])
def test_slerp_of_parallel_noises_is_finite(law: Law) -> None:
    x = noise(9)
    assert torch.allclose(blend_noise([x, x], (0.3, 0.7), law), x, atol=1e-6)


def test_slerp_by_columns_turns_each_column_by_its_own_angle() -> None:
    """The reference is Shoemake's formula, column after column, in numpy."""
    first, second = noise(3, (1, 4, 8, 6)), noise(4, (1, 4, 8, 6))
    mixed = blend_noise([first, second], (0.75, 0.25), Law.COLUMNS).numpy()
    for channel in range(4):
        for column in range(6):
            start, end = (each[0, channel, :, column].double().numpy() for each in (first, second))
            angle = np.arccos(start @ end / (np.linalg.norm(start) * np.linalg.norm(end)))
            expected = (np.sin(0.75 * angle) * start + np.sin(0.25 * angle) * end) / np.sin(angle)
            np.testing.assert_allclose(mixed[0, channel, :, column], expected, atol=1e-6)


def test_embeddings_are_averaged_plainly_and_exact_on_a_keyframe() -> None:
    a, b = noise(1, (1, 77, 32)), noise(2, (1, 77, 32))
    assert torch.equal(blend_embeddings([a, b], (1.0, 0.0)), a)
    assert torch.allclose(blend_embeddings([a, b], (0.25, 0.75)), 0.25 * a + 0.75 * b)
